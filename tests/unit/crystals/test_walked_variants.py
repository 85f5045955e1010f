"""Samples walked one by one: joined, and found again after a job that was stopped."""

import numpy as np
from small_study import run

from relaxdiff import relax_variants
from relaxdiff.crystals.walked_variants import join_chunks


def test_chunks_are_joined_to_the_truth_of_all(truth, posterior, study):
    chunks = (run(posterior, study, "newton", samples=few) for few in ([0, 1], [2]))
    assert join_chunks(chunks).identical(truth)


class Kept:
    """Checkpoints in memory."""

    def __init__(self):
        parts = {}
        self.read, self.write = parts.get, parts.__setitem__


def test_samples_that_an_earlier_job_finished_are_told_as_found(truth, posterior, study):
    known = [study[name] for name in ("minimum", "crystal", "derivative", "constants")]
    known.insert(1, posterior)
    told, kept = [], Kept()

    def report(line, found=False):
        told.append((line.split(":")[0], found))

    relax_variants(*known, [1], "newton", report, kept)
    again = relax_variants(*known, [0, 1], "newton", report, kept)
    assert told == [("sample 1", False), ("sample 0", False), ("sample 1", True)]
    energies = truth["formation_energy"].isel(sample=[0, 1])
    np.testing.assert_allclose(again["formation_energy"], energies, atol=1e-12)
