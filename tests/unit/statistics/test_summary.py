"""Numbers of the report: the summary table, the sentences, and the captions that quote them."""

import io
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from analytic_study import lose, make_study
from docutils.core import publish_parts
from jinja2 import Environment

from relaxdiff.statistics.captions import sentences, substitutions
from relaxdiff.statistics.errors import (
    calibration_table,
    error_slopes,
    error_table,
    prediction_errors,
    window_table,
)
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


def results_of(relaxes=True, area=None):
    study, _ = make_study(relaxes=relaxes)
    lose(study, 1, [7, 8])
    lose(study, 2, [8], crystal_status="elastically_unstable")
    posterior = study.pop("posterior")
    errors = prediction_errors(
        study["predictions"],
        study["truth"],
        study["derivative"],
        posterior,
        study["evaluations"],
    )
    check = pd.DataFrame(
        {
            "sample": [0, 3, 4],
            "lambda": [1.0, -2.0, 4.0],
            "formation_energy_difference_eV": [1e-8, -3e-8, 0.5],
            "formation_volume_difference_A3": [-2e-5, 1e-5, 4.0],
            "verdict": ["agrees", "agrees", "other minimum"],
        }
    )
    slopes = error_slopes(error_table(errors))
    return StructureResults(
        **study,
        windows=window_table(errors),
        slopes=slopes,
        calibration=calibration_table(errors),
        check=check,
        area=area,
    )


@pytest.fixture
def results():
    return results_of()


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
    reread = pd.read_csv(io.StringIO(table.to_csv(index=False)), keep_default_na=False)
    assert list(reread.columns) == ["topic", "item", "value", "units"]
    assert not table["item"].str.contains("|", regex=False).any()  # the report reads it as rst


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


def test_energies_of_faces_are_in_joule_per_square_metre(results):
    assert sentences(results)["energy_per_area_posterior"].startswith("none, ")
    flat = results_of(relaxes=False, area=20.0)
    table = summarise(flat).set_index("item")["value"]
    assert table["energy_per_area"] == pytest.approx(3 * 16.02176634 / 20)
    for source in ("newton@x", "truth"):
        for item in ("mean", "standard_deviation"):
            energy = table[f"formation_energy, {source}, {item}"]
            per_area = table[f"energy_per_area, {source}, {item}"]
            # 1 eV/Angstrom^2 = 1.602176634e-19 J / 1e-20 m^2
            assert per_area == pytest.approx(energy * 1.602176634e-19 / 20e-20, rel=1e-12)
    rows = flat.distribution.groupby("quantity").size()
    assert rows.to_dict() == {"formation_energy": 8, "energy_per_area": 8}
    mean = table["energy_per_area, truth, mean"]
    text = sentences(flat)["energy_per_area_posterior"]
    assert f"; true {mean:.4f} ± " in text
    assert text.startswith("predicted ")
    assert text.endswith(" J/m²")


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
        results = StructureResults(results.crystal, results.derivative, results.predictions)
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
