"""The implicit derivative of a relaxed structure with respect to the potential's parameters.

At a minimum the gradient g(q*; Theta) vanishes for every Theta; differentiating that identity gives

    dq*/dTheta = -H^-1 G,    G = dD/dq,    H = d2U/dq2    (eq 5 of arXiv:2407.02414).

H is linear in Theta, H = sum_l weights_l H_l with the fixed reference as last column, so the
`hessian_tensor` H_l found here by finite differences serves every parameter set.
"""

import numpy as np
import scipy.linalg
import xarray as xr

from relaxdiff.datasets import variable
from relaxdiff.evaluation import evaluator_for
from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.minimise import largest_component

LEVELS = ("c", "h", "ih", "h+ih")
# Angstrom; atoms are displaced by as much and twice as much for differences. The error of the
# four-point formula (step^4) and the rounding of gradients (1 / step) leave the derivative good to
# 1e-9.
DIFFERENCE_STEP = 5e-4


def implicit_derivative(minimum, solver="dense"):
    """Differentiate a relaxed structure with respect to all P parameters of its potential.

    minimum: a converged `Minimum` from `relax`; solver: 'dense', the Hessian by central differences
    of gradients and one factorisation for all right-hand sides.

    Returns an xarray Dataset. At the minimum's own cell, in scaled coordinates
    x = (x0 + u)(1 + strain):

    * `position_derivative` (parameter, atom, xyz): du/dtheta in Angstrom per unit of parameter,
      mean displacement zero;
    * `strain_derivative` (parameter): d(strain)/dtheta (zero if the cell was kept fixed);
    * what predictions need: `descriptors` D, `energy`, `volume`, and for each approximation
      `level` of the paper the products `energy_curvature` = G^T dq*/dtheta (level, parameter,
      parameter_2) and `level_strain_derivative` (level, parameter);
    * what relaxations near by need: `hessian_tensor` (mode, mode_2, column) and
      `mode_displacements` (mode, atom, xyz); the last mode is the strain if the cell relaxes.

    Raises InputError for a minimum that has not converged or an unknown solver, RelaxationError
    when the structure is a saddle point, not a minimum.
    """
    if solver != "dense":
        raise InputError(f"solver = '{solver}': only 'dense' is available")
    if not minimum.converged:
        raise InputError(f"cannot differentiate a structure that is {minimum.status}")
    potential, coordinates = minimum.potential, minimum.coordinates
    with evaluator_for(coordinates, potential) as evaluator:
        columns = evaluator.gradient(np.zeros(coordinates.size))
        values = evaluator.values()
        tensor = hessian_tensor(evaluator)
        evaluations = evaluator.n_evaluations
    _check_minimum(coordinates, columns @ potential.weights, tensor @ potential.weights)
    derivative = _dataset(minimum, values, columns[:, :-1], tensor)
    return derivative.assign_attrs(evaluations=evaluations)


def hessian_tensor(evaluator):
    """H_l = d2 D_l / dq2 at q = 0 by central differences of gradients, symmetrised.

    Four points along each coordinate: [8 g(h) - 8 g(-h) - g(2h) + g(-2h)] / 12h
    (Fornberg, Math. Comp. 51, 699 (1988), table 1). Returns shape (n, n, P + 1), the fixed
    reference last; 4 n evaluations.
    """
    rows = []
    for direction, step in zip(
        np.eye(evaluator.coordinates.size), _difference_steps(evaluator.coordinates), strict=True
    ):
        near, far = (
            evaluator.gradient(length * direction) - evaluator.gradient(-length * direction)
            for length in (step, 2 * step)
        )
        rows.append((8 * near - far) / (12 * step))
    tensor = np.array(rows)
    return (tensor + tensor.transpose(1, 0, 2)) / 2


