#!/usr/bin/env python3
"""SIGINT at random moments, over a directory with good and corrupt files, a FIFO that nobody writes to, a dangling link, an
unreadable and an empty file, with every loop and engine: the end is exit 130 with a valid report and nothing left. Prints how
long it took from the signal to the exit.

    interrupts_test.py STREAM_DECODE [ROUNDS]   100 rounds unless told

The last line is "N passed, N failed", a round each.
"""
import itertools
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import command_line_test  # pylint: disable=import-error,wrong-import-position


def milliseconds(times):
    times = sorted(times)
    at = [times[min(len(times) - 1, int(len(times) * part))] * 1000 for part in (0.5, 0.9, 0.99)]
    return "{:6.1f} {:6.1f} {:6.1f} {:6.1f}".format(*at, times[-1] * 1000)


def main():
    command_line_test.PROGRAM = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    directory = command_line_test.Stopping()
    directory.setUp()
    directory.nasty_directory()
    moments = random.Random(11)
    ways = list(itertools.product(("own", "uv"), ("auto", "uring", "blocking")))
    if directory.finish(directory.start("--json", "--engine", "uring", "nothing")).code == 2:
        ways = [way for way in ways if way[1] != "uring"]  # forbidden here
    times = {way: [] for way in ways}
    failed = 0
    for i in range(rounds):
        loop, engine = way = ways[i % len(ways)]
        arguments = ["--json", "--on-error", moments.choice(["skip", "blank"]), "--shapes", moments.choice(["ragged", "group"]),
                     "--repeat", moments.choice(["1", "0"]), "--loop", loop, "--engine", engine, *moments.choice([["--list"], []])]
        process = directory.start(*arguments, "d")
        try:
            directory.wait_until_it_runs(process)
            time.sleep(moments.random() * 0.12)  # the moment is what is random: nothing is waited for
            asked = time.monotonic()
            process.send_signal(signal.SIGINT)
            result = directory.finish(process)
            times[way].append(time.monotonic() - asked)
            directory.assertEqual(result.code, 130, result.err)
            directory.assertEqual(result.report["outcome"], "stopped")
            directory.assert_nothing_left(result.report)
        except Exception as problem:  # pylint: disable=broad-except
            failed += 1
            print(f"round {i}: {' '.join(arguments)}: {type(problem).__name__}: {problem}")
    directory.doCleanups()
    print("from the signal to the exit, ms:     50 %   90 %   99 %    max")
    for (loop, engine), took in times.items():
        if took:
            print(f"  {loop + ', ' + engine:26} {len(took):4}  {milliseconds(took)}")
    print(f"{rounds - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
