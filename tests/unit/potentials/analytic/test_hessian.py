"""The whole Hessian is what products with it say, also where neighbours occur twice."""

import sys

import numpy as np
import pytest
from ase.build import bulk

from relaxdiff.structures.coordinates import Freedom, coordinates_of

pytest.importorskip("jax")  # which `make jax` adds

from relaxdiff.potentials.analytic import analytic_potential

STRAINS = np.array([np.eye(3), [[0, 1, 0], [1, 0, 0], [0, 0, 0]]], dtype=float)


def made(name, repeats):
    lattice, a, element = {"lj": ("fcc", 1.6, "Ar"), "sw": ("diamond", 5.43, "Si")}[name]
    atoms = bulk(element, lattice, a=a, cubic=True).repeat(repeats)
    if name == "lj":
        atoms.symbols[::2] = "Kr"
    atoms.rattle(0.02 * a, seed=1)
    potential = analytic_potential({"lj": "lennard_jones", "sw": "stillinger_weber"}[name])
    coordinates = coordinates_of(atoms, Freedom(STRAINS), symmetry=False)
    return potential, coordinates


@pytest.mark.parametrize(("name", "repeats"), [("lj", (1, 1, 2)), ("sw", (1, 1, 1))])
def test_rows_of_single_atoms_are_those_of_the_whole(name, repeats, monkeypatch):
    module = sys.modules["relaxdiff.potentials.analytic.hessian"]
    monkeypatch.setattr(module, "ATOMS_AT_ONCE", 3)  # the last block is not full
    potential, coordinates = made(name, repeats)
    q = 0.01 * np.random.default_rng(2).normal(size=coordinates.size)
    theta = potential.theta
    with potential.evaluator(coordinates) as evaluator:
        hessian = evaluator.hessian(q, theta)
        products = [evaluator.hessian_product(q, theta, unit) for unit in np.eye(len(q))]
        tensor = evaluator.hessian_columns()
        rows = evaluator.hessian_columns([9, 0, 4])
        at_rest = evaluator.hessian(np.zeros(len(q)), theta)
        index, step = 1, 1e-5
        changed = np.eye(len(theta))[index] * step
        ends = [evaluator.hessian(np.zeros(len(q)), theta + way * changed) for way in (1, -1)]
    size = np.abs(hessian).max()
    np.testing.assert_allclose(hessian, products, atol=1e-12 * size)
    np.testing.assert_allclose(rows, tensor[[9, 0, 4]], atol=1e-12 * np.abs(tensor).max())
    np.testing.assert_allclose(tensor @ np.append(theta, 1), at_rest, atol=1e-10 * size)
    slopes = (ends[0] - ends[1]) / (2 * step)
    np.testing.assert_allclose(tensor[..., index], slopes, atol=1e-6 * np.abs(slopes).max())
