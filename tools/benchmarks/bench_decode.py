"""tools/bench decode: PNG decoders beside each other, by class of image."""
import collections
import json
import os
import pathlib
import re
import subprocess

import bars
import corpus_maker
import fair_libpng
import programs
import report
from progress import Progress

TEXT = """Decodes PNG images from memory on one thread: weir (its fast decoder, libpng where that claims nothing; the stop flag
looked at as in a pipeline, the file in segments as it is read), weir's reference, and what Debian packages: libpng, libspng,
lodepng, stb_image, OpenCV; beside them libpng with its SSE filters over zlib-ng, built here from source.

All decode to packed samples of 8 bits, with the file's own channels. They take turns, in another order each round, and what is
timed is the processor's time of the thread, MB (10^6 bytes) of pixels a second. Allocations are calls of malloc and the like in a
decode by a decoder that has decoded before; memory is the most that a decode has at a time, pixels and lent memory included.

DIR: a folder of folders of images (each is a class; its files are found at any depth) or of images (one class). Without any, the
corpus that tools/corpus makes. Packages that are installed if missing: libspng-dev, liblodepng-dev, libstb-dev,
libopencv-imgcodecs-dev (these two bring 60 others), libjpeg-dev, imagemagick, optipng."""

PACKAGES = ("libspng-dev", "liblodepng-dev", "libstb-dev", "libopencv-imgcodecs-dev")
BASE = "libpng"
PHOTOS = re.compile(r"photo-rgba?-(224|512|1024)$")


def main(arguments):
    parser = report.parser("decode", TEXT)
    parser.add_argument("dirs", metavar="DIR", nargs="*", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=9, help="(9)")
    parser.add_argument("--least", type=float, default=0.02, metavar="SECONDS", help="of each decoder on each class a round (0.02)")
    parser.add_argument("--classes", metavar="REGEX", help="only those with such a name")
    parser.add_argument("--only", metavar="NAME,…", help="only these decoders; libpng is always there")
    parser.add_argument("--small", action="store_true", help="the small corpus")
    parser.add_argument("--no-build-libpng", action="store_true", help="leave out libpng with SSE filters and zlib-ng")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.rounds, asked.least, asked.no_build_libpng = 2, 0.001, True
    machine = report.machine()
    if asked.built is None:
        programs.need_packages(*PACKAGES)
    program, = programs.built(["tools/benchmarks/decode/bench_decode"], asked.built, packages=PACKAGES)
    classes = find_classes(asked)
    plugin, why_not = (None, "left out as asked") if asked.no_build_libpng else fair_libpng.plugin()
    versions, results = run(program, classes, asked, plugin)
    result = {"command": "decode", "arguments": report.shown(arguments), "machine": machine,
              "rounds": asked.rounds, "decoders": versions, "left_out": {}, "classes": results}
    if plugin is None:
        result["left_out"]["libpng, SSE filters, zlib-ng"] = why_not
    targets = show(result)
    report.save(asked, result, lambda: plot(result))
    return report.verdict(targets, asked.quick)


def find_classes(asked):
    """{class: paths}"""
    if asked.dirs:
        classes = collections.OrderedDict()
        for folder in asked.dirs:
            if not folder.is_dir():
                raise programs.Missing(f"{folder} is not a directory")
            direct = png_files(folder.glob("*"))
            if direct:
                classes.setdefault(folder.resolve().name, []).extend(direct)
            for below in sorted(path for path in folder.iterdir() if path.is_dir()):
                classes.setdefault(below.name, []).extend(png_files(below.rglob("*")))
    else:
        output = programs.ROOT / ("build/corpus-small" if asked.small else "build/corpus")
        manifest = corpus_maker.make(output, small=asked.small, built=asked.built)
        classes = {name: png_files((output / "classes" / name).iterdir()) for name, entry in manifest["classes"].items()
                   if entry["timed"]}
    chosen = {name: paths for name, paths in classes.items() if paths and (not asked.classes or re.search(asked.classes, name))}
    if not chosen:
        raise programs.Missing("no PNG images found")
    if asked.quick:
        chosen = {name: paths[:2] for name, paths in list(chosen.items())[:4]}
    return chosen


def png_files(paths):
    return sorted((path for path in paths if path.suffix.lower() == ".png" and path.is_file()), key=os.fsencode)


