"""The implicit derivative of a relaxed structure with respect to the potential's parameters.

At a minimum the gradient g(q*; Theta) vanishes for every Theta; differentiating that identity gives

    dq*/dTheta = -H^-1 G,    G = dD/dq,    H = d2U/dq2    (eq 5 of arXiv:2407.02414).

A solver inverts the displacement block H_uu alone. The strain follows by block elimination: with
x = -H_uu^-1 G_u and y = -H_uu^-1 H_ue,

    strain = -(G_e + H_eu x) / (H_ee + H_eu y),    u = x + y strain    (eq 33, solved blockwise).
"""

import numpy as np
import scipy.linalg
import xarray as xr

from relaxdiff.datasets import variable
from relaxdiff.evaluation import evaluator_for
from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.potential import parameter_names
from relaxdiff.quasi_newton import largest_component
from relaxdiff.solvers import SOLVERS
from relaxdiff.solvers.dense import difference_steps, hessian_row
from relaxdiff.solvers.problem import Problem

LEVELS = ("c", "h", "ih", "h+ih")


def implicit_derivative(minimum, solver="dense", directions=None):
    """Differentiate a relaxed structure with respect to the parameters of its potential.

    minimum: a converged `Minimum` from `relax`; solver: an object of `relaxdiff.solvers`, or the
    name of one for its default settings; directions: in parameter space, shape (P, k), or None for
    all P parameters (else the dimension `parameter` below is called `direction`).

    Returns an xarray Dataset. At the minimum's own cell, in scaled coordinates
    x = (x0 + u)(1 + strain):

    * `position_derivative` (parameter, atom, xyz): du/dtheta in Angstrom per unit of parameter,
      mean displacement zero;
    * `strain_derivative` (parameter): d(strain)/dtheta (zero if the cell was kept fixed);
    * `strain_coupling` (atom, xyz): du/dstrain of atoms that relax in a strained cell, Angstrom;
    * what predictions need: `descriptors` D, `energy`, `volume`, and for each approximation
      `level` of the paper the products `energy_curvature` = G^T dq*/dtheta (level, parameter,
      parameter_2) and `level_strain_derivative` (level, parameter);
    * from the dense solver, what relaxations near by need: `hessian_tensor` (mode, mode_2, column)
      and `mode_displacements` (mode, atom, xyz); the last mode is the strain if the cell relaxes.

    Raises InputError for a minimum that has not converged, an unknown solver or directions of
    another shape, RelaxationError when the structure is a saddle point or the solver fails.
    """
    n_parameters = minimum.potential.theta.size
    chosen = np.eye(n_parameters) if directions is None else np.asarray(directions, dtype=float)
    if chosen.ndim != 2 or len(chosen) != n_parameters:
        raise InputError(f"directions: shape {chosen.shape}, expected ({n_parameters}, k)")
    with _evaluator(minimum) as evaluator:
        problem = Problem(minimum, evaluator)
        columns, strain_column = _at_minimum(problem)
        values = evaluator.values()
        columns = columns @ chosen
        solved = _solve(problem, solver, -columns[: problem.n_displacements], strain_column)
        evaluations = evaluator.n_evaluations
    derivatives = _eliminate(solved.x, columns, strain_column)
    axis = "parameter" if directions is None else "direction"
    dataset = _dataset(minimum, values, columns, derivatives, chosen, axis)
    coupling = np.zeros(problem.n_displacements) if strain_column is None else solved.x[:, -1]
    dataset["strain_coupling"] = variable(
        ("atom", "xyz"),
        (problem.coordinates.modes @ coupling).reshape(-1, 3),
        "Angstrom",
        "displacement that relaxes the atoms per unit of strain: ih is h+ih without it",
    )
    dataset.attrs |= {
        "evaluations": evaluations,
        "iterations": sum(solved.iterations),
        "force_calls": solved.force_calls,
    }
    if solved.tensor is not None:
        dataset = dataset.assign(_second_derivatives(minimum.coordinates, solved.tensor))
    return dataset


def adjoint_derivative(minimum, position_gradient, strain_gradient=0.0, solver="dense"):
    """Gradient of one scalar of the relaxed structure with respect to all P parameters.

    position_gradient: of the scalar by the scaled positions u, (N, 3); strain_gradient: by the
    strain. With dq*/dTheta = -H^-1 G it is -(H^-1 s) . G, one solve whatever P is. Returns a
    DataArray (parameter). Raises as `implicit_derivative`.
    """
    with _evaluator(minimum) as evaluator:
        problem = Problem(minimum, evaluator)
        columns, strain_column = _at_minimum(problem)
        own = problem.coordinates.modes.T @ np.ravel(position_gradient)
        solved = _solve(problem, solver, -own[:, None], strain_column)
    # _eliminate solves H q = -s for any right-hand side s, gradients of columns or not.
    scalar = own if strain_column is None else np.append(own, strain_gradient)
    adjoint = _eliminate(solved.x, scalar[:, None], strain_column)[-1, :, 0]
    names = parameter_names(minimum.potential.hyperparameters)
    return xr.DataArray(adjoint @ columns, {"parameter": names}, "parameter")


def level_derivatives(hessian, columns, strain):
    """dq*/dtheta for each level of the paper, shape (level, n, P), from a Hessian at hand.

    hessian: (n, n) at the minimum; columns: G, (n, P); strain: whether the last coordinate is the
    strain.
    """
    size = len(hessian) - strain
    right = -np.column_stack([columns[:size], hessian[:size, size:]])
    x = scipy.linalg.solve(hessian[:size, :size], right, assume_a="pos") if size else right
    return _eliminate(x, columns, hessian[:, -1] if strain else None)


