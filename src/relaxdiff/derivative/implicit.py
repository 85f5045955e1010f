"""The implicit derivative of a relaxed structure with respect to the potential's parameters.

At a minimum the gradient g(q*; Theta) vanishes for every Theta; differentiating that identity gives

    dq*/dTheta = -H^-1 G,    G = dD/dq,    H = d2U/dq2    (eq 5 of arXiv:2407.02414).

A solver inverts only the displacement block H_uu. The strains, none to six, follow by block
elimination: with x = -H_uu^-1 G_u and y = -H_uu^-1 H_ue,

    strain = -(H_ee + H_eu y)^-1 (G_e + H_eu x),    u = x + y strain    (eq 33, solved blockwise).
"""

import numpy as np
import xarray as xr

from relaxdiff.derivative.levels import DERIVATIVE_LEVELS, H_IH, eliminate
from relaxdiff.derivative.solvers import SOLVERS, Problem, Solver
from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.files import variable
from relaxdiff.minima import Minimum, hessian_variable, largest_component, strain_basis
from relaxdiff.posterior import unit_of_each
from relaxdiff.units import energy_per


def implicit_derivative(
    minimum: Minimum, solver: str | Solver = "dense", directions: np.ndarray | None = None
) -> xr.Dataset:
    """Differentiate a relaxed structure with respect to the parameters of its potential.

    minimum: a converged `Minimum` from `relax`; solver: an object of
    `relaxdiff.derivative.solvers`, or the name of one for its default settings; directions: in
    parameter space, shape (P, k), or None for all P parameters (else the dimension `parameter`
    below is called `direction`).

    Returns an xarray Dataset. At the minimum's own cell, in scaled coordinates
    x = (x0 + u)(1 + sum_k e_k B_k):

    * `position_derivative` (parameter, atom, xyz): du/dtheta in Angstrom per unit of parameter,
      mean displacement zero, or held atoms' displacements;
    * `strain_basis` (strain, xyz, xyz_2): the matrices B_k, none if the cell was kept fixed;
    * `strain_derivative` (parameter, strain): de_k/dtheta;
    * `strain_coupling` (strain, atom, xyz): du/de_k of atoms that relax in a strained cell,
      Angstrom;
    * what predictions need: `descriptors` D, `energy`, `volume`, and for each approximation
      `level` of the paper the products `energy_curvature` = G^T dq*/dtheta (level, parameter,
      parameter_2) and `level_strain_derivative` (level, parameter, strain);
    * from the dense solver, what nearby relaxations need: `hessian_tensor` (coordinate,
      coordinate_2, column), where the strains are the last coordinates, and `mode_displacements`
      (mode, atom, xyz).

    Raises InputError for a minimum that has not converged, an unknown solver or directions of
    another shape, RelaxationError when the structure is a saddle point or the solver fails.
    """
    n_parameters = minimum.potential.theta.size
    chosen = np.eye(n_parameters) if directions is None else np.asarray(directions, dtype=float)
    if chosen.ndim != 2 or len(chosen) != n_parameters:
        raise InputError(f"directions: shape {chosen.shape}, expected ({n_parameters}, k)")
    with evaluator_at(minimum) as evaluator:
        problem = Problem(minimum, evaluator)
        columns, strain_columns = at_minimum(problem, directions)
        here = np.zeros(len(columns)), problem.theta
        energy, slopes = evaluator.energy(*here), evaluator.parameter_gradient(*here)
        own = chosen.T @ evaluator.parameter_hessian(*here) @ chosen
        solved = solve(problem, solver, -columns[: problem.n_displacements], strain_columns)
        evaluations = evaluator.n_evaluations
    derivatives = eliminate(solved.x, columns, strain_columns)
    axis = "parameter" if directions is None else "direction"
    curvature = own + np.einsum("np,lnr->lpr", columns, derivatives)
    dataset = _dataset(minimum, (energy, slopes, curvature), derivatives, chosen, axis)
    if held := minimum.coordinates.freedom.held_columns:
        dataset.attrs["held_columns"] = held
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
        dataset = dataset.assign(_second_derivatives(minimum, solved.tensor))
    return dataset


