"""The implicit derivative of a relaxed structure with respect to the potential's parameters.

At a minimum the gradient g(q*; Theta) vanishes for every Theta; differentiating that identity gives

    dq*/dTheta = -H^-1 G,    G = dD/dq,    H = d2U/dq2    (eq 5 of arXiv:2407.02414).

A solver inverts the displacement block H_uu alone. The strains, none to six, follow by block
elimination: with x = -H_uu^-1 G_u and y = -H_uu^-1 H_ue,

    strain = -(H_ee + H_eu y)^-1 (G_e + H_eu x),    u = x + y strain    (eq 33, solved blockwise).
"""

import numpy as np
import scipy.linalg
import xarray as xr

from relaxdiff.derivative.solvers import SOLVERS
from relaxdiff.derivative.solvers.dense import difference_steps, hessian_row
from relaxdiff.derivative.solvers.problem import Problem
from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.files.datasets import variable
from relaxdiff.lammps.all_atoms import evaluator_for
from relaxdiff.minima.quasi_newton import largest_component
from relaxdiff.minima.relaxation import strain_basis
from relaxdiff.potentials.snap.potential import parameter_names

LEVELS = ("c", "h", "ih", "h+ih")


def implicit_derivative(minimum, solver="dense", directions=None):
    """Differentiate a relaxed structure with respect to the parameters of its potential.

    minimum: a converged `Minimum` from `relax`; solver: an object of `relaxdiff.solvers`, or the
    name of one for its default settings; directions: in parameter space, shape (P, k), or None for
    all P parameters (else the dimension `parameter` below is called `direction`).

    Returns an xarray Dataset. At the minimum's own cell, in scaled coordinates
    x = (x0 + u)(1 + sum_k e_k B_k):

    * `position_derivative` (parameter, atom, xyz): du/dtheta in Angstrom per unit of parameter,
      mean displacement zero;
    * `strain_basis` (strain, xyz, xyz_2): the matrices B_k, none if the cell was kept fixed;
    * `strain_derivative` (parameter, strain): de_k/dtheta;
    * `strain_coupling` (strain, atom, xyz): du/de_k of atoms that relax in a strained cell,
      Angstrom;
    * what predictions need: `descriptors` D, `energy`, `volume`, and for each approximation
      `level` of the paper the products `energy_curvature` = G^T dq*/dtheta (level, parameter,
      parameter_2) and `level_strain_derivative` (level, parameter, strain);
    * from the dense solver, what relaxations near by need: `hessian_tensor` (mode, mode_2, column)
      and `mode_displacements` (mode, atom, xyz); the last modes of the tensor are the strains.

    Raises InputError for a minimum that has not converged, an unknown solver or directions of
    another shape, RelaxationError when the structure is a saddle point or the solver fails.
    """
    n_parameters = minimum.potential.theta.size
    chosen = np.eye(n_parameters) if directions is None else np.asarray(directions, dtype=float)
    if chosen.ndim != 2 or len(chosen) != n_parameters:
        raise InputError(f"directions: shape {chosen.shape}, expected ({n_parameters}, k)")
    with _evaluator(minimum) as evaluator:
        problem = Problem(minimum, evaluator)
        columns, strain_columns = _at_minimum(problem)
        values = evaluator.values()
        columns = columns @ chosen
        solved = _solve(problem, solver, -columns[: problem.n_displacements], strain_columns)
        evaluations = evaluator.n_evaluations
    derivatives = _eliminate(solved.x, columns, strain_columns)
    axis = "parameter" if directions is None else "direction"
    dataset = _dataset(minimum, values, columns, derivatives, chosen, axis)
    coupling = problem.coordinates.modes @ solved.x[:, chosen.shape[1] :]
    dataset["strain_coupling"] = variable(
        ("strain", "atom", "xyz"),
        coupling.T.reshape(-1, len(minimum.atoms), 3),
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
    strains, (strain,), or the same for all of them. With dq*/dTheta = -H^-1 G it is -(H^-1 s) . G,
    one solve whatever P is. Returns a DataArray (parameter). Raises as `implicit_derivative`.
    """
    with _evaluator(minimum) as evaluator:
        problem = Problem(minimum, evaluator)
        columns, strain_columns = _at_minimum(problem)
        own = problem.coordinates.modes.T @ np.ravel(position_gradient)
        solved = _solve(problem, solver, -own[:, None], strain_columns)
    # _eliminate solves H q = -s for any right-hand side s, gradients of columns or not.
    on_strains = np.broadcast_to(strain_gradient, strain_columns.shape[1])
    scalar = np.append(own, on_strains)
    adjoint = _eliminate(solved.x, scalar[:, None], strain_columns)[-1, :, 0]
    names = parameter_names(minimum.potential.hyperparameters)
    return xr.DataArray(adjoint @ columns, {"parameter": names}, "parameter")


def level_derivatives(hessian, columns, strains):
    """dq*/dtheta for each level of the paper, shape (level, n, P), from a Hessian at hand.

    hessian: (n, n) at the minimum; columns: G, (n, P); strains: how many of the last coordinates
    are strains.
    """
    size = len(hessian) - strains
    right = -np.column_stack([columns[:size], hessian[:size, size:]])
    x = scipy.linalg.solve(hessian[:size, :size], right, assume_a="pos") if size else right
    return _eliminate(x, columns, hessian[:, size:])


def _evaluator(minimum):
    if not minimum.converged:
        raise InputError(f"cannot differentiate a structure that is {minimum.status}")
    return evaluator_for(minimum.coordinates, minimum.potential)


def _at_minimum(problem):
    """G (n, P), and the columns of the Hessian that belong to the strains, (n, strain)."""
    coordinates, evaluator = problem.coordinates, problem.evaluator
    steps = difference_steps(coordinates)
    rows = [
        hessian_row(evaluator, index, steps[index]) @ problem.weights
        for index in range(coordinates.n_modes, coordinates.size)
    ]
    columns = evaluator.gradient(np.zeros(coordinates.size))  # last: its values are asked for
    if largest_component(coordinates, columns @ problem.weights) > 1e-4:
        raise InputError("the minimum's potential and structure do not belong together")
    return columns[:, :-1], np.reshape(rows, (-1, coordinates.size)).T


def _solve(problem, solver, right, strain_columns):
    """A Solved for right-hand sides (m, k) and, last, those of the strains."""
    if isinstance(solver, str):
        if solver not in SOLVERS:
            raise InputError(f"solver = '{solver}' is not one of {', '.join(SOLVERS)}")
        solver = SOLVERS[solver]()
    right = np.column_stack([right, -strain_columns[: len(right)]])
    solved = solver.solve(problem, right)
    failed = [status for status in solved.status if status != "converged"]
    if failed:
        raise RelaxationError(
            f"the solver failed for {len(failed)} of {len(solved.status)} right-hand sides: "
            f"{failed[0]}"
        )
    return solved


def _eliminate(x, columns, strain_columns):
    """dq*/dtheta for each level, shape (level, n, k).

    x: H_uu^-1 (-G_u), and as last columns H_uu^-1 (-H_ue); columns: G, (n, k); strain_columns:
    H_qe, (n, strain). 'c' moves nothing, 'h' the cell alone, 'ih' the atoms at fixed cell, 'h+ih'
    all; in a fixed cell 'h' is 'c' and 'ih' all there is.
    """
    size = len(x)
    x, y = x[:, : columns.shape[1]], x[:, columns.shape[1] :]
    mixed, curvature, gradient = strain_columns[:size], strain_columns[size:], columns[size:]
    alone = -np.linalg.solve(curvature, gradient)
    together = -np.linalg.solve(curvature + mixed.T @ y, gradient + mixed.T @ x)
    derivatives = {
        "c": np.zeros_like(columns),
        "h": np.vstack([np.zeros_like(x), alone]),
        "ih": np.vstack([x, np.zeros_like(alone)]),
        "h+ih": np.vstack([x + y @ together, together]),
    }
    return np.array([derivatives[level] for level in LEVELS])


def _dataset(minimum, values, columns, derivatives, chosen, axis):
    """Everything that predictions need from the reference, with units."""
    potential, coordinates = minimum.potential, minimum.coordinates
    modes, full = coordinates.modes, derivatives[LEVELS.index("h+ih")]
    strains = derivatives[:, coordinates.n_modes :].swapaxes(1, 2)
    positions = (modes @ full[: coordinates.n_modes]).T.reshape(chosen.shape[1], -1, 3)
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
            "strain_basis": strain_basis(coordinates.strains),
            "strain_derivative": variable(
                (axis, "strain"), strains[-1], "1/eV", f"derivative of the strains, {per_unit}"
            ),
            "level_strain_derivative": variable(
                ("level", axis, "strain"), strains, "1/eV", "derivative of the strains by level"
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
            "xyz_2": ["x", "y", "z"],
        },
        attrs={
            "potential": potential.name,
            "n_atoms": len(minimum.atoms),
            "formula": minimum.atoms.get_chemical_formula(),
        },
    )


def _second_derivatives(coordinates, tensor):
    """What the dense solver knows beyond the derivative."""
    modes = coordinates.modes.T.toarray().reshape(-1, len(coordinates.reference), 3)
    return {
        "hessian_tensor": variable(
            ("mode", "mode_2", "column"),
            tensor,
            "1/Angstrom^2",
            "second derivatives of descriptors in mode amplitudes and, last, strains; the last "
            "column is the fixed reference in eV",
        ),
        "orbit": variable(
            "atom", coordinates.orbits, "1", "first atom of the symmetry orbit of each atom"
        ),
        "mode_displacements": variable(
            ("displacement_mode", "atom", "xyz"), modes, "1", "orthonormal displacement modes"
        ),
    }
