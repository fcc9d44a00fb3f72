"""Sets of files for the benchmarks of whole pipelines."""
import contextlib
import os
import pathlib
import subprocess
import tempfile

import corpus_maker
import corpus_recipe
import debian_images
import programs

LARGEST_BATCH = 128 << 20  # bytes
SYNTHETIC_COUNTS = {32: 2000, 64: 1000, 224: 200, 512: 60, 1024: 16, 2048: 4, 4096: 2}


def sizes():
    return [entry.size for entry in corpus_recipe.PIPELINE]


def photographs(asked):
    """{size: paths} of square photographs, from the corpus."""
    output = programs.ROOT / "build/corpus-pipeline"
    corpus_maker.make(output, small=True, pipeline=True, built=asked.built, only=[entry.name for entry in corpus_recipe.PIPELINE])
    return {entry.size: sorted((output / "classes" / entry.name).glob("*.png")) for entry in corpus_recipe.PIPELINE}


def synthetic(asked, chosen, share=1):
    """{size: paths} of drawn images: for where no photographs can be fetched, and for smoke tests."""
    maker, = programs.built(["tools/benchmarks/make_images"], asked.built)
    folder = pathlib.Path(asked.built or programs.RELEASE).resolve() / "bench-images"
    made = {}
    for size in chosen:
        count = max(4, SYNTHETIC_COUNTS[size] // share)
        into = folder / f"{size}-{count}"
        if len(list(into.glob("*.png"))) != count:
            into.mkdir(parents=True, exist_ok=True)
            subprocess.run([maker, into, str(size), str(size), str(count)], check=True)
        made[size] = sorted(into.glob("*.png"))
    return made


def batch_for(image_bytes):
    """32, or what has room if the images are large."""
    return max(1, min(32, LARGEST_BATCH // image_bytes))


def shape(path):
    """(width, height) of a PNG file."""
    found = debian_images.header(path)
    if found is None:
        raise programs.Missing(f"{path} is no PNG image")
    return found[:2]


def one_shape(paths):
    """(width, height) of all of them, or None if they differ, or one is no PNG file."""
    found = {header[:2] if header else None for header in map(debian_images.header, paths)}
    return found.pop() if len(found) == 1 else None


def png_files(folder):
    if not folder.is_dir():
        raise programs.Missing(f"{folder} is not a directory")
    found = sorted((path for path in folder.rglob("*") if path.suffix.lower() == ".png" and path.is_file()), key=os.fsencode)
    if not found:
        raise programs.Missing(f"no PNG images in {folder}")
    return found


@contextlib.contextmanager
def listed(paths, times=1):
    """A file with the paths, one a line, so many times over."""
    with tempfile.NamedTemporaryFile("w", prefix="weir-bench-", suffix=".txt") as file:
        file.write("".join(f"{path}\n" for path in paths) * times)
        file.flush()
        yield file.name


def drop_from_cache(paths):
    """Asks the kernel to forget the files' contents; what it keeps, it keeps."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fdatasync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
