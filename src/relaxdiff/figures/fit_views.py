"""How the structures of a fit are seen: columns and arrows in a plane, for pictures and the page.

A dislocation, whose file has the positions of the perfect crystal, is seen along its line, with a
differential displacement map. Everything else is seen along the axis in which it is nearest to the
target, with arrows from each structure to the target.
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.geometry import find_mic
from scipy.spatial import cKDTree

from relaxdiff.figures.differential_displacement import arrows, columns_of, core_centre
from relaxdiff.figures.displacements import centred_positions

AXES = "xyz"
HEIGHTS = 3  # of the columns of bcc along <111>, in a period
CLOSE = 0.8  # of the distance between columns; an atom nearer to two than this is between them
MARGIN = 2.0  # Angstrom around the atoms that count, of what is shown of a point defect
LONGEST = 1.2  # Angstrom, of the arrows of a point defect


@dataclass(frozen=True)
class Picture:
    """What is seen of one structure, in the plane, Angstrom from its middle.

    places: (atom, 2); tails, steps: of the arrows, (arrow, 2); core: (2,), NaN where there is none.
    """

    places: np.ndarray
    tails: np.ndarray
    steps: np.ndarray
    core: np.ndarray


def view_of(fit, reach):
    """How a fit is seen, a CoreView or a PlaneView.

    fit: the Dataset of fit.nc; reach: of a dislocation, Angstrom to each side that are shown.
    """
    return CoreView(fit, reach) if "crystal_positions" in fit else PlaneView(fit)


def deviations(fit, positions):
    """From a structure to the target, (atom, xyz), Angstrom: between the nearest images."""
    steps = fit["target"].values - np.asarray(positions)
    return find_mic(steps, fit["cell"].values)[0]


def is_marked(fit):
    """Which atoms are of another element than most, (atom,): alchemical atoms and solutes."""
    numbers, counts = np.unique(fit["atomic_numbers"].values, return_counts=True)
    return fit["atomic_numbers"].values != numbers[np.argmax(counts)]


def atoms_in_order(fit, view):
    """Indices of the atoms that a view shows, those that matter most last, on top of others."""
    order = np.lexsort([view.shades, is_marked(fit)])
    return order[view.shown[order]]


class CoreView:
    """A screw dislocation along z: columns at their places in the crystal, arrows between them.

    Atoms between the columns, such as a solute in the core, are shown where they are.

    axes: names of those to the right and up; shown: atoms in the picture, (atom,) bool; shades: of
    the atoms, (atom,), here by height in the perfect crystal; shade_labels: what they mean; corners
    of what is shown, (2, 2); scale: what the length of an arrow means.
    """

    axes = "xy"
    has_core = True
    shade_labels = ("height 0", "b/3", "2b/3")
    scale = "arrow from column to column: b/3"

    def __init__(self, fit, reach):
        self._crystal, self._cell = fit["crystal_positions"].values, fit["cell"].values
        burgers = np.linalg.norm(self._cell[2])
        self._on_site = ~(is_marked(fit) & _between_columns(self._crystal[:, :2]))
        self._columns = columns_of(self._crystal[self._on_site], burgers)
        self._middle = self._middle_of([fit["positions"].values[0], fit["target"].values])
        far = np.linalg.norm(self._crystal[:, :2] - self._middle, axis=1)
        self.shown = far < np.sqrt(2) * reach
        self.corners = np.array([[-reach, -reach], [reach, reach]])
        nearest = np.argmin(np.where(self._on_site, far, np.inf))
        heights = (self._crystal[:, 2] - self._crystal[nearest, 2]) / burgers
        self.shades = np.rint(HEIGHTS * heights).astype(int) % HEIGHTS
        self._drawn = self.shown[self._on_site][self._columns.pairs].any(axis=1)

    def core(self, positions):
        """The core's place in a structure, (2,), Angstrom from the picture's middle."""
        return core_centre(self._columns, self._along(positions)) - self._middle

    def picture(self, positions):
        """The Picture of a structure, positions (atom, xyz), Angstrom."""
        tails, steps = (each[self._drawn] for each in arrows(self._columns, self._along(positions)))
        seen = np.where(self._on_site[:, None], self._crystal, positions)
        places = seen[:, :2] - self._middle
        return Picture(places, tails - self._middle, steps, self.core(positions))

    def _middle_of(self, structures):
        """Between the cores of structures; of the crystal, if they have none."""
        cores = [core_centre(self._columns, self._along(positions)) for positions in structures]
        found = [core for core in cores if np.isfinite(core).all()]
        return np.mean(found or self._columns.places, axis=0)

    def _along(self, positions):
        """Displacements of the columns along the line, (column,), from the perfect crystal."""
        moved = find_mic(np.asarray(positions) - self._crystal, self._cell)[0][:, 2]
        return moved[self._on_site]


def _between_columns(places):
    """Which atoms, places (atom, 2) in the crystal, are nearer to two others than columns are."""
    second = cKDTree(places).query(places, k=3)[0][:, 2]
    return second < CLOSE * np.median(second)


class PlaneView:
    """A point defect in the plane of two axes: atoms where they are, arrows to the target.

    The attributes of a CoreView; the plane is that in which the start deviates most. The arrows of
    all structures are enlarged alike.
    """

    has_core = False
    shade_labels = ("not compared", "compared with the target")

    def __init__(self, fit):
        self._fit = fit
        start = deviations(fit, fit["positions"].values[0])
        counts = fit["in_region"].values.astype(bool)
        self.shades = counts.astype(int)
        along = np.sum(start[counts] ** 2, axis=0)
        self._seen = np.sort(np.argsort(-along, kind="stable")[:2])
        self.axes = "".join(AXES[axis] for axis in self._seen)
        # What moves is in the middle: no face of the cell cuts it.
        self._target = centred_positions(_target_atoms(fit), np.linalg.norm(start, axis=1) * counts)
        compared = self._target[counts]
        low, high = compared.min(axis=0) - MARGIN, compared.max(axis=0) + MARGIN
        self._middle = (low + high) / 2
        self.shown = np.all((self._target > low) & (self._target < high), axis=1)
        self.corners = (np.array([low, high]) - self._middle)[:, self._seen]
        longest = np.linalg.norm(start[self.shown][:, self._seen], axis=1).max(initial=0.0)
        self._enlarged = LONGEST / longest if longest > 0 else 1.0
        self.scale = f"arrows enlarged {self._enlarged:.2g} times"

    def picture(self, positions):
        """The Picture of a structure, positions (atom, xyz), Angstrom."""
        steps = deviations(self._fit, positions)
        places = (self._target - steps - self._middle)[:, self._seen]
        drawn = self._enlarged * steps[self.shown][:, self._seen]
        return Picture(places, places[self.shown], drawn, np.full(2, np.nan))


def _target_atoms(fit):
    """The target as periodic Atoms."""
    cell, numbers = fit["cell"].values, fit["atomic_numbers"].values
    return Atoms(numbers, positions=fit["target"].values, cell=cell, pbc=True)
