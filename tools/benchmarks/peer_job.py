"""One peer's run: PEER BATCH WORKERS [--stop-after BATCHES] [--digest] @LIST, by the Python of its environment. Reads, decodes and
batches the files of the list, all of one shape, and prints one JSON object of what that took. The clock starts once the peer's
libraries are imported, and ends when its pipeline is closed; a run that is stopped after some batches also tells how long it was
until all that it had started was gone, waiting for so long as PATIENCE, and what was left then."""
import gc
import importlib
import json
import os
import resource
import sys
import time
import zlib

from peer_pipelines import CHANNELS_FIRST, IMPORTS, PEERS
from process_tree import Left

PATIENCE = 2  # seconds


def processor_seconds():
    """Of this process, and of those below it that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def digests(peer, images):
    """The CRC-32 of each image's pixels, packed, red first."""
    import numpy
    pixels = numpy.asarray(images)
    if peer in CHANNELS_FIRST:
        pixels = pixels.transpose(0, 2, 3, 1)
    return [zlib.crc32(numpy.ascontiguousarray(image)) for image in pixels]


def main():
    peer, batch, workers, listed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[-1]
    stop_after = int(sys.argv[sys.argv.index("--stop-after") + 1]) if "--stop-after" in sys.argv else 0
    digest = [] if "--digest" in sys.argv else None
    with open(listed.removeprefix("@")) as file:
        paths = file.read().split("\n")[:-1]
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    begun = time.monotonic()
    for module in IMPORTS[peer]:  # before the clock starts, and before threads are counted
        importlib.import_module(module)
    imports = time.monotonic() - begun
    left, cpu, start = Left(), processor_seconds(), time.monotonic()
    images = batches = 0
    first = made = None
    running = PEERS[peer](paths, batch, workers)
    for made in running:
        first = first or time.monotonic() - start
        images += len(made)
        batches += 1
        if digest is not None:
            digest += digests(peer, made)
        if batches == stop_after:
            break
    del made
    stopped = time.monotonic()
    running.close()
    del running
    gc.collect()
    end = time.monotonic()
    told = {"images": images, "seconds": end - start, "first_batch": first, "imports": imports}
    if stop_after:
        after, threads, processes, memory = left.wait(PATIENCE)
        told["stop"] = {"returned": end - stopped, "gone": None if after is None else end - stopped + after, "threads_left": threads,
                        "processes_left": processes, "memory_left": memory}
    told["cpu"] = processor_seconds() - cpu
    if digest is not None:
        told["digest"] = digest
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
