#!/usr/bin/env python3
"""The two programs on machines that don't give everything: few descriptors or threads, little locked memory, no io_uring, cold
caches, file systems that are slow or fail; and with a signal in every phase of a life.

    real_machines_test.py --stream-decode PROGRAM --cancel-stress PROGRAM --no-io-uring PROGRAM [--odd-files PROGRAM]
                          [--sanitized] [unittest arguments]

WEIR_STRESS_RUNS: how many runs of cancel_stress each gets (15 unless told). What can't be tried here is skipped, with the
reason. The last line is "N passed, N failed".
"""
import argparse
import contextlib
import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import nasty_directory

ASKED = argparse.Namespace()
RUNS = os.environ.get("WEIR_STRESS_RUNS", "15")
LONG = 400  # seconds after which a program is taken for hung: not a measure of speed
NOBODY = 65534


class Machine(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="weir-machine-")
        os.chmod(self.home, 0o755)
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.directory = os.path.join(self.home, "d")

    def run_it(self, *command, codes=(0,), **how):
        """Runs it, and expects one of the exit codes."""
        done = subprocess.run(command, cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=LONG, check=False, **how)
        self.assertIn(done.returncode, codes, (command, done.stdout[-1000:], done.stderr[-20000:]))
        return done

    def stress(self, *arguments, path="d", wrap=(), codes=(0,), **how):
        done = self.run_it(*wrap, ASKED.cancel_stress, "--runs", RUNS, "--json", *arguments, path, codes=codes, **how)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def of_nobody(self, **limits):
        """What to do before a program is executed: give up root, where that is what this is, and set the limits."""
        def before():
            if os.getuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            for name, value in limits.items():
                resource.setrlimit(getattr(resource, name), (value, value))
        return before

    def for_nobody(self, program):
        """A copy of a program that somebody without rights can execute."""
        copy = os.path.join(self.home, os.path.basename(program))
        shutil.copy(program, copy)
        os.chmod(copy, 0o755)
        return copy


class Limits(Machine):
    def test_with_32_descriptors_every_stop_is_clean(self):
        if ASKED.sanitized:
            self.skipTest("UBSan wants descriptors of its own")
        nasty_directory.fill(self.directory, many=6)
        before = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))  # pylint: disable=unnecessary-lambda-assignment
        for loop in ("own", "uv"):
            for engine in ("auto", "blocking"):
                with self.subTest(loop + ", " + engine):
                    self.stress("--loop", loop, "--engine", engine, preexec_fn=before)

    def test_where_threads_run_out_it_says_so_or_works(self):
        """On a libuv loop with the ring alone: libuv itself aborts a process that has no thread for libuv's pool. The last
        number is enough for all, the ring's helpers in the kernel included."""
        if ASKED.sanitized:
            self.skipTest("a sanitizer's runtime makes threads of its own")
        nasty_directory.fill(self.directory, many=3, fifo=False)
        program = self.for_nobody(ASKED.stream_decode)
        ended = {}
        for most in range(1, 9):
            for loop, engine in (("own", "auto"), ("own", "blocking"), ("uv", "uring")):
                done = self.run_it(program, "--json", "--on-error", "skip", "--workers", "2", "--loop", loop, "--engine", engine,
                                   "d", codes=(0, 2), preexec_fn=self.of_nobody(RLIMIT_NPROC=most))
                ended.setdefault((loop, engine), []).append(done.returncode)
                if done.returncode == 2:
                    self.assertRegex(done.stderr, b"^stream_decode: (" + os.strerror(errno.EAGAIN).encode() +
                                     b"|io_uring can't be used here)")
                else:
                    self.assertEqual(set(json.loads(done.stdout)["audit"].values()), {0})
        for (_, engine), codes in ended.items():  # none with none, all with enough; by name, the ring may be forbidden
            self.assertEqual((codes[0], codes[-1]), (2, 2 if engine == "uring" and 0 not in codes else 0), ended)

    def test_with_64_kib_of_locked_memory_and_no_rights_every_stop_is_clean(self):
        nasty_directory.fill(self.directory, many=6)
        program = self.for_nobody(ASKED.cancel_stress)
        report = json.loads(self.run_it(program, "--runs", RUNS, "--json", "--engine", "auto", "d",
                                        preexec_fn=self.of_nobody(RLIMIT_MEMLOCK=65536)).stdout)
        self.assertEqual(report["violations"], 0)

    def test_where_a_filter_forbids_io_uring_every_stop_is_clean(self):
        nasty_directory.fill(self.directory, many=6)
        for error in ("EPERM", "ENOSYS"):
            report = self.stress("--engine", "auto", wrap=(ASKED.no_io_uring, error))
            self.assertEqual(set(report["places"]), {"own + auto", "uv + auto"})
            self.stress("--engine", "uring", wrap=(ASKED.no_io_uring, error), codes=(2,))

    def test_when_nothing_is_cached_every_stop_is_clean(self):
        """Caches are dropped all the time; a file system that is memory itself keeps what it has."""
        nasty_directory.fill(self.directory, many=10)
        names = [os.path.join(self.directory, n) for n in os.listdir(self.directory) if not n.endswith("fifo.png")]
        ended = threading.Event()

        def drop():
            for name in names:
                try:
                    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
                except OSError:
                    continue
                with contextlib.suppress(OSError):  # not of every file
                    os.fsync(descriptor)  # what has not been written can't be dropped
                os.close(descriptor)
            while not ended.is_set():
                for name in names:
                    try:
                        descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
                    except OSError:
                        continue
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                    os.close(descriptor)

        other = threading.Thread(target=drop)
        other.start()
        try:
            self.stress()
        finally:
            ended.set()
            other.join()


