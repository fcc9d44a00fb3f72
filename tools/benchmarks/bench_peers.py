"""tools/bench peers: the same job by other libraries."""
import collections
import json
import pathlib
import subprocess

import bars
import fair_libpng
import image_sets
import peer_environments
import peer_table
import programs
import report
from measured_run import measured_run
from progress import Progress

TEXT = """Reads PNG files, decodes them to RGB and batches them by 32: weir, and tf.data, PyTorch's DataLoader with torchvision and
with Pillow, OpenCV with a pool of threads, SPDL, and Grain, each set up as its documentation advises
(tools/benchmarks/peer_pipelines.py), with a worker for each core; beside them plain threads that only read and decode, with
Debian's libpng and with one built with SSE filters and zlib-ng.

Who decodes other pixels than libpng does is no peer and left out, with the number of images that differ. Of the others are told:
images/s (from the construction of the pipeline to its end; what libraries take to be imported is not counted), the processor's
seconds for 1,000 images, the most memory of all processes (in a run of its own: the sum of their proportional set sizes, sampled
each 10 ms, in which what several share counts once), the time to the first batch, and, in runs that are stopped in the middle, the
time until every thread and process that they had started was gone, and what was left.

Each peer is installed from the Python registry into an environment of its own, in build/peers, one at a time: OpenCV 0.25 GB, SPDL
0.15 GB, Grain 0.3 GB, TensorFlow 1.6 GB, PyTorch 5.6 GB (the registry's build for Linux brings CUDA). What can't be installed, or
fails, is left out with the reason. A run takes about fifteen minutes, and says little where other programs run: weir's workers let
them go first (nice 5).

DIR: images of one shape. Without it: photographs of 224, 512 and 1024 pixels that tools/corpus cuts (49 MB to fetch)."""

JOB = pathlib.Path(__file__).resolve().parent / "peer_job.py"
SIZES = (224, 512, 1024)
PIXELS = 200e6  # a run's, about
STOPS = 3
PLAIN, FAIR = "plain threads, libpng", f"plain threads, {fair_libpng.NAME}"


def main(arguments):
    parser = report.parser("peers", TEXT)
    parser.add_argument("dir", metavar="DIR", nargs="?", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5, help="(5)")
    parser.add_argument("--times", type=int, help="over the files, a run (so often that 200 million pixels are decoded)")
    parser.add_argument("--size", type=int, choices=image_sets.sizes(), action="append", help="only this; can be given again")
    parser.add_argument("--memory", type=int, metavar="MIB", help="weir's budget (two batches, at least 64)")
    parser.add_argument("--only", metavar="NAME,…", help="of " + ", ".join(peer_environments.ENVIRONMENTS))
    parser.add_argument("--without", metavar="NAME,…", default="", help="not these")
    parser.add_argument("--no-install", action="store_true", help="only what is installed already")
    parser.add_argument("--synthetic", action="store_true", help="drawn images instead of photographs")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.rounds, asked.times, asked.no_install = 1, 1, True
    machine = report.machine()
    needed = ["tools/benchmarks/files_to_batches", "tools/benchmarks/plain_threads"]
    built = programs.built(needed + (["tools/benchmarks/make_images"] if asked.built is None else []), asked.built)
    left_out, versions = {}, {}
    commands = contestants(asked, built, left_out, versions)
    result = {"command": "peers", "arguments": report.shown(arguments), "machine": machine,
              "rounds": asked.rounds, "versions": versions, "left_out": left_out, "sets": {}}
    for name, paths in image_sets_of(asked).items():
        result["sets"][str(name)] = Set(asked, name, paths, built[1]).measure(commands, left_out)
    print(peer_table.text(result))
    report.save(asked, result, lambda: plot(result))
    return report.verdict(peer_table.targets(result), asked.quick)


def image_sets_of(asked):
    if asked.dir is not None:
        return {asked.dir.resolve().name: image_sets.png_files(asked.dir)}
    if asked.quick:
        return image_sets.synthetic(asked, [224], 4)
    chosen = asked.size or SIZES
    made = image_sets.synthetic(asked, chosen) if asked.synthetic else image_sets.photographs(asked)
    return {size: made[size] for size in chosen}


