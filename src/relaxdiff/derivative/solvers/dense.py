"""The whole Hessian, factorised once; memory limits the number of coordinates."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from relaxdiff.derivative.solvers.problem import Solved
from relaxdiff.exceptions import RelaxationError
from relaxdiff.potentials import weights_of


@dataclass(frozen=True)
class Dense:
    """Hessian by central differences in symmetric coordinates, factorised once.

    For linear potentials: its Problem has a LinearEvaluator.
    """

    def solve(self, problem, right):
        """Solve H_uu x = right, (m, k); a Solved, with the Hessian tensor.

        Raises RelaxationError when the structure is a saddle point.
        """
        tensor = problem.evaluator.hessian_columns()
        hessian = tensor @ weights_of(problem.theta)
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
