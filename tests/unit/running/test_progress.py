"""What a run tells of itself: progress with the time left, rarely on the terminal."""

import logging

import pytest

from relaxdiff.running.checkpoints import FOUND_AGAIN
from relaxdiff.running.progress import Progress, TerminalFilter, duration


class Clock:
    """Seconds that only pass when told to."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log():
    return logging.getLogger("progress")


def test_progress_tells_what_is_done_and_the_time_left(caplog, log, clock):
    caplog.set_level(logging.INFO)
    progress = Progress(log, 4, clock=clock)
    for seconds in (10, 30, 20, 40):
        clock.now += seconds
        progress("sample 0: 9 of 9 variants relaxed, 40 evaluations")
    assert [message.split("; ")[-1] for message in caplog.messages] == [
        "4 samples to do",
        "1 of 4 samples, 10 s, about 30 s left",
        "2 of 4 samples, 40 s, about 40 s left",
        "3 of 4 samples, 1 min 00 s, about 20 s left",
        "4 of 4 samples, 1 min 40 s",
    ]
    assert caplog.messages[1].startswith("sample 0: 9 of 9 variants relaxed, 40 evaluations; ")


def test_samples_of_an_earlier_job_do_not_make_it_look_fast(caplog, log, clock):
    caplog.set_level(logging.INFO)
    progress = Progress(log, 12, clock=clock)
    for _ in range(10):
        progress(f"sample 0: {FOUND_AGAIN}", found=True)
    assert caplog.messages[-1].endswith("10 of 12 samples, 0 s")
    clock.now = 60.0
    progress("sample 10: relaxed")
    assert caplog.messages[-1].endswith("11 of 12 samples, 1 min 00 s, about 1 min 00 s left")


def passed(records, clock, every):
    """Which of some lines of progress, `every` so many seconds, come to the terminal."""
    terminal = TerminalFilter(patience=5.0, clock=clock)
    found = []
    for number in range(records):
        clock.now += every
        line = logging.LogRecord("progress", logging.INFO, "", 0, str(number), (), None)
        line.progress = True
        if terminal.filter(line):
            found.append(number)
    return found


def test_progress_comes_to_the_terminal_every_few_seconds(monkeypatch, clock):
    monkeypatch.delenv("CI", raising=False)
    assert passed(10, clock, 2.0) == [2, 5, 8]
    assert passed(3, clock, 60.0) == [0, 1, 2]


def test_progress_is_quiet_in_continuous_integration(monkeypatch, clock):
    monkeypatch.setenv("CI", "true")
    assert passed(10, clock, 60.0) == []
    other = logging.LogRecord("progress", logging.INFO, "", 0, "done in 3 s", (), None)
    assert TerminalFilter().filter(other)


def test_durations_are_readable():
    assert list(map(duration, (4.4, 59.7, 80, 3601, 7500))) == [
        "4 s",
        "1 min 00 s",
        "1 min 20 s",
        "1 h 00 min",
        "2 h 05 min",
    ]
