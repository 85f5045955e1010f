"""How many parameters a SNAP has, and what they are called."""

import pytest

from relaxdiff.potentials.snap.hyperparameters import SnapHyperparameters, parameter_names


@pytest.mark.parametrize(("twojmax", "count"), [(2, 5), (6, 30), (8, 55), (14, 204)])
def test_number_of_parameters(twojmax, count):
    assert SnapHyperparameters("W", twojmax, 4.7).n_parameters == count


def test_parameters_are_named_by_element(tungsten_beryllium):
    names = parameter_names(tungsten_beryllium.hyperparameters)
    assert len(names) == tungsten_beryllium.theta.size == 110
    assert (names[0], names[54], names[55]) == ("W_beta_1", "W_beta_55", "Be_beta_1")


def test_quadratic_snap_has_all_products():
    """Of K components K (K + 1) / 2 products, as in Wood & Thompson (2018), eq 6."""
    assert SnapHyperparameters("Cu", 6, 3.9, quadraticflag=1).n_parameters == 30 + 465
