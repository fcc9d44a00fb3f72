"""Makes a corpus by corpus_recipe.py: tools/corpus is its command line."""
import concurrent.futures
import hashlib
import json
import pathlib
import shutil
import subprocess

import corpus_recipe as recipe
import debian_images
import programs
from progress import Progress

OTHER_ENCODERS = {
    # Dates and the like off, so that the same picture gives the same file.
    "imagemagick": ["convert", "{source}", "-strip", "-define", "png:exclude-chunks=date,time", "{target}"],
    "optipng": ["optipng", "-quiet", "-strip", "all", "-out", "{target}", "{source}"],
}


def make(output, small=False, pipeline=False, only=None, unpacked=None, built=None, quiet=False):
    """The corpus in `output`, made unless it is there. Returns its manifest."""
    output = pathlib.Path(output).resolve()
    wanted = [*recipe.PHOTOS, *(recipe.PIPELINE if pipeline else ()), *(p for p in recipe.PACKAGED if p.small or not small)]
    if only is not None:
        wanted = [entry for entry in wanted if entry.name in only]
    manifest = read_manifest(output)
    if manifest is not None and manifest["wanted"] == described(wanted):
        return manifest
    if unpacked is None:
        programs.need_packages("libjpeg-dev", "imagemagick", "optipng")
    cutter, = programs.built(["tools/benchmarks/cut_photos"], built, packages=["libjpeg-dev"])
    classes = output / "classes"
    (output / "manifest.json").unlink(missing_ok=True)
    shutil.rmtree(classes, ignore_errors=True)
    trees = Trees(unpacked, output.parent / "corpus-packages")
    made, left_out = {}, {}
    for entry in wanted:
        if isinstance(entry, recipe.Packaged):
            copy_packaged(entry, trees, classes, made, left_out)
    cut_photos([entry for entry in wanted if isinstance(entry, recipe.Photos)], cutter, trees, classes, made, left_out, quiet)
    for name, entry in made.items():
        entry["files"] = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((classes / name).iterdir())}
    manifest = {"wanted": described(wanted), "packages": trees.versions, "classes": dict(sorted(made.items())),
                "left_out": left_out}
    (output / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def read_manifest(output):
    try:
        return json.loads((pathlib.Path(output) / "manifest.json").read_text())
    except (OSError, ValueError):
        return None


def described(wanted):
    """The digest of what a corpus is made of, and of the programs that make it."""
    sources = [path for pattern in ("corpus/*", "corpus_*.py") for path in sorted(pathlib.Path(__file__).parent.glob(pattern))]
    text = repr(wanted).encode() + b"".join(path.read_bytes() for path in sources)
    return hashlib.sha256(text).hexdigest()


def differences(output):
    """What is there and differs from the manifest, a line each."""
    manifest = read_manifest(output)
    if manifest is None:
        return [f"{output}: no manifest"]
    wrong = []
    for name, entry in manifest["classes"].items():
        folder = pathlib.Path(output) / "classes" / name
        there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        wrong += [f"{folder / stray}: not in the manifest" for stray in sorted(there - entry["files"].keys())]
        for file, digest in entry["files"].items():
            if file not in there:
                wrong.append(f"{folder / file}: missing")
            elif hashlib.sha256((folder / file).read_bytes()).hexdigest() != digest:
                wrong.append(f"{folder / file}: other bytes")
    return wrong


class Trees:
    """The unpacked packages."""

    def __init__(self, unpacked, directory):
        self.unpacked, self.directory, self.versions = unpacked, directory, {}

    def __getitem__(self, package):
        if self.unpacked is not None:
            if not (self.unpacked / package).is_dir():
                raise programs.Missing(f"no {package} in {self.unpacked}")
            self.versions[package] = "unpacked"
            return self.unpacked.resolve() / package
        tree, self.versions[package] = debian_images.fetch(package, self.directory)
        return tree


def evenly(things, count):
    """`count` of them, evenly spread."""
    if len(things) <= count:
        return things
    return [things[i * len(things) // count] for i in range(count)]


def copy_packaged(entry, trees, classes, made, left_out):
    try:
        found = debian_images.png_files(trees[entry.package], entry.under)
    except programs.Missing as problem:
        left_out[entry.name] = str(problem)
        return
    fitting = [(path, facts) for path, facts in found if all(entry.least <= side <= entry.most for side in facts[:2])]
    if not fitting:
        left_out[entry.name] = f"{entry.package} has no fitting image here"
    by_form = {}
    for path, (width, height, depth, color) in fitting:
        form = color if depth == 8 else f"{color}{depth}"
        by_form.setdefault(form, []).append((path, width * height))
    for form, files in sorted(by_form.items()):
        if len(files) < entry.few:
            continue
        name = f"{entry.name}-{form}"
        (classes / name).mkdir(parents=True)
        pixels = 0
        for number, (path, area) in enumerate(evenly(files, entry.count)):
            if number > 0 and pixels + area > recipe.MOST_PIXELS:
                break
            pixels += area
            shutil.copyfile(path, classes / name / f"{number:03}-{path.name}")
        made[name] = {"what": f"as packaged in {entry.package}", "timed": True}


def cut_photos(entries, cutter, trees, classes, made, left_out, quiet):
    try:
        folder = trees[recipe.PHOTO_PACKAGE] / recipe.PHOTO_FOLDER
    except programs.Missing as problem:
        left_out.update({entry.name: str(problem) for entry in entries})
        return
    photos = sorted(folder.glob("*.jpg"))
    if not photos:
        raise programs.Missing(f"no photographs in {folder}")
    plan, afterwards = [], []
    for entry in entries:
        other = OTHER_ENCODERS.get(entry.encoder)
        if other is not None and shutil.which(other[0]) is None:
            left_out[entry.name] = f"there is no {other[0]} here"
            continue
        (classes / entry.name).mkdir(parents=True, exist_ok=True)
        made[entry.name] = {"what": f"photographs from {recipe.PHOTO_PACKAGE}, {entry.form}, by {entry.encoder}",
                            "timed": entry.timed}
        for index in range(entry.count):
            target = classes / entry.name / f"{index:06}.png"
            written = target.with_suffix(".before") if other else target
            encoder = "level6" if other else entry.encoder
            plan.append((photos[index % len(photos)], index, entry.size, entry.form, encoder, written))
            if other:
                afterwards.append((written, target, [part.format(source=f"png:{written}" if other[0] == "convert" else written,
                                                                 target=target) for part in other]))
    progress = Progress("photographs", len(plan) + len(afterwards), None if not quiet else False)
    with concurrent.futures.ThreadPoolExecutor(programs.cores()) as threads:
        # By photograph, so that each is read once by a process; dealt out so that all have large images.
        plan.sort(key=lambda line: (str(line[0]), -line[2]))
        shares = [plan[share::programs.cores()] for share in range(programs.cores())]
        list(threads.map(lambda share: run_plan(cutter, share, progress), shares))
        list(threads.map(lambda work: encode_again(work, progress), afterwards))
    progress.end()


def run_plan(cutter, lines, progress):
    with subprocess.Popen([cutter], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        def feed():
            process.stdin.write("".join("\t".join(map(str, line)) + "\n" for line in lines).encode())
            process.stdin.close()
        with concurrent.futures.ThreadPoolExecutor(1) as feeder:
            fed = feeder.submit(feed)
            while process.stdout.read(1):
                progress.step()
            if process.wait() != 0:
                raise programs.Missing("cut_photos failed")
            fed.result()


def encode_again(work, progress):
    before, _, command = work
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    before.unlink()
    progress.step()
