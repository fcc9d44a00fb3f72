"""tools/bench pipeline: files to batches, beside plain threads and the limit of the cores."""
import json
import math
import pathlib
import subprocess

import bars
import fair_libpng
import image_sets
import programs
import report
from progress import Progress

TEXT = """Streams square photographs of 32 to 4096 pixels from files into batches, and compares images/s with

  plain threads   as many as there are cores, each reading its share of the files and decoding them into one buffer that it uses
                  again, which stays in the processor's cache: with the same decoder as weir, with Debian's libpng, and with a
                  libpng built here with its SSE filters over zlib-ng; and with weir's into as many buffers, in turn, as a batch
                  has images, which is what making batches takes at least
  the limit       what one thread decodes from memory, times the cores

in alternating runs; ratios are of runs next to each other. Then both loops and both engines, with files in the kernel's cache and
not (posix_fadvise), batch sizes, and the processor's seconds for 1,000 images by part: reading, decoding, the rest. Those of weir
are of the threads that do each; what the whole process has used beyond is shown too. It takes about twenty minutes. Where other programs run, figures
say little: weir's workers let them go first (nice 5), plain threads don't.

DIR: a folder of images, taken as one set: of one size, they make batches of one shape, else ragged ones. Without it: photographs
that tools/corpus cuts (49 MB to fetch; 12,000 files), or with --synthetic drawn ones (nothing to fetch)."""

MEMORY_MIB = 512
NAMES = {"weir": "weir", "keeping": "plain threads, a batch of buffers", "libpng": "plain threads, libpng", "fair": f"plain threads, {fair_libpng.NAME}"}  # in the plot
ALONE = "one thread"
SLOW = (ALONE, "libpng", "fair")  # over a quarter of the files, or they would take longer than everything else; they have hardly a start
WANTED = {(512, 512): 0.95, (32, 32): 0.7}  # of plain threads with the same decoder
PARTS = ("sizes", "engines", "batches")
CORE_SIZES = (32, 512)  # what engines and batches are looked at with


def main(arguments):
    parser = report.parser("pipeline", TEXT)
    parser.add_argument("dir", metavar="DIR", nargs="?", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=9, help="(9)")
    parser.add_argument("--seconds", type=float, default=2, help="a run of weir takes about (2): the less, the more its start weighs")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this table; can be given again")
    parser.add_argument("--size", type=int, choices=image_sets.sizes(), action="append", help="only this; can be given again")
    parser.add_argument("--no-build-libpng", action="store_true", help="leave out libpng with SSE filters and zlib-ng")
    parser.add_argument("--synthetic", action="store_true", help="drawn images instead of photographs")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.rounds, asked.seconds, asked.synthetic = 2, 0.01, asked.dir is None
        asked.size = asked.size or list(CORE_SIZES)
    machine = report.machine()
    needed = ["tools/benchmarks/files_to_batches", "tools/benchmarks/plain_threads"]
    if asked.built is None:
        needed.append("tools/benchmarks/make_images")
    bench = Bench(asked, programs.built(needed, asked.built))
    parts = asked.part or PARTS
    bench.progress = Progress("pipeline", sum(bench.runs_of(part) for part in parts))
    result = {"command": "pipeline", "arguments": report.shown(arguments), "machine": machine, "rounds": asked.rounds,
              "memory_MiB": MEMORY_MIB, "left_out": bench.left_out}
    print(f"# Files to batches\n\n{report.described(machine)}\n\nImages/s, medians of {asked.rounds} alternating rounds.\n")
    for name, reason in bench.left_out.items():
        print(f"Left out: {name}: {reason}.\n")
    targets = []
    for part in PARTS:
        if part in parts:
            result[part], wanted = globals()[f"measure_{part}"](bench)
            targets += wanted
    report.save(asked, result, lambda: plot(result))
    return report.verdict(targets, asked.quick)


