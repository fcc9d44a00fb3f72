#!/usr/bin/env python3
"""Compares stream_decode's pixels with text dumps (.sng) that lie beside PNG files: Go's copy of the PngSuite has them.

  text_dumps.py STREAM_DECODE [DIRECTORY...]

Shape and CRC-32 of every dump's pixels have to be those of the PNG file of the same name. Prints what differs, and last
"N passed, N failed"; exit status 0 if nothing failed, 77 if there are no dumps here.
"""
import pathlib
import re
import subprocess
import sys
import zlib

# Of Debian's golang-1.19-src, and of other versions.
WHERE = "/usr/share/go*/src/image/png/testdata/pngsuite"


def pixels_of(text):
    """(width, height, channels, bits, bytes) of a dump; samples of 16 bits little-endian, as stream_decode's checksums want."""
    width, height, depth = (int(n) for n in re.search(r"width: (\d+); height: (\d+); bitdepth: (\d+)", text).groups())
    using = re.search(r"using ([a-z ]+);", text)[1]
    rows = [bytes.fromhex(line.replace(" ", "")) for line in re.search(r"pixels hex\n([0-9a-f \n]*)\}", text)[1].split("\n") if line]
    assert len(rows) == height, f"{len(rows)} rows of {height}"
    if "palette" in using:
        found = re.search(r"PLTE \{(.*?)\n\}", text, re.DOTALL)[1]
        palette = [bytes(int(n) for n in color) for color in re.findall(r"\(\s*(\d+),\s*(\d+),\s*(\d+)\)", found)]
        alphas = re.search(r"tRNS \{([\d\s]*)\}", text)
        alphas = [int(n) for n in alphas[1].split()] if alphas else []
        table = [color + bytes([alphas[i] if i < len(alphas) else 255]) for i, color in enumerate(palette)]
        opaque = not alphas
        a_byte = 8 // depth  # pixels
        indices = [row[x // a_byte] >> (8 - depth - x % a_byte * depth) & (1 << depth) - 1 for row in rows for x in range(width)]
        data = b"".join(table[i][:3] if opaque else table[i] for i in indices)
        return width, height, 3 if opaque else 4, 8, data
    data = b"".join(rows)
    if depth == 16:
        data = b"".join(data[i + 1:i - 1 if i else None:-1] for i in range(0, len(data), 2))
    channels = (1 if "grayscale" in using else 3) + ("alpha" in using)
    return width, height, channels, max(depth, 8), data


def main():
    program = sys.argv[1]
    directories = [pathlib.Path(name) for name in sys.argv[2:]] or sorted(pathlib.Path("/").glob(WHERE[1:]))
    dumps = sorted(d for directory in directories for d in directory.glob("*.sng") if d.with_suffix(".png").exists())
    if not dumps:
        print(f"no text dumps of PNG files in {WHERE} (Debian: golang-1.19-src)")
        return 77
    passed = failed = 0
    for dump in dumps:
        width, height, channels, bits, data = pixels_of(dump.read_text(encoding="utf-8"))
        command = [program, "--list", "--channels", str(channels), "--bits", str(bits), str(dump.with_suffix(".png"))]
        line = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode().rstrip("\n").split("\t")
        want = [str(width), str(height), str(channels), str(bits), f"{zlib.crc32(data):08x}"]
        good = line[2:] == want
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"{dump}: has {line[2:]}, want {want}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
