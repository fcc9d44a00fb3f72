"""tools/bench peers: the same job by other libraries."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

import bars
import image_sets
import programs
import report
from progress import Progress

TEXT = """Reads PNG files, decodes them to RGB and batches them by 32: weir, and tf.data, PyTorch's DataLoader with torchvision and
with Pillow, OpenCV with a pool of threads, SPDL, and Grain, each as its documentation advises (tools/benchmarks/peer_job.py),
with a worker for each core. Images/s (from the first file asked for to the end; what a peer's libraries take to be imported is not
counted), the processor's seconds for 1,000 images, the most memory of all its processes, the time to the first batch, and, in a run
that is stopped in the middle, the time until everything is gone and what is left then.

Each peer is installed from the Python registry into an environment of its own, in build/peers, one at a time: OpenCV 0.25 GB, SPDL
0.15 GB, Grain 0.3 GB, TensorFlow 1.6 GB; with --torch also PyTorch, 5.5 GB, since the registry's build for Linux brings CUDA. What
can't be installed, or fails, is left out with the reason.

DIR: images of one shape. Without it: photographs of 512 × 512 that tools/corpus cuts (49 MB to fetch), or drawn ones with
--synthetic."""

ENVIRONMENTS = {"opencv": ("opencv", ["opencv-python-headless", "numpy"]), "tf.data": ("tensorflow", ["tensorflow-cpu"]),
                "spdl": ("spdl", ["spdl-core", "spdl-io", "numpy"]), "grain": ("grain", ["grain", "opencv-python-headless", "numpy"]),
                "torchvision": ("torch", ["torch", "torchvision", "pillow"]), "pillow": ("torch", ["torch", "torchvision", "pillow"])}
JOB = pathlib.Path(__file__).resolve().parent / "peer_job.py"
BATCH, LONG = 32, 300


def main(arguments):
    parser = report.parser("peers", TEXT)
    parser.add_argument("dir", metavar="DIR", nargs="?", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5, help="(5)")
    parser.add_argument("--times", type=int, default=4, help="over the files, a run (4)")
    parser.add_argument("--only", metavar="NAME,…", help="of " + ", ".join(ENVIRONMENTS))
    parser.add_argument("--torch", action="store_true", help="install PyTorch if it isn't there")
    parser.add_argument("--no-install", action="store_true", help="only what is installed already")
    parser.add_argument("--synthetic", action="store_true", help="drawn images instead of photographs")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.rounds, asked.times, asked.no_install = 1, 1, True
    machine = report.machine()
    needed = ["tools/benchmarks/files_to_batches"] + (["tools/benchmarks/make_images"] if asked.built is None else [])
    weir = programs.built(needed, asked.built)[0]
    if asked.dir is not None:
        paths = image_sets.png_files(asked.dir)
    elif asked.synthetic or asked.quick:
        paths = image_sets.synthetic(asked, [512])[512]
    else:
        paths = image_sets.photographs(asked)[512]
    left_out, commands = {}, {}
    batches = len(paths) * asked.times // BATCH
    with image_sets.listed(paths, asked.times) as file:
        commands["weir"] = lambda stop: [weir, "--batch", BATCH, "--shapes", "same", *(["--stop-after", stop] if stop else []), f"@{file}"]
        for peer in asked.only.split(",") if asked.only else ENVIRONMENTS:
            python, reason = environment(peer, asked)
            if python is None:
                left_out[peer] = reason
            else:
                commands[peer] = lambda stop, p=python, name=peer: [p, JOB, name, f"@{file}", BATCH, programs.cores(), stop]
        told = {name: [] for name in commands}
        progress = Progress("peers", (asked.rounds + 1) * len(commands))
        for turn in range(asked.rounds + 1):
            for name in list(told):
                try:
                    told[name].append(run(commands[name](max(1, batches // 2) if turn == asked.rounds else 0)))
                    if turn < asked.rounds and told[name][-1]["images"] != len(paths) * asked.times:
                        raise programs.Missing(f"delivered {told[name][-1]['images']} of {len(paths) * asked.times} images")
                except programs.Missing as problem:
                    left_out[name] = str(problem)
                    del told[name]
                progress.step(name)
        progress.end()
    result = {"machine": machine, "rounds": asked.rounds, "images": len(paths) * asked.times, "left_out": left_out, "runs": told}
    targets = show(result)
    report.save(asked, result, lambda: plot(result))
    return report.verdict(targets, asked.quick)


def environment(peer, asked):
    """(its Python, None), or (None, why it is left out)."""
    if peer not in ENVIRONMENTS:
        return None, "no such peer"
    name, packages = ENVIRONMENTS[peer]
    folder = programs.ROOT / "build/peers" / name
    python = folder / "bin/python"
    if (folder / "installed").exists():
        return python, None
    if asked.no_install:
        return None, "not installed"
    if name == "torch" and not asked.torch:
        return None, "not installed: --torch does, 5.5 GB"
    if name == "spdl":
        try:  # its decoders are FFmpeg's, which it looks for on the system
            programs.need_packages("libavdevice59", "libavfilter8")
        except programs.Missing as problem:
            return None, str(problem)
    print(f"Installing {' '.join(packages)} from the Python registry into {folder}", file=sys.stderr)
    log = folder.with_suffix(".log")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w") as out:
        for command in ([sys.executable, "-m", "venv", folder], [folder / "bin/pip", "install", "-q", *packages]):
            try:
                subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            except (OSError, subprocess.CalledProcessError):
                return None, f"can't be installed: {log}"
    (folder / "installed").touch()
    return python, None


def resident(pid):
    """Bytes of the process and all below it."""
    pages = 0
    try:
        with open(f"/proc/{pid}/statm") as file:
            pages = int(file.read().split()[1])
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            below = file.read().split()
    except (OSError, IndexError):
        return pages * os.sysconf("SC_PAGE_SIZE")
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident(child) for child in below)


def run(command):
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                   text=True)
        peak, before = 0, os.times()
        killer = threading.Timer(LONG, process.kill)
        killer.start()
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(0.01)
        killer.cancel()
        after, out = os.times(), process.stdout.read()
        process.stdout.close()
        if process.returncode != 0 or not out.strip():
            errors.seek(0)
            last = (errors.read().strip().splitlines() or [f"exit code {process.returncode}"])[-1]
            raise programs.Missing(last[:150])
    told = json.loads(out.strip().splitlines()[-1])
    told["peak_tree"] = peak
    told["cpu_all"] = after.children_user + after.children_system - before.children_user - before.children_system
    told["images_per_second"] = told["images"] / told["seconds"]
    if isinstance(told.get("stop"), dict):
        told.update(threads_left=told["stop"]["threads_left"], processes_left=0, stop=told["stop"]["all"])
    return told


def show(result):
    print(f"# The same job by others\n\n{report.described(result['machine'])}\n")
    print(f"{result['images']} images a run, batches of {BATCH}, medians of {result['rounds']} alternating rounds. CPU includes the "
          "start of the process and of its libraries; memory is sampled each 10 ms over all processes, shared pages counted in each.\n")
    rows = []
    for name, runs in result["runs"].items():
        whole, stopped = runs[:-1], runs[-1]
        rate = report.Figure(tuple(run["images_per_second"] for run in whole))
        cpu = report.Figure(tuple(1000 * run["cpu_all"] / run["images"] for run in whole))
        first = report.Figure(tuple(run["first_batch"] for run in whole))
        rows.append([name, rate.text(), cpu.text(2), f"{max(run['peak_tree'] for run in whole) / 2**20:.0f}", first.text(3),
                     f"{1000 * stopped['stop']:.1f}" if "stop" in stopped else "–", stopped.get("threads_left", "–"),
                     stopped.get("processes_left", "–")])
    print(report.table(["", "images/s", "CPU s/1,000", "peak MiB", "first batch s", "stop to gone, ms", "threads left", "processes left"],
                       rows, range(1, 8)))
    print()
    for name, reason in result["left_out"].items():
        print(f"Left out: {name}: {reason}.\n")
    peers = {name: runs[:-1] for name, runs in result["runs"].items() if name != "weir"}
    if not peers or "weir" not in result["runs"]:
        return []
    def median(runs, key):
        return report.Figure(tuple(run[key] for run in runs)).median
    best = max(peers, key=lambda name: median(peers[name], "images_per_second"))
    ours = result["runs"]["weir"][:-1]
    return [(f"images/s, weir to the best peer ({best})", median(ours, "images_per_second") / median(peers[best], "images_per_second"), 3),
            (f"peak memory, {best} to weir", median(peers[best], "peak_tree") / median(ours, "peak_tree"), 1)]


def plot(result):
    groups = []
    for name, runs in result["runs"].items():
        rate = report.Figure(tuple(run["images_per_second"] for run in runs[:-1]))
        groups.append((name, {"images/s": (rate.median, rate.spread)}))
    return bars.chart("The same job by others", report.described(result["machine"]), ["images/s"], groups, "images/s")
