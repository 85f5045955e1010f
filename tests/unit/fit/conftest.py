"""A vacancy with an alchemical neighbour, and a target that known coefficients of X relax it to."""

from dataclasses import dataclass

import numpy as np
import pytest
from fit_case import CHANGE, LATTICE_PARAMETER, SETTINGS

from relaxdiff import relax
from relaxdiff.fit import setup
from relaxdiff.fit.fitted import fit_parameters
from relaxdiff.fit.problem import FitProblem, response
from relaxdiff.fit.setup import fit_problem
from relaxdiff.minima.minimum import Minimum
from relaxdiff.potentials.snap.alchemical import alchemical
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal


@dataclass(frozen=True)
class Case:
    """What a fit starts from; theta: coefficients (eV) of X with which the target is a minimum."""

    start: Minimum
    target: object
    crystal: PerfectCrystal
    problem: FitProblem
    theta: np.ndarray


@pytest.fixture(scope="session", autouse=True)
def crystals_once():
    """Force constants of a potential's crystal are computed once for all tests."""
    found, compute = {}, setup.crystal_force_constants

    def remembered(potential, crystal):
        key = potential.theta.tobytes(), crystal
        if key not in found:
            found[key] = compute(potential, crystal)
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "crystal_force_constants", remembered)
        yield


@pytest.fixture(scope="session")
def settings():
    """`fit` of a config."""
    return SETTINGS


@pytest.fixture(scope="session")
def case(tungsten):
    """15 atoms; X changes such that the atoms move as far as possible."""
    crystal = PerfectCrystal("W", "bcc", LATTICE_PARAMETER)
    start = relax(vacancy_cell("W", LATTICE_PARAMETER, 2), tungsten, "fixed", tolerance=1e-9)
    unmoved = fit_problem(start, start.atoms, crystal, SETTINGS)
    with unmoved.potential.evaluator(unmoved.coordinates) as evaluator:
        mixed = evaluator.mixed(unmoved.start, unmoved.potential.theta)
    jacobian = response(unmoved.hessian(unmoved.start, unmoved.potential), mixed)
    strongest = np.linalg.svd(jacobian)[2][0]
    theta = unmoved.potential.theta
    theta = theta + CHANGE * np.linalg.norm(theta) * strongest
    target = relax(
        unmoved.coordinates.structure(unmoved.start),
        unmoved.potential.with_theta(theta),
        "fixed",
        tolerance=1e-9,
        symmetry=False,
    )
    assert target.converged
    problem = fit_problem(start, target.atoms, crystal, SETTINGS)
    return Case(start, target.atoms, crystal, problem, theta)


@pytest.fixture(scope="session")
def with_x(tungsten):
    """W_2940_2017_2 with X, which is tungsten to begin with."""
    return alchemical(tungsten, "W")


@pytest.fixture(scope="session")
def fits(case):
    """The results of all methods, a dict of Datasets, and the lines that were reported."""
    found = {}
    for method in ("direct", "relaxed", "published"):
        lines = []
        result = fit_parameters(case.problem, SETTINGS | {"method": method}, lines.append)
        found[method] = result, lines
    return found
