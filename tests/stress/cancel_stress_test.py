#!/usr/bin/env python3
"""cancel_stress over a nasty directory, with every loop and engine: no violation; and the program itself.

    cancel_stress_test.py CANCEL_STRESS [unittest arguments]

WEIR_STRESS_SECONDS: how long each loop and engine gets (2 unless told). The last line is "N passed, N failed".
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

import nasty_directory

PROGRAM = ""
SECONDS = os.environ.get("WEIR_STRESS_SECONDS", "2")
LONG = 600  # seconds after which a program is taken for hung: not a measure of speed
KINDS = ["stop before the start", "stop from another thread", "stop from inside", "deadline", "error in a stage",
         "error in the consumer", "early break", "runtime destroyed"]


class CancelStress(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="cancel_stress-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.directory = os.path.join(self.home, "d")

    def run_it(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, *arguments], cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=LONG, check=False, text=True)
        self.assertEqual(done.returncode, code, (arguments, done.stdout[-2000:], done.stderr[-20000:]))
        return done

    def test_no_violation_with_any_loop_and_engine(self):
        nasty_directory.fill(self.directory)
        for loop in ("own", "uv"):
            for engine in ("uring", "blocking"):
                with self.subTest(loop + ", " + engine):
                    done = subprocess.run([PROGRAM, "--seconds", SECONDS, "--json", "--loop", loop, "--engine", engine, "d"],
                                          cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                          stderr=subprocess.PIPE, timeout=LONG + int(SECONDS), check=False, text=True)
                    if engine == "uring" and done.returncode == 2:
                        print("skipped: io_uring is forbidden here")
                        continue
                    self.assertEqual(done.returncode, 0, done.stderr[-20000:])
                    report = json.loads(done.stdout)
                    self.assertEqual(report["violations"], 0)
                    self.assertEqual(list(report["kinds"]), KINDS)
                    self.assertEqual(list(report["places"]), [f"{loop} + {engine}"])
                    self.assertGreater(report["all"]["stopped"], 0)
                    self.assertEqual(sum(kind["runs"] for kind in report["kinds"].values()), report["runs"])
                    self.assertEqual(sum(report["histogram"].values()), report["all"]["quiescent_us"]["count"])
                    print(f"{loop}, {engine}: {report['runs']} runs, {report['images']} images, µs {report['all']['quiescent_us']}")

    def test_a_picture_that_changes_is_a_violation_and_names_the_run(self):
        """The checks do look: a file that shows now this and now that can't be what the table of checksums says."""
        os.makedirs(self.directory)
        pictures = [nasty_directory.png(60, 40, bytes([color]) * 7200) for color in (10, 200)]
        paths = [os.path.join(self.home, name) for name in ("one", "two")]
        for i in range(5):
            with open(os.path.join(self.directory, f"{i}.png"), "wb") as to:
                to.write(pictures[0])
        ended = threading.Event()

        def change():
            turn = 0
            while not ended.wait(0.02):
                turn += 1
                with open(paths[0], "wb") as to:
                    to.write(pictures[turn % 2])
                os.replace(paths[0], os.path.join(self.directory, "2.png"))

        other = threading.Thread(target=change)
        other.start()
        try:
            done = self.run_it("--runs", "1000000", "--seed", "7", "--loop", "own", "d", code=1)
        finally:
            ended.set()
            other.join()
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"VIOLATION: image \d+ doesn't show what is in d/2\.png")
        last = done.stderr.splitlines()[-1]
        self.assertRegex(last, r"^cancel_stress --runs 1 --seed \d+ --loop own 'd'$")
        self.run_it(*last.replace("'", "").split()[1:])  # now that the file stands still, the run is right

    def test_a_run_is_repeated_by_its_seed_and_the_table_is_for_people(self):
        nasty_directory.fill(self.directory, many=3)
        out = self.run_it("--runs", "8", "--seed", "100", "--engine", "blocking", "--progress", "always", "d")
        self.assertTrue(out.stdout.startswith("no violation in 8 runs, seeds from 100,"), out.stdout)
        for word in [*KINDS, "waited for: ", "99.9 %", "own + blocking", "below 10 ms"]:
            self.assertIn(word, out.stdout)
        self.assertIn(" runs/s", out.stderr)

    def test_a_stdout_that_takes_nothing_and_a_stdin_that_was_closed_are_errors(self):
        nasty_directory.fill(self.directory)
        for arguments in (["--runs", "1", "d"], ["--help"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, *arguments], cwd=self.home, stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("stdout", done.stderr)
        done = subprocess.run(["sh", "-c", 'exec "$0" --runs 1 - <&-', PROGRAM], stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_bad_usage_is_exit_2_and_help_teaches(self):
        for arguments in ([], ["--seconds", "0", "x"], ["--runs", "-1", "x"], ["--loop", "x", "d"], ["--engine", "q", "d"],
                          ["--nope", "d"], ["@missing"], ["--seed", "1.5", "d"]):
            done = self.run_it(*arguments, code=2)
            self.assertEqual(done.stdout, "")
            self.assertIn("cancel_stress: ", done.stderr)
        os.makedirs(self.directory)
        self.assertIn("no files", self.run_it("d", code=2).stderr)
        text = self.run_it("--help").stdout
        for word in ("--seconds", "--runs", "--seed", "--loop", "--engine", "--json", "--progress", "PATH", "Exit codes", "130"):
            self.assertIn(word, text)


def main():
    global PROGRAM  # pylint: disable=global-statement
    PROGRAM = os.path.abspath(sys.argv[1])
    suite = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], exit=False)
    failed = len(suite.result.failures) + len(suite.result.errors)
    print(f"{suite.result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
