"""A directory of everything that a directory of images may hold."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
from command_line_test import chunk, png  # pylint: disable=import-error,wrong-import-position


def interlaced(width, height):
    """Adam7, gray: the seven passes, one after the other."""
    import struct  # pylint: disable=import-outside-toplevel
    import zlib  # pylint: disable=import-outside-toplevel
    rows = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        columns = range(x0, width, dx)
        if columns:
            rows += b"".join(b"\0" + bytes((x * 7 + y * 3) % 256 for x in columns) for y in range(y0, height, dy))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 1))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")


def fill(directory, many=30, fifo=True):
    """Good files, and each kind of bad one among them. One can't be read by root either: reading its memory at 0 fails."""
    def file(name, data):
        with open(os.path.join(directory, name), "wb") as to:
            to.write(data)

    os.makedirs(directory)
    for i in range(many):
        file(f"a{i:03}.png", png(300, 200))
        file(f"b{i:03}.png", png(16, 16))
        if i % 3 == 0:
            file(f"c{i:03}-corrupt.png", png(300, 200, broken="data"))
    file("d-empty.png", b"")
    file("e-truncated.png", png(500, 400)[:40000])
    file("f-no-end.png", png(40, 30, broken="end"))
    file("g-no-picture.png", b"\x89PNG\r\n\x1a\nand nothing else")
    file("h-large.png", png(2000, 1500))
    file("i-sixteen.png", png(100, 80, channels=4, bits=16))
    file("j-interlaced.png", interlaced(61, 47))
    file("k-unreadable.png", png(2, 2))
    os.chmod(os.path.join(directory, "k-unreadable.png"), 0)
    os.symlink("nowhere", os.path.join(directory, "l-dangling.png"))
    os.symlink("m-itself.png", os.path.join(directory, "m-itself.png"))
    os.symlink("/proc/self/mem", os.path.join(directory, "n-memory.png"))
    if fifo:
        os.mkfifo(os.path.join(directory, "b015-fifo.png"))
