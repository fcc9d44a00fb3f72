"""What the benchmarks have in common: their options, figures with their spread, the machine, and where results go."""
import argparse
import dataclasses
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess

import programs


def parser(command, text):
    made = argparse.ArgumentParser(prog=f"tools/bench {command}", description=text,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the results as JSON")
    made.add_argument("--svg", type=pathlib.Path, metavar="FILE", help="write a plot of them")
    made.add_argument("--quick", action="store_true", help="a smoke test: seconds, and figures that mean nothing")
    made.add_argument("--built", type=pathlib.Path, metavar="DIR",
                      help="a build directory whose programs are taken as they are (default: build/release, brought up to date)")
    return made


def shown(arguments):
    """The command line without where results go."""
    kept, skip = [], False
    for argument in map(str, arguments):
        if skip or argument.split("=")[0] in ("--json", "--svg", "--built"):
            skip = not skip and "=" not in argument
        else:
            kept.append(argument)
    return kept


@dataclasses.dataclass(frozen=True)
class Figure:
    """The median of the rounds, and half the distance between their quartiles."""
    rounds: tuple

    @property
    def median(self):
        return statistics.median(self.rounds)

    @property
    def spread(self):
        if len(self.rounds) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.rounds, n=4, method="inclusive")
        return (high - low) / 2

    def text(self, digits=0):
        return f"{self.median:.{digits}f} ± {self.spread:.{digits}f}"

    def per(self, other):
        """The ratio of what was measured in the same rounds."""
        return Figure(tuple(mine / theirs for mine, theirs in zip(self.rounds, other.rounds)))


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def table(head, rows, right=()):
    """Markdown. `right`: columns of numbers."""
    lines = ["| " + " | ".join(head) + " |",
             "| " + " | ".join("---:" if i in right else "---" for i in range(len(head))) + " |"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def machine():
    facts = {"cores": programs.cores(), "kernel": platform.release()}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            facts["processor"] = line.split(":", 1)[1].strip()
            break
    facts["memory_MiB"] = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    facts["system"] = release.get("PRETTY_NAME", "").strip('"')
    facts["compiler"] = first_line("c++", "--version")
    facts["weir"] = first_line("git", "-C", programs.ROOT, "describe", "--always", "--dirty")
    facts["load"] = round(os.getloadavg()[0], 2)
    return facts


def first_line(*command):
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return ""


def described(facts):
    return (f"{facts.get('processor', platform.machine())}, {facts['cores']} cores, {facts['memory_MiB'] / 1024:.0f} GiB, "
            f"{facts['system']}, Linux {facts['kernel']}; {facts['compiler']}; weir {facts['weir']}; "
            f"load {facts['load']} before the start")


def save(asked, result, svg):
    """Writes what was asked for. `svg` is a function that gives the plot's text."""
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1) + "\n")
    if asked.svg:
        asked.svg.write_text(svg())


def verdict(targets, quick, at_most=False):
    """Prints each target (text, figure, wanted) and gives the exit code."""
    missed = False
    for text, figure, wanted in targets:
        good = figure <= wanted if at_most else figure >= wanted
        missed |= not good
        print(f"{'reached' if good else 'MISSED'}: {text}: {figure:.2f}, wanted at {'most' if at_most else 'least'} {wanted}")
    return 1 if missed and not quick else 0
