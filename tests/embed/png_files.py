"""PNG files for the tests of this directory, made with the standard library alone."""
import os
import struct
import zlib


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height):
    rows = b"".join(b"\0" + bytes((x * 7 + y * 3 + c) & 255 for x in range(width) for c in range(3)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def make(directory, sizes):
    """A file for each (width, height); returns the paths."""
    paths = []
    for i, (width, height) in enumerate(sizes):
        paths.append(os.path.join(directory, f"{i:03}.png"))
        with open(paths[-1], "wb") as file:
            file.write(png(width, height))
    return paths
