#!/usr/bin/env python3
"""stream_decode as a black box: its command line, its output, its exit codes.

    command_line_test.py STREAM_DECODE [PLAIN_THREADS] [unittest arguments]

The last line is "N passed, N failed".
"""
import errno
import glob
import json
import os
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

PROGRAM = ""
PLAIN = None
LONG = 300  # seconds after which a program is taken for hung: not a measure of speed


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, pixels=None, channels=3, bits=8, broken=None):
    """A PNG file of HWC bytes (16-bit samples big-endian), and what is wrong with it."""
    row = width * channels * bits // 8
    pixels = pixels if pixels is not None else noise(row * height, width * 1000 + height)
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + pixels[y * row:(y + 1) * row] for y in range(height))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(rows, 1))
    if broken == "data":
        data = data[:-1] + bytes([data[-1] ^ 1])
    end = b"" if broken == "end" else chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + data + end


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def crc(pixels):
    return f"{zlib.crc32(pixels):08x}".encode()


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.lines = out.split(b"\n")[:-1]

    @property
    def report(self):
        return json.loads(self.lines[-1])

    @property
    def fields(self):
        return [line.split(b"\t") for line in self.lines if b"\t" in line]


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.home = os.fsencode(tempfile.mkdtemp(prefix="stream_decode-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def at(self, name):
        return os.path.join(self.home, os.fsencode(name))

    def file(self, name, data):
        path = self.at(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as to:
            to.write(data)
        return path

    def run_it(self, *arguments, code=0, **how):
        how.setdefault("cwd", self.home)
        how.setdefault("stdin" if "input" not in how else "timeout", subprocess.DEVNULL if "input" not in how else LONG)
        how.setdefault("timeout", LONG)
        done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **how)
        result = Result(done.returncode, done.stdout, done.stderr)
        if code is not None:
            self.assertEqual(result.code, code, (arguments, result.out[-2000:], result.err[-2000:]))
        return result

    def paths(self, *arguments, **how):
        """The paths of what was delivered or failed, in order."""
        result = self.run_it("--list", "--on-error", "skip", *arguments, **how)
        self.assertEqual([line[0] for line in result.fields], [b"%d" % i for i in range(len(result.fields))])
        return [line[1] for line in result.fields]

    def assert_nothing_left(self, report):
        self.assertEqual(set(report["audit"].values()), {0}, report)


class Usage(CommandLine):
    def test_help_and_version_are_on_stdout_and_exit_0(self):
        text = self.run_it("--help").out.decode()
        for word in ("PATH", "--batch", "--max-errors", "--cancel-after", "124", "130", "143"):
            self.assertIn(word, text)
        self.assertTrue(self.run_it("--version").out.startswith(b"stream_decode "))

    def test_bad_usage_is_exit_2_with_a_message_and_nothing_on_stdout(self):
        for arguments in ([], ["--nope", "x"], ["--batch", "0", "x"], ["--bits", "9", "x"], ["--memory", "1X", "x"],
                          ["--cancel-after", "5", "x"], ["--shapes", "round", "x"], ["--json"], ["@missing"], ["x", "--engine", "q"]):
            result = self.run_it(*arguments, code=2)
            self.assertEqual(result.out, b"")
            self.assertIn(b"stream_decode: ", result.err)

    def test_a_budget_that_cannot_hold_one_batch_is_exit_2_with_two_numbers(self):
        self.file("a.png", png(1000, 1000, b"\0" * 3_000_000))
        self.file("b.png", png(1000, 1000, b"\0" * 3_000_000))
        result = self.run_it("--shapes", "same", "--batch", "32", "--memory", "16M", self.home, code=2)
        self.assertGreaterEqual(len(re.findall(rb"\d+", result.err)), 2, result.err)


class Inputs(CommandLine):
    def tree(self, *names):
        for name in names:
            self.file(name, png(2, 2))

    def test_directories_are_searched_in_any_depth_any_case_and_sorted_bytewise(self):
        self.tree("d/b.png", "d/A.PNG", "d/.hid.png", "d/.png", "d/a/z.png", "d/a!.png", "d/aa.pNg", b"d/\xff.png", "d/no.jpg")
        expected = sorted([b"d/b.png", b"d/A.PNG", b"d/.hid.png", b"d/.png", b"d/a/z.png", b"d/a!.png", b"d/aa.pNg", b"d/\xff.png"])
        self.assertEqual(self.paths("d"), expected)
        self.assertEqual(self.paths("d/"), expected)
        self.assertEqual(self.paths(self.at("d")), [self.at(p) for p in expected])

    def test_paths_keep_their_order_and_may_come_twice(self):
        self.tree("z/1.png", "a/2.png", "3.txt")
        self.assertEqual(self.paths("z", "3.txt", "a", "z"), [b"z/1.png", b"3.txt", b"a/2.png", b"z/1.png"])

    def test_links_to_files_count_and_links_to_directories_do_not(self):
        self.tree("d/real.png", "other/x.png")
        os.symlink(b"real.png", self.at("d/link.png"))
        os.symlink(b"../other", self.at("d/dir"))
        os.symlink(b"../other", self.at("d/dir.png"))
        os.symlink(b"..", self.at("d/loop"))
        os.symlink(b"nowhere", self.at("d/dangling.png"))
        os.symlink(b"self.png", self.at("d/self.png"))
        self.assertEqual(self.paths("d"), [b"d/dangling.png", b"d/link.png", b"d/real.png", b"d/self.png"])

    def test_a_directory_with_a_png_name_is_searched_on_the_way_and_in_a_list(self):
        self.tree("d/x.png/in.png", "d/y.png")
        self.assertEqual(self.paths("d"), [b"d/x.png/in.png", b"d/y.png"])
        self.file("list", b"d/y.png\nd/x.png\n")
        self.assertEqual(self.paths("@list"), [b"d/y.png", b"d/x.png/in.png"])

    def test_lists_from_files_and_stdin_keep_bytes_and_are_relative_to_the_working_directory(self):
        odd = b"d/a\t\\b \xff\xfe.png"
        self.tree(odd, "d/1.png", "[x]", "-y.png")
        self.file("lists/l", odd + b"\n\nd/1.png\n-y.png\n[x]")
        expected = [b"d/a\\t\\\\b \xff\xfe.png", b"d/1.png", b"-y.png", b"[x]"]
        self.assertEqual(self.paths("@lists/l"), expected)
        with open(self.at("lists/l"), "rb") as stdin:
            self.assertEqual(self.paths("-", stdin=stdin), expected)
        self.assertEqual(self.paths("[x]", "--", "-y.png"), [b"[x]", b"-y.png"])

    def test_a_newline_in_a_name_is_escaped(self):
        self.tree(b"d/a\nb.png")
        self.assertEqual(self.paths("d"), [b"d/a\\nb.png"])

    def test_an_empty_set_is_done_with_no_images(self):
        os.mkdir(self.at("d"))
        self.file("list", b"")
        for what in ("d", "@list"):
            report = self.run_it("--json", what).report
            self.assertEqual((report["outcome"], report["images"], report["error"]), ("done", 0, None))
            self.assertEqual(report["latency_us"], {"read": None, "decode": None, "batch": None})

    def test_a_very_deep_tree_and_many_files_are_walked(self):
        os.makedirs(self.at("/".join(["d"] * 500)))
        self.tree("d/x.png", "/".join(["d"] * 500) + "/y.png")
        self.assertEqual(len(self.paths("d")), 2)


class Listing(CommandLine):
    def test_a_good_line_has_index_path_width_height_channels_bits_and_checksum(self):
        pixels = noise(5 * 3 * 3)
        self.file("a.png", png(5, 3, pixels))
        self.assertEqual(self.run_it("--list", "a.png").lines, [b"0\ta.png\t5\t3\t3\t8\t" + crc(pixels)])

    def test_sixteen_bits_are_counted_little_endian(self):
        pixels = noise(4 * 2 * 3 * 2)
        self.file("a.png", png(4, 2, pixels, bits=16))
        swapped = b"".join(pixels[i + 1:i + 2] + pixels[i:i + 1] for i in range(0, len(pixels), 2))
        self.assertEqual(self.run_it("--list", "--bits", "16", "a.png").lines, [b"0\ta.png\t4\t2\t3\t16\t" + crc(swapped)])
        self.assertEqual(self.run_it("--list", "a.png").lines, [b"0\ta.png\t4\t2\t3\t8\t" + crc(pixels[::2])])

    def test_channels_0_is_the_files_own_number(self):
        for channels in (1, 2, 3, 4):
            pixels = noise(4 * 4 * channels)
            self.file("a.png", png(4, 4, pixels, channels))
            line = b"0\ta.png\t4\t4\t%d\t8\t" % channels + crc(pixels)
            self.assertEqual(self.run_it("--list", "--channels", "0", "a.png").lines, [line])

    def test_the_index_goes_on_over_passes_and_bad_files_count(self):
        self.file("d/1.png", png(2, 2))
        self.file("d/2.png", b"not a PNG")
        self.file("d/3.png", png(2, 2))
        result = self.run_it("--list", "--on-error", "skip", "--repeat", "3", "d")
        self.assertEqual([int(line[0]) for line in result.fields], list(range(9)))
        self.assertEqual([int(line[0]) for line in result.fields if line[2] == b"error"], [1, 4, 7])

    def test_each_stage_of_failure_is_named(self):
        self.file("d/1-empty.png", b"")
        self.file("d/2-text.png", b"this is no PNG file at all")
        self.file("d/3-data.png", png(4, 4, broken="data"))
        self.file("d/4-end.png", png(4, 4, broken="end"))
        os.symlink(b"nowhere", self.at("d/5-dangling.png"))
        self.file("d/6-good.png", png(4, 4))
        self.file("list", b"missing.png\nd\n")
        result = self.run_it("--list", "--json", "--on-error", "skip", "@list")
        self.assertEqual([(line[1], line[2], line[3]) for line in result.fields[:-1]], [
            (b"missing.png", b"error", b"open"), (b"d/1-empty.png", b"error", b"header"), (b"d/2-text.png", b"error", b"header"),
            (b"d/3-data.png", b"error", b"decode"), (b"d/4-end.png", b"error", b"decode"),
            (b"d/5-dangling.png", b"error", b"open")])
        self.assertTrue(all(len(line) == 5 and line[4] for line in result.fields[:-1]))
        self.assertEqual((result.report["images"], result.report["errors"]), (1, 6))

    def test_same_names_both_shapes_of_an_image_that_differs(self):
        for name, width in (("1", 4), ("2", 5), ("3", 4)):
            self.file(f"d/{name}.png", png(width, 4))
        result = self.run_it("--list", "--shapes", "same", "--on-error", "skip", "d")
        bad = result.fields[1]
        self.assertEqual(bad[2:4], [b"error", b"batch"])
        self.assertIn(b"4", bad[4])
        self.assertIn(b"5", bad[4])

    def test_group_lists_batch_by_batch(self):
        for i in range(8):
            self.file(f"d/{i}.png", png(4 + i % 2, 4))
        result = self.run_it("--list", "--shapes", "group", "--batch", "4", "d")
        self.assertEqual([int(line[0]) for line in result.fields], [0, 2, 4, 6, 1, 3, 5, 7])

    def test_all_channels_and_bits_with_each_loop_and_engine_equal_plain_libpng(self):
        if PLAIN is None:
            self.skipTest("no plain_threads to compare with")
        count = 0
        for channels in (1, 2, 3, 4):
            for bits in (8, 16):
                for width, height in ((1, 1), (7, 5), (33, 17), (200, 90)):
                    self.file(f"d/{count:03}.png", png(width, height, None, channels, bits))
                    count += 1
        self.file("d/x-data.png", png(20, 20, broken="data"))
        self.file("list", b"\n".join(sorted(glob.glob(os.path.join(self.home, b"d", b"*")))))
        for loop in ("own", "uv"):
            for engine in ("auto", "blocking"):
                for channels in range(5):
                    for bits in (8, 16):
                        how = ["--channels", str(channels), "--bits", str(bits)]
                        ours = self.run_it("--list", "--on-error", "skip", "--loop", loop, "--engine", engine, *how, "@list")
                        theirs = subprocess.run([PLAIN, "--list", *how, b"@" + self.at("list")], check=True, stdout=subprocess.PIPE)
                        theirs = [line.split(b"\t")[:4 if b"\terror\t" in line else 7] for line in theirs.stdout.splitlines()]
                        self.assertEqual([line[:4 if line[2] == b"error" else 7] for line in ours.fields], theirs)
                        libpngs = self.run_it("--list", "--on-error", "skip", "--loop", loop, "--decoder", "libpng", *how, "@list")
                        self.assertEqual(libpngs.out, ours.out)


class Errors(CommandLine):
    def files(self, *good):
        for i, is_good in enumerate(good):
            self.file(f"d/{i}.png", png(3, 2) if is_good else b"bad")

    def test_fail_lists_what_came_before_then_the_failure_and_exits_1(self):
        self.files(True, True, False, True)
        result = self.run_it("--list", "--json", "d", code=1)
        self.assertEqual([(int(f[0]), f[2] == b"error") for f in result.fields], [(0, False), (1, False), (2, True)])
        report = result.report
        self.assertEqual(report["outcome"], "failed")
        self.assertEqual((report["error"]["origin"], report["error"]["stage"]), ("d/2.png", "header"))
        self.assertTrue(report["error"]["message"])
        self.assert_nothing_left(report)

    def test_skip_is_exit_0_and_counts(self):
        self.files(False, True, False, True)
        report = self.run_it("--json", "--on-error", "skip", "d").report
        self.assertEqual((report["outcome"], report["images"], report["errors"], report["error"]), ("done", 2, 2, None))

    def test_the_limit_of_errors_may_be_reached_and_not_passed(self):
        self.files(False, True, False, True)
        self.run_it("--on-error", "skip", "--max-errors", "2", "d")
        report = self.run_it("--json", "--on-error", "skip", "--max-errors", "1", "d", code=1).report
        self.assertEqual(report["outcome"], "failed")

    def test_blank_puts_black_images_in_place_and_lists_the_error(self):
        self.files(False, True, False)
        self.file("d/3.png", png(5, 5, broken="data"))
        result = self.run_it("--list", "--json", "--on-error", "blank", "--output", "out", "d")
        self.assertEqual([f[2] == b"error" for f in result.fields], [True, False, True, True])
        self.assertEqual((result.report["images"], result.report["errors"]), (4, 3))
        shapes = [load_npy(self.at(f"out/image-{i:06}.npy"))[0] for i in range(4)]
        self.assertEqual(shapes, [(1, 1, 3), (2, 3, 3), (2, 3, 3), (2, 3, 3)])
        self.assertEqual(load_npy(self.at("out/image-000002.npy"))[2], bytes(18))

    def test_a_blank_before_the_first_good_image_has_its_own_header(self):
        self.file("d/0.png", png(5, 4, broken="data"))
        self.file("d/1.png", png(3, 2))
        self.run_it("--on-error", "blank", "--output", "out", "d")
        self.assertEqual(load_npy(self.at("out/image-000000.npy"))[0], (4, 5, 3))

    def test_an_image_that_could_never_fit_is_that_inputs_error(self):
        self.file("d/0.png", png(3, 2))
        self.file("d/1.png", png(4000, 4000, bytes(48_000_000)))
        result = self.run_it("--list", "--on-error", "skip", "--memory", "16M", "d")
        self.assertEqual(result.fields[1][2:4], [b"error", b"decode"])

    def test_a_path_that_is_no_utf_8_is_reported_all_the_same(self):
        self.assertEqual(self.run_it("--json", b"\xff.png", code=1).report["error"]["stage"], "open")

    def test_an_unreadable_file_and_directory_are_errors(self):
        self.file("d/a.png", png(2, 2))
        os.chmod(self.file("d/b.png", png(2, 2)), 0)
        self.file("d/c/x.png", png(2, 2))
        os.chmod(self.at("d/c"), 0)
        os.chmod(self.home, 0o755)
        how = {"user": 65534} if os.geteuid() == 0 else {}  # root reads everything
        try:
            result = self.run_it("--list", "--on-error", "skip", "d", **how)
        except PermissionError:
            self.skipTest("others may not run the program here")
        finally:
            os.chmod(self.at("d/c"), 0o700)
        self.assertEqual([line[1:4:2] for line in result.fields], [[b"d/a.png", b"2"], [b"d/b.png", b"open"], [b"d/c", b"open"]])


def load_npy(path):
    """(shape, descr, data)"""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x93NUMPY\x01\0", data[:8]
    size = struct.unpack("<H", data[8:10])[0]
    assert (10 + size) % 64 == 0
    header = eval(data[10:10 + size], {"__builtins__": {}})  # pylint: disable=eval-used
    assert header["fortran_order"] is False
    return header["shape"], header["descr"], data[10 + size:]


class Output(CommandLine):
    def test_same_shapes_are_batches_of_nhwc(self):
        pixels = [noise(3 * 2 * 3, i) for i in range(5)]
        for i, p in enumerate(pixels):
            self.file(f"d/{i}.png", png(3, 2, p))
        for shapes in ("same", "group"):
            self.run_it("--shapes", shapes, "--batch", "2", "--output", "out", "d")
            self.assertEqual(sorted(os.listdir(self.at("out"))), [b"batch-00000%d.npy" % i for i in range(3)])
            self.assertEqual(load_npy(self.at("out/batch-000000.npy")), ((2, 2, 3, 3), "|u1", pixels[0] + pixels[1]))
            self.assertEqual(load_npy(self.at("out/batch-000002.npy")), ((1, 2, 3, 3), "|u1", pixels[4]))

    def test_drop_remainder_leaves_out_a_batch_that_is_not_full(self):
        for i in range(5):
            self.file(f"d/{i}.png", png(3, 2))
        for shapes in ("same", "ragged"):
            report = self.run_it("--json", "--shapes", shapes, "--batch", "2", "--drop-remainder", "d").report
            self.assertEqual((report["images"], report["batches"]), (4, 2))

    def test_ragged_images_are_numbered_by_index_and_replace_what_was_there(self):
        pixels = noise(4 * 4 * 3 * 2)
        self.file("d/0.png", b"bad")
        self.file("d/1.png", png(4, 4, pixels, bits=16))
        self.file("out/image-000001.npy", b"old" * 1000)
        self.run_it("--on-error", "skip", "--bits", "16", "--output", "out", "d")
        self.assertEqual(os.listdir(self.at("out")), [b"image-000001.npy"])
        shape, kind, data = load_npy(self.at("out/image-000001.npy"))
        self.assertEqual((shape, kind[1:]), ((4, 4, 3), "u2"))
        values = struct.unpack(kind[0] + "48H", data)
        self.assertEqual(values, struct.unpack(">48H", pixels))

    def test_a_failure_to_write_is_exit_1(self):
        self.file("a.png", png(2, 2))
        self.file("file", b"")
        for where in ("file", "no/such/parent", "/proc/nothing"):
            report = self.run_it("--json", "--output", where, "a.png", code=1).report
            self.assertEqual(report["outcome"], "failed")
            self.assert_nothing_left(report)

    def test_a_standard_stream_that_was_closed_before_the_start_is_an_error_and_no_other_file_takes_its_place(self):
        self.file("a.png", png(2, 2))
        started = [["sh", "-c", 'exec "$0" - <&-', PROGRAM], ["sh", "-c", 'exec "$0" --list a.png >&-', PROGRAM]]
        for command, code in zip(started, (2, 1)):
            done = subprocess.run(command, cwd=self.home, stderr=subprocess.PIPE, timeout=30)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(os.strerror(errno.EBADF).encode(), done.stderr)

    def test_a_closed_or_full_stdout_is_exit_1_with_a_message(self):
        for i in range(3):
            self.file(f"d/{i}.png", png(2, 2))
        with open("/dev/full", "wb") as full:
            for arguments in (["--list", "--repeat", "2000", "d"], ["--json", "d"], ["--help"]):
                done = subprocess.run([PROGRAM, *arguments], cwd=self.home, stdout=full, stderr=subprocess.PIPE, timeout=LONG,
                                      check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"stdout", done.stderr)
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([PROGRAM, "--list", "--repeat", "2000", "d"], cwd=self.home, stdout=writing, stderr=subprocess.PIPE,
                              timeout=LONG, check=False)
        os.close(writing)
        self.assertEqual(done.returncode, 1)


class Report(CommandLine):
    def test_the_report_has_every_field_and_the_numbers_add_up(self):
        sizes = [len(png(10, 10 + i)) for i in range(7)]
        for i in range(7):
            self.file(f"d/{i}.png", png(10, 10 + i))
        result = self.run_it("--list", "--json", "--batch", "3", "--workers", "2", "--memory", "64M", "d")
        self.assertEqual(len(result.lines), 8)
        report = result.report
        self.assertEqual((report["outcome"], report["error"], report["images"], report["errors"]), ("done", None, 7, 0))
        self.assertGreaterEqual(report["batches"], 3)
        self.assertEqual(report["bytes_read"], sum(sizes))
        self.assertEqual(report["bytes_decoded"], sum(10 * (10 + i) * 3 for i in range(7)))
        self.assertGreater(report["seconds"], 0)
        self.assertAlmostEqual(report["images_per_second"], 7 / report["seconds"], delta=0.01 * 7 / report["seconds"])
        self.assertEqual(report["loop"], "own")
        self.assertIn(report["engine"], ("uring", "blocking"))
        self.assertEqual(report["workers"], 2)
        self.assertEqual(report["pool"]["budget"], 64 << 20)
        self.assertLessEqual(report["pool"]["high_water"], 64 << 20)
        for stage in ("read", "decode", "batch"):
            times = report["latency_us"][stage]
            self.assertTrue(0 <= times["p50"] <= times["p99"] <= times["max"], times)
        self.assertIsInstance(report["copies"], int)
        self.assertGreaterEqual(report["teardown"]["microseconds"], 0)
        self.assertIn("waited_for", report["teardown"])
        self.assertEqual(report["audit"], {"frames": 0, "leases": 0, "operations": 0, "jobs": 0, "held_by_user": 0})

    def test_loop_and_engine_are_the_ones_asked_for(self):
        self.file("a.png", png(2, 2))
        report = self.run_it("--json", "--loop", "uv", "--engine", "blocking", "a.png").report
        self.assertEqual((report["loop"], report["engine"]), ("uv", "blocking"))

    def test_for_people_it_is_on_stderr_and_nothing_is_on_stdout(self):
        self.file("a.png", png(2, 2))
        result = self.run_it("a.png")
        self.assertEqual(result.out, b"")
        self.assertIn(b"1 images", result.err)

    def test_a_bar_is_drawn_where_it_is_asked_for_and_wiped(self):
        self.file("a.png", png(2, 2))
        self.assertIn(b"\r\x1b[K", self.run_it("--progress", "always", "--repeat", "100", "a.png").err)
        self.assertNotIn(b"\r", self.run_it("--repeat", "100", "a.png").err)


class Stopping(CommandLine):
    def nasty_directory(self):
        for i in range(40):
            self.file(f"d/good/{i:03}.png", png(300, 200))
            self.file(f"d/corrupt/{i:03}.png", png(300, 200, broken="data"))
        self.file("d/empty.png", b"")
        self.file("/".join(["d"] * 60) + "/deep.png", png(20, 20))
        os.chmod(self.file("d/unreadable.png", png(2, 2)), 0)
        os.symlink(b"nowhere", self.at("d/dangling.png"))
        os.symlink(b".", self.at("d/loop"))
        os.mkfifo(self.at("d/z-fifo.png"))

    def start(self, *arguments, **how):
        how.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen([PROGRAM, *arguments], cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)

    def finish(self, process):
        out, err = process.communicate(timeout=LONG)
        return Result(process.returncode, out, err)

    def test_cancel_after_is_exit_124_with_a_report(self):
        self.nasty_directory()
        result = self.run_it("--json", "--on-error", "skip", "--cancel-after", "50ms", "d", code=124)
        self.assertEqual((result.report["outcome"], result.report["error"]), ("stopped", None))
        self.assert_nothing_left(result.report)
        self.file("a.png", png(30, 20))
        result = self.run_it("--json", "--repeat", "0", "--cancel-after", "0.05s", "a.png", code=124)
        self.assertEqual(result.report["outcome"], "stopped")
        self.run_it("--cancel-after", "20s", "a.png")

    def test_a_signal_is_exit_128_and_its_number_whatever_it_is_doing(self):
        self.nasty_directory()
        self.file("a.png", png(30, 20))
        os.mkfifo(self.at("list"))
        waiting = {"a FIFO that nobody writes": ["--on-error", "skip", "d"],
                   "endless passes": ["--repeat", "0", "a.png"],
                   "a list that nobody writes": ["@list"]}
        for what, arguments in waiting.items():
            for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
                with self.subTest(what, number=number):
                    process = self.start("--json", *arguments)
                    self.wait_until_it_runs(process)
                    process.send_signal(number)
                    result = self.finish(process)
                    self.assertEqual(result.code, code, result.err)
                    self.assertEqual(result.report["outcome"], "stopped")
                    self.assert_nothing_left(result.report)

    def test_sigusr1_says_what_it_is_doing_and_it_goes_on(self):
        os.mkfifo(self.at("fifo.png"))
        self.file("a.png", png(30, 20))
        process = self.start("--json", "a.png", "fifo.png")
        self.wait_until_it_runs(process)
        said = b""
        while b"waits for read of fifo.png" not in said:  # it may not have come so far the first time
            process.send_signal(signal.SIGUSR1)
            if select.select([process.stderr], [], [], 0.05)[0]:
                said += os.read(process.stderr.fileno(), 65536)
        self.assertRegex(said, rb"weir: \d tasks? started, loop own, engine ")
        self.assertRegex(said, rb"pixels: .* held by the user; 0 requests waiting\n")
        with open(self.at("fifo.png"), "wb") as fifo:
            fifo.write(png(30, 20))
        result = self.finish(process)
        self.assertEqual((result.code, result.report["images"]), (0, 2))

    def test_a_list_on_stdin_that_never_ends_can_be_interrupted(self):
        process = self.start("--json", "-", stdin=subprocess.PIPE)
        process.stdin.write(b"a.png\n")
        process.stdin.flush()
        self.wait_until_it_runs(process)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=LONG)
        process.stdin.close()
        report = json.loads(process.stdout.read())
        process.stdout.close()
        process.stderr.close()
        self.assertEqual((code, report["outcome"]), (130, "stopped"))

    def test_a_reader_of_stdout_that_has_stopped_reading_does_not_hold_up_the_end(self):
        self.file("a.png", png(2, 2))
        process = self.start("--list", "--json", "--repeat", "0", "a.png")
        self.wait_until_full(process.stdout)
        process.send_signal(signal.SIGINT)
        result = self.finish(process)
        self.assertEqual((result.code, result.report["outcome"]), (130, "stopped"))
        self.assertEqual([int(line[0]) for line in result.fields], list(range(len(result.fields))))

    def test_sigint_at_random_moments_always_ends_cleanly(self):
        self.nasty_directory()
        moments = random.Random(7)
        for i in range(int(os.environ.get("WEIR_INTERRUPTS", "25"))):
            process = self.start("--json", "--list", "--on-error", moments.choice(["skip", "blank"]), "--loop",
                                 moments.choice(["own", "uv"]), "--engine", moments.choice(["auto", "blocking"]), "--shapes",
                                 moments.choice(["ragged", "group"]), "d")
            self.wait_until_it_runs(process)
            time.sleep(moments.random() * 0.15)  # the moment is what is random: nothing is waited for
            process.send_signal(signal.SIGINT)
            result = self.finish(process)
            self.assertEqual(result.code, 130, (i, result.err))  # the FIFO keeps it from a natural end
            self.assertEqual(result.report["outcome"], "stopped")
            self.assert_nothing_left(result.report)

    def test_a_second_signal_kills(self):
        """Only where the first one is still at work: stdout is full, so that the report can't be printed."""
        self.file("a.png", png(2, 2))
        process = self.start("--list", "--repeat", "0", "a.png")
        self.wait_until_full(process.stdout)
        process.send_signal(signal.SIGINT)
        while self.catches(process, signal.SIGINT):
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=LONG), -signal.SIGINT)
        process.stdout.close()
        process.stderr.close()

    @staticmethod
    def catches(process, number):
        with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as status:
            caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", status.read(), re.MULTILINE)
        return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)

    def wait_until_it_runs(self, process):
        """Until its handlers are in place; before that a signal kills."""
        while process.poll() is None and not self.catches(process, signal.SIGTERM):
            time.sleep(0.0005)

    @staticmethod
    def wait_until_full(pipe):
        """Until as much waits in the pipe as fits: its writer is held up from then on."""
        import fcntl  # pylint: disable=import-outside-toplevel
        import termios  # pylint: disable=import-outside-toplevel
        room = fcntl.fcntl(pipe, 1032)  # F_GETPIPE_SZ
        select.select([pipe], [], [])
        while struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0] < room - 4096:
            time.sleep(0.001)


def main():
    global PROGRAM, PLAIN  # pylint: disable=global-statement
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv[1])
    rest = sys.argv[2:]
    if rest and os.path.sep in rest[0] and os.access(rest[0], os.X_OK):
        PLAIN = os.path.abspath(rest.pop(0))
    program = unittest.main(argv=[sys.argv[0], *rest], exit=False, verbosity=1)
    result = program.result
    bad = len(result.failures) + len(result.errors)
    bad_tests = len({str(test).split(" (")[0] for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - bad_tests - len(result.skipped)} passed, {bad_tests} failed", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
