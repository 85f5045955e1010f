"""One crystal at any parameters: relaxed lengths, energy, pressure, moduli, and their derivatives.

Everything follows from the energy U of the primitive cell expanded in the n coordinates of
`elastic_coordinates`, s symmetric strains first among its strains. With K = d2U/dq2, the crystal's
lengths follow the parameters by de/dTheta = -K_ss^-1 d2U/de dTheta, and a modulus M is

    dM/dTheta = M_Theta + M_a da/dTheta,

M_a by differences. Moduli are second derivatives in the strain e of 1 + e, per volume: under a
pressure they differ from derivatives of stress by terms of its size.
"""

from dataclasses import dataclass, replace

import numpy as np

from relaxdiff.crystals.elasticity import (
    CUBIC_MODULI,
    HEXAGONAL_MODULI,
    distortions,
    relaxed,
    relaxing,
)
from relaxdiff.exceptions import RelaxationError
from relaxdiff.potentials import weights_of
from relaxdiff.units import GPA

SWELLING = np.eye(3)[None] / np.sqrt(3)
# Relative; of the points that give derivatives by a lattice parameter. Four times as much gives
# derivatives of SNAP, whose third derivatives jump at its cutoff, that are wrong by 1e-5.
LENGTH_STEP = 5e-4
# (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12 h: Fornberg, Math. Comp. 51, 699 (1988), table 1.
POINTS, FACTORS = np.array([-2, -1, 1, 2]), np.array([1, -8, 8, -1]) / 12
AT_ONCE = 9  # crystals that JAX evaluates together: two lengths with four points, and one more
TOLERANCE = 1e-9  # eV/Angstrom, largest gradient left divided by the cell's edge
MAX_STEPS = 20
LARGEST_STRAIN = 0.15  # of the start; beyond, it is another crystal


@dataclass(frozen=True)
class Expansion:
    """Energy (eV) and its derivatives in `elastic_coordinates`: (), (n,) and (n, n).

    Or those of columns, with a last axis (P + 1): times weights they give these.
    """

    energy: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray

    def weighted(self, weights):
        """The Expansion of the energy from that of columns."""
        return Expansion(self.energy @ weights, self.gradient @ weights, self.hessian @ weights)


def elastic_coordinates(crystal):
    """`distortions` of a crystal that `is_simple`; for a cubic one its size is a strain too."""
    found = distortions(crystal)
    if crystal.c is not None:
        return found
    return replace(found, strains=np.concatenate([SWELLING, found.strains]))


def forms_of(crystal):
    """What to sum of relaxed curvatures in all strains for each modulus, a dict."""
    if crystal.c is not None:
        return HEXAGONAL_MODULI
    padded = {name: np.pad(form, ((1, 0), (1, 0))) for name, form in CUBIC_MODULI.items()}
    return {"bulk_modulus": np.diag([1 / 3, 0.0, 0.0])} | padded


