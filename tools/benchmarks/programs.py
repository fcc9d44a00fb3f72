"""What the tools need of this machine and of this repository: Debian packages, and programs built from the sources beside this."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RELEASE = ROOT / "build/release"


class Missing(Exception):
    """Something that a tool needs is not to be had; the text says what and why."""


def need_packages(*names):
    """Installs Debian packages that are missing, and says so. Where that can't be: Missing."""
    script = f'set -euo pipefail; . "{ROOT}/tools/prepare.sh"; need_packages "$@"'
    done = subprocess.run(["bash", "-c", script, "need", *names], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    if done.returncode != 0:
        raise Missing("these packages are needed: " + " ".join(names))


def build_needs():
    """The packages that any build of this repository needs."""
    listed = subprocess.run(["bash", "-c", f'. "{ROOT}/tools/prepare.sh"; printf "%s\\n" "${{build_packages[@]}}"'], check=True,
                            stdout=subprocess.PIPE, text=True)
    return listed.stdout.split()


def built(targets, directory=None, packages=()):
    """The paths of programs of tools/ and examples/: as they are in `directory`, or else built in build/release, which is
    configured anew when packages came that it may have looked for in vain."""
    if directory is not None:
        paths = [pathlib.Path(directory).resolve() / target for target in targets]
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            raise Missing("not built: " + ", ".join(missing))
        return paths
    need_packages(*build_needs(), *packages)
    if not (RELEASE / "build.ninja").exists():
        subprocess.run(["meson", "setup", RELEASE, ROOT], check=True, stdout=sys.stderr)
    known = subprocess.run(["ninja", "-C", RELEASE, "-t", "targets", "all"], check=True, stdout=subprocess.PIPE, text=True).stdout
    if not all(f"{target}: " in known for target in targets):
        subprocess.run(["meson", "setup", "--reconfigure", RELEASE], check=True, stdout=sys.stderr)
    done = subprocess.run(["ninja", "--quiet", "-C", RELEASE, *targets], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        raise Missing("the build failed of " + ", ".join(targets))
    return [RELEASE / target for target in targets]


def cores():
    return len(os.sched_getaffinity(0))
