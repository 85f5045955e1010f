"""One atom of each orbit is enough."""

import numpy as np
import pytest
from coordinate_cases import somewhere

from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.structures.coordinates import (
    coordinates_of,
)
from relaxdiff.structures.kinds import vacancy_cell


@pytest.mark.parametrize("name", ["six", "shaken", "fault"])
def test_both_evaluators_agree(request, tungsten, name):
    coordinates = request.getfixturevalue(name)
    potential = tungsten.hyperparameters, tungsten.baseline
    with (
        OrbitColumns(coordinates, *potential) as orbits,
        AllAtomColumns(coordinates, *potential) as full,
    ):
        for size in (0.0, 0.02, 0.15, 0.05):
            q = somewhere(coordinates, size)
            pairs = (orbits.columns(q), full.columns(q)), (orbits.values(), full.values())
            for ours, theirs in pairs:
                assert ours == pytest.approx(theirs, abs=1e-11 * np.abs(theirs).max())


@pytest.mark.parametrize("repeats", [2, 3])
@pytest.mark.parametrize("direction", [None, (0, 0, 1), (1, 1, 1)])
def test_one_atom_of_each_orbit_is_enough(tungsten, repeats, direction):
    atoms = vacancy_cell("W", 3.18, repeats)
    if direction is not None:  # the vacancy's neighbour along <111>, moved
        atoms.positions[0] += 0.03 * np.array(direction)
    coordinates = coordinates_of(atoms)
    potential = tungsten.hyperparameters, tungsten.baseline
    rng = np.random.default_rng(0)
    with (
        OrbitColumns(coordinates, *potential) as orbits,
        AllAtomColumns(coordinates, *potential) as full,
    ):
        assert len(orbits.sizes) < len(atoms)
        # Neighbours change from each to the next; the last makes the cluster grow.
        for size in (0.0, 0.02, -0.15, 0.15, -0.1, 0.05, 0.051, 0.3):
            q = size * rng.normal(size=coordinates.size)
            q[-1] = -size / 4
            pairs = (orbits.columns(q), full.columns(q)), (orbits.values(), full.values())
            for ours, theirs in pairs:
                assert ours == pytest.approx(theirs, abs=1e-11 * np.abs(theirs).max())
