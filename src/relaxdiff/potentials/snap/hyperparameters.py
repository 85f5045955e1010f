"""Everything that fixes the descriptors of SNAP, without the fitted coefficients."""

from dataclasses import dataclass

import numpy as np
from ase.data import atomic_numbers

from relaxdiff.exceptions import InputError

LARGEST_CUTOFF = 20  # Angstrom
ALCHEMICAL = "X"  # of no element: ASE's symbol with the atomic number 0
FLAGS = ("switchflag", "bzeroflag", "quadraticflag")


@dataclass(frozen=True)
class SnapHyperparameters:
    """Everything that fixes the descriptors D(q), without the fitted coefficients.

    elements: symbols in LAMMPS's order of types, a string such as "W" or "W Be", or a sequence;
    radii, weights: LAMMPS's R and w of each element, or one number for all. The cutoff of two atoms
    is `cutoff_factor` (rcutfac) times the sum of their radii, in Angstrom.
    """

    elements: tuple
    twojmax: int
    cutoff_factor: float
    radii: tuple = 0.5
    weights: tuple = 1.0
    rfac0: float = 0.99363
    rmin0: float = 0.0
    switchflag: int = 1
    bzeroflag: int = 1
    quadraticflag: int = 0

    def __post_init__(self):
        elements = self.elements.split() if isinstance(self.elements, str) else self.elements
        object.__setattr__(self, "elements", tuple(elements))
        for name in ("radii", "weights"):
            each = np.broadcast_to(np.ravel(getattr(self, name)), len(elements))
            object.__setattr__(self, name, tuple(map(float, each)))
        self._check_elements()
        if not (isinstance(self.twojmax, int) and 0 <= self.twojmax <= 20):
            raise InputError(f"twojmax must be a whole number from 0 to 20, found {self.twojmax}")
        if not (np.isfinite(self.cutoff_factor) and self.cutoff_factor > 0):
            raise InputError(f"cutoff_factor must be a positive number, found {self.cutoff_factor}")
        if self.cutoff > LARGEST_CUTOFF:
            raise InputError(
                f"the cutoff, twice the radius times rcutfac, is {self.cutoff:g} Angstrom: "
                f"{LARGEST_CUTOFF} is the most that is supported"
            )
        if not 0 < self.rfac0 <= 1:
            raise InputError(f"rfac0 must be above 0 and not above 1, found {self.rfac0}")
        if not 0 <= self.rmin0 < min(self.cutoffs):
            raise InputError(
                f"rmin0 must be 0 or more and below the cutoff of {min(self.cutoffs):g} Angstrom, "
                f"found {self.rmin0}"
            )
        for name in FLAGS:
            if getattr(self, name) not in (0, 1):
                raise InputError(f"{name} must be 0 or 1, found {getattr(self, name)}")

    def _check_elements(self):
        for element in self.elements:
            if element not in atomic_numbers:
                raise InputError(f"unknown chemical element '{element}'")
        if not self.elements or len(set(self.elements)) < len(self.elements):
            raise InputError(f"elements: each once, at least one, found {self.elements}")
        for radius, weight in zip(self.radii, self.weights, strict=True):
            if not (np.isfinite(radius) and radius > 0):
                raise InputError(f"radius must be a positive number, found {radius}")
            if not (np.isfinite(weight) and weight != 0):
                raise InputError(f"the weight must be a number other than 0, found {weight}")

    @property
    def cutoffs(self):
        """Cutoffs of all pairs of elements in Angstrom, ascending, without duplicates."""
        sums = np.add.outer(self.radii, self.radii)
        return np.unique(self.cutoff_factor * sums)

    @property
    def cutoff(self):
        """Largest cutoff of the descriptors in Angstrom."""
        return float(self.cutoffs[-1])

    @property
    def n_components(self):
        """Number of bispectrum components of an atom, LAMMPS's count (55 for twojmax = 8)."""
        return len(self.component_indices)

    @property
    def component_indices(self):
        """The index j of each bispectrum component of an atom, in LAMMPS's order (a tuple)."""
        top = self.twojmax
        return tuple(
            j
            for j1 in range(top + 1)
            for j2 in range(j1 + 1)
            for j in range(j1 - j2, min(top, j1 + j2) + 1, 2)
            if j >= j1
        )

    @property
    def n_of_element(self):
        """Number of coefficients of one element, without the energy shift."""
        count = self.n_components
        return count + count * (count + 1) // 2 if self.quadraticflag else count

    @property
    def n_parameters(self):
        """Number P of coefficients of all elements, without the energy shifts."""
        return len(self.elements) * self.n_of_element

    def compute_settings(self):
        """What LAMMPS's compute snap, sna/atom and snad/atom take, a string."""
        numbers = [self.cutoff_factor, self.rfac0, self.twojmax, *self.radii, *self.weights]
        flags = " ".join(f"{name} {getattr(self, name)}" for name in FLAGS)
        return f"{' '.join(map(repr, numbers))} rmin0 {self.rmin0!r} {flags}"


def hyperparameters_from(attributes):
    """SnapHyperparameters from the attributes of a Dataset; NetCDF gives numpy scalars back."""
    return SnapHyperparameters(
        str(attributes["element"]),
        int(attributes["twojmax"]),
        float(attributes["cutoff_factor"]),
        attributes["radius"],
        attributes["weight"],
        float(attributes["rfac0"]),
        float(attributes["rmin0"]),
        switchflag=int(attributes["switchflag"]),
        bzeroflag=int(attributes["bzeroflag"]),
        # Posteriors made before quadratic SNAP was supported do not have it.
        quadraticflag=int(attributes.get("quadraticflag", 0)),
    )


def parameter_names(hyperparameters, with_shift=False):
    """beta_1 ... beta_P, with beta_0 in front when asked for (a list of strings).

    With several elements each has its own names, such as W_beta_1.
    """
    numbers = range(0 if with_shift else 1, hyperparameters.n_of_element + 1)
    elements = hyperparameters.elements
    prefixes = [""] if len(elements) == 1 else [f"{element}_" for element in elements]
    return [f"{prefix}beta_{i}" for prefix in prefixes for i in numbers]
