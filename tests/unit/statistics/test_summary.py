"""Numbers of the report: the summary table, the sentences, and the captions that quote them."""

import dataclasses
import io

import pandas as pd
from fits import POPS, WEIGHTS, designs

from relaxdiff.posterior.pops import fit_posterior
from relaxdiff.statistics.captions import sentences, substitutions
from relaxdiff.statistics.summary import summarise


def test_summary_counts_every_variant(results):
    table = summarise(results)
    crystal = table[table["topic"] == "crystal"].set_index("item")["value"]
    assert crystal.to_dict() == {
        "stable": 44,
        "no_minimum": 0,
        "elastically_unstable": 1,
        "vibrationally_unstable": 0,
        "cut": 0,
    }
    truth = table[table["topic"] == "truth"]["value"]
    assert truth.sum() == crystal["stable"]
    left_out = table[table["topic"] == "not relaxed"].set_index("item")["value"]
    assert left_out.to_dict() == {
        "lambda = 1": 0,
        "lambda = 1, not_converged": 0,
        "lambda -2 to 2": 1,
        "lambda -2 to 2, not_converged": 1,
        "all lambda": 2,
        "all lambda, not_converged": 2,
    }
    reread = pd.read_csv(io.StringIO(table.to_csv(index=False)), keep_default_na=False)
    assert list(reread.columns) == ["topic", "item", "value", "units"]
    assert not table["item"].str.contains("|", regex=False).any()  # the report reads it as rst


def test_errors_begin_with_the_posterior_itself(results):
    table = summarise(results)
    errors = table[table["topic"] == "errors"]
    names = ["mean", "median", "95th percentile", "maximum"]
    first = [f"formation_energy, h+ih, lambda = 1, {name} absolute error" for name in names]
    assert errors["item"].tolist()[:4] == first
    assert len(errors) == 2 * 2 * 3 * 4  # quantities, windows, levels, statistics
    row = results.windows.query("quantity == 'formation_energy' and level == 'h+ih'").iloc[0]
    assert errors["value"].iloc[0] == row["mean_abs_error"]
    assert errors["value"].iloc[3] == row["max_abs_error"]


def fit_of(changed):
    return fit_posterior(changed, WEIGHTS, 0.25, seed=5, pops=POPS)


def test_a_good_fit_is_in_the_summary(results):
    table = summarise(dataclasses.replace(results, fit=fit_of(designs())))
    fit = table[table["topic"] == "fit"].set_index("item")["value"]
    assert fit["warnings"] == 0
    explained = fit[fit.index.str.contains("R^2", regex=False)]
    assert explained.index[0] == "energy, R^2 of what is fitted"
    assert len(explained) == 3
    assert ((explained > 0.9) & (explained < 1)).all()
    covered = fit.drop(["warnings", *explained.index])
    assert covered.index[0] == (
        "energy, group first, coverage of 5 held-out configurations at nominal 90 %"
    )
    assert len(covered) == 5  # no stress in the second group
    assert covered.between(0, 1).all()
    assert not (summarise(results)["topic"] == "fit").any()


def test_a_bad_fit_is_in_summary_and_report(results):
    bad = designs()
    for design in bad:
        design.attrs["group"] += "_"  # what reStructuredText takes for a link
    bad[0]["stress_target"] = 1000 * bad[0]["stress_target"]
    weights = {f"{group}_": each for group, each in WEIGHTS.items()}
    fit = fit_posterior(bad, weights, 0.25, seed=5, pops=POPS)
    told = dataclasses.replace(results, fit=fit)
    table = summarise(told).set_index(["topic", "item"])["value"]
    assert table["fit", "energy, R^2 of what is fitted"] < 0
    assert table["fit", "warnings"] == 2
    sentence = sentences(told)["fit_warnings"]
    assert sentence.startswith("The fit explains nothing of the energies: ")
    assert r"worst the groups first\_" in sentence
    assert substitutions({"fit_warnings": sentence}).count("\n") == 1
    assert sentences(results)["fit_warnings"] == "nothing odd"


def test_a_structure_that_its_group_does_not_cover_is_in_summary_and_report(results):
    fit = fit_of(designs()).assign_coords(group=["surface", "vacancy"])
    fit["held_out_coverage"][:] = [[[0.5]], [[0.9]]]
    fit["held_out_coverage_error"][:] = 0.01
    surface = {"name": "slab", "kind": "surface"}
    told = dataclasses.replace(results, fit=fit, settings=surface)
    table = summarise(told).set_index(["topic", "item"])["value"]
    assert table["fit", "warnings"] == 1
    sentence = sentences(told)["fit_warnings"]
    assert sentence.startswith("The posterior is too narrow for slab: ")
    assert sentence.endswith("groups: surface energy 50 %, surface force 50 %, surface stress 50 %")
    covered = dataclasses.replace(told, settings={"name": "vacancy", "kind": "vacancy"})
    assert sentences(covered)["fit_warnings"].startswith("nothing odd. Intervals of nominally 90 %")
    unfitted = dataclasses.replace(results, fit=fit[["theta_mean"]])
    assert sentences(unfitted)["fit_warnings"] == "none, the posterior was not fitted"
