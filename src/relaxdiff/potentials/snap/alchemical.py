"""Alchemical atoms: chosen atoms with coefficients of their own (eq 17 of arXiv:2407.02414).

X is a copy of an element, with its radius, its weight and its part in the baseline. To its
neighbours an X is an atom of that element; with the coefficients it starts with it is one to
itself, too. What it becomes when they change is not an element of the periodic table.
"""

from dataclasses import dataclass, replace

import numpy as np

from relaxdiff.exceptions import InputError
from relaxdiff.potentials.snap.baseline import PairBaseline, ZblBaseline
from relaxdiff.potentials.snap.hyperparameters import ALCHEMICAL
from relaxdiff.potentials.snap.potential import SnapPotential


@dataclass(frozen=True)
class AlchemicalBaseline:
    """A baseline in which X takes part as another element.

    baseline: ZblBaseline or PairBaseline; element: the one that X stands for.
    """

    baseline: ZblBaseline | PairBaseline
    element: str

    @property
    def style(self):
        """Of the baseline itself."""
        return self.baseline.style

    @property
    def file(self):
        """Text of the potential's file, '' if it has none."""
        return self.baseline.file

    @property
    def is_sum_over_pairs(self):
        """Whether an atom's energy is half that of its pairs."""
        return self.baseline.is_sum_over_pairs

    def _meant(self, elements):
        return [self.element if element == ALCHEMICAL else element for element in elements]

    def reach(self, elements):
        """Largest distance in Angstrom at which two atoms of these elements feel each other."""
        return self.baseline.reach(list(dict.fromkeys(self._meant(elements))))

    def smoothness_limits(self, elements):
        """Distances in Angstrom at which a second derivative of the energy of a pair jumps."""
        return self.baseline.smoothness_limits(list(dict.fromkeys(self._meant(elements))))

    def style_line(self):
        """The style and its numbers, as written behind `pair_style` or in a hybrid style."""
        return self.baseline.style_line()

    def coefficient_lines(self, elements, file=None):
        """The pair_coeff lines in a hybrid style, for atoms of the types 1, 2, ... (a list)."""
        return self.baseline.coefficient_lines(self._meant(elements), file)

    def attributes(self):
        """What a Dataset keeps, a dict: a style that is not read again, for X is no element."""
        return {"reference_style": f"{self.style}, X as {self.element}"}


def alchemical(potential, element):
    """The potential with X as a further element, a copy of one of its own, a SnapPotential.

    Raises InputError if the potential is not for that element, or has alchemical atoms already.
    """
    hyper = potential.hyperparameters
    if element not in hyper.elements:
        raise InputError(
            f"alchemical: the potential {potential.name} is for {', '.join(hyper.elements)}, not "
            f"for {element}"
        )
    if ALCHEMICAL in hyper.elements:
        raise InputError(f"alchemical: the potential {potential.name} has X already")
    place, size = hyper.elements.index(element), hyper.n_of_element
    baseline = potential.baseline
    return SnapPotential(
        replace(
            hyper,
            elements=(*hyper.elements, ALCHEMICAL),
            radii=(*hyper.radii, hyper.radii[place]),
            weights=(*hyper.weights, hyper.weights[place]),
        ),
        np.append(potential.theta, potential.theta[place * size : (place + 1) * size]),
        np.append(potential.energy_shifts, potential.energy_shifts[place]),
        None if baseline is None else AlchemicalBaseline(baseline, element),
        f"{potential.name}+X",
    )
