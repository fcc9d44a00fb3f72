"""libpng with its SSE filters over zlib-ng: the fair baseline beside Debian's slow one. Built from source, in build/fair-libpng.

libpng's source is Debian's source package; zlib-ng's comes in the source package of its Python binding, since Debian 12 has none.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

import programs

FOLDER = programs.ROOT / "build/fair-libpng"
NAME = "libpng, SSE filters, zlib-ng"


def plugin(build=True):
    """(path of the shared library for benchmarks, None), or (None, the reason why there is none). Without `build` only what is
    there already."""
    sources = [programs.ROOT / "tools/benchmarks" / name for name in ("decode/libpng_plugin.cpp", "plain_decode.cpp")]
    made = FOLDER / "libpng_plugin.so"
    if not build:
        return (made, None) if made.exists() else (None, "not built here yet")
    try:
        headers, archives = libraries()
        if not made.exists() or any(source.stat().st_mtime > made.stat().st_mtime for source in sources):
            # The libraries' names stay inside: Debian's libpng is in the same process.
            run("c++", "-std=c++20", "-O2", "-DNDEBUG", "-fPIC", "-shared", f'-DWEIR_PLUGIN_NAME="{NAME}"', "-I", headers, *sources,
                *archives, "-Wl,--exclude-libs,ALL", "-Wl,-Bsymbolic", "-lm", "-o", made)
        return made, None
    except programs.Missing as problem:
        return None, str(problem)


def libraries():
    """(folder of headers, the static libraries), built unless they are there."""
    prefix = FOLDER / "installed"
    archives = [prefix / "lib/libpng16.a", prefix / "lib/libz.a"]
    if not all(path.exists() for path in archives):
        FOLDER.mkdir(parents=True, exist_ok=True)
        print(f"Building libpng and zlib-ng from source in {FOLDER}", file=sys.stderr)
        build_zlib_ng(unpack(fetch_zlib_ng(), "zlib_ng"), prefix)
        build_libpng(unpack(fetch_libpng(), "libpng"), prefix)
    return prefix / "include", archives


def run(*command, **how):
    log = FOLDER / "log.txt"
    with open(log, "ab") as out:
        done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, **how)
    if done.returncode != 0:
        raise programs.Missing(f"{pathlib.Path(str(command[0])).name} failed: see {log}")


def unpack(archive, start):
    folder = FOLDER / "source"
    folder.mkdir(exist_ok=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(folder)
    return next(path for path in sorted(folder.iterdir()) if path.name.startswith(start))


def fetch_zlib_ng():
    found = sorted(FOLDER.glob("zlib_ng*.tar.gz"))
    if not found:
        venv = FOLDER / "venv"
        if not (venv / "bin/pip").exists():
            run(sys.executable, "-m", "venv", venv)
        run(venv / "bin/pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", FOLDER, "zlib-ng")
        found = sorted(FOLDER.glob("zlib_ng*.tar.gz"))
    if not found:
        raise programs.Missing("the source of zlib-ng can't be fetched")
    return found[0]


def fetch_libpng():
    """The upstream archive of Debian's source package. The machine's own list of sources is left alone."""
    found = sorted(FOLDER.glob("libpng1.6_*.orig.tar.*"))
    if found:
        return found[0]
    if shutil.which("apt-get") is None:
        raise programs.Missing("libpng's source is fetched with apt-get, which is not here")
    lists = FOLDER / "lists"
    lists.mkdir(exist_ok=True)
    sources = FOLDER / "debian.sources"
    sources.write_text(source_list())
    apt = ["apt-get", "-q", "-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-", "-o",
           f"Dir::State::lists={lists}", "-o", "APT::Sandbox::User=" + ("root" if os.geteuid() == 0 else "")]
    run(*apt, "update", cwd=FOLDER)
    run(*apt, "source", "--download-only", "--tar-only", "libpng1.6", cwd=FOLDER)
    return next(FOLDER.glob("libpng1.6_*.orig.tar.*"))


def source_list():
    """The machine's Debian sources, for source packages."""
    texts = []
    for path in sorted(pathlib.Path("/etc/apt").glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            if "debian" in stanza and re.search(r"^Types:.*\bdeb\b", stanza, re.MULTILINE):
                texts.append(re.sub(r"^Types:.*$", "Types: deb-src", stanza, flags=re.MULTILINE).strip())
    for path in [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt").glob("sources.list.d/*.list"))]:
        for line in path.read_text().splitlines() if path.exists() else []:
            found = re.match(r"deb\s+(?:\[([^]]*)\]\s+)?(\S*debian\S*)\s+(\S+)\s+(.+)", line)
            if found:
                signed = re.search(r"signed-by=(\S+)", found[1] or "")
                texts.append(f"Types: deb-src\nURIs: {found[2]}\nSuites: {found[3]}\nComponents: {found[4]}" +
                             (f"\nSigned-By: {signed[1]}" if signed else ""))
    if not texts:
        raise programs.Missing("no Debian sources are configured here")
    return "\n\n".join(texts) + "\n"


def build_zlib_ng(source, prefix):
    folder = next(source.rglob("gzlib.c")).parent
    run("bash", "./configure", "--zlib-compat", "--static", f"--prefix={prefix}", cwd=folder, env={**os.environ, "CFLAGS": "-O2 -fPIC"})
    run("make", f"-j{programs.cores()}", "install", cwd=folder)


def build_libpng(source, prefix):
    flags = {"CPPFLAGS": f"-I{prefix}/include", "LDFLAGS": f"-L{prefix}/lib", "CFLAGS": "-O2 -fPIC"}
    run("./configure", "--enable-hardware-optimizations", "--disable-shared", "--disable-dependency-tracking", f"--prefix={prefix}",
        cwd=source, env={**os.environ, **flags})
    run("make", f"-j{programs.cores()}", "install", "bin_PROGRAMS=", cwd=source)
