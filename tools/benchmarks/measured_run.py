"""A run of a program that prints one JSON object, and what it took: weir's, plain threads', or a peer's."""
import json
import os
import signal
import subprocess
import tempfile
import time

import process_tree
import programs

LONG = 300    # seconds
EVERY = 0.01  # seconds, between samples of the memory


def measured_run(command, sample=False):
    """What it printed, in one form: images, seconds, cpu (seconds of the processor), first_batch and stop where there are; with
    `sample` also peak, the most memory that it and all below it had. Missing, with what it wrote to stderr last, if it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=errors,
                                   start_new_session=True)
        try:
            peak = watch(process) if sample else process.wait(LONG) and None
        except subprocess.TimeoutExpired:
            raise programs.Missing(f"not done after {LONG} s") from None
        finally:
            end(process)
        out.seek(0)
        lines = out.read().strip().splitlines()
        if process.returncode != 0 or not lines:
            errors.seek(0)
            last = [line for line in errors.read().splitlines() if line.strip()] or [f"exit code {process.returncode}"]
            raise programs.Missing(last[-1].strip()[:150])
    told = as_one_form(json.loads(lines[-1]))
    if sample:
        told["peak"] = max(peak, told.get("peak_resident", 0))  # what the kernel saw, where a program tells it
    return told


def watch(process):
    peak, start = 0, time.monotonic()
    while process.poll() is None:
        peak = max(peak, process_tree.proportional(process_tree.processes(process.pid)))
        if time.monotonic() - start > LONG:
            raise subprocess.TimeoutExpired(process.args, LONG)
        time.sleep(EVERY)
    return peak


def end(process):
    """Ends what is left of its session, itself included."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def as_one_form(told):
    """weir's program tells more than the peers: its runtime counts, from before it is there until it is gone."""
    if isinstance(told["cpu"], dict):
        told["cpu"] = told["cpu"]["all"]
    if "whole" in told:
        told["seconds"] = told["whole"]
        told["first_batch"] += told["start_up"]
    if "run" in told.get("stop", {}):
        stop = told["stop"]
        told["stop"] = {"returned": stop["run"], "gone": stop["all"] if stop["threads_left"] == 0 else None, "processes_left": 0,
                        "threads_left": stop["threads_left"], "memory_left": stop["resident_left"]}
    return told
