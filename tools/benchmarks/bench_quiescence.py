"""tools/bench quiescence: from a stop to nothing left."""
import json
import pathlib
import subprocess

import bars
import image_sets
import programs
import report
from progress import Progress

TEXT = """Puts work in flight, lets it go on for a random time, stops it from another thread, and measures until what runs has
returned and nothing of it is left: no function on a thread, no operation in the kernel, no task. Beside weir, the same work by

  jthreads        a pool of std::jthread, one a core, written by hand: decodes ask the stop token before each row of libpng's,
                  reads after each 512 KiB; what waits has a thread of its own and std::condition_variable_any
  jthreads whole  the same, but asks between files only, as most programs do
  libuv           uv_queue_work and uv_fs_*, and uv_cancel for all that is outstanding

Works: 64 decodes, queued and running, of files in memory; 64 files that are read, and read and decoded, in the kernel's cache or
not (posix_fadvise); 1,000 tasks that wait for memory of a pool; 1,000 and 100,000 parked on a channel.

DIR: a folder of images. Without it: drawn ones of 4096 x 4096, which nothing need be fetched for."""

SIDES = {"weir": ["weir"], "jthreads": ["jthreads"], "jthreads whole": ["jthreads", "--whole"], "libuv": ["libuv"]}
# name: what to run, which sides have it as their own, milliseconds until the stop at most
WORKS = {
    "64 decodes": (["decodes", "--count", "64"], list(SIDES), 100),
    "64 files, read and decoded, cached": (["stream", "--count", "64"], list(SIDES), 100),
    "64 files, read and decoded, not cached": (["stream", "--count", "64", "--cold"], list(SIDES), 100),
    "64 reads, cached": (["reads", "--count", "64"], list(SIDES), 50),
    "64 reads, not cached": (["reads", "--count", "64", "--cold"], list(SIDES), 50),
    "1,000 wait for memory": (["memory", "--count", "1000"], ["weir", "jthreads"], 10),
    "1,000 parked": (["parked", "--count", "1000"], ["weir", "jthreads"], 10),
    "100,000 parked": (["parked", "--count", "100000"], ["weir"], 10),
}
# work, quantile, milliseconds: the project's promise
PROMISED = [("64 decodes", 0.5, 0.5), ("64 decodes", 0.99, 2.0), ("100,000 parked", 1.0, 20.0)]


def main(arguments):
    parser = report.parser("quiescence", TEXT)
    parser.add_argument("dir", metavar="DIR", nargs="?", type=pathlib.Path)
    parser.add_argument("--stops", type=int, default=200, help="of weir and of what is as quick; a tenth of them of the others (200)")
    parser.add_argument("--rounds", type=int, default=5, help="the stops are made in so many alternating rounds (5)")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.stops, asked.rounds = 2, 1
    machine = report.machine()
    program, = programs.built(["tools/benchmarks/quiescence/quiescence"], asked.built)
    if asked.dir is not None:
        images = image_sets.png_files(asked.dir)
    else:
        size = 512 if asked.quick else 4096
        images = image_sets.synthetic(asked, [size], 10 if asked.quick else 1)[size]
    print(f"# From a stop to quiescence\n\n{report.described(machine)}\n\nMilliseconds: median / 99 % / 99.9 % of the stops, "
          f"in {asked.rounds} alternating rounds.\n")
    told = measure(asked, program, images)
    rows = [[name, *(text(told[name].get(side)) for side in SIDES)] for name in WORKS]
    print(report.table(["in flight", *SIDES], rows, range(1, len(SIDES) + 1)))
    print(f"\nStops of each: {counts(told)}.\n")
    result = {"command": "quiescence", "arguments": report.shown(arguments), "machine": machine, "rounds": asked.rounds,
              "milliseconds": told}
    report.save(asked, result, lambda: plot(machine, told))
    targets = [(f"weir, {name}, {'all' if q == 1 else f'{100 * q:g} %'} of the stops, ms", quantile(told[name]["weir"], q), wanted)
               for name, q, wanted in PROMISED]
    return report.verdict(targets, asked.quick, at_most=True)


def measure(asked, program, images):
    """{work: {side: milliseconds of each stop}}"""
    told = {name: {side: [] for side in sides} for name, (_, sides, _) in WORKS.items()}
    progress = Progress("stops", asked.rounds * sum(len(sides) for _, sides, _ in WORKS.values()))
    with image_sets.listed(images) as file:
        for turn in range(asked.rounds):
            for name, (work, sides, after) in WORKS.items():
                for i in range(len(sides)):
                    side = sides[(i + turn) % len(sides)]
                    progress.step(f"{name}, {side}")
                    told[name][side] += stops(asked, program, side, work, after, turn, file)
    progress.end()
    return told


def stops(asked, program, side, work, after, turn, file):
    slow = side in ("jthreads whole", "libuv") or (side != "weir" and "--count" in work and work[0] in ("memory", "parked"))
    count = max(1, asked.stops // asked.rounds // (10 if slow else 1))
    name, *more = SIDES[side]
    command = [program, name, *work, *more, "--threads", programs.cores(), "--stops", count, "--after", after,
               "--seed", turn + 1, f"@{file}"]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise programs.Missing(f"quiescence {side} {work[0]} failed with {done.returncode}")
    return [microseconds / 1000 for microseconds in json.loads(done.stdout)["microseconds"]]


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def text(values):
    if not values:
        return "–"
    return " / ".join(f"{quantile(values, q):.3g}" for q in (0.5, 0.99, 0.999))


def counts(told):
    return "; ".join(f"{side} {sorted({len(sides[side]) for sides in told.values() if side in sides})[-1]}" for side in SIDES)


def plot(machine, told):
    groups = [(name, {side: (quantile(values, 0.99), 0.0) for side, values in sides.items()}) for name, sides in told.items()]
    return bars.chart("From a stop to quiescence, 99 % of the stops", report.described(machine), list(SIDES), groups, "milliseconds")
