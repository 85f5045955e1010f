"""Symmetry decides which evaluator serves a structure."""

from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.kinds import vacancy_cell


def test_symmetry_decides_the_evaluator(tungsten):
    shaken = vacancy_cell("W", 3.18, 2)
    shaken.rattle(0.01, seed=1)
    with tungsten.evaluator(coordinates_of(shaken)) as evaluator:
        assert isinstance(evaluator.source, AllAtomColumns)
    with tungsten.evaluator(coordinates_of(vacancy_cell("W", 3.18, 2))) as evaluator:
        assert isinstance(evaluator.source, OrbitColumns)
