"""An environment of its own for each peer's libraries, in build/peers, made with venv and pip."""
import pathlib
import shutil
import subprocess
import sys

import programs

FOLDER = programs.ROOT / "build/peers"
TORCH = ("torch", ["torch", "torchvision", "pillow", "numpy"], 5.6)
# Peer: (its environment's name, packages, GB that they take).
ENVIRONMENTS = {"opencv": ("opencv", ["opencv-python-headless", "numpy"], 0.25), "tf.data": ("tensorflow", ["tensorflow-cpu"], 1.6),
                "torchvision": TORCH, "pillow": TORCH, "spdl": ("spdl", ["spdl-core", "spdl-io", "numpy"], 0.15),
                "grain": ("grain", ["grain", "opencv-python-headless", "numpy"], 0.3)}
SPARE = 2  # GB of the disk that are left free


def prepare(peer, install):
    """(its Python, None), made if it isn't there and `install` is true; or (None, why it is left out)."""
    if peer not in ENVIRONMENTS:
        return None, "no such peer"
    name, packages, size = ENVIRONMENTS[peer]
    folder = FOLDER / name
    python = folder / "bin/python"
    if (folder / "installed").exists():
        return python, None
    if not install:
        return None, "not installed"
    FOLDER.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(FOLDER).free / 1e9
    if free < size + SPARE:
        return None, f"not installed: it takes {size} GB, and the disk has {free:.1f} GB free"
    if name == "spdl":
        try:  # its decoders are FFmpeg's, which it looks for on the system
            programs.need_packages("libavdevice59", "libavfilter8")
        except programs.Missing as problem:
            return None, str(problem)
    print(f"Installing {' '.join(packages)} from the Python registry into {folder} ({size} GB)", file=sys.stderr)
    log = folder.with_suffix(".log")
    with open(log, "w") as out:
        for command in ([sys.executable, "-m", "venv", folder], [folder / "bin/pip", "install", "-q", *packages]):
            try:
                subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            except (OSError, subprocess.CalledProcessError):
                return None, f"can't be installed: {last_line(log)}"
    (folder / "installed").touch()
    return python, None


def last_line(log):
    lines = [line for line in pathlib.Path(log).read_text().splitlines() if line.strip()]
    return (lines[-1] if lines else "no reason told")[:150] + f" (see {log})"


def versions(peer, python):
    """What of the peer's packages there is: "NAME VERSION, …"."""
    code = ("import importlib.metadata, sys; "
            "print(', '.join(f'{name} {importlib.metadata.version(name)}' for name in sys.argv[1:]))")
    done = subprocess.run([python, "-c", code, *ENVIRONMENTS[peer][1]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip()
