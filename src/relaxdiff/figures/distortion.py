"""A structure distorted by its parameters, as in figure 2 of arXiv:2407.02414."""

import numpy as np

from relaxdiff.derivative import IH, H
from relaxdiff.figures.displacements import reference_atoms
from relaxdiff.figures.style import (
    TRUTH_COLOUR,
    WIDE,
    letter_panels,
    level_lines,
    new_figure,
    say_empty,
    styled,
)
from relaxdiff.posterior import deviations
from relaxdiff.predictions import predicted_coordinates
from relaxdiff.structures import centrosymmetry

MOST = 1.25  # of the colours of centrosymmetry, Angstrom^2, as in the paper


@styled
def distortion(reference, derivative, predictions, truth, posterior, sample=0):
    """Structures at both ends of a sample by centrosymmetry; energy and distortion along it.

    reference, derivative, predictions, truth, posterior: the Datasets of those names; sample: its
    index. The distortion is the root-mean-square distance of atoms from where they are at the mean,
    in the mean's cell. Where a single parameter changes the axis is that parameter.
    """
    true = truth.isel(sample=sample)
    modes = truth["mode_displacements"].values
    fields = np.einsum("lm,max->lax", true["coordinates"].values[:, : len(modes)], modes)
    values, label = _axis_of(posterior, truth["lambda"].values, sample)
    figure = new_figure(WIDE, 5.6)
    axes = figure.subplots(2, 2, gridspec_kw={"height_ratios": [1.15, 1]})
    found = np.flatnonzero(true["status"].values == "converged")
    atoms = reference_atoms(reference)
    for axis, place in zip(axes[0], found[[0, -1]] if found.size else (), strict=False):
        dots = _draw_atoms(axis, atoms, fields[place])
        axis.set_xlabel(rf"$\mathrm{{\AA}}$; {label} = {values[place]:.4g}")
    if found.size:
        figure.colorbar(dots, ax=axes[0], label=r"centrosymmetry ($\mathrm{\AA}^2$)", shrink=0.8)
    else:
        for axis in axes[0]:
            say_empty(axis, "no variant has a minimum")
    delta = deviations(posterior)[0]
    places = predicted_coordinates(predictions, derivative, modes, delta, truth["lambda"].values)
    shown = _distinct(places, derivative.sizes["strain"])
    sizes = {
        level: _rms(np.einsum("lm,max->lax", places[level][sample][:, : len(modes)], modes))
        for level in shown
    }
    relaxed = predictions["energy"].isel(sample=sample) / len(atoms)
    energies = {level: relaxed.sel(level=level).values for level in shown}
    panels = (
        (axes[1, 0], energies, true["energy"].values / len(atoms), "relaxed energy (eV/atom)"),
        (axes[1, 1], sizes, _rms(fields), r"distortion ($\mathrm{\AA}$)"),
    )
    for axis, curves, truths, name in panels:
        for level, style in level_lines(curves):
            axis.plot(values, curves[level], label=level, **{**style, "marker": ""})
        axis.plot(values, truths, "o", color=TRUTH_COLOUR, markersize=3.5, label="truth")
        axis.set(xlabel=label, ylabel=name)
    axes[1, 0].legend()
    letter_panels(axes.ravel())
    return figure


def _distinct(levels, strains):
    """Names of the levels that differ: in a fixed cell h is c, and ih is h+ih."""
    same = {H.name, IH.name} if not strains else set()
    return [level for level in levels if level not in same]


def _rms(fields):
    """Root-mean-square displacement (lambda,) of fields (lambda, atom, xyz)."""
    return np.sqrt((fields**2).sum(axis=2).mean(axis=1))


def _axis_of(posterior, lambdas, sample):
    """What the abscissa shows, (lambda,), and its label: the only parameter, or lambda."""
    delta = deviations(posterior)[0][sample]
    changed = np.flatnonzero(delta)
    if len(changed) != 1:
        return lambdas, r"$\lambda$"
    mean = posterior["theta_mean"].values[changed[0]]
    return mean + lambdas * delta[changed[0]], str(posterior["parameter"].values[changed[0]])


def _draw_atoms(axis, atoms, field):
    """The atoms in depth order along z after a displacement, by centrosymmetry."""
    moved = atoms.copy()
    moved.positions += field
    colours = centrosymmetry(moved)
    moved.wrap()
    order = np.argsort(moved.positions[:, 2])
    kinds = np.array([atoms.numbers == number for number in np.unique(atoms.numbers)])
    for marker, kind in zip("os", kinds, strict=False):
        chosen = order[kind[order]]
        dots = axis.scatter(
            *moved.positions[chosen, :2].T,
            c=colours[chosen],
            vmin=0,
            vmax=MOST,
            s=26,
            marker=marker,
            cmap="viridis",
            edgecolors="0.2",
            linewidths=0.3,
        )
    axis.set(aspect="equal", ylabel=r"$\mathrm{\AA}$")
    return dots
