"""How a fit to properties went."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff.figures.fit_quantities import fit_quantities

NAMES = ["c11", "bulk_modulus", "vacancy formation_energy"]


@pytest.fixture
def fit():
    value = [[500.0, 300.0, 3.0], [520.0, 305.0, 3.5], [522.5, 310.0, 3.66]]
    return xr.Dataset(
        {
            "loss": ("step", [300.0, 20.0, 0.3]),
            "value": (("step", "quantity"), value),
            "target": ("quantity", [522.0, np.nan, 3.67]),
            "tolerance": ("quantity", [1.0, np.nan, 0.01]),
        },
        coords={"step": [0, 1, 2], "quantity": NAMES},
    )


def test_targets_are_shown_in_their_tolerances(fit):
    loss, deviations = fit_quantities(fit).axes
    assert loss.lines[0].get_ydata() == pytest.approx(fit["loss"].values)
    assert loss.get_yscale() == "log"
    drawn = {line.get_label(): line.get_ydata() for line in deviations.lines}
    assert drawn["$C_{11}$"] == pytest.approx([-22, -2, 0.5])
    assert drawn[r"vacancy $E_\mathrm{f}$"] == pytest.approx([-67, -17, -1])
    assert len(drawn) == 2  # what is no target has no tolerance


def test_a_fit_that_began_at_its_targets_can_be_drawn(fit):
    fit["loss"][:] = 0.0
    assert fit_quantities(fit).axes[0].get_yscale() == "linear"
