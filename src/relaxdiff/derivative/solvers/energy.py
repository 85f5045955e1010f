"""The implicit derivative from energy minimisation only: LAMMPS relaxes under a constant force.

At a minimum x0 of U add a force field alpha f to the forces on the atoms, the cell kept fixed:

    x(alpha) = argmin_x [U(x) - alpha f . (x - x0)],    so    grad U(x(alpha)) = alpha f  and
    x(alpha) = x0 + alpha H_uu^-1 f + O(alpha^2).

This is the "energy" way of arXiv:2407.02414 (its eqs 15 and 16), where f = -(dD/dx) of a parameter.
The paper's text was not available: the formulas are derived here, and the scale of alpha (eq 39)
is that of its code, alpha_l = alpha_0 / max|f_l|, so that alpha_0 is the largest added force in
eV/Angstrom. The code takes (x(alpha) - x0) / alpha with alpha_0 = 0.5. Here instead

    x = [x(alpha) - x(-alpha)] / (2 alpha) = H_uu^-1 f + O(alpha^2),

which cancels the second-order anharmonicity and the remaining force at x0 itself. The second
relaxation starts from the mirror image of the first; only that anharmonicity is left to relax.
"""

import ctypes
import tempfile
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from relaxdiff.derivative.solvers.problem import Solved
from relaxdiff.exceptions import InputError
from relaxdiff.lammps import LammpsSession, force_calls, hold, lammps_errors

LARGEST_ALPHA = 1.0  # eV/Angstrom: beyond it bonds are strained by percents
# Forces (eV/Angstrom) are rounded near 1e-13; one below this does not decrease further.
UNRESOLVED_FORCE = 1e-12
# Shift of the mean of x(alpha) and x(-alpha) from x0, relative to the displacement. The error of
# the derivative is about its square, so 1e-3 at most.
LARGEST_ASYMMETRY = 0.03
EVALUATIONS_PER_STEP = 10  # limit for LAMMPS's line searches; two are usual

# The force is kept by atom id, so that it travels with atoms between MPI ranks. Conjugate gradients
# need its energy too: minus force times displacement, counted by `fix_modify energy`.
PUSH = """\
fix given all property/atom d_push_x d_push_y d_push_z
compute moved all displace/atom
variable x atom d_push_x
variable y atom d_push_y
variable z atom d_push_z
variable energy atom -(d_push_x*c_moved[1]+d_push_y*c_moved[2]+d_push_z*c_moved[3])
fix push all addforce v_x v_y v_z energy v_energy
fix_modify push energy yes
"""
# The quadratic line search sets its step by forces and uses energies only to refuse a rise by more
# than 1e-8 eV, so that it continues where energies no longer resolve a step.
MINIMISER = "min_style cg\nmin_modify dmax 0.05 norm max line quadratic"


@dataclass(frozen=True)
class Displaced:
    """Solutions of H_uu x = right.

    x: (3N, k), Angstrom per unit of the column's parameter; status: for each column 'converged', or
    what went wrong and what to try; n_force_calls: for each column, evaluations of energy and
    forces, line searches included (on the first MPI rank; 0 on others, which have no log).
    """

    x: np.ndarray
    status: tuple
    n_force_calls: tuple


