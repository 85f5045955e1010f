"""Crystals with one length are interpolated as LAMMPS evaluates them."""

import numpy as np
import pytest

from relaxdiff.crystals.compared import crystal_of_variants
from relaxdiff.crystals.stretched import OneLengthColumns, evaluator_of_crystal
from relaxdiff.exceptions import EvaluationError
from relaxdiff.potentials.linear import weights_of
from relaxdiff.predictions.evaluated import coordinates_of_crystal
from relaxdiff.structures.coordinates import Freedom, coordinates_of
from relaxdiff.structures.kinds import bulk_cell

NORMAL = np.array([1.0, 1.0, 0.0]) / np.sqrt(2)
BASES = {"relaxed": np.eye(3)[None], "held in a plane": np.outer(NORMAL, NORMAL)[None]}


@pytest.fixture(scope="module", params=BASES)
def crystal(request, tungsten, posterior, bulk):
    return crystal_of_variants(tungsten, posterior, bulk, BASES[request.param])


@pytest.mark.parametrize("strain", [-0.03, 0.0, 0.011, 0.04])
def test_energy_and_gradient_are_those_of_lammps(tungsten, crystal, strain):
    coordinates, q = coordinates_of_crystal(crystal), np.array([strain])
    with (
        evaluator_of_crystal(tungsten, crystal, coordinates) as ours,
        tungsten.evaluator(coordinates) as theirs,
    ):
        assert isinstance(ours.source, OneLengthColumns)
        for theta in (tungsten.theta, 1.1 * tungsten.theta):
            expected = theirs.energy(q, theta)
            assert ours.energy(q, theta) == pytest.approx(expected, rel=0, abs=1e-10)
            np.testing.assert_allclose(
                ours.gradient(q, theta), theirs.gradient(q, theta), rtol=0, atol=1e-7
            )
        np.testing.assert_allclose(
            ours.columns(q) @ weights_of(tungsten.theta), ours.gradient(q, tungsten.theta)
        )


def test_lengths_that_were_not_looked_at_have_no_value(tungsten, crystal):
    with evaluator_of_crystal(tungsten, crystal, coordinates_of_crystal(crystal)) as evaluator:
        with pytest.raises(EvaluationError, match="Angstrom is not between"):
            evaluator.gradient(np.array([0.3]), tungsten.theta)


def test_crystals_with_more_freedom_go_to_lammps(tungsten, crystal):
    two = coordinates_of(bulk_cell("W", 3.18), Freedom(np.array([np.eye(3), np.diag([1.0, 0, 0])])))
    with evaluator_of_crystal(tungsten, crystal, two) as evaluator:
        assert not isinstance(evaluator.source, OneLengthColumns)
