"""What a run says of its Slurm jobs. With a real Slurm: tests/workflow/test_slurm.py."""

import subprocess

import pytest

import relaxdiff.running.slurm
from relaxdiff.exceptions import SlurmError
from relaxdiff.running.slurm import cancel_leftovers, closing_summary


def submitted(folder, **jobs):
    """A log of Snakemake's; jobs: what the log of each holds, None if it ended well."""
    lines = []
    for name, text in jobs.items():
        path = folder / f"{name}.log"
        if text is not None:
            path.write_text(text)
        lines.append(f"Job {name} has been submitted with SLURM jobid {name[3:]} (log: {path}).\n")
    log = folder / "snakemake.log"
    log.write_text("".join(lines))
    return log


def test_the_summary_says_why_jobs_failed(tmp_path):
    log = submitted(
        tmp_path,
        job7="slurmstepd: error: *** JOB 7 ON node1 CANCELLED AT now DUE TO TIME LIMIT ***\n",
        job8=None,
        job9="slurmstepd: error: Exceeded job memory limit\n",
        job10="Traceback\n",
    )
    first, *failed = closing_summary([log])
    assert first == "Slurm had 4 jobs of this run; 3 of them failed."
    assert [line.split(";")[0] for line in failed] == [
        "  job 7: CANCELLED AT now DUE TO TIME LIMIT",
        "  job 9: slurmstepd: error: Exceeded job memory limit",
        "  job 10: its own error",
    ]
    assert closing_summary([submitted(tmp_path, job11=None)]) == [
        "Slurm had 1 jobs of this run; none of them failed."
    ]
    assert closing_summary([submitted(tmp_path)]) == []


@pytest.fixture
def queue(monkeypatch, tmp_path):
    """The lines of a Slurm's queue, all gone once they are cancelled, and what it was told."""
    lines, told = [], []

    def answer(command, **_):
        told.append(command)
        out = "".join(lines)
        if command[0] == "scancel":
            lines.clear()
        return subprocess.CompletedProcess(command, 0, out, "")

    monkeypatch.setattr(relaxdiff.running.slurm.subprocess, "run", answer)
    return lines, told


def test_leftovers_of_this_folder_alone_are_cancelled(queue, tmp_path):
    lines, told = queue
    lines += [f"5|relaxdiff_truth|{tmp_path}\n", f"6|another|{tmp_path}\n", "7|relaxdiff_x|/else\n"]
    assert cancel_leftovers(tmp_path) == ["5"]
    assert ("scancel", "5") in told
    assert cancel_leftovers(tmp_path) == []


def test_leftovers_that_do_not_end_are_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(relaxdiff.running.slurm, "_queued", lambda _: ["5"])
    monkeypatch.setattr(relaxdiff.running.slurm, "_slurm", lambda *_: "")
    monkeypatch.setattr(relaxdiff.running.slurm, "CANCEL_PATIENCE", -1)
    with pytest.raises(SlurmError, match="jobs 5 of an earlier run in .* are still there"):
        cancel_leftovers(tmp_path)


def test_without_a_slurm_there_are_no_leftovers(monkeypatch, tmp_path):
    def missing(*_, **__):
        raise FileNotFoundError("squeue")

    monkeypatch.setattr(relaxdiff.running.slurm.subprocess, "run", missing)
    assert cancel_leftovers(tmp_path) == []
