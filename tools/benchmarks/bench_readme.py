"""tools/bench readme: the short tables of results that the README has."""
import argparse
import json
import pathlib
import re

import bench_quiescence
import fair_libpng
import peer_table
import programs
import report

TEXT = """Prints the README's section of results, in Markdown, from what runs of the other commands have saved:

    tools/bench decode --json decode.json
    tools/bench pipeline --json pipeline.json
    tools/bench peers --json peers.json
    tools/bench quiescence --json quiescence.json
    tools/bench readme decode.json pipeline.json peers.json quiescence.json

Files may be left out, and a command's sizes may be spread over several files."""

PHOTOGRAPHS = re.compile(r"photo-rgba?-(224|512|1024)$")


def main(arguments):
    parser = argparse.ArgumentParser(prog="tools/bench readme", description=TEXT, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", metavar="FILE", nargs="+", type=pathlib.Path)
    asked = parser.parse_args(arguments)
    sections = []
    for path in asked.files:
        try:
            result = json.loads(path.read_text())
            sections.append(SECTIONS[result["command"]](result))
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise programs.Missing(f"{path}: no result of tools/bench: {type(problem).__name__}: {problem}") from None
    print("Medians of alternating rounds; what follows ± is half the distance between the rounds' quartiles.\n")
    print("\n".join(sections))
    return 0


def heading(result):
    facts = result["machine"]
    command = " ".join(["tools/bench", result["command"], *result["arguments"]])
    return (f"`{command}`, {result['rounds']} rounds; {facts.get('processor', '')}, {facts['cores']} cores, "
            f"{facts['memory_MiB'] / 1024:.0f} GiB, {facts['system']}, weir {facts['weir']}:\n")


def decode(result):
    classes = {name: entry for name, entry in result["classes"].items() if entry["images"]}
    rows = []
    for decoder in result["decoders"]:
        ratios = {}
        for name, entry in classes.items():
            told = entry["decoders"][decoder]
            if "MB_per_second" in told:
                ratios[name] = rounds(told["MB_per_second"]).per(rounds(entry["decoders"]["libpng"]["MB_per_second"]))
        if not ratios:
            continue
        photographs = [ratio for name, ratio in ratios.items() if PHOTOGRAPHS.match(name)]
        lowest = min(ratios, key=lambda name: ratios[name].median)
        rows.append([decoder, mean(ratios.values()).text(2), mean(photographs).text(2) if photographs else "–",
                     f"{ratios[lowest].median:.2f} ({lowest})", f"{len(ratios)} of {len(classes)}"])
    return (f"### One thread, from memory\n\n{heading(result)}\nTimes the speed of Debian's libpng, geometric means over classes of "
            "images.\n\n" + report.table(["decoder", "all classes", "RGB and RGBA photographs, 224 to 1024", "lowest class", "classes"],
                                         rows, range(1, 5)) + "\n" + left_out(result["left_out"]))


def pipeline(result):
    rows = []
    for name, told in result["sizes"].items():
        figures = {key: rounds(value["images_per_second"]) for key, value in told.items() if key != "batch"}
        limit = report.Figure(tuple(result["machine"]["cores"] * alone for alone in figures["one thread"].rounds))
        weir = figures["weir"]
        rows.append([name, told["batch"], weir.text(), weir.per(figures["plain"]).text(2),
                     weir.per(figures["keeping"]).text(2), weir.per(limit).text(2),
                     weir.per(figures["fair"]).text(2) if "fair" in figures else "–", weir.per(figures["libpng"]).text(2),
                     f"{told['weir']['peak_resident'] / 2**20:.0f}"])
    return (f"### Files to batches\n\n{heading(result)}\nIn the kernel's cache, with a budget of {result['memory_MiB']} MiB; weir beside as "
            "many plain threads as there are cores, which read and decode: into one buffer each, which stays in the processor's cache; with the "
            "same decoder also into as many buffers as a batch has images.\n\n" +
            report.table(["side", "batch", "images/s", "to plain threads, same decoder", "with a batch of buffers", "to the cores' limit",
                          f"to plain threads, {fair_libpng.NAME}", "to plain threads, libpng", "peak, MiB"], rows, range(9)) + "\n" +
            left_out(result["left_out"]))


def peers(result):
    parts = [f"### The same job by others\n\n{heading(result)}"]
    for name, told in result["sets"].items():
        parts.append(f"{name + ' × ' + name if name.isdigit() else name}, batches of {told['batch']}, weir's budget {told['memory_MiB']} "
                     f"MiB:\n\n{peer_table.table(told)}\n" + left_out(told["left_out"]))
    if result["versions"]:
        parts.append("; ".join(sorted(set(result["versions"].values()))) + ".\n")
    return "\n".join(parts) + left_out(result["left_out"])


def quiescence(result):
    sides = list(bench_quiescence.SIDES)
    rows = [[work, *(bench_quiescence.text(told.get(side)) for side in sides)] for work, told in result["milliseconds"].items()]
    return (f"### From a stop to nothing left\n\n{heading(result)}\nMilliseconds: median / 99 % / 99.9 % of the stops.\n\n" +
            report.table(["in flight", *sides], rows, range(1, len(sides) + 1)) + "\n")


def rounds(figures):
    return report.Figure(tuple(figures))


def mean(ratios):
    """The geometric means of each round."""
    return report.Figure(tuple(map(report.geometric_mean, zip(*(ratio.rounds for ratio in ratios)))))


def left_out(reasons):
    return "".join(f"\nLeft out: {name}: {reason}.\n" for name, reason in reasons.items())


SECTIONS = {"decode": decode, "pipeline": pipeline, "peers": peers, "quiescence": quiescence}
