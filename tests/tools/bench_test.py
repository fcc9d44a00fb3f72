#!/usr/bin/env python3
"""tools/bench on a few images made here, each command for seconds: that it measures what it says, and tells it as it says.

    bench_test.py BUILD COMMAND [unittest arguments]

BUILD is the build directory with the programs, COMMAND is decode, pipeline, peers, quiescence or readme. The last line is
"N passed, N failed".
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
import zlib

BENCH = pathlib.Path(__file__).resolve().parent.parent.parent / "tools/bench"
BUILD = ""


def png(color, channels, side):
    rows = b"".join(b"\1" + bytes((x * y + y) % 256 for x in range(side * channels)) for y in range(side))
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, color, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Tool(unittest.TestCase):
    command = ""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def bench(self, *arguments, expect=0):
        done = subprocess.run([sys.executable, BENCH, self.command, "--built", BUILD, *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def measured(self, *arguments):
        """(what it printed, the JSON that it wrote); the plot is XML with a bar in it."""
        out, _ = self.bench("--quick", "--json", self.root / "r.json", "--svg", self.root / "r.svg", *arguments)
        drawn = xml.etree.ElementTree.parse(self.root / "r.svg").getroot()
        self.assertGreater(len(drawn.findall(".//{*}rect/{*}title")), 0)
        return out, json.loads((self.root / "r.json").read_text())


class Decode(Tool):
    command = "decode"

    def setUp(self):
        super().setUp()
        self.images = self.root / "images"
        for name, color, channels in (("gray", 0, 1), ("rgb", 2, 3), ("rgba", 6, 4)):
            (self.images / name).mkdir(parents=True)
            for side in (16, 40):
                (self.images / name / f"{side}.png").write_bytes(png(color, channels, side))

    def test_every_class_has_figures_of_every_decoder(self):
        out, result = self.measured(self.images)
        self.assertEqual(list(result["classes"]), ["gray", "rgb", "rgba"])
        self.assertTrue({"weir", "weir reference", "libpng"} <= result["decoders"].keys())
        for name, measured in result["classes"].items():
            self.assertEqual((measured["images"], measured["refused"]), (2, 0))
            self.assertRegex(out, rf"(?m)^\| {name} \| 2 \|")
            self.assertEqual(measured["decoders"].keys(), result["decoders"].keys())
            for decoder in ("weir", "weir reference", "libpng"):
                figures = measured["decoders"][decoder]
                self.assertEqual((len(figures["MB_per_second"]), figures["differences"]), (2, 0))
                self.assertGreater(min(figures["MB_per_second"]), 0)
        self.assertEqual(result["classes"]["rgba"]["pixel_bytes"], 4 * (16 * 16 + 40 * 40))
        self.assertGreater(result["machine"]["cores"], 0)

    def test_the_heap_is_counted_where_it_can_be(self):
        _, result = self.measured(self.images)
        plain, ours = (result["classes"]["rgb"]["decoders"][name] for name in ("libpng", "weir"))
        if plain["allocations"] < 0:
            self.skipTest("a sanitizer's build")
        self.assertGreater(plain["allocations"], 0)
        self.assertGreater(plain["peak"], 3 * (16 * 16 + 40 * 40) / 2)
        self.assertEqual(ours["allocations"], 0)

    def test_what_is_no_image_is_counted_and_left_out(self):
        (self.images / "rgb/bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        (self.images / "rgb/40.png").unlink()
        _, result = self.measured(self.images)
        self.assertEqual([result["classes"]["rgb"][key] for key in ("images", "refused")], [1, 1])

    def test_a_missed_target_is_exit_code_1_but_of_a_smoke_test(self):
        # Nothing is 1.2 times as fast as itself: without weir's own decoder there is no target.
        out, _ = self.bench("--rounds", 1, "--least", 0.001, "--only", "libpng", "--no-build-libpng", self.images)
        self.assertNotIn("wanted", out)
        # A stand-in for bench_decode tells figures by which weir is no faster than libpng.
        program = self.root / "build/tools/benchmarks/decode/bench_decode"
        program.parent.mkdir(parents=True)
        figures = '{"MB_per_second": [1.0], "allocations": 0, "peak": 1, "differences": 0}'
        program.write_text("#!/bin/sh\ncat >/dev/null\n"
                           """echo '{"decoders": {"weir": "0", "libpng": "0"}}'\n"""
                           """echo '{"class": "rgb", "images": 1, "fast": 0, "pixel_bytes": 1, "decoders": """
                           f"""{{"weir": {figures}, "libpng": {figures}}}}}'\n""")
        program.chmod(0o755)
        for quick, expect in ((["--quick"], 0), ([], 1)):
            out, _ = self.bench("--built", self.root / "build", "--no-build-libpng", *quick, self.images, expect=expect)
            self.assertRegex(out, "MISSED: weir to libpng, geometric mean over classes: 1.00, wanted at least 3.2")

    def test_a_directory_that_is_not_there_is_exit_code_2(self):
        _, told = self.bench(self.root / "nowhere", expect=2)
        self.assertIn("nowhere", told)


