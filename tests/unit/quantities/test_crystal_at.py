"""Quantities of a crystal at any parameters against differences of relaxed crystals."""

import numpy as np
import pytest

from relaxdiff.quantities.crystal_at import CrystalQuantities
from relaxdiff.structures.lattices import starting_crystal

FIVE_POINTS = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}


def compare(potential, quantities, places, step, rel=1e-6):
    """All gradients by some parameters with differences; steps are relative."""
    found, _ = quantities.at(potential)
    for place in places:
        size = step * abs(potential.theta[place])

        def at(times, place=place, size=size):
            theta = potential.theta.copy()
            theta[place] += times * size
            return quantities.at(potential.with_theta(theta))[0]

        ends = {times: at(times) for times in FIVE_POINTS}
        for name, quantity in found.items():
            expected = sum(ends[n][name].values * w for n, w in FIVE_POINTS.items()) / size
            scale = max(np.abs(quantity.gradient).max(), np.abs(quantity.values).max())
            assert quantity.gradient[:, place] == pytest.approx(expected, rel=rel, abs=rel * scale)


def silicon(**options):
    """Stillinger-Weber silicon and its quantities."""
    pytest.importorskip("jax")  # which `make jax` adds
    from relaxdiff.potentials.analytic import analytic_potential

    potential, start = (
        analytic_potential("stillinger_weber"),
        starting_crystal("Si", "diamond", 5.431),
    )
    return potential, CrystalQuantities(potential, start, **options)


@pytest.mark.parametrize("held", [False, True])
def test_gradients_of_silicon(held):
    potential, quantities = silicon(held=held)
    compare(potential, quantities, places=(0, 1, 3, 7), step=1e-4)


def test_gradients_of_tungsten(tungsten):
    quantities = CrystalQuantities(tungsten, starting_crystal("W", "bcc"))
    compare(tungsten, quantities, places=(30,), step=1e-3)


def test_gradients_of_a_hexagonal_crystal():
    pytest.importorskip("jax")  # which `make jax` adds
    from relaxdiff.potentials.analytic import analytic_potential

    potential = analytic_potential("lennard_jones")
    quantities = CrystalQuantities(potential, starting_crystal("Ar", "hcp", 1.09))
    found, crystal = quantities.at(potential)
    assert found["lattice_parameter_c"].values[0] == crystal.c
    assert {"c11", "c12", "c13", "c33", "c44"} <= set(found)
    compare(potential, quantities, places=(0, 3), step=1e-4)


def test_known_values_and_exact_derivatives_of_silicon():
    """arXiv:2409.13844's constants; energy scales with epsilon and lengths with sigma."""
    potential, quantities = silicon(held=True)
    held, _ = quantities.at(potential)
    known = {"c11": 151.4131, "c12": 76.4154, "c44": 56.4463}
    for name, value in known.items():
        assert held[name].values[0] == pytest.approx(value, abs=5e-3)
    potential, quantities = silicon()
    found, crystal = quantities.at(potential)
    names = potential.parameters.names
    by = dict(zip(names, found["lattice_parameter"].gradient[0], strict=True))
    sigma = potential.theta[names.index("sigma")]
    assert by["sigma"] == pytest.approx(crystal.a / sigma, rel=1e-10)
    assert abs(by["epsilon"]) < 1e-10
    assert abs(by["lambda"]) < 1e-10
