"""The peers: generators of batches of RGB pixels (N × H × W × 3, 8 bits) from PNG files of one shape, with a worker for each core.
Each is set up as its documentation advises for such a job, and named beside it where that says so. Every one is two or three
batches ahead of who takes them; closing the generator ends it, by the means that the library has."""


def opencv(paths, batch, workers):
    """imread in a pool of threads, which it leaves the interpreter's lock for; OpenCV has no loader of its own. Its inner threads
    are off, since the images are the parallel part (cv::setNumThreads, in the reference of its core module)."""
    import collections
    import concurrent.futures
    import cv2
    import numpy
    cv2.setNumThreads(1)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        ahead = collections.deque()
        try:
            for path in paths:
                ahead.append(pool.submit(cv2.imread, path, cv2.IMREAD_COLOR_RGB))
                if len(ahead) >= 3 * batch:
                    yield numpy.stack([ahead.popleft().result() for _ in range(batch)])
            while ahead:
                yield numpy.stack([ahead.popleft().result() for _ in range(min(batch, len(ahead)))])
        finally:
            pool.shutdown(cancel_futures=True)


def tf_data(paths, batch, workers):
    """A parallel map in any order, batch and prefetch: tensorflow.org/guide/data_performance ("Best practice summary") and the
    reference of tf.data.Dataset.map on `deterministic`. With a call for each core: AUTOTUNE, which the guide prefers, was measured
    too, and takes some seconds to come as far (0.8 times the images/s at 224 and 512 pixels, on two cores)."""
    import tensorflow as tf
    data = tf.data.Dataset.from_tensor_slices(paths)
    data = data.map(lambda path: tf.io.decode_png(tf.io.read_file(path), channels=3), num_parallel_calls=workers,
                    deterministic=False)
    yield from data.batch(batch).prefetch(2)


def torch_loader(read):
    def batches(paths, batch, workers):
        """A process for each core with one thread each, two batches ahead each, memory shared with them: PyTorch's "Performance
        Tuning Guide" (asynchronous data loading) and the reference of torch.utils.data.DataLoader."""
        import torch

        class Files(torch.utils.data.Dataset):
            def __len__(self):
                return len(paths)

            def __getitem__(self, index):
                return read(paths[index])
        loaded = iter(torch.utils.data.DataLoader(Files(), batch_size=batch, num_workers=workers, prefetch_factor=2))
        for images in loaded:
            yield images
        del loaded
    return batches


def read_torchvision(path):
    """torchvision.io.decode_image is what its documentation advises for tensors; channels first, as PyTorch has them."""
    from torchvision.io import ImageReadMode, decode_image
    return decode_image(path, ImageReadMode.RGB)


def read_pillow(path):
    import numpy
    import PIL.Image
    import torch
    with PIL.Image.open(path) as image:
        return torch.from_numpy(numpy.array(image.convert("RGB")))


def spdl(paths, batch, workers):
    """Paths are grouped, and load_image_batch decodes a group into one buffer without the interpreter's lock, a thread for each
    core: SPDL's example "Image dataloading". (A thread for each image was measured too, and is slower.)"""
    import spdl.io
    from spdl.pipeline import PipelineBuilder

    def load(group):
        return spdl.io.to_numpy(spdl.io.load_image_batch(group, width=None, height=None, pix_fmt="rgb24"))
    builder = PipelineBuilder().add_source(paths).aggregate(batch).pipe(load, concurrency=workers)
    pipeline = builder.add_sink(2).build(num_threads=workers)
    with pipeline.auto_stop():
        yield from pipeline


def grain(paths, batch, workers):
    """A map dataset read by threads (OpenCV's decoder leaves the interpreter's lock, so that processes, which Grain's tutorial
    advises for Python code, would only add copies), two batches ahead: the reference of grain.ReadOptions."""
    import cv2
    import grain as g
    cv2.setNumThreads(1)
    data = g.MapDataset.source(paths).map(lambda path: cv2.imread(path, cv2.IMREAD_COLOR_RGB)).to_iter_dataset(
        g.ReadOptions(num_threads=workers, prefetch_buffer_size=2 * batch))
    batches = iter(data.batch(batch))
    try:
        yield from batches
    finally:
        if hasattr(batches, "close"):
            batches.close()


PEERS = {"opencv": opencv, "tf.data": tf_data, "torchvision": torch_loader(read_torchvision), "pillow": torch_loader(read_pillow),
         "spdl": spdl, "grain": grain}
CHANNELS_FIRST = ("torchvision",)
IMPORTS = {"opencv": ["cv2", "numpy", "concurrent.futures"], "tf.data": ["tensorflow"],
           "torchvision": ["torch", "torch.utils.data", "torchvision.io"], "pillow": ["torch", "torch.utils.data", "numpy", "PIL.Image"],
           "spdl": ["spdl.io", "spdl.pipeline"], "grain": ["cv2", "grain"]}
