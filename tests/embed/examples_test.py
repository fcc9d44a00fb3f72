#!/usr/bin/env python3
"""Runs the short example programs on real files.

    examples_test.py PROGRAM...   named example_first, example_host_loop, example_own_stage, example_requests
"""
import os
import subprocess
import sys
import tempfile
import unittest

import png_files

PROGRAMS = {os.path.basename(p): os.path.abspath(p) for p in sys.argv[1:]}


class Examples(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="weir-examples-")
        self.addCleanup(home.cleanup)
        self.home = home.name

    def run_it(self, name, files, code=0):
        done = subprocess.run([PROGRAMS[name], *files], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        self.stderr = done.stderr
        return done.stdout.splitlines()

    def bad(self):
        path = os.path.join(self.home, "bad.png")
        with open(path, "w", encoding="ascii") as file:
            file.write("not a PNG")
        return path

    def test_the_first_program_prints_its_batches(self):
        files = png_files.make(self.home, [(6, 4)] * 40)
        self.assertEqual(self.run_it("example_first", files), ["32 images of 4 x 6 x 3", "8 images of 4 x 6 x 3"])
        self.assertEqual(self.run_it("example_first", [self.bad(), *files])[-1], "8 images of 4 x 6 x 3")
        self.run_it("example_first", [self.bad()] * 101, code=1)
        self.assertIn("bad.png: header: ", self.stderr)

    def test_requests_are_answered_and_the_last_client_leaves(self):
        files = png_files.make(self.home, [(6, 4), (7, 5), (8, 8)])
        lines = self.run_it("example_requests", [files[0], self.bad(), *files[1:]])
        self.assertEqual(len(lines), 4)
        self.assertIn("request 0: 6 x 4", lines)
        self.assertTrue(any(line.startswith("request 1: request: header: ") for line in lines), lines)
        self.assertIn("request 2: 7 x 5", lines)
        self.assertIn("request 3: the client has left", lines)

    def test_a_stage_of_ones_own_keeps_the_large_ones(self):
        files = png_files.make(self.home, [(width, 4) for width in range(20, 44)])
        lines = self.run_it("example_own_stage", [self.bad(), *files])
        self.assertEqual(lines[0].split(":")[0], "skipped")
        self.assertEqual([line.split(":")[0] for line in lines[1:]], [f"{width} x 4" for width in range(32, 44)])

    def test_a_host_with_a_loop_counts_its_images_and_closes_it(self):
        files = png_files.make(self.home, [(6, 4), (7, 5)] * 15)
        self.assertEqual(self.run_it("example_host_loop", [*files, self.bad()]), ["30 images"])
        self.assertEqual(self.run_it("example_host_loop", []), ["0 images"])


program = unittest.main(argv=sys.argv[:1], exit=False)
failed = len({str(test) for test, _ in program.result.failures + program.result.errors})
print(f"{program.result.testsRun - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