def evaluator_at(minimum):
    if not minimum.converged:
        raise InputError(f"cannot differentiate a structure that is {minimum.status}")
    return minimum.potential.evaluator(minimum.coordinates)


def at_minimum(problem, directions=None):
    """G (n, P), and the columns of the Hessian that belong to the strains, (n, strain).

    directions: (P, k), G times which is wanted, (n, k), or None.
    """
    coordinates, evaluator = problem.coordinates, problem.evaluator
    rows = [
        evaluator.hessian_row(index, problem.theta)
        for index in range(coordinates.n_modes, coordinates.size)
    ]
    at = np.zeros(coordinates.size)  # evaluated last, as its values are needed afterwards
    if largest_component(coordinates, evaluator.gradient(at, problem.theta)) > 1e-4:
        raise InputError("the minimum's potential and structure do not belong together")
    columns = evaluator.mixed(at, problem.theta, directions)
    return columns, np.reshape(rows, (-1, coordinates.size)).T


def solve(problem, solver, right, strain_columns):
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


def _dataset(minimum, energies, derivatives, chosen, axis):
    """Everything that predictions need from the reference, with units.

    energies: the energy at the minimum, its derivatives at fixed atoms, (P,), and the second
    derivatives of the relaxed energy, (level, k, k).
    """
    potential, coordinates = minimum.potential, minimum.coordinates
    modes, full = coordinates.modes, derivatives[DERIVATIVE_LEVELS.index(H_IH.name)]
    strains = derivatives[:, coordinates.n_modes :].swapaxes(1, 2)
    positions = (modes @ full[: coordinates.n_modes]).T.reshape(chosen.shape[1], -1, 3)
    per_unit = f"per unit of {axis}"
    energy, slopes, curvature = energies
    names, unit = list(potential.parameters.names), potential.parameters.unit
    labels = names if axis == "parameter" else np.arange(chosen.shape[1])
    return xr.Dataset(
        {
            "position_derivative": variable(
                (axis, "atom", "xyz"),
                positions,
                f"Angstrom per {unit}",
                f"derivative of scaled atomic positions at the reference cell, {per_unit}",
            ),
            "strain_basis": strain_basis(coordinates.strains),
            "strain_derivative": variable(
                (axis, "strain"),
                strains[-1],
                f"1/{unit}",
                f"derivative of the strains, {per_unit}",
            ),
            "level_strain_derivative": variable(
                ("level", axis, "strain"),
                strains,
                f"1/{unit}",
                "derivative of the strains by level",
            ),
            "energy_curvature": variable(
                ("level", axis, f"{axis}_2"),
                curvature,
                energy_per(unit, 2),
                "second derivative of the relaxed energy, d2U/dtheta2 + G^T dq*/dtheta",
            ),
            "descriptors": variable(
                axis,
                slopes @ chosen,
                energy_per(unit),
                "descriptors summed over atoms at the minimum",
            ),
            "theta_mean": variable(
                "parameter", potential.theta, unit, "parameters of the reference potential"
            ),
            "energy": variable(
                (),
                energy,
                "eV",
                "energy of the reference minimum without energy shift",
            ),
            "volume": variable((), minimum.atoms.get_volume(), "Angstrom^3", "reference volume"),
        },
        coords={
            "parameter": names,
            **unit_of_each(potential),
            axis: labels,
            f"{axis}_2": labels,
            "level": list(DERIVATIVE_LEVELS),
            "xyz": ["x", "y", "z"],
            "xyz_2": ["x", "y", "z"],
        },
        attrs={
            "potential": potential.name,
            "n_atoms": len(minimum.atoms),
            "formula": minimum.atoms.get_chemical_formula(),
        },
    )


def _second_derivatives(minimum, tensor):
    """Further variables that only the dense solver gives."""
    coordinates = minimum.coordinates
    modes = coordinates.modes.T.toarray().reshape(-1, len(coordinates.reference), 3)
    return {
        "hessian_tensor": hessian_variable(tensor, minimum.potential.parameters.unit),
        "orbit": variable(
            "atom", coordinates.orbits, "1", "first atom of the symmetry orbit of each atom"
        ),
        "mode_displacements": variable(
            ("displacement_mode", "atom", "xyz"), modes, "1", "orthonormal displacement modes"
        ),
    }
