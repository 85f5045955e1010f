"""Messages on the progress of long jobs."""

import os
import time

PATIENCE = 5.0  # seconds between two lines of progress of one job on the terminal
PROGRESS = {"progress": True}  # marks such lines, as `extra` of a logging call


class Progress:
    """Called with a line of text for each finished item, it logs the line and the job's progress.

    log: a Logger; total: the number of items, `what` they are; clock: seconds, for tests. The time
    left follows from the average time of the finished items, without those that an earlier job had
    finished, which are reported with found=True.
    """

    def __init__(self, log, total, what="samples", clock=time.monotonic):
        self.log, self.total, self.what, self.clock = log, total, what, clock
        self.done = 0
        self.started = clock()
        self.found = 0
        log.info("%d %s to do", total, what)

    def __call__(self, line, found=False):
        self.done += 1
        self.found += found
        self.log.info("%s; %s", line, self.standing(), extra=PROGRESS)

    def standing(self):
        """'3 of 5 samples, 12 s, about 8 s left'."""
        spent = self.clock() - self.started
        words = f"{self.done} of {self.total} {self.what}, {duration(spent)}"
        left, worked = self.total - self.done, self.done - self.found
        if left and worked:
            words += f", about {duration(left * spent / worked)} left"
        return words


class TerminalFilter:
    """A logging filter: lines of progress only now and then, in continuous integration none."""

    def __init__(self, patience=PATIENCE, clock=time.monotonic):
        self.patience, self.clock = patience, clock
        self.silent = os.environ.get("CI", "").lower() not in ("", "0", "false")
        self.last = clock()

    def filter(self, line):
        if not getattr(line, "progress", False):
            return True
        if self.silent or self.clock() - self.last < self.patience:
            return False
        self.last = self.clock()
        return True


def duration(seconds):
    """'48 s', '3 min 20 s', '2 h 05 min'."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
