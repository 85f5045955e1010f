"""Figures and pages of the results; the only package that draws."""

from relaxdiff.figures.registry import FIGURES, figure_named, figures_of

__all__ = [
    "FIGURES",
    "figure_named",
    "figures_of",
]
