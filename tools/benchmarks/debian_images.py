"""Debian packages as a source of images: fetched with apt-get, unpacked beside the corpus, not installed."""
import hashlib
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

from programs import Missing

COLOR_TYPES = {0: "gray", 2: "rgb", 3: "palette", 4: "gray-alpha", 6: "rgba"}


def fetch(package, directory):
    """The folder with the contents of the Debian package, and its version. Fetches it unless it is there."""
    into = directory / package
    version = directory / f"{package}.version"
    if not version.exists():
        print(f"Fetching the Debian package {package} (to unpack it in {into}, not to install it)", file=sys.stderr)
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as download:
            deb = _download(package, pathlib.Path(download))
            shutil.rmtree(into, ignore_errors=True)
            subprocess.run(["dpkg-deb", "-x", deb, into], check=True)
            shown = subprocess.run(["dpkg-deb", "-f", deb, "Version"], check=True, stdout=subprocess.PIPE, text=True)
        version.write_text(shown.stdout)
    return into, version.read_text().strip()


def _download(package, into):
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Missing(f"the images are in the Debian package {package}, and this machine has no apt-get to fetch it with")
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    into.chmod(0o777)  # apt-get fetches as a user of its own
    for before in ([], [*as_root, "apt-get", "update", "-q"]):
        if before:
            subprocess.run(before, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        subprocess.run(["apt-get", "download", "-q", package], cwd=into, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        found = list(into.glob("*.deb"))
        if found:
            return found[0]
    raise Missing(f"the Debian package {package} can't be fetched")


def header(path):
    """(width, height, bit depth, color type's name) of a PNG file, or None if it is none."""
    with open(path, "rb") as file:
        start = file.read(33)
    if len(start) < 33 or start[:8] != b"\x89PNG\r\n\x1a\n" or start[12:16] != b"IHDR":
        return None
    width, height, depth, color = struct.unpack(">IIBB", start[16:26])
    return width, height, depth, COLOR_TYPES.get(color)


def png_files(tree, under):
    """PNG files with different contents in the folders `under` of a package, by their paths' bytes, with their headers."""
    seen = set()
    found = []
    for folder in under:
        for path in sorted((tree / folder).rglob("*.png"), key=os.fsencode):
            if path.is_symlink() or not path.is_file():
                continue
            facts = header(path)
            digest = hashlib.sha256(path.read_bytes()).digest()
            if facts is not None and facts[3] is not None and digest not in seen:
                seen.add(digest)
                found.append((path, facts))
    return found