class Pipeline(Tool):
    command = "pipeline"

    def test_every_table_has_its_figures_and_the_targets_are_told(self):
        out, result = self.measured("--synthetic")
        self.assertEqual(list(result["sizes"]), ["32", "512"])
        for told in result["sizes"].values():
            for key in ("weir", "plain", "keeping", "libpng", "one thread"):
                self.assertEqual(len(told[key]["images_per_second"]), 2)
                self.assertGreater(min(told[key]["images_per_second"]), 0)
            self.assertEqual(told["weir"]["cpu_per_1000"].keys(), {"read", "decode", "rest", "all"})
            self.assertGreater(told["weir"]["cpu_per_1000"]["decode"], told["weir"]["cpu_per_1000"]["read"])
        self.assertEqual(set(result["engines"]), {f"{side}, {how}" for side in (32, 512) for how in ("cached", "not cached")})
        self.assertEqual(len(result["engines"]["32, cached"]), 5)
        self.assertEqual(set(result["batches"]["512"]), {"1", "4", "8", "32", "128"})
        self.assertEqual(len([line for line in out.splitlines() if line.startswith(("reached: ", "MISSED: "))]), 3)

    def test_a_folder_is_a_set_of_its_own(self):
        folder = self.root / "mine"
        folder.mkdir()
        for side in (16, 40):
            (folder / f"{side}.png").write_bytes(png(2, 3, side))
        _, result = self.measured("--part", "sizes", folder)
        self.assertEqual(list(result["sizes"]), ["mine"])
        self.assertNotIn("engines", result)

    def test_a_folder_of_one_size_is_measured_as_that_size(self):
        folder = self.root / "mine"
        folder.mkdir()
        for name in ("a", "b"):
            (folder / f"{name}.png").write_bytes(png(2, 3, 32))
        told = "32 × 32, weir to plain threads with the same decoder"
        self.assertIn(told, self.measured("--part", "sizes", folder)[0])
        (folder / "c.png").write_bytes(png(2, 3, 33))
        self.assertNotIn(told, self.measured("--part", "sizes", folder)[0])

    def test_a_folder_without_images_is_exit_code_2(self):
        _, told = self.bench("--quick", self.root, expect=2)
        self.assertIn("no PNG images", told)


class Peers(Tool):
    command = "peers"

    def test_weir_is_measured_and_who_is_not_there_is_left_out_with_the_reason(self):
        out, result = self.measured("--only", "nobody")
        told = result["sets"]["224"]
        for name in ("weir", "plain threads, libpng"):
            runs = told["runs"][name]
            self.assertEqual(len(runs["images_per_second"]), result["rounds"])
            self.assertGreater(min(runs["images_per_second"] + runs["cpu_per_1000"]), 0)
            self.assertRegex(out, rf"(?m)^\| {name} \| \d+ ± ")
        # A batch of these images is no less than this, and nobody has more than weir's budget and what a process takes.
        self.assertGreater(told["runs"]["weir"]["peak"], told["batch"] * 224 * 224 * 3)
        self.assertEqual([stop["threads_left"] for stop in told["runs"]["weir"]["stops"]], [0])
        self.assertIsNotNone(told["runs"]["weir"]["stops"][0]["gone"])
        self.assertEqual(result["left_out"]["nobody"], "no such peer")
        self.assertIn("Left out: nobody: no such peer.", out)

    def test_a_folder_is_a_set_of_its_own_with_room_for_two_batches(self):
        folder = self.root / "mine"
        folder.mkdir()
        for number in range(40):
            (folder / f"{number}.png").write_bytes(png(2, 3, 16))
        _, result = self.measured("--only", "nobody", folder)
        self.assertEqual(list(result["sets"]), ["mine"])
        self.assertEqual([result["sets"]["mine"][key] for key in ("images", "batch", "memory_MiB")], [40, 32, 64])

    def test_a_folder_without_images_is_exit_code_2(self):
        _, told = self.bench("--quick", self.root, expect=2)
        self.assertIn("no PNG images", told)


