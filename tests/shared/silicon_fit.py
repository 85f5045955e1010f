"""Stillinger-Weber silicon fitted to elastic constants: what tests of the fit share. Needs JAX."""

import functools

import numpy as np

from relaxdiff.fit.optimised import Search, minimised
from relaxdiff.fit.properties import Properties, Remembered, Target
from relaxdiff.potentials.analytic import analytic_potential
from relaxdiff.structures.lattices import starting_crystal

# DFT, arXiv:2409.13844, GPa. Tolerances: how often each stands in the 6 x 6 matrix with 2 C44.
WANTED = {"c11": (153.214, 3**-0.5), "c12": (56.797, 6**-0.5), "c44": (74.833, 12**-0.5)}
FREE = ("epsilon", "lambda")


def targets():
    """The three elastic constants."""
    return [Target(name, np.array([value]), width) for name, (value, width) in WANTED.items()]


@functools.cache
def properties(held=True):
    """Properties of silicon; compiled functions serve all tests."""
    potential = analytic_potential("stillinger_weber", {"epsilon": 2.16826})
    return Properties(potential, starting_crystal("Si", "diamond", 5.431), held=held)


def directions(of):
    """One direction for each of FREE, of the length of its value."""
    names = of.potential.parameters.names
    found = np.zeros((len(FREE), len(of.start)))
    for row, name in enumerate(FREE):
        place = len(of.start) - len(names) + names.index(name)
        found[row, place] = of.start[place]
    return found


def search(held=True, prior=False, folder=None, report=lambda line: None):
    """A Search that has not begun."""
    of = properties(held)
    remembered = Remembered(of, folder, b"silicon")
    return Search(remembered, targets(), directions(of), prior, report)


@functools.cache
def fitted():
    """A Search that has ended."""
    found = search()
    minimised(found, "gauss_newton", 50)
    return found
