#!/usr/bin/env python3
"""What tools/bench peers is made of, on programs made here that stand for peers.

    peers_test.py BUILD [unittest arguments]

BUILD is the build directory with the programs. The last line is "N passed, N failed".
"""
import argparse
import json
import pathlib
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools/benchmarks"))
import bench_peers
import image_sets
import peer_table
import process_tree
import programs
from measured_run import measured_run

BUILD = ""
MIB = 1 << 20


class Programs(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def program(self, text):
        path = self.root / "program.py"
        path.write_text("import json, os, sys, time\n" + text)
        return [sys.executable, path]


class Run(Programs):
    def test_memory_that_two_processes_share_counts_once(self):
        held = f"held = bytearray(os.urandom(1)) * {64 * MIB}\n"
        end = "time.sleep(0.3)\nprint(json.dumps({'images': 1, 'seconds': 1, 'cpu': 1}))\n"
        alone = measured_run(self.program(held + end), sample=True)["peak"]
        forked = measured_run(self.program(held + "if os.fork() == 0:\n    time.sleep(0.4)\n    os._exit(0)\n" + end), sample=True)["peak"]
        self.assertGreater(alone, 64 * MIB)
        self.assertLess(forked, alone + 16 * MIB)

    def test_memory_of_a_process_below_counts(self):
        text = (f"if os.fork() == 0:\n    held = bytearray(os.urandom(1)) * {64 * MIB}\n    time.sleep(0.4)\n    os._exit(0)\n"
                "os.wait()\nprint(json.dumps({'images': 1, 'seconds': 1, 'cpu': 1}))\n")
        self.assertGreater(measured_run(self.program(text), sample=True)["peak"], 64 * MIB)

    def test_a_failure_is_told_with_the_last_that_was_written(self):
        with self.assertRaisesRegex(programs.Missing, "^no decoder here$"):
            measured_run(self.program("sys.exit('first\\nno decoder here')\n"))

    def test_what_is_left_running_is_ended(self):
        mark = self.root / "mark"
        text = (f"if os.fork() == 0:\n    time.sleep(1)\n    open({str(mark)!r}, 'w')\n    os._exit(0)\n"
                "print(json.dumps({'images': 1, 'seconds': 1, 'cpu': 1}))\n")
        measured_run(self.program(text))
        time.sleep(1.3)
        self.assertFalse(mark.exists())


class Left(unittest.TestCase):
    def test_a_thread_that_stays_is_left_and_one_that_ends_is_waited_for(self):
        left = process_tree.Left()
        end = threading.Event()
        thread = threading.Thread(target=end.wait)
        thread.start()
        gone, threads, processes, _ = left.wait(0.05)
        self.assertEqual((gone, threads, processes), (None, 1, 0))
        threading.Timer(0.05, end.set).start()
        gone, threads, processes, _ = left.wait(5)
        self.assertEqual((threads, processes), (0, 0))
        self.assertGreater(gone, 0.01)
        thread.join()


class Set(Programs):
    """A set of drawn images, and peers that are no more than programs that say something."""

    def setUp(self):
        super().setUp()
        asked = argparse.Namespace(built=BUILD, rounds=2, times=1, memory=None)
        paths = image_sets.synthetic(asked, [32], 40)[32]
        weir, plain = programs.built(["tools/benchmarks/files_to_batches", "tools/benchmarks/plain_threads"], BUILD)
        self.set = bench_peers.Set(asked, 32, paths, plain)
        self.weir = lambda s: [weir, "--shapes", "same"]
        self.count = len(paths)

    def measured(self, text):
        """What becomes of a peer that is the program."""
        command = self.program(text)
        return self.set.measure({"weir": self.weir, "peer": lambda s: command}, {})

    def test_who_decodes_other_pixels_is_no_peer(self):
        told = self.measured(f"print(json.dumps({{'images': {self.count}, 'seconds': 1, 'cpu': 1, 'digest': [7] * {self.count}}}))\n")
        self.assertEqual(told["left_out"], {"peer": f"no peer: {self.count} of {self.count} images have other pixels than libpng's"})
        self.assertEqual(list(told["runs"]), ["weir"])

    def test_who_gives_some_images_twice_is_no_peer(self):
        weir = list(map(str, self.weir(None)))
        told = self.measured("import subprocess\n"
                             f"told = json.loads(subprocess.run({weir!r} + sys.argv[1:], stdout=subprocess.PIPE).stdout)\n"
                             "told['digest'] += told['digest'][:1]\nprint(json.dumps(told))\n")
        self.assertEqual(told["left_out"], {"peer": f"no peer: gave {self.count + 1} of {self.count} images"})

    def test_who_gives_too_few_is_left_out(self):
        weir = list(map(str, self.weir(None)))
        told = self.measured("import subprocess\n"
                             f"told = json.loads(subprocess.run({weir!r} + sys.argv[1:], stdout=subprocess.PIPE).stdout)\n"
                             "if '--digest' not in sys.argv:\n    told['images'] -= 1\nprint(json.dumps(told))\n")
        self.assertEqual(told["left_out"], {"peer": f"delivered {self.count - 1} of {self.count} images"})

    def test_who_does_the_same_as_weir_is_measured_beside_it(self):
        weir = list(map(str, self.weir(None)))
        told = self.measured(f"os.execv({weir[0]!r}, {weir!r} + sys.argv[1:])\n")
        self.assertEqual(told["left_out"], {})
        peer = told["runs"]["peer"]
        self.assertEqual([len(peer[key]) for key in ("images_per_second", "cpu_per_1000", "first_batch", "stops")], [2] * 4)
        self.assertGreater(peer["peak"], 0)


class Table(unittest.TestCase):
    def result(self, gone, peak=10 * MIB):
        def runs(rate, peak, stop):
            return {"images_per_second": [rate] * 3, "cpu_per_1000": [2.0] * 3, "first_batch": [0.05] * 3, "peak": peak, "stops": [stop]}
        good = {"gone": 0.002, "threads_left": 0, "processes_left": 0, "memory_left": -5}
        bad = {"gone": gone, "threads_left": 6, "processes_left": 1, "memory_left": 3 * MIB}
        plain = {**runs(2000, MIB, good), "first_batch": [], "stops": []}
        return {"sets": {"512": {"runs": {"weir": runs(900, peak, good), "plain threads, libpng": plain, "slow": runs(200, 90 * MIB, bad),
                                          "quick": runs(250, 80 * MIB, bad)}}}}

    def test_who_never_ends_is_told_so_with_what_is_left(self):
        told = peer_table.table(self.result(None)["sets"]["512"]).splitlines()
        self.assertEqual(told[2], "| weir | 900 ± 0 | 1.00 | 2.00 ± 0.00 | 10 | 50 ± 0 | 2.0 (at most 2.0) | 0, 0, 0 |")
        self.assertEqual(told[3], "| plain threads, libpng | 2000 ± 0 | 0.45 | 2.00 ± 0.00 | 1 | – | – | – |")
        self.assertTrue(told[4].endswith("| never | 6, 1, 3 |"), told[4])

    def test_the_best_peer_is_none_of_the_plain_threads(self):
        self.assertEqual(peer_table.targets(self.result(0.1)),
                         [("512: images/s, weir to the best peer (quick)", 3.6, 3), ("512: peak memory, quick to weir", 8.0, 1)])


def main():
    global BUILD
    BUILD = sys.argv[1]
    result = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
