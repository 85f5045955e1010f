"""The direct way: the least change of parameters that makes the target a stable minimum.

For a potential that is linear in its free parameters, the forces on the target's atoms are linear
in their change d, f + G d = 0, and that the target is stable is a linear matrix inequality
(`curvature`). The shortest d that fulfils both is a convex problem, without any relaxation in it.
If it has no solution, that is the answer.
"""

import numpy as np
from scipy.sparse import csr_array

from relaxdiff.exceptions import RelaxationError
from relaxdiff.fit.curvature import Stability, stable_change
from relaxdiff.fit.least_change import least_change
from relaxdiff.fit.problem import TOLERANCE
from relaxdiff.fit.progress import line
from relaxdiff.minima import FactorisedCrystal, relax
from relaxdiff.potentials.snap import chosen_hessian
from relaxdiff.structures import images_near

# Directions of parameter space along which the forces change less than this, relative to the
# strongest, do not balance forces: the change of parameters would be large.
WEAKEST = 1e-2
AT_REST = 1e-4  # eV/Angstrom; atoms with smaller forces need not be relaxed first


def direct(problem, settings, report):
    """The Steps of a FitProblem: the start, and the solution's structure, relaxed from the target.

    settings: with `margin`, `largest_change`; report: takes lines. Raises RelaxationError, which
    says which condition fails, if there is no solution.
    """
    potential = problem.potential
    with potential.evaluator(problem.coordinates) as evaluator:
        steps = [problem.step_at(evaluator, problem.start, potential.theta)]
        report(line(0, steps[0]))
        target = settled(problem, evaluator, report)
        forces = evaluator.gradient(target, potential.theta)
        stability = stability_at(problem, target, potential)
        mixed = evaluator.mixed(target, potential.theta)
        change, lowest = _solution(problem, (forces, mixed), stability, settings, report)
        size = np.linalg.norm(change) / np.linalg.norm(potential.theta)
        if size > settings["largest_change"]:
            raise RelaxationError(
                f"fit: no change of up to {100 * settings['largest_change']:.3g}% of the free "
                f"parameters makes the target a minimum: the least one is {size:.1%}; allow more "
                "(fit.largest_change), lower fit.margin, or free other parameters"
            )
        theta = potential.theta + change
        end = problem.relax(evaluator, target, theta)
        if not end.converged:
            report(f"the solution does not relax: forces of {end.max_gradient:.1e} eV/A are left")
        steps.append(problem.step_at(evaluator, end.q, theta, lowest))
        report(line(1, steps[-1]))
    return steps


def settled(problem, evaluator, report):
    """The target after atoms that no free parameter acts on were relaxed around it, q (n,).

    Raises RelaxationError if these do not come to rest.
    """
    coordinates, potential = problem.coordinates, problem.potential
    atoms, nowhere = coordinates.reference, np.zeros(coordinates.size)
    held = coordinates.held
    inside, _ = images_near(atoms, atoms.positions[potential.centres(atoms)], potential.reach)
    held[inside] = True
    slopes = (coordinates.modes @ evaluator.gradient(nowhere, potential.theta)).reshape(-1, 3)
    if held.all() or np.abs(slopes[~held]).max() < AT_REST:
        return nowhere
    crystal = FactorisedCrystal(problem.force_constants, atoms, held, problem.axes)
    around = relax(
        atoms, potential, "fixed", TOLERANCE, symmetry=False, preconditioner=crystal, fixed=held
    )
    if not around.converged:
        raise RelaxationError(
            f"fit: the atoms around the target that no free parameter acts on are {around.status}"
        )
    moved = around.atoms.positions - atoms.positions
    report(
        f"{(~held).any(axis=1).sum()} atoms that the free parameters do not act on were relaxed "
        f"around the target, by up to {np.linalg.norm(moved, axis=1).max():.3f} A"
    )
    return coordinates.pull_back(moved)


def stability_at(problem, q, potential):
    """The Stability of the structure at q with a RestrictedPotential."""
    coordinates = problem.coordinates.at(q)
    components, tensor = chosen_hessian(coordinates, potential)
    return Stability(
        problem.hessian(q, potential),
        problem.crystal_hessian(q),
        csr_array(coordinates.modes[components]),
        tensor,
    )


def _solution(problem, at_target, stability, settings, report):
    """The least change of parameters (P,) and the lowest curvature with it, in times the crystal's.

    at_target: dU/dq, (n,), and its derivatives by the free parameters, (n, P).
    """
    forces, mixed = at_target
    scale = problem.scale
    left, sizes, right = np.linalg.svd(mixed @ scale, full_matrices=False)
    strong = sizes > WEAKEST * sizes[0]
    equations = sizes[strong, None] * right[strong]
    wanted = -left[:, strong].T @ forces
    balanced = least_change(equations, wanted, np.zeros((0, scale.shape[1])), np.zeros(0))
    rest = np.abs(forces + mixed @ scale @ balanced).max()
    report(f"forces on the target: {np.abs(forces).max():.3g} eV/A, balanced to {rest:.2g}")

    def solve(conditions, bounds):
        found = least_change(equations, wanted, conditions @ scale, bounds)
        return None if found is None else scale @ found

    change, lowest, rounds = stable_change(solve, stability, settings["margin"])
    if change is None:
        raise RelaxationError(
            "fit: no change of the free parameters makes the target stable: its forces can be "
            f"balanced to {rest:.2g} eV/Angstrom, but not with all curvatures above "
            f"{settings['margin']:g} of the crystal's; lower fit.margin, or free other parameters"
        )
    report(f"{rounds} rounds of cutting planes, lowest curvature {lowest:.3f} of the crystal's")
    return change, lowest