class Readme(Tool):
    command = "readme"

    def readme(self, *files, expect=0):
        done = subprocess.run([sys.executable, BENCH, "readme", *map(str, files)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def test_results_become_a_section_each_with_the_command_that_gave_them(self):
        images = self.root / "images"
        images.mkdir()
        for side in (16, 40):
            (images / f"{side}.png").write_bytes(png(2, 3, side))
        files = []
        for self.command, more in (("decode", [images]), ("pipeline", ["--part", "sizes", images]), ("peers", ["--only", "nobody"]),
                                   ("quiescence", [images])):
            files.append(self.root / f"{self.command}.json")
            self.bench("--quick", "--json", files[-1], *more)
        out, _ = self.readme(*files)
        for title, command in (("One thread, from memory", f"decode --quick {images}"),
                               ("Files to batches", f"pipeline --quick --part sizes {images}"),
                               ("The same job by others", "peers --quick --only nobody"),
                               ("From a stop to nothing left", f"quiescence --quick {images}")):
            self.assertRegex(out, rf"### {title}\n\n`tools/bench {command}`, \d rounds; .*, \d+ cores, ")
        self.assertRegex(out, r"(?m)^\| weir \| \d+\.\d\d ± \d+\.\d\d \| – \| \d+\.\d\d \(images\) \| 1 of 1 \|$")
        self.assertRegex(out, r"(?m)^\| images \| 32 \| \d+ ± \d+ \| \d+\.\d\d ± \d+\.\d\d \|")
        self.assertIn("Left out: nobody: no such peer.", out)

    def test_every_command_is_named_where_none_is_and_has_a_help(self):
        for arguments, expect, where in (((), 2, 1), (("nothing",), 2, 1), (("--help",), 0, 0)):
            done = subprocess.run([sys.executable, BENCH, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, expect)
            told = (done.stdout, done.stderr)
            self.assertEqual(told[1 - where], "")
            for command in COMMANDS:
                self.assertIn(f"tools/bench {command} ", told[where])
        for command in COMMANDS:
            done = subprocess.run([sys.executable, BENCH, command, "--help"], stdout=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 0)
            self.assertIn(f"usage: tools/bench {command} ", done.stdout)

    def test_what_is_no_result_is_exit_code_2(self):
        (self.root / "other.json").write_text("[]")
        for name in ("other.json", "none.json"):
            _, told = self.readme(self.root / name, expect=2)
            self.assertRegex(told, f"^tools/bench readme: .*{name}: no result of tools/bench: ")


class Quiescence(Tool):
    command = "quiescence"

    def test_every_work_has_figures_of_all_who_can_do_it(self):
        folder = self.root / "mine"
        folder.mkdir()
        for side in (16, 40):
            (folder / f"{side}.png").write_bytes(png(2, 3, side))
        out, result = self.measured(folder)
        self.assertEqual(len(result["milliseconds"]), 8)
        for work, sides in result["milliseconds"].items():
            self.assertIn("weir", sides)
            self.assertEqual("libuv" in sides, "parked" not in work and "memory" not in work)
            for stops in sides.values():
                self.assertGreater(len(stops), 0)
                self.assertGreater(min(stops), 0)
            self.assertRegex(out, rf"(?m)^\| {work} \| [0-9.]+ / ")
        self.assertEqual(len([line for line in out.splitlines() if line.startswith(("reached: ", "MISSED: "))]), 3)


COMMANDS = {"decode": Decode, "pipeline": Pipeline, "peers": Peers, "quiescence": Quiescence, "readme": Readme}


def main():
    global BUILD
    BUILD, chosen = sys.argv[1], COMMANDS[sys.argv[2]]
    result = unittest.main(argv=[sys.argv[0], chosen.__name__, *sys.argv[3:]], exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
