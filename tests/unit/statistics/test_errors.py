"""Error statistics on a study whose errors are known in closed form (analytic_study.py)."""

import numpy as np
import pytest
from analytic_study import N_ATOMS, lose, make_study

from relaxdiff.exceptions import InputError
from relaxdiff.statistics.errors import (
    error_slopes,
    error_table,
    prediction_errors,
    quoted,
    window_table,
    windows_of,
)


def errors_of(study):
    names = ("predictions", "truth", "derivative", "posterior", "evaluations")
    return prediction_errors(*(study[name] for name in names))


def rows_of(table, quantity, level):
    return table[(table["quantity"] == quantity) & (table["level"] == level)]


def test_errors_are_those_of_the_polynomials():
    study, made = make_study()
    errors = errors_of(study).sel(level="h+ih")
    lambdas = errors["lambda"].values
    np.testing.assert_allclose(errors["formation_energy"], -made["d"] * lambdas**3, atol=1e-12)
    np.testing.assert_allclose(errors["formation_volume"], -made["f"] * lambdas**2, atol=1e-12)
    np.testing.assert_allclose(errors["strain"], made["g"][:, 2:] * lambdas**2, atol=1e-12)
    size = np.linalg.norm(made["g"][:, :2], axis=1, keepdims=True) / np.sqrt(N_ATOMS)
    np.testing.assert_allclose(errors["positions"], size * lambdas**2, atol=1e-12)


def test_a_fixed_cell_has_neither_volume_nor_strain():
    study, made = make_study(relaxes=False)
    errors = errors_of(study)
    assert not {"formation_volume", "strain"} & set(errors)
    lambdas = errors["lambda"].values
    here = errors.sel(level="h+ih")
    np.testing.assert_allclose(here["formation_energy"], -made["d"] * lambdas**3, atol=1e-12)
    size = np.linalg.norm(made["g"], axis=1, keepdims=True) / np.sqrt(N_ATOMS)
    np.testing.assert_allclose(here["positions"], size * lambdas**2, atol=1e-12)
    table = error_table(errors)
    assert set(table["quantity"]) == {"formation_energy", "positions"}
    assert set(error_slopes(table)["quantity"]) == set(window_table(errors)["quantity"])


@pytest.mark.parametrize(
    ("near", "levels"),
    [
        # Quadratic displacements would bend the first-order curves: leave truth's polynomials.
        (0.04, ("c", "h", "ih", "h+ih", "newton")),
        (0.1, ("h+ih@x", "newton@x")),  # nearer by truth would not resolve them
    ],
)
def test_slopes_are_the_orders_of_the_predictions(near, levels):
    study, _ = make_study(lambdas=(-2 * near, -near, 0, near, 2 * near))
    slopes = error_slopes(error_table(errors_of(study)))
    assert len(slopes) == 4 * 7
    slopes = slopes[slopes["level"].isin(levels)]
    np.testing.assert_allclose(slopes["slope"], slopes["expected_slope"], atol=0.02)


def test_slope_is_unknown_with_one_distance_only():
    study, _ = make_study(lambdas=(-1, 0, 1))
    assert error_slopes(error_table(errors_of(study)))["slope"].isna().all()


def test_statistics_are_numpys():
    study, made = make_study()
    table = error_table(errors_of(study))
    assert len(table) == 4 * 7 * 9
    row = rows_of(table, "formation_energy", "h+ih").set_index("lambda").loc[2.0]
    expected = 8 * made["d"][:, 0]
    assert row["variants"] == 5
    assert row["units"] == "eV"
    assert row["mean_abs_error"] == pytest.approx(expected.mean())
    assert row["median_abs_error"] == pytest.approx(np.median(expected))
    assert row["abs_error_percentile_16"] == pytest.approx(np.percentile(expected, 16))
    assert row["abs_error_percentile_84"] == pytest.approx(np.percentile(expected, 84))
    assert row["max_abs_error"] == pytest.approx(expected.max())
    assert np.isnan(row["abs_error_percentile_95"])  # of five variants it says nothing


def test_the_95th_percentile_needs_20_variants():
    for count in (19, 20):
        study, made = make_study(n_samples=count)
        row = rows_of(error_table(errors_of(study)), "formation_energy", "h+ih").set_index("lambda")
        found = row.loc[2.0, "abs_error_percentile_95"]
        expected = np.percentile(8 * made["d"], 95) if count == 20 else np.nan
        assert found == pytest.approx(expected, nan_ok=True)


