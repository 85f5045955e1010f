"""Numbers in the page come back; its atoms move as the derivative says."""

import numpy as np
import pytest
from analytic_study import make_study
from packed import unpack

from relaxdiff.figures import interactive_data
from relaxdiff.figures.displacements import displacement_fields
from relaxdiff.figures.interactive_data import (
    pack,
    page_numbers,
    variant_labels,
    view_numbers,
)
from relaxdiff.posterior.variants import NAME, lambda_grid


def test_packed_numbers_come_back():
    values = np.random.default_rng(0).normal(size=(3, 4, 9)) * 1e3
    values[0, 0, 0] = values[1, 2, :] = values[-1, -1, -1] = np.nan
    values[2, 0, 4] = 1e30  # no number to show
    expected = np.where(values == 1e30, np.nan, values)
    assert unpack(pack(values, 4)) == pytest.approx(expected, abs=0.5001e-4, nan_ok=True)


def test_labels_make_the_names_of_variants():
    lambdas = [-25.0, -0.25, 0.0, 0.2, 4.0, 10.125]
    labels = variant_labels(lambdas)
    assert labels == ["-25.0", "-00.25", "+00.0", "+00.2", "+04.0", "+10.125"]
    for grid in (lambda_grid(-25, 25, 0.2), lambda_grid(-0.03, 0.03, 0.001)):
        for value, label in zip(grid, variant_labels(grid), strict=True):
            match = NAME.fullmatch(f"sample007_lambda{label}")
            assert float(match["stretch"]) == value


def test_parameters_of_a_potential_that_is_not_snap_have_units_and_no_beta_0():
    study, _ = make_study()
    posterior = study["posterior"]
    units = {"parameter_unit": ("parameter", ["eV", "Angstrom"])}
    other = posterior.assign_coords(units).assign_attrs(analytic="morse")
    snap, found = (
        page_numbers({}, each, study["predictions"], study["truth"], 4)
        for each in (posterior, other)
    )
    assert (snap["names"], snap["units"]) == (["beta_0", "beta_1", "beta_2"], None)
    assert (found["names"], found["units"]) == (["beta_1", "beta_2"], ["eV", "Angstrom"])
    assert (snap["shifts"], found["shifts"]) == (1, 0)
    assert snap["mean"][1:] == found["mean"]
    assert np.shape(found["deviations"]) == (4, 2)


def view_of(study):
    return view_numbers(study["posterior"], study["reference"], study["derivative"], samples=4)


def test_the_atoms_of_the_view_move_as_the_derivative_says():
    study, _ = make_study()
    view = view_of(study)
    fields = np.array(view["fields"]).reshape(len(view["fields"]), -1)
    found = (np.array(view["amounts"]) @ fields).reshape(4, 3, 3)
    expected = displacement_fields(study["posterior"], study["derivative"])[:4]
    assert found == pytest.approx(expected, abs=2e-3 * np.abs(expected).max())
    assert [atom[0] for atom in view["atoms"]] == ["W", "W", "W"]
    assert view["left_out"] == 0
    assert list(view["colours"]) == ["W"]


def test_of_too_many_atoms_those_that_move_most_are_shown(monkeypatch):
    study, _ = make_study()
    study["derivative"]["position_derivative"][:, 1] *= 1e-3
    monkeypatch.setattr(interactive_data, "MOST_ATOMS", 2)
    view = view_of(study)
    assert view["left_out"] == 1
    apart = np.subtract(view["atoms"][0][1:], view["atoms"][1][1:])
    expected = study["reference"]["positions"].values[0] - study["reference"]["positions"].values[2]
    assert np.sort(np.abs(apart % 6)) == pytest.approx(np.sort(np.abs(expected % 6)), abs=2e-3)
