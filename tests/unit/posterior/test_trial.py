"""Trial ensembles around the potentials that come with LAMMPS."""

import numpy as np
import pytest

import relaxdiff.cli
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.potentials.snap.files import read_snap


def test_an_ensemble_of_a_shipped_potential_is_one_that_a_study_reads(tmp_path, capsys):
    folder = tmp_path / "with space" / "Ta"
    command = ["ensemble", "Ta06A", str(folder), "--samples", "3", "--spread", "0.02"]
    assert relaxdiff.cli.main(command) == 0
    assert str(folder / "samples.csv") in capsys.readouterr().out
    files = [folder / name for name in ("Ta06A.snapcoeff", "Ta06A.snapparam", "samples.csv")]
    posterior = posterior_from_ensemble(*files)
    assert posterior.sizes["sample"] == 3
    mean = posterior["theta_mean"].values
    np.testing.assert_array_equal(mean, read_snap(*files[:2]).theta)
    relative = posterior["theta"].values / mean - 1
    assert 0.015 < relative.std() < 0.025
    assert relaxdiff.cli.main(command) == 1
    assert "exists: remove it, or name another folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Ta06"], "did you mean Ta06A?"),
        (["../Ta06A"], "LAMMPS comes with no ../Ta06A.snapcoeff"),
        (
            ["InP_JCPA2020"],
            "chemflag 1 (components of each combination of elements) is not supported",
        ),
        (["Ta06A", "--samples", "0"], "samples = 0 must be 1 or more"),
        (["Ta06A", "--spread", "nan"], "spread = nan"),
    ],
)
def test_unfit_ensembles_are_refused(arguments, words, tmp_path, capsys):
    folder = tmp_path / "made"
    assert relaxdiff.cli.main(["ensemble", arguments[0], str(folder), *arguments[1:]]) == 1
    assert words in capsys.readouterr().err
    assert not folder.exists()