def test_variants_that_did_not_relax_are_left_out_and_counted():
    study, made = make_study()
    lose(study, 1, [7, 8])
    lose(study, 2, [8], crystal_status="elastically_unstable")
    table = error_table(errors_of(study))
    rows = rows_of(table, "formation_energy", "h+ih").set_index("lambda")
    assert rows.loc[2.0, ["variants", "bulk_unstable", "not_relaxed"]].tolist() == [4, 0, 1]
    assert rows.loc[4.0, ["variants", "bulk_unstable", "not_relaxed"]].tolist() == [3, 1, 1]
    assert (table["variants"] + table["bulk_unstable"] + table["not_relaxed"] == 5).all()
    expected = 64 * made["d"][[0, 3, 4], 0].mean()
    assert rows.loc[4.0, "mean_abs_error"] == pytest.approx(expected)


def test_lambda_without_any_variant_keeps_its_row():
    study, _ = make_study()
    for sample in range(5):
        lose(study, sample, [8], crystal_status="cut")
    row = rows_of(error_table(errors_of(study)), "strain", "c").set_index("lambda").loc[4.0]
    assert row["variants"] == 0
    assert np.isnan(row["mean_abs_error"])


def test_windows_are_the_posterior_ranges_of_lambda_and_the_grid():
    default = windows_of(np.round(np.arange(-6, 6.01, 0.05), 10))
    assert list(default) == ["lambda = 1", "lambda -2 to 2", "lambda -4 to 4", "all lambda"]
    assert [inside.sum() for inside in default.values()] == [1, 81, 161, 241]
    wide = windows_of(np.linspace(-25, 25, 251))
    ranges = [f"lambda -{up_to} to {up_to}" for up_to in (2, 4, 6, 10)]
    assert list(wide) == ["lambda = 1", *ranges, "all lambda"]
    assert [inside.sum() for inside in wide.values()] == [1, 21, 41, 61, 101, 251]
    assert list(windows_of(np.array([-5.0, 0, 5.0]))) == ["all lambda"]


def test_windows_hold_the_variants_and_count_those_without_truth():
    study, made = make_study()
    lose(study, 1, [7, 8])
    lose(study, 2, [8], crystal_status="elastically_unstable")
    table = window_table(errors_of(study))
    rows = rows_of(table, "formation_volume", "h+ih").set_index("window")
    counts = rows[["variants", "bulk_unstable", "not_relaxed"]]
    assert counts.T.to_dict("list") == {
        "lambda = 1": [5, 0, 0],
        "lambda -2 to 2": [34, 0, 1],
        "all lambda": [42, 1, 2],
    }
    assert rows.loc["lambda = 1", "mean_abs_error"] == pytest.approx(made["f"].mean())
    squares = made["f"] * np.array([4, 1, 0.25, 0, 0.25, 1, 4])
    squares[1, -1] = np.nan  # not relaxed
    of_range = rows.loc["lambda -2 to 2"]
    assert of_range["mean_abs_error"] == pytest.approx(np.nanmean(squares))
    assert of_range["median_abs_error"] == pytest.approx(np.nanmedian(squares))
    assert of_range["abs_error_percentile_95"] == pytest.approx(np.nanpercentile(squares, 95))
    assert of_range["max_abs_error"] == pytest.approx(np.nanmax(squares))


def test_quoted_are_the_best_levels_at_lambda_one_and_over_all():
    study, _ = make_study()
    told = quoted(window_table(errors_of(study)))
    assert told["window"].unique().tolist() == ["lambda = 1", "all lambda"]
    assert told["level"].unique().tolist() == ["h+ih", "newton", "newton@x"]
    del study["evaluations"]
    study["predictions"] = study["predictions"].drop_sel(level="newton")
    names = ("predictions", "truth", "derivative", "posterior")
    table = window_table(prediction_errors(*(study[name] for name in names)))
    assert quoted(table)["level"].unique().tolist() == ["h+ih"]


def test_predictions_and_truth_of_other_variants_are_refused():
    study, _ = make_study()
    study["truth"] = study["truth"].isel({"lambda": slice(1, None)})
    with pytest.raises(InputError, match="not of the same samples and lambdas"):
        errors_of(study)


def test_errors_that_truth_does_not_resolve_are_left_out_of_slopes():
    study, _ = make_study(lambdas=(-0.002, -0.001, 0, 0.001, 0.002))
    slopes = error_slopes(error_table(errors_of(study))).set_index(["quantity", "level"])["slope"]
    assert np.isnan(slopes["formation_energy", "newton@x"])
    assert slopes["formation_energy", "c"] == pytest.approx(2, abs=0.02)


def test_evaluations_of_other_variants_are_refused():
    study, _ = make_study()
    study["evaluations"] = study["evaluations"].isel(sample=slice(1, None))
    with pytest.raises(InputError, match="not of the same variants"):
        errors_of(study)
