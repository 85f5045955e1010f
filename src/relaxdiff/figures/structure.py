"""A picture of a structure: its atoms, and how the posterior displaces them."""

import numpy as np

from relaxdiff.figures.displacements import (
    centred_positions,
    displacement_fields,
    leading_field,
    reference_atoms,
)
from relaxdiff.figures.style import WIDE, new_figure, styled
from relaxdiff.structures import nearest_neighbour_distance

LONGEST = 0.45  # nearest-neighbour distances, of an arrow
DEPTH = 1.05  # nearest-neighbour distances on either side of the centre that are shown


@styled
def structure(reference, derivative, posterior):
    """Atoms of the layers around the defect, with arrows along the leading displacement field.

    reference, derivative, posterior: the Datasets of those names. The view is along the cell's
    shortest vector. Colours and arrows: of the field in which the samples differ most
    (`displacements.leading_field`), as large as its standard deviation over the samples. The title
    says how many columns of atoms are held.
    """
    field, share = leading_field(displacement_fields(posterior, derivative))
    sizes = np.linalg.norm(field, axis=1)
    atoms = reference_atoms(reference)
    cell, apart = atoms.cell.array, nearest_neighbour_distance(atoms)
    positions = centred_positions(atoms, sizes)
    right, up, depth = _view(cell)
    positions, places = _with_edges(positions, cell)
    field, sizes = field[places], sizes[places]
    shown = np.abs((positions - cell.sum(axis=0) / 2) @ depth) <= DEPTH * apart
    across, along = positions[shown] @ right, positions[shown] @ up
    height = np.clip(WIDE * 0.82 * np.ptp(along) / max(np.ptp(across), apart), 2.2, 6.5)
    figure = new_figure(WIDE, height)
    axis = figure.subplots()
    dots = axis.scatter(
        across,
        along,
        c=1e3 * sizes[shown],
        s=60,
        cmap="viridis_r",
        vmin=0,
        edgecolors="0.2",
        linewidths=0.4,
    )
    figure.colorbar(dots, label=r"displacement (m$\mathrm{\AA}$)", shrink=0.8)
    steps = field[shown] @ np.column_stack([right, up])
    _draw_arrows(axis, across, along, steps, apart)
    axis.set(
        aspect="equal",
        xlabel=r"$\mathrm{\AA}$",
        ylabel=r"$\mathrm{\AA}$",
    )
    longest = 1e3 * np.linalg.norm(steps, axis=1).max(initial=0.0)
    axis.set_title(
        f"leading displacement field, {100 * share:.0f} % of the variance; "
        rf"longest arrow {longest:.2g} m$\mathrm{{\AA}}$"
        + (f"; {reference.attrs['held']}" if "held" in reference.attrs else ""),
        loc="left",
    )
    axis.margins(0.08)
    return figure


def _with_edges(positions, cell):
    """Positions with the periodic images on the cell's faces, and which atom each one is."""
    shifts = np.array(list(np.ndindex(3, 3, 3))) - 1
    scaled = positions @ np.linalg.inv(cell) + shifts[:, None]
    kept, atoms = np.nonzero(np.all(np.abs(scaled - 0.5) < 0.5 + 1e-3, axis=2))
    return scaled[kept, atoms] @ cell, atoms


def _view(cell):
    """Unit vectors to the right, up and towards the eye, which is along the shortest vector."""
    # The last of equal ones: a cubic cell is seen along z.
    lengths = np.round(np.linalg.norm(cell, axis=1), 6)
    shortest = 2 - int(np.argmin(lengths[::-1]))
    depth = cell[shortest] / lengths[shortest]
    right = cell[(shortest + 1) % 3]
    right = right - (right @ depth) * depth
    right /= np.linalg.norm(right)
    return right, np.cross(depth, right), depth


def _draw_arrows(axis, across, along, steps, apart):
    """The arrows in the plane, (atom, 2), enlarged so that the longest is LONGEST * apart."""
    longest = np.linalg.norm(steps, axis=1).max(initial=0.0)
    if longest == 0:
        return
    axis.quiver(
        across,
        along,
        *steps.T,
        angles="xy",
        scale_units="xy",
        scale=longest / (LONGEST * apart),
        width=0.006,
        color="#c1272d",
        zorder=3,
    )
