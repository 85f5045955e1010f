"""Potentials of several elements and quadratic ones, each with a structure."""

import pytest
from crystal_study import shipped

from relaxdiff.structures.lattices import PerfectCrystal


@pytest.fixture(scope="module", params=["W-Be", "quadratic Cu"])
def case(request, tungsten_beryllium):
    """A potential and a structure of few coordinates: Be beside a vacancy in W; a vacancy in Cu."""
    if request.param == "W-Be":
        atoms = PerfectCrystal("W", "bcc", 3.18).conventional(2)
        atoms.symbols[1] = "Be"
        del atoms[0]
        return tungsten_beryllium, atoms
    atoms = PerfectCrystal("Cu", "fcc", 3.63).conventional(2)
    del atoms[0]
    return shipped("Cu_Zuo_JPCA2020.quadratic"), atoms