def _evaluator(minimum):
    if not minimum.converged:
        raise InputError(f"cannot differentiate a structure that is {minimum.status}")
    return evaluator_for(minimum.coordinates, minimum.potential)


def _at_minimum(problem):
    """G (n, P), and the strain's column of the Hessian (n,), None for a fixed cell."""
    coordinates, evaluator = problem.coordinates, problem.evaluator
    column = None
    if coordinates.strain:
        step = difference_steps(coordinates)[-1]
        column = hessian_row(evaluator, coordinates.size - 1, step) @ problem.weights
    columns = evaluator.gradient(np.zeros(coordinates.size))  # last: its values are asked for
    if largest_component(coordinates, columns @ problem.weights) > 1e-4:
        raise InputError("the minimum's potential and structure do not belong together")
    return columns[:, :-1], column


def _solve(problem, solver, right, strain_column):
    """A Solved for right-hand sides (m, k) and, last, the strain's."""
    if isinstance(solver, str):
        if solver not in SOLVERS:
            raise InputError(f"solver = '{solver}' is not one of {', '.join(SOLVERS)}")
        solver = SOLVERS[solver]()
    if strain_column is not None:
        right = np.column_stack([right, -strain_column[:-1]])
    solved = solver.solve(problem, right)
    failed = [status for status in solved.status if status != "converged"]
    if failed:
        raise RelaxationError(
            f"the solver failed for {len(failed)} of {len(solved.status)} right-hand sides: "
            f"{failed[0]}"
        )
    return solved


def _eliminate(x, columns, strain_column):
    """dq*/dtheta for each level, shape (level, n, k).

    x: H_uu^-1 (-G_u), and H_uu^-1 (-H_ue) as last column unless strain_column, H_qe, is None; 'c'
    moves nothing, 'h' the strain alone, 'ih' the atoms at fixed cell, 'h+ih' all.
    """
    if strain_column is None:
        still = np.zeros_like(x)
        return np.array([still, still, x, x])
    x, y = x[:, :-1], x[:, -1]
    mixed, curvature = strain_column[:-1], strain_column[-1]
    alone = -columns[-1] / curvature
    together = -(columns[-1] + mixed @ x) / (curvature + mixed @ y)
    derivatives = {
        "c": np.zeros_like(columns),
        "h": np.vstack([np.zeros_like(x), alone]),
        "ih": np.vstack([x, np.zeros_like(alone)]),
        "h+ih": np.vstack([x + np.outer(y, together), together]),
    }
    return np.array([derivatives[level] for level in LEVELS])


def _dataset(minimum, values, columns, derivatives, chosen, axis):
    """Everything that predictions need from the reference, with units."""
    potential, coordinates = minimum.potential, minimum.coordinates
    modes, full = coordinates.modes, derivatives[LEVELS.index("h+ih")]
    strains = derivatives[:, -1] if coordinates.strain else np.zeros_like(derivatives[:, 0])
    positions = (modes @ full[: modes.shape[1]]).T.reshape(chosen.shape[1], -1, 3)
    per_unit = f"per unit of {axis}"
    names = parameter_names(potential.hyperparameters)
    labels = names if axis == "parameter" else np.arange(chosen.shape[1])
    return xr.Dataset(
        {
            "position_derivative": variable(
                (axis, "atom", "xyz"),
                positions,
                "Angstrom per eV",
                f"derivative of scaled atomic positions at the reference cell, {per_unit}",
            ),
            "strain_derivative": variable(
                axis, strains[-1], "1/eV", f"derivative of isotropic strain, {per_unit}"
            ),
            "level_strain_derivative": variable(
                ("level", axis), strains, "1/eV", "derivative of strain at each level"
            ),
            "energy_curvature": variable(
                ("level", axis, f"{axis}_2"),
                np.einsum("np,lnr->lpr", columns, derivatives),
                "1/eV",
                "second derivative of the relaxed energy, G^T dq*/dtheta",
            ),
            "descriptors": variable(
                axis, values[:-1] @ chosen, "1", "descriptors summed over atoms at the minimum"
            ),
            "theta_mean": variable(
                "parameter", potential.theta, "eV", "parameters of the reference potential"
            ),
            "energy": variable(
                (),
                values @ potential.weights,
                "eV",
                "energy of the reference minimum without energy shift",
            ),
            "volume": variable((), minimum.atoms.get_volume(), "Angstrom^3", "reference volume"),
        },
        coords={
            "parameter": names,
            axis: labels,
            f"{axis}_2": labels,
            "level": list(LEVELS),
            "xyz": ["x", "y", "z"],
        },
        attrs={"potential": potential.name, "n_atoms": len(minimum.atoms)},
    )


def _second_derivatives(coordinates, tensor):
    """What the dense solver knows beyond the derivative."""
    modes = coordinates.modes.T.toarray().reshape(-1, len(coordinates.reference), 3)
    return {
        "hessian_tensor": variable(
            ("mode", "mode_2", "column"),
            tensor,
            "1/Angstrom^2",
            "second derivatives of descriptors in mode amplitudes and, last, strain; the last "
            "column is the fixed reference in eV",
        ),
        "orbit": variable(
            "atom", coordinates.orbits, "1", "first atom of the symmetry orbit of each atom"
        ),
        "mode_displacements": variable(
            ("displacement_mode", "atom", "xyz"), modes, "1", "orthonormal displacement modes"
        ),
    }
