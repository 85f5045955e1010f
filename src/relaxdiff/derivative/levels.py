"""Levels of approximation: which parts of a structure respond to the parameters, to which order.

LEVELS is the only table of them. Files, tables and figures have levels in its order, the least
complete first; no other code compares their names.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

# What a level needs; it also needs everything listed before.
DERIVATIVE = "the derivative of the reference"
HESSIAN = "the Hessian tensor of the reference"
EVALUATION = "one evaluation at the predicted structure"
NEIGHBOURS = "an evaluation, and variants nearer to the mean that were evaluated"


@dataclass(frozen=True)
class Level:
    """A level of approximation.

    name: in files, tables and figures; cell, atoms: whether they move; needs: DERIVATIVE, HESSIAN,
    EVALUATION or NEIGHBOURS; energy_order, structure_order: with which power of |lambda| the errors
    grow near lambda = 0, those of energies, and those of volumes, strains and positions: the order
    that is predicted exactly plus one, None where the error depends on more than lambda
    (docs/theory.md); at: name of the level whose structure is evaluated; colour: its name in the
    figures' style, None where no figure shows it.
    """

    name: str
    cell: bool
    atoms: bool
    needs: str
    energy_order: int | None
    structure_order: int | None
    at: str | None = None
    colour: str | None = None


C = Level("c", False, False, DERIVATIVE, 2, 1, colour="orange")
H = Level("h", True, False, DERIVATIVE, 2, 1, colour="green")
IH = Level("ih", False, True, DERIVATIVE, 2, 1, colour="purple")
H_IH = Level("h+ih", True, True, DERIVATIVE, 3, 2, colour="blue")
NEWTON = Level("newton", True, True, HESSIAN, 3, 2, colour="red")
H_IH_X = Level("h+ih@x", True, True, EVALUATION, 5, 3, at=H_IH.name, colour="sky")
NEWTON_X = Level("newton@x", True, True, EVALUATION, 5, 3, at=NEWTON.name, colour="brown")
NEIGHBOURS_X = Level("neighbours@x", True, True, NEIGHBOURS, None, None)

LEVELS = (C, H, IH, H_IH, NEWTON, H_IH_X, NEWTON_X, NEIGHBOURS_X)


def level_named(name):
    """The Level of that name; KeyError if there is none."""
    return {level.name: level for level in LEVELS}[str(name)]


def names_of_levels(needs):
    """Names of the levels with these `needs` (DERIVATIVE, ...), a tuple in the table's order."""
    return tuple(level.name for level in LEVELS if level.needs == needs)


def most_complete(names):
    """Which of the given names comes last in the table."""
    return max(map(str, names), key=[level.name for level in LEVELS].index)


DERIVATIVE_LEVELS = names_of_levels(DERIVATIVE)


def level_derivatives(hessian, columns, strains):
    """dq*/dtheta for each of DERIVATIVE_LEVELS, (level, n, P), from a known Hessian.

    hessian: (n, n) at the minimum; columns: G, (n, P); strains: how many of the last coordinates
    are strains.
    """
    size = len(hessian) - strains
    right = -np.column_stack([columns[:size], hessian[:size, size:]])
    x = scipy.linalg.solve(hessian[:size, :size], right, assume_a="pos") if size else right
    return eliminate(x, columns, hessian[:, size:])


def eliminate(x, columns, strain_columns):
    """dq*/dtheta for each of DERIVATIVE_LEVELS, shape (level, n, k).

    x: H_uu^-1 (-G_u), and as last columns H_uu^-1 (-H_ue); columns: G, (n, k); strain_columns:
    H_qe, (n, strain). 'c' moves nothing, 'h' only the cell, 'ih' the atoms at fixed cell, 'h+ih'
    both; if the cell is kept fixed, 'h' equals 'c' and 'ih' equals 'h+ih'.
    """
    size = len(x)
    x, y = x[:, : columns.shape[1]], x[:, columns.shape[1] :]
    mixed, curvature, gradient = strain_columns[:size], strain_columns[size:], columns[size:]
    alone = -np.linalg.solve(curvature, gradient)
    together = -np.linalg.solve(curvature + mixed.T @ y, gradient + mixed.T @ x)
    derivatives = {
        C.name: np.zeros_like(columns),
        H.name: np.vstack([np.zeros_like(x), alone]),
        IH.name: np.vstack([x, np.zeros_like(alone)]),
        H_IH.name: np.vstack([x + y @ together, together]),
    }
    return np.array([derivatives[level] for level in DERIVATIVE_LEVELS])