def run(program, classes, asked, plugin):
    command = [program, "--rounds", str(asked.rounds), "--least", str(asked.least)]
    if plugin is not None:
        command += ["--plugin", plugin]
    if asked.only:
        for name in {BASE, *asked.only.split(",")}:
            command += ["--only", name]
    progress = Progress("decode", len(classes))
    listed = "".join(f"{name}\t{path}\n" for name, paths in classes.items() for path in paths)
    results = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.write(listed)
        process.stdin.close()
        versions = json.loads(process.stdout.readline() or "{}").get("decoders", {})
        for line in process.stdout:
            measured = json.loads(line)
            results[measured.pop("class")] = measured
            progress.step(next(reversed(results)))
    progress.end()
    if process.returncode != 0:
        raise programs.Missing("bench_decode failed")
    return versions, results


def figure(entry):
    return report.Figure(tuple(entry["MB_per_second"])) if "MB_per_second" in entry else None


def show(result):
    """Prints the tables; gives the targets."""
    names = list(result["decoders"])
    print(f"# PNG decoders\n\n{report.described(result['machine'])}\n")
    print(", ".join(f"{name} {version}" for name, version in result["decoders"].items()) + ". MB/s of pixels, one thread, "
          f"medians of {result['rounds']} rounds; in brackets the ratio to libpng in the same rounds.\n")
    for name, reason in result["left_out"].items():
        print(f"Left out: {name}: {reason}.\n")
    rows, ratios = [], {name: {} for name in names}
    for title, measured in result["classes"].items():
        if not measured["images"]:
            rows.append([title, 0] + ["–"] * (len(names) + 1))
            continue
        base = figure(measured["decoders"][BASE])
        cells = []
        for name in names:
            mine = figure(measured["decoders"][name])
            if mine is None:
                cells.append("–")
                continue
            ratio = mine.per(base)
            ratios[name][title] = ratio.median
            cells.append(f"{mine.text()} ({ratio.median:.2f})" + (" ≠" if measured["decoders"][name]["differences"] else ""))
        rows.append([title, measured["images"], f"{measured['fast']}/{measured['images']}", *cells])
    rows.append(["**geometric mean of ratios**", "", "",
                 *(f"**{report.geometric_mean(ratios[name].values()):.2f}**" if ratios[name] else "–" for name in names)])
    right = range(1, len(names) + 3)
    print(report.table(["class", "images", "by the fast decoder", *names], rows, right))
    print("\n≠: other pixels than libpng's in some image. –: can't decode some image of the class to this form.\n")
    print("Allocations a decode, and the most memory that it has at a time, in KiB, pixels included:\n")
    print(report.table(["class", "pixels", *names],
                       [[title, f"{measured['pixel_bytes'] / measured['images'] / 1024:.0f}",
                         *(heap(measured["decoders"][name]) for name in names)]
                        for title, measured in result["classes"].items() if measured["images"]], right))
    print()
    result["geometric_means"] = {name: report.geometric_mean(ratios[name].values()) for name in names if ratios[name]}
    return targets(ratios.get("weir", {}))


def heap(entry):
    if entry.get("allocations", -1) < 0:
        return "–"
    return f"{entry['allocations']:.0f}; {entry['peak'] / 1024:.0f}"


def targets(ratios):
    if not ratios:
        return []
    wanted = [("weir to libpng, geometric mean over classes", report.geometric_mean(ratios.values()), 3.2)]
    photos = {title: ratio for title, ratio in ratios.items() if PHOTOS.match(title)}
    if photos:
        worst = min(photos, key=photos.get)
        wanted.append((f"RGB and RGBA photographs of 224 to 1024 pixels, the lowest ({worst})", photos[worst], 3.0))
    worst = min(ratios, key=ratios.get)
    wanted.append((f"the lowest class ({worst})", ratios[worst], 1.2))
    return wanted


def plot(result):
    groups = []
    for title, measured in result["classes"].items():
        if measured["images"]:
            base = figure(measured["decoders"][BASE])
            ratios = {name: figure(entry).per(base) for name, entry in measured["decoders"].items() if figure(entry)}
            groups.append((title, {name: (ratio.median, ratio.spread) for name, ratio in ratios.items() if name != BASE}))
    series = [name for name in result["decoders"] if name != BASE]
    return bars.chart("PNG decoders, speed against Debian's libpng", report.described(result["machine"]), series, groups,
                      "times libpng's MB/s, one thread, from memory", 1)
