"""Plain LAMMPS finds the same quantities, and a difference is told."""

import pandas as pd
import pytest
from entries import vacancy

from relaxdiff.fit.confirmed import AGREES, by_lammps, disagreements
from relaxdiff.fit.properties import Properties
from relaxdiff.minima.reference import relax_reference
from relaxdiff.quantities.structure_at import StructureQuantities
from relaxdiff.structures.lattices import starting_crystal


@pytest.fixture(scope="module")
def both(tungsten):
    """What the library and what LAMMPS finds."""
    potential, start = tungsten.with_theta(tungsten.theta, -2.0), starting_crystal("W", "bcc")
    settings = {"element": "W", "lattice": "bcc", "lattice_parameter": None}
    minimum = relax_reference(potential, settings, vacancy(2))
    crystal = Properties(potential, start).crystal.at(potential)[1]
    structures = {"vacancy": StructureQuantities("vacancy", minimum, "isotropic", crystal)}
    of = Properties(potential, start, structures)
    return of.at(of.start), by_lammps(potential, crystal, {"vacancy": minimum})


def test_lammps_agrees(both):
    own, confirmed = both
    assert set(confirmed) == set(own)
    for name, value in confirmed.items():
        assert own[name].values[0] == pytest.approx(value, rel=AGREES / 10)


def test_disagreements_are_told():

    columns = {"quantity": ["c11", "c12"], "unit": "GPa", "after": [500.0, 200.0]}
    table = pd.DataFrame(columns | {"lammps": [510.0, 200.0]})
    assert disagreements(table) == ["c11: 500 GPa, but plain LAMMPS finds 510"]
