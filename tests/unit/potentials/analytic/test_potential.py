"""An analytic potential is a Potential: parameters, what it writes, evaluators, other values."""

import numpy as np
import pytest
from zoo import ALLOY, MORSE, alloy_with_a_vacancy

from relaxdiff.exceptions import InputError
from relaxdiff.potentials import Potential
from relaxdiff.potentials.analytic import AnalyticEvaluator, AnalyticPotential, analytic_potential
from relaxdiff.structures import coordinates_of


def test_it_is_a_potential_that_is_not_linear():
    potential = analytic_potential("lennard_jones", ALLOY, ["Ne", "Xe"])
    assert isinstance(potential, Potential)
    assert not potential.is_linear
    assert potential.in_lammps
    assert potential.elements == ("Ne", "Xe")
    assert potential.reach == 2.5
    assert potential.energy_shifts.tolist() == [0, 0]
    assert potential.shift_of(alloy_with_a_vacancy()) == 0
    values = dict(zip(potential.parameters.names, potential.theta, strict=True))
    assert values == {"epsilon_AA": 1.0, "sigma_AA": 1.0} | ALLOY
    assert potential.weights.tolist() == [*potential.theta, 1.0]


def test_other_values_leave_the_first_ones():
    potential = analytic_potential("stillinger_weber")
    other = potential.with_theta(2 * potential.theta, energy_shift=0.0, name="twice")
    assert (potential.name, other.name) == ("stillinger_weber", "twice")
    assert np.array_equal(other.theta, 2 * potential.theta)
    assert other.reach == pytest.approx(4 * potential.reach)  # a sigma
    assert np.array_equal(other.parameters.theta, other.theta)
    assert potential.with_theta(other.theta).name == "stillinger_weber"


def test_its_evaluator_is_of_the_structure_and_at_its_parameters():
    potential = analytic_potential("lennard_jones", ALLOY)
    coordinates = coordinates_of(alloy_with_a_vacancy())
    with potential.evaluator(coordinates) as evaluator:
        assert isinstance(evaluator, AnalyticEvaluator)
        assert evaluator.coordinates is coordinates
        assert np.array_equal(evaluator.theta, potential.theta)


def test_a_users_potential_is_not_in_lammps(tmp_path):
    potential = analytic_potential(MORSE)
    assert not potential.in_lammps
    for ask in (potential.write, potential.lammps_lines):
        with pytest.raises(InputError, match="morse_copper: LAMMPS has no pair style for it"):
            ask(tmp_path / "Cu")


def test_unfit_parameters_are_refused():
    with pytest.raises(InputError, match="has no parameter epsilon; it has epsilon_AA, epsilon_AB"):
        analytic_potential("lennard_jones", {"epsilon": 1.0})
    model = analytic_potential("lennard_jones").model
    for theta in (np.ones(5), np.full(6, np.nan)):
        with pytest.raises(InputError, match="lennard_jones: needs 6 finite parameters"):
            AnalyticPotential(model, theta)
