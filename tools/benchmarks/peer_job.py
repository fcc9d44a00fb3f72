"""One peer's run: PEER @LIST BATCH WORKERS STOP_AFTER, by the Python of its environment. Reads, decodes to RGB and batches the files of
the list, all of one shape; stops after so many batches if that isn't 0, and takes everything down. Prints one JSON object.
Each is set up as its documentation advises for such a job."""
import gc
import importlib
import json
import os
import sys
import threading
import time


def opencv(paths, batch, workers):
    """A pool of threads, two batches ahead; OpenCV's own threads off, since the images are the parallel part."""
    import collections
    import concurrent.futures
    import cv2
    import numpy
    cv2.setNumThreads(1)

    def load(path):
        return cv2.imread(path, cv2.IMREAD_COLOR_RGB if hasattr(cv2, "IMREAD_COLOR_RGB") else cv2.IMREAD_COLOR)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        ahead = collections.deque()
        try:
            for path in paths:
                ahead.append(pool.submit(load, path))
                if len(ahead) >= 3 * batch:
                    yield numpy.stack([ahead.popleft().result() for _ in range(batch)])
            while ahead:
                yield numpy.stack([ahead.popleft().result() for _ in range(min(batch, len(ahead)))])
        finally:
            pool.shutdown(cancel_futures=True)


def tf_data(paths, batch, workers):
    """map with AUTOTUNE, batch, prefetch with AUTOTUNE, unordered: the performance guide's."""
    import tensorflow as tf
    data = tf.data.Dataset.from_tensor_slices(paths)
    data = data.map(lambda path: tf.io.decode_png(tf.io.read_file(path), channels=3), num_parallel_calls=tf.data.AUTOTUNE,
                    deterministic=False)
    yield from data.batch(batch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def torch_loader(read):
    def batches(paths, batch, workers):
        """A worker process for each core, the processes' own threads off, two batches ahead each."""
        import torch
        torch.set_num_threads(1)

        class Files(torch.utils.data.Dataset):
            def __len__(self):
                return len(paths)

            def __getitem__(self, index):
                return read(paths[index])
        yield from torch.utils.data.DataLoader(Files(), batch_size=batch, num_workers=workers, prefetch_factor=2)
    return batches


def read_torchvision(path):
    from torchvision.io import ImageReadMode, decode_image, read_file
    return decode_image(read_file(path), ImageReadMode.RGB)


def read_pillow(path):
    import numpy
    import PIL.Image
    import torch
    with PIL.Image.open(path) as image:
        return torch.from_numpy(numpy.array(image.convert("RGB")))


def spdl(paths, batch, workers):
    """The pipeline builder, load_image in a pool of threads: its images end as one buffer a batch."""
    import spdl.io
    from spdl.pipeline import PipelineBuilder

    def decode(path):
        packets = spdl.io.demux_image(path)
        return spdl.io.decode_packets(packets, filter_desc=spdl.io.get_filter_desc(packets, pix_fmt="rgb24"))
    builder = PipelineBuilder().add_source(paths).pipe(decode, concurrency=workers).aggregate(batch)
    pipeline = builder.pipe(lambda frames: spdl.io.to_numpy(spdl.io.convert_frames(frames))).add_sink(3).build(num_threads=workers)
    with pipeline.auto_stop():
        yield from pipeline


def grain(paths, batch, workers):
    """A map dataset, OpenCV's decoder, read by a thread for each core and two batches' worth ahead."""
    import cv2
    import grain as g
    cv2.setNumThreads(1)
    data = g.MapDataset.source(paths).map(lambda path: cv2.imread(path, cv2.IMREAD_COLOR)).to_iter_dataset(
        g.ReadOptions(num_threads=workers, prefetch_buffer_size=3 * batch))
    yield from data.batch(batch)


IMPORTS = {"opencv": ["cv2", "numpy"], "tf.data": ["tensorflow"], "torchvision": ["torch", "torch.utils.data", "torchvision.io"],
           "pillow": ["torch", "torch.utils.data", "numpy", "PIL.Image"], "spdl": ["spdl.io", "spdl.pipeline"],
           "grain": ["cv2", "grain"]}
PEERS = {"opencv": opencv, "tf.data": tf_data, "torchvision": torch_loader(read_torchvision), "pillow": torch_loader(read_pillow),
         "spdl": spdl, "grain": grain}


def children():
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return len(file.read().split())
    except OSError:
        return 0


def main():
    peer, listed, batch, workers, stop_after = sys.argv[1], sys.argv[2][1:], *map(int, sys.argv[3:6])
    with open(listed) as file:
        paths = file.read().split("\n")[:-1]
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    begun = time.monotonic()
    for module in IMPORTS[peer]:  # before the clock starts, and before threads are counted
        importlib.import_module(module)
    imports = time.monotonic() - begun
    threads = len(os.listdir("/proc/self/task"))
    start = time.monotonic()
    images = batches = 0
    first = None
    running = PEERS[peer](paths, batch, workers)
    for made in running:
        first = first or time.monotonic() - start
        images += len(made)
        batches += 1
        if batches == stop_after:
            break
    stopped = time.monotonic()
    running.close()
    del running
    gc.collect()
    end = time.monotonic()
    print(json.dumps({"images": images, "seconds": (end if not stop_after else stopped) - start, "first_batch": first, "imports": imports,
                      "stop": end - stopped, "threads_left": len(os.listdir("/proc/self/task")) - threads,
                      "python_threads_left": threading.active_count() - 1, "processes_left": children()}), flush=True)


if __name__ == "__main__":
    main()
