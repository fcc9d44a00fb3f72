#!/usr/bin/env python3
"""Compares stream_decode --list with an independent libpng program, over directories of PNG files.

In all combinations of channels and bits, with each loop and engine. Index, path, shape and checksum have to be equal, and so has
which inputs fail; of an error only its stage is looked at (one of open, read, header, decode), its message is for people.
With --forbid EPERM or ENOSYS it runs `--engine auto` where io_uring's system calls give that error.
Prints what differs, and last "N passed, N failed"; exit status 0 if nothing failed.
"""
import argparse
import itertools
import json
import os
import subprocess
import sys

STAGES = {b"open", b"read", b"header", b"decode"}
SHOWN = 5  # differences a run


def png_files(directory):
    """What stream_decode takes from a directory: *.png in any case, links to files followed and to directories not, hidden files
    too, a directory searched whatever its name; sorted by the bytes of the path."""
    found = []
    for parent, _, names in os.walk(os.fsencode(directory)):
        found += [os.path.join(parent, n) for n in names if n.lower().endswith(b".png")]
    return sorted(found)


def reference(program, paths, channels, bits):
    command = [program, "--channels", str(channels), "--bits", str(bits)]
    text = b"".join(p + b"\0" for p in paths)
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, check=True).stdout.splitlines()


def same(ours, other):
    a, b = ours.split(b"\t"), other.split(b"\t")
    if len(b) > 2 and b[2] == b"error":
        return len(a) == 5 and a[:3] == b[:3] and a[3] in STAGES
    return a == b


def differences(ours, other):
    found = [f"  has  {a!r}\n  want {b!r}" for a, b in itertools.zip_longest(ours, other) if a is None or b is None or not same(a, b)]
    if len(found) > SHOWN:
        found[SHOWN:] = [f"  and {len(found) - SHOWN} lines more"]
    return found


def run(options, directory, channels, bits, loop, engine):
    """One run of stream_decode: its lines, and what is wrong with the run itself."""
    command = [options.stream_decode, "--list", "--json", "--on-error", options.on_error, "--progress", "never"]
    command += ["--channels", str(channels), "--bits", str(bits), "--loop", loop, "--engine", engine, directory]
    if options.forbid:
        command[:0] = [options.no_io_uring, options.forbid]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        return lines, [f"  exit status {done.returncode}: {done.stderr.decode(errors='replace').strip()}"]
    try:
        report = json.loads(lines.pop())
    except ValueError:
        return lines, ["  the last line is not JSON"]
    wrong = []
    if report.get("outcome") != "done":
        wrong.append(f"  outcome {report.get('outcome')!r}")
    if engine != "auto" and report.get("engine") != engine or options.forbid and report.get("engine") != "blocking":
        wrong.append(f"  the report says engine {report.get('engine')!r}")
    if any(report.get("audit", {"audit": "missing"}).values()):
        wrong.append(f"  audit {report.get('audit')!r}")
    return lines, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stream-decode", required=True)
    parser.add_argument("--reference-list", required=True)
    parser.add_argument("--make-corpus", help="run this first on the first directory")
    parser.add_argument("--forbid", choices=["EPERM", "ENOSYS"])
    parser.add_argument("--no-io-uring", help="the wrapper that --forbid needs")
    parser.add_argument("--on-error", default="skip")
    parser.add_argument("--loops", default="own,uv")
    parser.add_argument("--engines", default="uring,blocking")
    parser.add_argument("directories", nargs="+")
    options = parser.parse_args()
    if options.forbid and not options.no_io_uring:
        parser.error("--forbid needs --no-io-uring")
    if options.make_corpus:
        subprocess.run([options.make_corpus, options.directories[0]], stdout=subprocess.DEVNULL, check=True)
    engines = ["auto"] if options.forbid else options.engines.split(",")
    passed = failed = 0
    for directory in options.directories:
        paths = png_files(directory)
        if not paths:
            print(f"{directory}: no PNG files")
            failed += 1
            continue
        for channels, bits in itertools.product(range(5), (8, 16)):
            expected = reference(options.reference_list, paths, channels, bits)
            for loop, engine in itertools.product(options.loops.split(","), engines):
                lines, wrong = run(options, directory, channels, bits, loop, engine)
                wrong += differences(lines, expected)
                passed, failed = passed + (not wrong), failed + bool(wrong)
                if wrong:
                    print(f"{directory}: channels {channels}, bits {bits}, loop {loop}, engine {engine}", *wrong, sep="\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