class OddFiles(Machine):
    """Files of a file system of our own, in user space."""
    KINDS = ["slow", "late", "short", "longer", "broken", "shut"]

    def mounted(self, kinds):
        """A mounted directory of good and corrupt files of these kinds."""
        if ASKED.odd_files is None:
            self.skipTest("libfuse3 wasn't there when this was built")
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            self.skipTest("there is no /dev/fuse here that we may use")
        source, at = os.path.join(self.home, "source"), os.path.join(self.home, "mounted")
        os.makedirs(source)
        os.makedirs(at)
        for kind in kinds:
            for i, picture in enumerate((nasty_directory.png(60, 40), nasty_directory.png(90, 90),
                                         nasty_directory.png(60, 40, broken="data"))):
                with open(os.path.join(source, f"{kind}-{i}.png"), "wb") as to:
                    to.write(picture)
        server = subprocess.Popen([ASKED.odd_files, source, at], stderr=subprocess.PIPE)
        self.addCleanup(self.unmount, server, at)
        while not os.path.ismount(at):
            if server.poll() is not None:
                self.skipTest("mounting is not allowed here: " + server.stderr.read().decode().strip())
            time.sleep(0.01)
        return at

    def unmount(self, server, at):
        subprocess.run(["fusermount3", "-u", "-z", at], check=False, stderr=subprocess.DEVNULL)
        server.terminate()
        server.wait(timeout=LONG)
        server.stderr.close()

    def test_slow_late_short_lying_and_failing_files_are_read_or_fail_with_their_own_errors(self):
        at = self.mounted(self.KINDS)
        for loop in ("own", "uv"):
            for engine in ("auto", "blocking"):
                done = self.run_it(ASKED.stream_decode, "--list", "--on-error", "skip", "--loop", loop, "--engine", engine, at)
                got = {}
                for line in done.stdout.decode().splitlines():
                    fields = line.split("\t")
                    got[os.path.basename(fields[1])] = fields[2:]
                for kind in self.KINDS:
                    with self.subTest(f"{kind}, {loop}, {engine}"):
                        for i, size in enumerate((["60", "40"], ["90", "90"])):
                            is_ = got[f"{kind}-{i}.png"]
                            if kind == "shut":
                                self.assertEqual(is_, ["error", "open", os.strerror(errno.EACCES)])
                            elif kind == "broken":
                                self.assertEqual(is_, ["error", "read", os.strerror(errno.EIO)])
                            else:
                                self.assertEqual(is_[:4], [*size, "3", "8"])
                        self.assertEqual(got[f"{kind}-2.png"][0], "error")

    def test_every_stop_over_odd_files_is_clean(self):
        at = self.mounted(self.KINDS)
        report = self.stress(path=at)
        self.assertIn("a read", report["waited_for"])

    def test_a_stop_waits_for_a_read_that_does_not_come_back_and_says_so(self):
        at = self.mounted(["stuck"])
        for engine in ("auto", "blocking"):
            waited_for = None
            for after in ("50ms", "200ms", "1s", "5s"):  # on a busy machine no read may have begun by the first
                done = self.run_it(ASKED.stream_decode, "--json", "--on-error", "skip", "--repeat", "0", "--engine", engine,
                                   "--cancel-after", after, at, codes=(124,))
                report = json.loads(done.stdout)
                self.assertEqual(set(report["audit"].values()), {0})
                waited_for = waited_for or report["teardown"]["waited_for"]
                if waited_for:
                    break
            self.assertRegex(waited_for or "nothing", "^a read.*stuck-")


