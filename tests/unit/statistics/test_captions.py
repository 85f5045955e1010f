"""The sentences of the report, and the captions that quote them."""

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
    value = best.set_index("lambda_up_to")["mean_abs_error"].loc[1.0] * 1e3
    *_, near = sentences(results)["formation_energy_errors"].split("; ")
    assert f"h+ih {value:.3g}, newton" in near
    assert near.endswith(" meV for λ within ±1")


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
