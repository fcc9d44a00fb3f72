"""What a process and all below it are and use."""
import os
import time


def processes(pid):
    """The process and all below it."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in file.read().split():
                    found += processes(int(child))
    except OSError:  # it has ended
        pass
    return found


def proportional(pids):
    """Bytes of memory that they have: the sum of their proportional set sizes (Pss in /proc/PID/smaps_rollup). In that a page that
    several processes share counts once in all, files that are mapped included."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                for line in file:
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
                        break
        except OSError:
            pass
    return total


def threads(pid):
    """Of the process itself."""
    try:
        return set(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return set()


class Left:
    """What a process has more than when this was made."""

    def __init__(self):
        self.pid = os.getpid()
        self.threads, self.processes = threads(self.pid), set(processes(self.pid))
        self.memory = proportional(self.processes)

    def counts(self):
        return len(threads(self.pid) - self.threads), len(set(processes(self.pid)) - self.processes)

    def wait(self, seconds):
        """Until nothing is left, so long at most. (seconds until then or None, threads left, processes left, bytes left)."""
        start = time.monotonic()
        while any(self.counts()) and time.monotonic() - start < seconds:
            time.sleep(0.0005)
        took = time.monotonic() - start
        gone = not any(self.counts())
        return (took if gone else None, *self.counts(), proportional(processes(self.pid)) - self.memory)
