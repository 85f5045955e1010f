"""What is no minimum of a fitted potential is told."""

import numpy as np
from ase.build import bulk
from entries import vacancy

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.fit.property_results import posterior_about
from relaxdiff.fit.unstable import instabilities
from relaxdiff.minima.reference import relax_reference
from relaxdiff.minima.relaxation import relax
from relaxdiff.posterior.variants import lambda_grid, variant_weights
from relaxdiff.structures.lattices import starting_crystal

CRYSTAL = {"element": "W", "lattice": "bcc", "lattice_parameter": None}
START = starting_crystal("W", "bcc")


def told_of(potential, minima=None):
    root = 1e-6 * np.eye(1, 1 + len(potential.theta), 1)
    return instabilities(potential, posterior_about(potential, root), START, 2, minima or {})


def test_minima_are_not_told(tungsten):
    assert told_of(tungsten, {"vacancy": relax_reference(tungsten, CRYSTAL, vacancy(2))}) == []


def test_an_unstable_crystal_is_told(tungsten, posterior):
    """A variant that a study finds unstable."""
    lambdas = lambda_grid(-40, 40, 40)
    status = bulk_of_variants(tungsten, posterior, lambdas, START, 2)["status"].values
    place = next(zip(*np.nonzero(np.char.endswith(status.astype(str), "unstable")), strict=True))
    far = variant_weights(posterior, lambdas)[place][:-1]
    (sentence,) = told_of(tungsten.with_theta(far, name="far"))
    assert sentence == f"far: the bcc crystal of the mean parameters is {status[place]}"


def test_a_saddle_point_is_told(tungsten):
    """An atom in an octahedral site, relaxed in its symmetry."""
    atoms = bulk("W", "bcc", a=3.18, cubic=True).repeat(2)
    atoms.append("W")
    atoms.positions[-1] = np.array([0.5, 0.5, 0.0]) * 3.18
    minimum = relax(atoms, tungsten)
    assert minimum.converged
    (sentence,) = told_of(tungsten, {"octahedral": minimum})
    assert sentence.startswith("structures.octahedral: is a saddle point of W_2940_2017_2")
    assert "curvature of -" in sentence
