"""The sentences of the report, and the captions that quote them."""

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment
from report_numbers import results_of

from relaxdiff.statistics.captions import sentences, substitutions
from relaxdiff.statistics.results import StructureResults
from relaxdiff.statistics.summary import summarise

CAPTIONS = sorted((Path(__file__).parents[3] / "workflow/report").glob("*.rst"))
WITHOUT_TRUTH = {
    "workflow",
    "summary",
    "formation_curves",
    "overview",
    "posterior_distribution",
    "posterior_table",
}


def test_sentences_state_what_was_kept_and_why_not(results):
    found = sentences(results)
    assert (found["variants"], found["kept"], found["kept_percent"]) == ("45", "44", "97.8 %")
    assert found["not_kept"] == "1 elastically unstable"
    assert found["whole_samples"] == "4"
    assert (found["relaxed"], found["not_relaxed"]) == ("42", "2 not converged")
    assert found["truth_cost"].startswith("90 evaluations, 2.1 per relaxed variant with ")
    assert found["truth_cost"].endswith(" to tell saddle points from minima")
    assert found["prediction_cost"] == "13 evaluations"
    assert found["evaluation_cost"] == "90 evaluations"
    assert found["best_level"] == "newton@x"


def test_another_minimum_is_no_difference(results):
    assert sentences(results)["truth_check"].endswith(
        "2 agree, 1 other minimum; largest differences where they agree 3.0e-08 eV and 2.0e-05 Å³"
    )


def test_errors_have_readable_units(results):
    windows = results.windows
    best = windows[(windows["quantity"] == "formation_energy") & (windows["level"] == "h+ih")]
    row = best.set_index("window").loc["lambda = 1"]
    said = sentences(results)["formation_energy_errors"]
    mean, median, largest = (1e3 * row[f"{name}_abs_error"] for name in ("mean", "median", "max"))
    assert said.startswith(  # of five variants there is no 95th percentile
        f"At λ = 1 (5 variants): h+ih mean {mean:.3g}, median {median:.3g}, "
        f"maximum {largest:.3g} meV; newton mean "
    )
    whole = said.split(". Over all λ (42 variants): ")[1]
    assert whole.count("95th percentile") == 3


def test_variants_without_truth_and_unstable_crystals_are_counted(results):
    found = sentences(results)
    assert found["not_relaxed_by_window"] == (
        "0 of 5 at λ = 1; 1 of 35 for λ -2 to 2; 2 of 44 over all λ"
    )
    assert found["negative_energies"] == "3 by their truth"
    results.truth["formation_energy"][:] = 1.0
    assert sentences(dataclasses.replace(results))["negative_energies"] == "none"
    results.truth["formation_energy"][0, :3] = -1.0
    results.evaluations["formation_energy"][:, 1, 7] = -1.0  # not relaxed
    told = dataclasses.replace(results)
    assert sentences(told)["negative_energies"] == "3 by their truth, 1 by prediction alone"
    assert told.negative["source"].tolist() == ["truth"] * 3 + ["newton@x"]
    counts = summarise(told).set_index(["topic", "item"])["value"]
    assert counts["formation energy below zero"].to_dict() == {"true": 3, "predicted": 1}
    alone = StructureResults(
        results.crystal, results.derivative, results.predictions, results.draws
    )
    alone.predictions["formation_energy"][:] = 1.0
    assert summarise(alone).set_index("topic").loc["formation energy below zero", "value"] == 0
    alone.predictions["formation_energy"].loc[{"level": "newton", "sample": 4, "lambda": 2}] = -2.0
    alone = dataclasses.replace(alone)
    assert sentences(alone)["negative_energies"] == "1 by prediction alone"
    row = alone.negative.iloc[0]
    assert (row["sample"], row["lambda"], row["formation_energy_eV"]) == (4, 2.0, -2.0)


def test_a_fixed_cell_has_the_same_sentences_without_its_volume(results):
    fixed = results_of(relaxes=False)
    found = sentences(fixed)
    assert found.keys() == sentences(results).keys()
    for name in ("posterior", "errors", "slopes"):
        assert found[f"formation_volume_{name}"] == "none, the cell does not relax"
    assert found["strain_slopes"] == "none, the cell does not relax"
    assert found["truth_check"].endswith("largest differences where they agree 3.0e-08 eV")
    table = summarise(fixed)
    assert not table["item"].str.contains("formation_volume|strain").any()
    assert table["item"].str.contains("formation_energy").any()


@pytest.mark.parametrize("relaxes", [True, False], ids=["relaxes", "fixed"])
@pytest.mark.parametrize(
    ("caption", "truth"),
    [(path, True) for path in CAPTIONS]
    + [(path, False) for path in CAPTIONS if path.stem in WITHOUT_TRUTH],
    ids=lambda value: getattr(value, "stem", value),
)
def test_captions_quote_only_known_numbers(caption, truth, relaxes, tmp_path, monkeypatch):
    results = results_of(relaxes)
    if not truth:
        results = StructureResults(
            results.crystal, results.derivative, results.predictions, results.draws
        )
    folder = tmp_path / "results/small/vacancy"
    folder.mkdir(parents=True)
    found = {f"vacancy {name}": text for name, text in sentences(results).items()}
    (folder / "summary.rst").write_text(substitutions(found), encoding="utf-8")
    summarise(results).to_csv(folder / "summary.csv", index=False)
    of_fit = tmp_path / "results/small/fit/fit.rst"
    of_fit.parent.mkdir()
    of_fit.write_text(
        substitutions(dict.fromkeys(("fit verdict", "fit status"), "within 0.001 Angstrom"))
    )
    monkeypatch.chdir(tmp_path)
    config = {
        "study": "small",
        "truth": {"enabled": truth},
        "perturbation": {"lambda_min": -4, "lambda_max": 4, "lambda_step": 1},
        "posterior": {"samples": 5},
        "crystal": {"element": "W", "lattice": "bcc", "supercell": 4},
        "structures": [{"name": "vacancy", "kind": "vacancy", "supercell": 4, "cell": "isotropic"}],
        "figures": {"sample": 0, "zoom_energy": 0.2, "dpi": 300},
    }
    snakemake = SimpleNamespace(
        config=config,
        params=SimpleNamespace(figures=config["figures"]),
        output=SimpleNamespace(table="results/small/vacancy/summary.csv"),
        wildcards=SimpleNamespace(structure="vacancy"),
    )
    # As Snakemake does it (snakemake/report/__init__.py).
    environment = Environment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(caption.read_text(encoding="utf-8"))
    files = [SimpleNamespace(path=Path("results/small/vacancy/summary.csv"))]
    text = template.render(snakemake=snakemake, categories={"Tables": {"vacancy": files}})
    html = publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["body"]
    shown = re.sub(r"<[^>]+>", "", html)
    assert re.search(r"\d", shown)
    assert not re.search(r"\bnan\b", shown)
    assert "|" not in shown.replace("|λ|", "")