@dataclass(frozen=True)
class Energy:
    """Constrained minimisation by LAMMPS, for any pair style.

    alpha: the largest force added to an atom (a component of it), eV/Angstrom; tolerance: largest
    force left on an atom, relative to alpha; the relative error of the derivative is about that or
    the square of the relative anharmonicity, whichever is larger; max_steps: conjugate gradient
    steps of each of the two minimisations of a column. Raises InputError for settings out of range.
    """

    alpha: float = 1e-3
    tolerance: float = 1e-7
    max_steps: int = 300

    def __post_init__(self):
        for name, largest in (("alpha", LARGEST_ALPHA), ("tolerance", 0.1)):
            value = getattr(self, name)
            if not (isinstance(value, Real) and 0 < value <= largest):
                raise InputError(f"Energy: {name} = {value} must lie between 0 and {largest}")
        whole = isinstance(self.max_steps, Integral) and not isinstance(self.max_steps, bool)
        if not (whole and 1 <= self.max_steps <= 10**6):
            raise InputError(
                f"Energy: max_steps = {self.max_steps} must be a whole number from 1 to 1000000"
            )

    def solve(self, problem, right):
        """Solve H_uu x = right, (m, k) amplitudes of the problem's modes; a Solved."""
        modes, freedom = problem.coordinates.modes, problem.coordinates.freedom
        normal_only = len(freedom.directions) == 1
        found = self.displacements(problem.minimum, modes @ right, freedom.fixed, normal_only)
        calls = sum(found.n_force_calls)
        return Solved(modes.T @ found.x, found.status, force_calls=calls)

    def displacements(self, minimum, right, fixed=None, normal_only=False):
        """Solve H_uu x = right for force fields at a Minimum; a Displaced.

        right: force fields, (3N, k), eV/Angstrom per unit of a parameter; fixed: (N,), True for
        atoms that do not move, or (N, 3), for components; normal_only: atoms move only along the
        normal of the first two cell vectors. Without fixed atoms the mean of right and of x over
        atoms is zero.
        Raises InputError for a minimum that has not converged or unfit shapes, LammpsError.
        """
        if not minimum.converged:
            raise InputError(f"cannot differentiate a structure that is {minimum.status}")
        forces, fixed = _checked(right, fixed, len(minimum.atoms))
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log.lammps"
            log.touch()  # LAMMPS writes it only on its first MPI rank
            commands = [f'log "{log}"', *minimum.potential.lammps_lines(folder), PUSH, MINIMISER]
            elements = minimum.potential.elements
            with LammpsSession(elements, commands) as session:
                session.place(minimum.atoms)
                if normal_only:
                    session.command("fix confined all setforce 0 0 NULL")
                hold(session, fixed)
                columns = [self._column(session, minimum.atoms, force, log) for force in forces]
        fields, status, calls = zip(*columns, strict=True)
        x = np.array(fields)
        if not fixed.any():
            x -= x.mean(axis=1, keepdims=True)
        return Displaced(x.reshape(len(x), -1).T, status, calls)

    def _column(self, session, atoms, force, log):
        """Solution (N, 3), status and force calls for one force field (N, 3)."""
        largest = np.abs(force).max()
        if not largest:
            return np.zeros_like(force), "converged", 0
        calls = force_calls(log)
        push = self.alpha / largest * force
        ahead, left = self._pushed(session, atoms, push, np.zeros_like(push))
        behind, left_behind = self._pushed(session, atoms, -push, -ahead)
        half, middle = (ahead - behind) / 2, (ahead + behind) / 2
        asymmetry = np.abs(middle).max() / np.abs(half).max()
        status = self._status(max(left, left_behind), asymmetry)
        return half * (largest / self.alpha), status, force_calls(log) - calls

    def _pushed(self, session, atoms, push, start):
        """Displacements (N, 3) under the push, begun at `start`; the largest remaining force."""
        begun = atoms.copy()
        begun.positions += start
        session.place(begun)
        session.command("set group all image 0 0 0")
        origin = session.positions()
        for name, values in zip("xyz", (push @ session.prism.rot_mat).T, strict=True):
            _scatter(session, f"d_push_{name}", values)
        wanted = float(self.alpha * self.tolerance)
        steps = int(self.max_steps)
        session.command(f"minimize 0 {wanted!r} {steps} {EVALUATIONS_PER_STEP * steps}")
        with lammps_errors():
            left = np.reshape(session.instance.gather_atoms("f", 1, 3), (-1, 3))
        return start + session.positions() - origin, np.linalg.norm(left, axis=1).max()

    def _status(self, left, asymmetry):
        wanted = self.alpha * self.tolerance
        if left > wanted:
            advice = "larger alpha" if left < UNRESOLVED_FORCE else "more steps or larger alpha"
            return (
                f"not converged: a force of {left:.1e} eV/A is left after at most "
                f"{self.max_steps} steps, wanted {wanted:.1e}; use {advice}"
            )
        if not asymmetry < LARGEST_ASYMMETRY:
            return (
                f"not linear: opposite forces move atoms by amounts that differ by "
                f"{2 * asymmetry:.0%}; use smaller alpha, or relax the structure further"
            )
        return "converged"


def _checked(right, fixed, n_atoms):
    """Force fields (k, N, 3), zero where atoms are fixed or else of zero mean; and the mask."""
    right = np.asarray(right, dtype=float)
    if right.ndim != 2 or len(right) != 3 * n_atoms or not right.size:
        raise InputError(f"right must have shape ({3 * n_atoms}, k), found {right.shape}")
    if not np.isfinite(right).all():
        raise InputError("right holds a number that is not finite")
    fixed = np.zeros(n_atoms, dtype=bool) if fixed is None else np.asarray(fixed)
    if fixed.shape not in ((n_atoms,), (n_atoms, 3)) or fixed.dtype != bool:
        raise InputError(
            f"fixed must be True or False for each of the {n_atoms} atoms or their components"
        )
    forces = right.T.reshape(-1, n_atoms, 3)
    if fixed.any():
        return np.where(fixed.reshape(n_atoms, -1), 0.0, forces), fixed
    return forces - forces.mean(axis=1, keepdims=True), fixed


def _scatter(session, name, values):
    """Give each atom its value of a property, by id."""
    with lammps_errors():
        session.instance.scatter(name, 1, 1, (ctypes.c_double * len(values))(*values))
