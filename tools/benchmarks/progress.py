"""A line on the terminal that says how far a long run is. Nothing where standard error is not a terminal."""
import sys
import time


class Progress:
    def __init__(self, what, total, shown=None):
        self.what, self.total, self.done = what, max(total, 1), 0
        self.shown = sys.stderr.isatty() if shown is None else shown
        self.start = self.drawn = time.monotonic()

    def step(self, detail="", by=1):
        self.done += by
        now = time.monotonic()
        if not self.shown or (now - self.drawn < 0.1 and self.done < self.total):
            return
        self.drawn = now
        left = (now - self.start) / self.done * (self.total - self.done)
        filled = 24 * self.done // self.total
        line = f"{self.what} [{'#' * filled}{'.' * (24 - filled)}] {self.done}/{self.total}, {left:.0f} s left  {detail}"
        sys.stderr.write("\r\033[K" + line[:118])
        sys.stderr.flush()

    def end(self):
        if self.shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