def level_derivatives(hessian, columns, strain):
    """dq*/dtheta for each level of the paper, shape (level, n, P).

    hessian: (n, n) at the minimum; columns: G, (n, P); strain: whether the last coordinate is the
    strain. 'c' moves nothing, 'h' the strain alone, 'ih' the atoms at fixed cell, 'h+ih' all
    (eqs 5 and 33 of arXiv:2407.02414, each with its own block of H).
    """
    size = len(hessian)
    atoms, cell = slice(0, size - strain), slice(size - strain, size)
    derivatives = np.zeros((len(LEVELS), *columns.shape))
    for level, block in (("h", cell), ("ih", atoms), ("h+ih", slice(0, size))):
        if block.start < block.stop:
            derivatives[LEVELS.index(level), block] = -scipy.linalg.solve(
                hessian[block, block], columns[block], assume_a="pos"
            )
    return derivatives


def _difference_steps(coordinates):
    """One step for each coordinate, such that the atom that moves most moves DIFFERENCE_STEP."""
    per_mode = abs(coordinates.modes).max(axis=0).toarray().ravel()
    steps = DIFFERENCE_STEP / per_mode
    if coordinates.strain:
        steps = np.append(steps, DIFFERENCE_STEP / coordinates.scale[-1])
    return steps


def _check_minimum(coordinates, gradient, hessian):
    if largest_component(coordinates, gradient) > 1e-4:
        raise InputError("the minimum's potential and structure do not belong together")
    scale = coordinates.scale
    lowest = np.linalg.eigvalsh(hessian / np.outer(scale, scale))[0]
    if lowest <= 0:
        raise RelaxationError(
            f"the relaxed structure is a saddle point (curvature {lowest:.2e} eV/A^2): shake its "
            "atoms, or relax it with symmetry=False"
        )


def _dataset(minimum, values, columns, tensor):
    """Everything that later stages need from the reference, with units."""
    potential, coordinates = minimum.potential, minimum.coordinates
    n_modes = coordinates.modes.shape[1]
    derivatives = level_derivatives(tensor @ potential.weights, columns, coordinates.strain)
    full = derivatives[LEVELS.index("h+ih")]
    strains = derivatives[:, -1] if coordinates.strain else np.zeros_like(derivatives[:, 0])
    n_parameters = columns.shape[1]
    modes = coordinates.modes.T.toarray().reshape(n_modes, -1, 3)
    names = [f"beta_{index}" for index in range(1, n_parameters + 1)]
    per_parameter = "per unit of parameter"
    return xr.Dataset(
        {
            "position_derivative": variable(
                ("parameter", "atom", "xyz"),
                np.einsum("max,mp->pax", modes, full[:n_modes]),
                "Angstrom per eV",
                f"derivative of scaled atomic positions at the reference cell, {per_parameter}",
            ),
            "strain_derivative": variable(
                "parameter", strains[-1], "1/eV", f"derivative of isotropic strain, {per_parameter}"
            ),
            "level_strain_derivative": variable(
                ("level", "parameter"), strains, "1/eV", "derivative of strain at each level"
            ),
            "energy_curvature": variable(
                ("level", "parameter", "parameter_2"),
                np.einsum("np,lnr->lpr", columns, derivatives),
                "1/eV",
                "second derivative of the relaxed energy, G^T dq*/dtheta",
            ),
            "descriptors": variable(
                "parameter", values[:-1], "1", "descriptors summed over atoms at the minimum"
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
            "hessian_tensor": variable(
                ("mode", "mode_2", "column"),
                tensor,
                "1/Angstrom^2",
                "second derivatives of descriptors in mode amplitudes and, last, strain; the "
                "last column is the fixed reference in eV",
            ),
            "orbit": variable(
                "atom", coordinates.orbits, "1", "first atom of the symmetry orbit of each atom"
            ),
            "mode_displacements": variable(
                ("displacement_mode", "atom", "xyz"), modes, "1", "orthonormal displacement modes"
            ),
        },
        coords={
            "parameter": names,
            "parameter_2": names,
            "level": list(LEVELS),
            "xyz": ["x", "y", "z"],
        },
        attrs={"potential": potential.name, "n_atoms": len(minimum.atoms)},
    )
