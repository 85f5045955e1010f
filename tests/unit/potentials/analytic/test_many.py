"""Many structures at once are each what they are alone."""

import numpy as np
from ase.build import bulk

from relaxdiff.potentials.analytic import analytic_potential
from relaxdiff.potentials.analytic.many import AT_ONCE
from relaxdiff.structures import Freedom, cell_strains, coordinates_of

RADIUS = 5.0  # Angstrom, well beyond the cutoff


def silicon():
    """Potential, coordinates of two atoms with all strains, and parameters of some variants."""
    potential = analytic_potential("stillinger_weber")
    atoms = bulk("Si", "diamond", a=5.43)
    coordinates = coordinates_of(
        atoms, Freedom(cell_strains("full", atoms, reach=np.inf)), symmetry=False
    )
    random = np.random.default_rng(4)
    theta = potential.theta * (1 + 0.02 * random.standard_normal((3, potential.theta.size)))
    return potential, coordinates, theta, random


def test_energies_and_derivatives_are_those_of_an_evaluator():
    potential, coordinates, theta, random = silicon()
    q = 0.02 * random.standard_normal((len(theta), coordinates.size))
    energy, gradient, hessian = potential.many(coordinates, RADIUS).second_order(theta, q)
    with potential.evaluator(coordinates) as alone:
        for each, parameters in enumerate(theta):
            given = q[each], parameters
            assert np.isclose(energy[each], alone.energy(*given), rtol=1e-13)
            assert np.allclose(gradient[each], alone.gradient(*given), rtol=0, atol=1e-12)
            assert np.allclose(hessian[each], alone.hessian(*given), rtol=0, atol=1e-10)


def test_structures_of_their_own_and_more_than_go_through_at_once():
    potential, coordinates, theta, random = silicon()
    many, count = potential.many(coordinates, RADIUS), AT_ONCE + 1
    theta = np.resize(theta, (count, theta.shape[1]))
    q = 0.02 * random.standard_normal((count, coordinates.size))
    there = [coordinates.structure(each) for each in q]
    structures = (
        np.array([each.positions for each in there]),
        np.array([each.cell for each in there]),
    )
    energy, gradient, _ = many.second_order(theta, structures=structures)
    for each in (0, count - 1):
        with potential.evaluator(coordinates.at(q[each])) as alone:
            at_rest = np.zeros(coordinates.size)
            assert np.isclose(energy[each], alone.energy(at_rest, theta[each]), rtol=1e-13)
            expected = alone.gradient(at_rest, theta[each])
            assert np.allclose(gradient[each], expected, rtol=0, atol=1e-12)


def test_dynamical_matrices_are_those_of_each():
    potential, coordinates, theta, random = silicon()
    many, waves = potential.many(coordinates, RADIUS), random.standard_normal((2, 3))
    stretched = coordinates.reference.copy()
    stretched.set_cell(1.01 * stretched.cell.array, scale_atoms=True)
    both = [coordinates.reference, stretched]
    structures = np.array([each.positions for each in both]), np.array([each.cell for each in both])
    found = many.dynamical_matrices(theta[:2], structures, np.array([waves, waves]))
    for atoms, parameters, matrices in zip(both, theta, found, strict=False):
        expected = potential.with_theta(parameters).dynamical_matrices(atoms, waves)
        assert np.allclose(matrices, expected, rtol=0, atol=1e-11)
