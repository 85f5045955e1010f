"""What a fit may want of a perfect crystal's vibrations, at any parameters, with gradients.

Force constants change by the parameters themselves, and because the lattice parameters a follow:

    dPhi/dTheta = partial Phi/partial Theta + sum_a partial Phi/partial a  da/dTheta,

partial Phi/partial a by differences. All quantities follow from frequencies, see `dynamical`.
"""

from dataclasses import dataclass

import numpy as np
from ase import units

from relaxdiff.crystals import slope_by_length
from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.potentials import weights_of
from relaxdiff.quantities.crystal_at import LENGTHS, Quantity
from relaxdiff.quantities.dynamical import Harmonic, Lattice
from relaxdiff.quantities.force_constants import SupercellForceConstants

# Planck's constant by Boltzmann's, K/THz.
KELVIN = 2 * np.pi * units._hbar * 1e12 / units._k
UNSTABLE = 1e-6  # of the largest square of a frequency; negative ones that are nearer 0 are noise
SERIES = 0.05  # of h nu / 2 kT; below, a series has fewer rounding errors
STILL = 1e-9  # of h nu / 2 kT, as which 0 counts
DEGENERATE = 1e-6  # of the largest square of a frequency; branches that are nearer count as one


class Vibrations:
    """What is wanted of a crystal's vibrations, at any parameters.

    potential: Potential; start: PerfectCrystal of one element that `is_simple`; repeats: of its
    conventional cell in the supercell of force constants; wanted: by name an object whose
    `of(harmonic)` gives a Quantity.
    """

    def __init__(self, potential, start, repeats, wanted):
        self.repeats, self.wanted = repeats, wanted
        self._constants = SupercellForceConstants(potential, start.conventional(repeats))
        self._lattice = Lattice(start, self._constants, repeats)
        self._crystal = start

    def at(self, potential, found, crystal):
        """A dict of Quantity by name.

        potential: another of the same form; found, crystal: what `CrystalQuantities.at` gives of
        it. Derivatives are total ones; partial ones where the lattice is held, so that `found` has
        no lattice_parameter. Raises EvaluationError where force constants are not finite, and what
        the wanted objects raise.
        """
        if crystal != self._crystal:  # else what a linear potential keeps can be used again
            self._constants, self._crystal = self._of(crystal), crystal
        columns = self._constants.rows_at(potential.theta)
        phi, slopes = columns @ weights_of(potential.theta), columns[..., :-1]
        for place, name in enumerate(LENGTHS):
            if name in found:
                by_length = self._by_length(potential.theta, crystal, place)
                slopes = slopes + by_length[..., None] * found[name].gradient[0]
        harmonic = Harmonic(self._lattice, np.concatenate([phi[..., None], slopes], axis=-1))
        return {name: of.of(harmonic) for name, of in self.wanted.items()}

    def _by_length(self, theta, crystal, place):
        """Derivative of Phi by one of the lattice parameters, (row, N, 3, 3)."""

        def constants_of(others):
            return [self._of(other).rows_at(theta) @ weights_of(theta) for other in others]

        return slope_by_length(crystal, place, constants_of) / crystal.lengths[place]

    def _of(self, crystal):
        return self._constants.moved_to(crystal.conventional(self.repeats))


@dataclass(frozen=True)
class PhononFrequencies:
    """Frequencies of all branches at one wave vector, THz, ascending, those unstable negative.

    wave: (3,), in units of the conventional cell's reciprocal vectors. Branches that are degenerate
    get the mean of their derivatives, which their mean has: at a crossing of branches each by
    itself has none.
    """

    wave: tuple

    def of(self, harmonic):
        """The Quantity of a Harmonic, values (branch,)."""
        modes = harmonic.modes(np.array([self.wave], dtype=float))
        frequencies, slopes = (each[0] for each in modes.frequencies())
        (squares,) = modes.squares
        apart = np.diff(squares) > DEGENERATE * np.abs(squares).max()
        for group in np.split(np.arange(len(squares)), 1 + np.flatnonzero(apart)):
            slopes[group] = slopes[group].mean(axis=0)
        return Quantity(frequencies, slopes, "THz")


@dataclass(frozen=True)
class HeatCapacity:
    """Heat capacity at constant volume of harmonic vibrations, k_B per atom, 3 at high temperature.

    temperature: K. With s = h nu / 2 kT each mode has (s / sinh s)^2 k_B (Einstein, Ann. Phys. 327,
    180 (1907)), of which the mean over a mesh of wave vectors is taken. Sums over degenerate
    branches are differentiable, so it is everywhere. The lattice has the lattice parameters of the
    potential's minimum: it does not expand.
    """

    temperature: float

    def of(self, harmonic):
        """The Quantity of a Harmonic, values (1,); RelaxationError where a mode is unstable."""
        (_, shares), modes = harmonic.lattice.mesh, harmonic.on_mesh
        squares = modes.squares
        if squares.min() < -UNSTABLE * squares.max():
            raise RelaxationError("a crystal with unstable vibrations has no heat capacity")
        scale = (KELVIN / (2 * self.temperature)) ** 2
        each, by_square = _of_a_mode(np.sqrt(scale * np.maximum(squares, 0.0)))
        atoms = len(harmonic.columns)
        value = shares @ each.sum(axis=1) / atoms
        gradient = scale / atoms * np.einsum("q,qb,qbp->p", shares, by_square, modes.slopes)
        return Quantity(np.array([value]), gradient[None], "k_B")


def _of_a_mode(s):
    """(s / sinh s)^2 and its derivative by s^2; s = h nu / 2 kT, of any shape."""
    s = np.maximum(s, STILL)
    value = (2 * s * np.exp(-s) / -np.expm1(-2 * s)) ** 2
    series = -1 / 3 + s**2 / 45 - 2 * s**4 / 945
    return value, value * np.where(s > SERIES, (1 / s - 1 / np.tanh(s)) / s, series)


@dataclass(frozen=True)
class DensityOfStates:
    """Density of states of a primitive cell at given frequencies, states per THz.

    frequencies: (k,), THz; smearing: THz, the standard deviation of the Gaussian that each state of
    a mesh of wave vectors is given. Over all frequencies it sums up to the number of branches. Sums
    over degenerate branches are differentiable, so it is, but where a frequency goes through 0;
    unstable modes are at negative frequencies.
    """

    frequencies: np.ndarray
    smearing: float

    def of(self, harmonic):
        """The Quantity of a Harmonic, values (k,)."""
        _, shares = harmonic.lattice.mesh
        states, slopes = harmonic.on_mesh.frequencies()
        heights = np.repeat(shares, states.shape[1]) / (np.sqrt(2 * np.pi) * self.smearing)
        states, slopes = states.ravel(), slopes.reshape(states.size, -1)
        values, gradient = [], []
        for frequency in self.frequencies:
            apart = (frequency - states) / self.smearing
            curves = heights * np.exp(-(apart**2) / 2)
            values.append(curves.sum())
            gradient.append(curves * apart / self.smearing @ slopes)
        return Quantity(np.array(values), np.array(gradient), "1/THz")


def read_density_of_states(path):
    """Frequencies, THz, and states per THz in a primitive cell, (k,) each, from a CSV file.

    Its two columns are these, without a header but for lines that begin with #. Raises InputError,
    which names the file, for anything else.
    """
    try:
        table = np.loadtxt(path, delimiter=",", ndmin=2)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(f"{path}: is not a table of numbers: {error}") from None
    if not table.size or table.shape[1] != 2 or not np.isfinite(table).all():
        raise InputError(
            f"{path}: must have two columns, frequencies and states, of finite numbers"
        )
    return table.T
