"""Symmetry decides which evaluator serves a structure."""

from relaxdiff.lammps.all_atoms import FullEvaluator
from relaxdiff.lammps.orbits import OrbitEvaluator
from relaxdiff.potentials.snap.evaluator import evaluator_for
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.kinds import vacancy_cell


def test_symmetry_decides_the_evaluator(tungsten):
    shaken = vacancy_cell("W", 3.18, 2)
    shaken.rattle(0.01, seed=1)
    with evaluator_for(coordinates_of(shaken), tungsten) as evaluator:
        assert isinstance(evaluator, FullEvaluator)
    with evaluator_for(coordinates_of(vacancy_cell("W", 3.18, 2)), tungsten) as evaluator:
        assert isinstance(evaluator, OrbitEvaluator)