class Phases(Machine):
    def test_a_signal_in_any_phase_of_a_life_ends_it_cleanly(self):
        """The moments sweep the whole life of the process, in steps of a fortieth, from before its first line to after its
        last. Before the handlers are there, and after they have gone, a signal just kills: that is no fault, and counted."""
        nasty_directory.fill(self.directory, many=10, fifo=False)
        steps = 40
        how = {"cwd": self.home, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        for loop, engine in (("own", "auto"), ("uv", "blocking")):
            command = [ASKED.stream_decode, "--json", "--list", "--on-error", "skip", "--shapes", "group", "--loop", loop, "--engine",
                       engine, "d"]
            lives = []
            for _ in range(3):
                begun = time.monotonic()
                self.run_it(*command)
                lives.append(time.monotonic() - begun)
            life = sorted(lives)[1]
            counts = {"done before": 0, "killed": 0, "stopped": 0}
            for i in range(steps):
                number = (signal.SIGINT, signal.SIGTERM)[i % 2]
                process = subprocess.Popen(command, **how)
                time.sleep(life * 1.1 * i / steps)
                process.send_signal(number)
                out, err = process.communicate(timeout=LONG)
                with self.subTest(f"{loop}, {engine}, step {i}"):
                    self.assertIn(process.returncode, (0, 128 + number, -number), err)
                    if process.returncode == -number:
                        counts["killed"] += 1
                        continue
                    report = json.loads(out.splitlines()[-1])
                    self.assertEqual(set(report["audit"].values()), {0})
                    self.assertEqual(report["outcome"], "done" if process.returncode == 0 else "stopped")
                    counts["stopped" if process.returncode else "done before"] += 1
            print(f"{loop}, {engine}: signals in {steps} steps over {life * 1000:.0f} ms: {counts}")
            self.assertGreater(counts["stopped"], 0)


def main():
    global ASKED  # pylint: disable=global-statement
    parser = argparse.ArgumentParser()
    for name in ("--stream-decode", "--cancel-stress", "--no-io-uring", "--odd-files"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--sanitized", action="store_true")
    ASKED, rest = parser.parse_known_args()
    suite = unittest.main(argv=[sys.argv[0], *rest], exit=False)
    failed = len(suite.result.failures) + len(suite.result.errors)
    for _, why in suite.result.skipped:
        print("skipped:", why)
    print(f"{suite.result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
