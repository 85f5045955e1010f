"""What a study found of one structure, as its table and its captions are made from."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import xarray as xr

from relaxdiff.derivative import most_complete
from relaxdiff.posterior import coverage_warnings, fit_warnings
from relaxdiff.statistics.calibration import doubt_table
from relaxdiff.statistics.errors import all_levels
from relaxdiff.statistics.moments import SPREADS, posterior_table
from relaxdiff.statistics.negative_energies import negative_formation_energies
from relaxdiff.units import JOULE_PER_SQUARE_METRE


@dataclass(frozen=True)
class StructureResults:
    """What a study found of one structure.

    crystal, derivative, predictions, evaluations, truth: the Datasets of those names, evaluations
    None if there are none; draws: of `predict_draws`; windows, slopes, calibration: of
    `window_table`, `error_slopes` and `calibration_table`; check: the table of the truth check.
    From truth on they may be left out for a study without. fit: the posterior, which says how well
    it was fitted, if it was. area: of all faces of a surface or a fault together, Angstrom^2, else
    None. settings: the structure's entry in the config.
    """

    crystal: xr.Dataset
    derivative: xr.Dataset
    predictions: xr.Dataset
    draws: xr.Dataset
    evaluations: xr.Dataset | None = None
    truth: xr.Dataset | None = None
    windows: pd.DataFrame | None = None
    slopes: pd.DataFrame | None = None
    calibration: pd.DataFrame | None = None
    check: pd.DataFrame | None = None
    fit: xr.Dataset | None = None
    area: float | None = None
    settings: dict | None = None

    @cached_property
    def levels(self):
        """The predictions at all levels, a Dataset."""
        return all_levels(self.predictions, self.evaluations)

    @cached_property
    def doubt(self):
        """The table of `doubt_table`; None without signs."""
        return doubt_table(self.levels, self.truth)

    @property
    def fit_warnings(self):
        """Sentences on what is odd in the fit, and on where it does not cover this structure."""
        if self.fit is None:
            return []
        structures = [] if self.settings is None else [self.settings]
        return [*fit_warnings(self.fit), *coverage_warnings(self.fit, structures)]

    @property
    def best(self):
        """The most complete level."""
        return most_complete(self.levels["level"].values)

    @property
    def held_columns(self):
        """Number of columns that are held along the line of a dislocation."""
        return int(self.derivative.attrs.get("held_columns", 0))

    @property
    def cell_relaxes(self):
        """Whether the structure has a formation volume."""
        return self.derivative.sizes["strain"] > 0

    @cached_property
    def distribution(self):
        """The table of `posterior_table`, without volumes of a fixed cell, with energies per area.

        A DataFrame with a row for each quantity and source.
        """
        table = posterior_table(self.draws, self.levels, self.truth)
        energy = table[table["quantity"] == "formation_energy"]
        parts = [table if self.cell_relaxes else energy]
        if self.area is not None:
            per_area = energy.assign(quantity="energy_per_area", units="J/m^2")
            per_area[SPREADS] *= JOULE_PER_SQUARE_METRE / self.area
            parts.append(per_area)
        return pd.concat(parts, ignore_index=True)

    @property
    def posterior(self):
        """Of the draws at their best level and, if known, of the relaxed samples, the check."""
        table, best = self.distribution, self.best_drawn
        drawn = (table["values_of"] == "draws") & (table["source"] == best)
        return table[drawn | (table["source"] == "truth")]

    @property
    def same_samples(self):
        """The same samples as those of the truth, predicted at the level of the draws."""
        table = self.distribution
        return table[(table["values_of"] == "samples") & (table["source"] == self.best_drawn)]

    @property
    def best_drawn(self):
        """The most complete level of the draws."""
        return most_complete(self.draws["level"].values)

    @cached_property
    def negative(self):
        """The table of `negative_formation_energies`."""
        return negative_formation_energies(self.levels, self.truth)

    @property
    def evaluated(self):
        """Evaluations at predicted structures."""
        return int(self.evaluations["evaluations"].sum())
