"""The gradient of one scalar of a relaxed structure by all parameters, in one solve."""

import numpy as np
import xarray as xr

from relaxdiff.derivative.implicit import at_minimum, evaluator_at, solve
from relaxdiff.derivative.levels import eliminate
from relaxdiff.derivative.solvers import Problem


def adjoint_derivative(minimum, position_gradient, strain_gradient=0.0, solver="dense"):
    """Gradient of one scalar of the relaxed structure with respect to all P parameters.

    position_gradient: of the scalar by the scaled positions u, (N, 3); strain_gradient: by the
    strains, (strain,), or one number for all. With dq*/dTheta = -H^-1 G it is -(H^-1 s) . G, so one
    solve is enough for any P. Returns a DataArray (parameter). Raises as `implicit_derivative`.
    """
    with evaluator_at(minimum) as evaluator:
        problem = Problem(minimum, evaluator)
        columns, strain_columns = at_minimum(problem)
        own = problem.coordinates.modes.T @ np.ravel(position_gradient)
        solved = solve(problem, solver, -own[:, None], strain_columns)
    # eliminate solves H q = -s for any right-hand side s, gradients of columns or not.
    on_strains = np.broadcast_to(strain_gradient, strain_columns.shape[1])
    scalar = np.append(own, on_strains)
    adjoint = eliminate(solved.x, scalar[:, None], strain_columns)[-1, :, 0]
    names = list(minimum.potential.parameters.names)
    return xr.DataArray(adjoint @ columns, {"parameter": names}, "parameter")
