"""The whole Hessian, factorised once: for as many coordinates as fit into memory."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from relaxdiff.derivative.solvers.problem import Solved
from relaxdiff.exceptions import RelaxationError

# Angstrom; atoms are displaced by as much and twice as much for differences. The error of the
# four-point formula (step^4) and the rounding of gradients (1 / step) leave the derivative good to
# 1e-9.
DIFFERENCE_STEP = 5e-4


@dataclass(frozen=True)
class Dense:
    """Hessian by central differences of gradients in symmetric coordinates; one factorisation."""

    def solve(self, problem, right):
        """Solve H_uu x = right, (m, k); a Solved, with the Hessian tensor.

        Raises RelaxationError when the structure is a saddle point.
        """
        tensor = hessian_tensor(problem.evaluator)
        hessian = tensor @ problem.weights
        scale = problem.coordinates.scale
        lowest = np.linalg.eigvalsh(hessian / np.outer(scale, scale))[0]
        if lowest <= 0:
            raise RelaxationError(
                f"the relaxed structure is a saddle point (curvature {lowest:.2e} eV/A^2): shake "
                "its atoms, or relax it with symmetry=False"
            )
        size = problem.n_displacements
        x = scipy.linalg.solve(hessian[:size, :size], right, assume_a="pos")
        return Solved(x, ("converged",) * right.shape[1], tensor=tensor)


def hessian_tensor(evaluator):
    """H_l = d2 D_l / dq2 at q = 0 by central differences of gradients, symmetrised.

    Four points along each coordinate: [8 g(h) - 8 g(-h) - g(2h) + g(-2h)] / 12h
    (Fornberg, Math. Comp. 51, 699 (1988), table 1). Returns shape (n, n, P + 1), the fixed
    reference last; 4 n evaluations.
    """
    steps = difference_steps(evaluator.coordinates)
    rows = [hessian_row(evaluator, index, step) for index, step in enumerate(steps)]
    tensor = np.array(rows)
    return (tensor + tensor.transpose(1, 0, 2)) / 2


def hessian_row(evaluator, index, step):
    """d2 D / dq dq_index at q = 0, shape (n, P + 1); 4 evaluations."""
    direction = np.zeros(evaluator.coordinates.size)
    direction[index] = 1
    near, far = (
        evaluator.gradient(length * direction) - evaluator.gradient(-length * direction)
        for length in (step, 2 * step)
    )
    return (8 * near - far) / (12 * step)


def difference_steps(coordinates):
    """One step for each coordinate, such that the atom that moves most moves DIFFERENCE_STEP."""
    per_mode = abs(coordinates.modes).max(axis=0).toarray().ravel()
    per_strain = coordinates.scale[coordinates.n_modes :]
    return DIFFERENCE_STEP / np.append(per_mode, per_strain)