class Bench:
    def __init__(self, asked, built):
        self.asked = asked
        self.weir, self.plain = built[:2]
        self.repeats, self.left_out, self.progress = {}, {}, None
        self.plugin, reason = (None, "left out as asked") if asked.no_build_libpng else fair_libpng.plugin(build=not asked.quick)
        if self.plugin is None:
            self.left_out[fair_libpng.NAME] = reason
        if asked.dir is not None:
            self.sets = {asked.dir.name: image_sets.png_files(asked.dir)}
            self.same = image_sets.one_shape(self.sets[asked.dir.name])
        else:
            chosen = asked.size or image_sets.sizes()
            made = image_sets.synthetic(asked, chosen, 10 if asked.quick else 1) if asked.synthetic else image_sets.photographs(asked)
            self.sets = {size: made[size] for size in chosen}

    def sizes_commands(self, name):
        commands = {"weir": self.weir_command(name), "plain": self.plain_command("weir"),
                    "keeping": self.plain_command("weir", "--buffers", self.batch_of(name)), "libpng": self.plain_command("libpng")}
        if self.plugin is not None:
            commands["fair"] = self.plain_command("libpng", "--plugin", self.plugin)
        return {**commands, ALONE: self.plain_command("weir", "--in-memory", threads=1)}

    def runs_of(self, part):
        """How many runs a part takes, for the progress."""
        sets = self.sets if part == "sizes" else self.core_sets() * (2 if part == "engines" else 1)
        return self.asked.rounds * sum(len(self.sizes_commands(name)) if part == "sizes" else 5 for name in sets)

    def plain_parts(self, name):
        """The processor's seconds for 1,000 images of plain threads, (reading, decoding): asked for in a run of its own, since that
        takes time of small images."""
        with image_sets.listed(self.sets[name], self.times(name)) as file:
            told = self.one(self.plain_command("weir", "--parts"), file)
        return [1000 * told["cpu"][part] / told["images"] for part in ("read", "decode")]

    def core_sets(self):
        """Those that not only the first table looks at."""
        return [name for name in self.sets if name in CORE_SIZES or not isinstance(name, int)]

    def shape_of(self, name):
        """(width, height) of all images of the set, or None."""
        return (name, name) if isinstance(name, int) else self.same

    def batch_of(self, name):
        """32, or what has room if the images are large."""
        shape = self.shape_of(name)
        return image_sets.batch_for(3 * shape[0] * shape[1]) if shape else 32

    def weir_command(self, name, batch=None, loop="own", engine=None):
        command = [self.weir, "--memory", MEMORY_MIB, "--workers", programs.cores(), "--loop", loop,
                   "--batch", batch or self.batch_of(name), "--shapes", "same" if self.shape_of(name) else "ragged"]
        return command + (["--engine", engine] if engine else [])

    def plain_command(self, decoder, *more, threads=None):
        return [self.plain, "--threads", threads or programs.cores(), "--decoder", decoder, *more]

    def one(self, command, file):
        done = subprocess.run([str(part) for part in command] + [f"@{file}"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise programs.Missing(f"{pathlib.Path(command[0]).name} failed")
        return json.loads(done.stdout)

    def times(self, name):
        """How often over the files are listed, for a run of weir to take as long as it was asked to."""
        if name not in self.repeats:
            with image_sets.listed(self.sets[name]) as file:
                self.one(self.weir_command(name), file)
                took = self.one(self.weir_command(name), file)["seconds"]
            self.repeats[name] = max(1, math.ceil(self.asked.seconds / took))
        return self.repeats[name]

    def alternate(self, name, commands, cached=True):
        """{key: [what the program told, a round each]}; another order each round."""
        told = {key: [] for key in commands}
        keys = list(commands)
        times = self.times(name) if cached else 1
        with image_sets.listed(self.sets[name], times) as file, image_sets.listed(self.sets[name], -(-times // 4)) as fewer:
            for turn in range(self.asked.rounds):
                for i in range(len(keys)):
                    key = keys[(i + turn) % len(keys)]
                    if not cached:
                        image_sets.drop_from_cache(self.sets[name])
                    told[key].append(self.one(commands[key], fewer if key in SLOW else file))
                    self.progress.step(f"{name}: {key}")
            self.progress.end()
        return told


def rate(runs):
    return report.Figure(tuple(run["images_per_second"] for run in runs))


def cpu(runs, part):
    """The processor's seconds for 1,000 images."""
    return report.Figure(tuple(1000 * run["cpu"][part] / run["images"] for run in runs))


def saved(told):
    return {key: {"images_per_second": [run["images_per_second"] for run in runs],
                  **({"cpu_per_1000": {part: cpu(runs, part).median for part in runs[0]["cpu"]}} if "cpu" in runs[0] else {}),
                  **({"peak_resident": max(run["peak_resident"] for run in runs)} if "peak_resident" in runs[0] else {})}
            for key, runs in told.items()}


def measure_sizes(bench):
    rows, cpus, all_told, targets = [], [], {}, []
    for name in bench.sets:
        told = bench.alternate(name, bench.sizes_commands(name))
        ours, plain, keeping, libpng = (rate(told[key]) for key in ("weir", "plain", "keeping", "libpng"))
        fair = rate(told["fair"]) if "fair" in told else None
        limit = report.Figure(tuple(programs.cores() * alone for alone in rate(told[ALONE]).rounds))
        ratio = ours.per(plain)
        rows.append([name, bench.batch_of(name), ours.text(), plain.text(), f"**{ratio.text(3)}**", ours.per(keeping).text(3),
                     f"{ours.per(limit).median:.2f}",
                     f"{libpng.text()} ({ours.per(libpng).median:.2f})", f"{fair.text()} ({ours.per(fair).median:.2f})" if fair else "–",
                     f"{max(run['peak_resident'] for run in told['weir']) / 2**20:.0f}"])
        parts = [cpu(told["weir"], part).median for part in ("read", "decode", "rest", "all")]
        plain_parts = bench.plain_parts(name)
        cpus.append([name, *(f"{part:.3f}" for part in (*parts[:3], max(0, parts[3] - sum(parts[:3])), parts[3], *plain_parts,
                                                        cpu(told["plain"], "all").median))])
        all_told[str(name)] = {"batch": bench.batch_of(name), **saved(told)}
        shape = bench.shape_of(name)
        if shape in WANTED:
            targets.append((f"{shape[0]} × {shape[1]}, weir to plain threads with the same decoder", ratio.median, WANTED[shape]))
    print("## Sizes\n\nFiles in the kernel's cache, own loop, automatic engine. Plain threads with the same decoder; in brackets weir's "
          "ratio to others.\n")
    print(report.table(["side", "batch", "weir", "plain threads", "ratio", "to those with a batch of buffers", "of the limit", "plain threads, libpng",
                        f"plain threads, {fair_libpng.NAME}", "weir's peak, MiB"], rows, range(10)))
    print("\nThe processor's seconds for 1,000 images:\n")
    print(report.table(["side", "weir: read", "decode", "rest", "start and end", "all", "plain threads: read", "decode", "all"], cpus,
                       range(9)))
    print()
    return all_told, targets


def measure_engines(bench):
    rows, all_told = [], {}
    for name in bench.core_sets():
        for cached in (True, False):
            commands = {f"{loop}, {engine}": bench.weir_command(name, loop=loop, engine=engine)
                        for loop in ("own", "uv") for engine in ("uring", "blocking")}
            commands["plain threads"] = bench.plain_command("weir")
            told = bench.alternate(name, commands, cached)
            plain = rate(told["plain threads"])
            rows.append([name, "cached" if cached else "not cached",
                         *(f"{rate(runs).text()} ({rate(runs).per(plain).median:.2f})" for runs in told.values())])
            all_told[f"{name}, {'cached' if cached else 'not cached'}"] = saved(told)
    print("## Loops and engines\n\nIn brackets the ratio to plain threads with the same decoder.\n")
    print(report.table(["side", "files", *(["own, uring", "own, blocking", "uv, uring", "uv, blocking", "plain threads"])], rows, range(2, 7)))
    print()
    return all_told, []


def measure_batches(bench):
    rows, all_told, targets = [], {}, []
    for name in bench.core_sets():
        told = bench.alternate(name, {str(batch): bench.weir_command(name, batch=batch) for batch in (1, 4, 8, 32, 128)})
        base = rate(told["32"])
        rows.append([name, *(f"{rate(runs).text()} ({rate(runs).per(base).median:.3f})" for runs in told.values())])
        all_told[str(name)] = saved(told)
        if name == 512:
            apart = abs(rate(told["4"]).per(base).median - 1)
            targets.append(("512 × 512, batches of 4 to batches of 32, 1 less how far apart", 1 - apart, 0.97))
    print("## Batch sizes\n\nIn brackets the ratio to batches of 32.\n")
    print(report.table(["side", "1", "4", "8", "32", "128"], rows, range(6)))
    print()
    return all_told, targets


def plot(result):
    groups, unit = [], "times plain threads with the same decoder"
    for name, told in result.get("sizes", {}).items():
        figures = {key: report.Figure(tuple(value["images_per_second"])) for key, value in told.items() if key != "batch"}
        groups.append((f"{name} × {name}" if name.isdigit() else name,
                       {title: (ratio.median, ratio.spread) for key, title in NAMES.items() if key in figures
                        for ratio in [figures[key].per(figures["plain"])]}))
    for part, base in (("engines", "plain threads"), ("batches", "32")):
        for name, told in result.get(part, {}).items():
            figures = {key: report.Figure(tuple(value["images_per_second"])) for key, value in told.items()}
            for key, mine in figures.items():
                if key != base:
                    ratio = mine.per(figures[base])
                    label = f"{name}: {key}" if part == "engines" else f"{name}: batches of {key}, to those of 32"
                    groups.append((label, {"weir": (ratio.median, ratio.spread)}))
    return bars.chart("Files to batches", report.described(result["machine"]), list(NAMES.values()), groups, unit, 1)