def contestants(asked, built, left_out, versions):
    """{name: a function that gives the command for a set}."""
    weir, plain = built[:2]
    commands = {"weir": lambda s: [weir, "--workers", programs.cores(), "--memory", s.memory_MiB, "--batch", s.batch,
                                   "--shapes", "same"],
                PLAIN: lambda s: [plain, "--threads", programs.cores(), "--decoder", "libpng"]}
    plugin, reason = fair_libpng.plugin(build=not asked.quick)
    if plugin is None:
        left_out[FAIR] = reason
    else:
        commands[FAIR] = lambda s: [plain, "--threads", programs.cores(), "--plugin", plugin]
    chosen = asked.only.split(",") if asked.only else peer_environments.ENVIRONMENTS
    for peer in chosen:
        if peer in asked.without.split(","):
            continue
        python, reason = peer_environments.prepare(peer, not asked.no_install)
        if python is None:
            left_out[peer] = reason
            continue
        versions[peer] = peer_environments.versions(peer, python)
        commands[peer] = lambda s, p=python, name=peer: [p, JOB, name, s.batch, programs.cores()]
    return commands


class Set:
    """Files of one shape, and what is asked of everyone with them."""

    def __init__(self, asked, name, paths, plain):
        self.asked, self.name, self.paths = asked, name, paths
        width, height = image_sets.shape(paths[0])
        self.batch = image_sets.batch_for(3 * width * height)
        self.memory_MiB = asked.memory or max(64, -(-2 * self.batch * 3 * width * height >> 20) + 1)
        self.times = asked.times or max(1, round(PIXELS / (len(paths) * width * height)))
        self.images = len(paths) * self.times
        self.plain = plain

    def measure(self, commands, left_out):
        told = {name: {"images_per_second": [], "cpu_per_1000": [], "first_batch": [], "stops": []} for name in commands}
        lost = {}
        steps = [(self.check, name) for name in commands if name not in (PLAIN, FAIR)]
        keys = list(commands)
        for turn in range(self.asked.rounds):
            steps += [(self.timed, keys[(i + turn) % len(keys)]) for i in range(len(keys))]
        steps += [(self.memory, name) for name in keys]
        steps += [(self.stopped, name) for name in keys if name not in (PLAIN, FAIR) for _ in range(min(STOPS, self.asked.rounds))]
        progress = Progress(f"peers, {self.name}", len(steps))
        with image_sets.listed(self.paths) as self.once, image_sets.listed(self.paths, self.times) as self.list:
            self.truth = self.libpng_digests()
            for step, name in steps:
                if name in told:
                    try:
                        step(commands[name](self), told[name])
                    except programs.Missing as problem:
                        if name == "weir":
                            raise
                        lost[name] = str(problem)
                        del told[name]
                progress.step(name)
        progress.end()
        return {"images": self.images, "batch": self.batch, "memory_MiB": self.memory_MiB, "runs": told,
                "left_out": {name: lost[name] for name in lost if name not in left_out}}

    def libpng_digests(self):
        """How often each CRC-32 of an image's pixels is there, by plain calls of libpng."""
        done = subprocess.run([self.plain, "--list", f"@{self.once}"], check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        lines = [line.split(b"\t") for line in done.stdout.splitlines()]
        if any(line[2] == b"error" for line in lines):
            raise programs.Missing("not every file is a PNG image that libpng accepts")
        return collections.Counter(int(line[-1], 16) for line in lines)

    def check(self, command, _):
        told = measured_run([*command, "--digest", f"@{self.once}"])
        differing = sum((self.truth - collections.Counter(told["digest"])).values())
        if differing or len(told["digest"]) != len(self.paths):
            raise programs.Missing(f"no peer: {differing} of {len(self.paths)} images have other pixels than libpng's"
                                   if differing else f"no peer: gave {len(told['digest'])} of {len(self.paths)} images")

    def timed(self, command, told):
        ran = measured_run([*command, f"@{self.list}"])
        if ran["images"] != self.images:
            raise programs.Missing(f"delivered {ran['images']} of {self.images} images")
        told["images_per_second"].append(ran["images"] / ran["seconds"])
        told["cpu_per_1000"].append(1000 * ran["cpu"] / ran["images"])
        if "first_batch" in ran:
            told["first_batch"].append(ran["first_batch"])

    def memory(self, command, told):
        told["peak"] = measured_run([*command, f"@{self.list}"], sample=True)["peak"]

    def stopped(self, command, told):
        after = max(1, self.images // self.batch // 2)
        told["stops"].append(measured_run([*command, "--stop-after", after, f"@{self.list}"])["stop"])


def plot(result):
    groups = []
    for name, told in result["sets"].items():
        ours = report.Figure(tuple(told["runs"]["weir"]["images_per_second"]))
        for who, runs in told["runs"].items():
            ratio = report.Figure(tuple(runs["images_per_second"])).per(ours)
            groups.append((f"{name}: {who}", {"images/s": (ratio.median, ratio.spread)}))
    return bars.chart("The same job by others", report.described(result["machine"]), ["images/s"], groups, "of weir's images/s", 1)