class ElasticCrystal:
    """A crystal whose lattice parameters may change, evaluated with any parameters.

    potential: Potential; start: PerfectCrystal that `is_simple`.
    """

    def __init__(self, potential, start):
        self.potential, self.start = potential, start
        self.coordinates = elastic_coordinates(start)
        self._forms = forms_of(start)
        self.n_symmetric = len(start.lengths)

    def expansions(self, theta, crystals):
        """An Expansion for each of some crystals with other lengths."""
        if self.potential.is_linear:
            weights = weights_of(theta)
            return [self.columns(theta, crystal).weighted(weights) for crystal in crystals]
        cells = [crystal.primitive() for crystal in crystals]
        structures = tuple(
            np.array([getattr(cell, what) for cell in cells]) for what in ("positions", "cell")
        )
        found = self._many(theta).second_order(
            np.tile(theta, (len(cells), 1)), structures=structures
        )
        return [Expansion(*each) for each in zip(*found, strict=True)]

    def columns(self, theta, crystal):
        """The Expansion of columns, which for an energy that is not linear are those at theta."""
        if self.potential.is_linear:
            coordinates = elastic_coordinates(crystal)
            at_rest = np.zeros(coordinates.size)
            with self.potential.evaluator(coordinates) as evaluator:
                return Expansion(
                    evaluator.descriptors(at_rest),
                    evaluator.columns(at_rest),
                    evaluator.hessian_columns(),
                )
        cell = crystal.primitive()
        found = self._many(theta).columns(theta, (cell.positions, cell.cell.array))
        return Expansion(*found)

    def _many(self, theta):
        """ManyStructures that serve every crystal within LARGEST_STRAIN of the start."""
        radius = self.potential.longest_reach(theta[None]) / (1 - LARGEST_STRAIN)
        return self.potential.many(self.coordinates, radius, AT_ONCE)

    def relaxed(self, theta):
        """The crystal with the lengths of least energy, by Newton's method.

        Raises RelaxationError where there is none within LARGEST_STRAIN of the start.
        """
        crystal, symmetric = self.start, self._symmetric
        for _ in range(MAX_STEPS):
            (here,) = self.expansions(theta, [crystal])
            gradient, curvature = here.gradient[symmetric], here.hessian[symmetric][:, symmetric]
            if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature)[0] <= 0:
                break
            if np.abs(gradient).max() < TOLERANCE * crystal.lengths[0]:
                return crystal
            strains = -np.linalg.solve(curvature, gradient)
            crystal = _with_lengths(crystal, crystal.lengths * (1 + self._along @ strains))
            if not np.abs(crystal.lengths / self.start.lengths - 1).max() < LARGEST_STRAIN:
                break
        raise RelaxationError(
            f"{self.potential.name}: the {self.start.lattice} crystal has no minimum within "
            f"{LARGEST_STRAIN:.0%} of its lattice parameter {self.start.a:.4f} Angstrom"
        )

    def lengths_derivative(self, columns, weights):
        """Derivatives of a relaxed crystal's lengths by the parameters, (1 or 2, P), relative."""
        symmetric = self._symmetric
        curvature = (columns.hessian @ weights)[symmetric][:, symmetric]
        return -self._along @ np.linalg.solve(curvature, columns.gradient[symmetric, :-1])

    def moduli(self, crystal, expansion):
        """The moduli, a dict, GPa, and the lowest eigenvalue of their curvatures."""
        curvatures = expansion.hessian / crystal.primitive().get_volume()
        constants = GPA * relaxed(curvatures, len(self.coordinates.strains))
        moduli = {name: np.sum(constants * form) for name, form in self._forms.items()}
        return moduli, np.linalg.eigvalsh(curvatures)[0]

    def modulus_derivatives(self, theta, crystal, columns, lengths_derivative=None):
        """Derivatives of the moduli by the parameters, (P,) each, GPa per unit.

        columns: at the crystal; lengths_derivative: relative, None where lengths are held.
        """
        weights = weights_of(theta)
        curvatures = columns.hessian / crystal.primitive().get_volume()
        along = relaxing(curvatures @ weights, len(self.coordinates.strains))
        changes = GPA * np.einsum("is,ijp,jt->pst", along, curvatures[..., :-1], along)
        own = {name: np.tensordot(changes, form, axes=2) for name, form in self._forms.items()}
        if lengths_derivative is None:
            return own
        slopes = self._slopes(theta, crystal)
        return {name: own[name] + slopes[name] @ lengths_derivative for name in own}

    def _slopes(self, theta, crystal):
        """Derivatives of the moduli by relative changes of each length, (1 or 2,), a dict."""

        def moduli_of(others):
            pairs = zip(others, self.expansions(theta, others), strict=True)
            return [list(self.moduli(*pair)[0].values()) for pair in pairs]

        lengths = range(self.n_symmetric)
        slopes = np.array([slope_by_length(crystal, place, moduli_of) for place in lengths])
        return dict(zip(self._forms, slopes.T, strict=True))

    @property
    def _symmetric(self):
        """Places of the symmetric strains among the coordinates."""
        return self.coordinates.n_modes + np.arange(self.n_symmetric)

    @property
    def _along(self):
        """Relative change of each length by the symmetric strains, (1 or 2, 1 or 2)."""
        strains = self.coordinates.strains[: self.n_symmetric]
        return strains[:, [0, 2], [0, 2]].T[: self.n_symmetric]


def slope_by_length(crystal, place, values_of):
    """Derivative of values by the relative change of one lattice parameter, by five points.

    place: 0 for a, 1 for c; values_of: function of four crystals that gives the values of each,
    (4, ...).
    """
    lengths = np.tile(crystal.lengths, (len(POINTS), 1))
    lengths[:, place] *= 1 + LENGTH_STEP * POINTS
    others = [_with_lengths(crystal, each) for each in lengths]
    return np.tensordot(FACTORS / LENGTH_STEP, values_of(others), axes=1)


def _with_lengths(crystal, lengths):
    """The crystal with other lattice parameters, (1 or 2,), Angstrom."""
    a, *c = lengths.tolist()
    return replace(crystal, a=a, c=c[0] if c else None)
