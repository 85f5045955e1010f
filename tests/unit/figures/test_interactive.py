"""What the interactive page holds. How it behaves in a browser: tests/workflow/test_report.py."""

import base64
import gzip
import json
import re

import numpy as np
import pytest
import xarray as xr
from analytic_study import lose, make_study
from packed import unpack

from relaxdiff.figures import interactive
from relaxdiff.figures.interactive import interactive_page

COMMANDS = {"its potential": "snakemake --cores 1 results/mine/potentials/{variant}.snap"}
INPUTS = ("posterior", "predictions", "reference", "derivative")
PAGE = (*INPUTS, "evaluations", "truth")


def content_of(page):
    """The numbers in a page."""
    text = re.search(r'const CONTENT = "(.*)";', page)[1]
    return json.loads(gzip.decompress(base64.b64decode(text)))


def page_of(study, names=PAGE, name="vacancy"):
    return interactive_page(name, COMMANDS, **{each: study[each] for each in names})


def more_samples(study, times):
    """The study with its samples repeated, and numbers that hardly compress."""
    random = np.random.default_rng(1)
    large = dict(study)
    for name in set(PAGE) - {"reference", "derivative"}:
        parts = xr.concat([study[name]] * times, "sample", data_vars="minimal")
        large[name] = parts.assign_coords(sample=np.arange(parts.sizes["sample"]))
        for quantity in ("formation_energy", "formation_volume"):
            if quantity in parts:
                large[name][quantity] += random.normal(size=parts[quantity].shape)
    return large


def test_page_holds_all_numbers():
    study, _ = make_study()
    lose(study, 1, [2])
    content = content_of(page_of(study))
    assert content["sources"][-3:] == ["h+ih@x", "newton@x", "truth"]
    energies = unpack(content["formation_energy"])
    for index, level in enumerate(study["predictions"]["level"].values):
        expected = study["predictions"]["formation_energy"].sel(level=level).values
        assert energies[index] == pytest.approx(expected, abs=1e-6, nan_ok=True)
    truth = study["truth"]
    expected = truth["formation_energy"].where(truth["status"] == "converged").values
    assert energies[-1] == pytest.approx(expected, abs=1e-6, nan_ok=True)
    assert np.isnan(energies[-1, 1, 2])
    status = content["status"]
    assert status["words"][status["indices"][1][2]] == truth["status"].values[1, 2]
    posterior = study["posterior"]
    theta = np.array(content["mean"]) + np.array(content["deviations"])
    assert theta[:, 1:] == pytest.approx(posterior["theta"].values, abs=1e-12)


def test_page_is_reproducible_and_loads_nothing():
    study, _ = make_study()
    page = page_of(study)
    # Within one process Bokeh goes on counting its models.
    contents = [json.dumps(content_of(each)) for each in (page, page_of(study))]
    first, second = (re.sub(r'"p\d+"', '"p"', content) for content in contents)
    assert first == second
    assert set(re.findall(r"(?:src|href)=.{12}", page)) == {
        'href="${fragment('
    }  # in the page itself
    assert re.findall(r"%[A-Z]+%", page) == []


def test_page_without_truth_or_volume_does_not_speak_of_them():
    study, _ = make_study(relaxes=False)
    page = page_of(study, INPUTS)
    for words in ("really relaxed", "Crosses", "Formation energy and"):
        assert words not in page
    assert content_of(page)["status"] is None


def test_names_are_text():
    study, _ = make_study()
    assert "<h1>a&lt;b" in page_of(study, name="a<b")


def test_a_large_study_shows_its_first_samples(monkeypatch):
    study, _ = make_study()
    study = more_samples(study, 40)
    whole = page_of(study)
    assert "Shown: the first" not in whole
    monkeypatch.setattr(interactive, "LARGEST", len(whole.encode()) - 10_000)
    page = page_of(study)
    assert len(page.encode()) <= interactive.LARGEST
    shown = len(content_of(page)["samples"])
    assert shown < 200
    assert f"Shown: the first {shown} of 200 samples" in page
    monkeypatch.setattr(interactive, "MOST_VARIANTS", 90)
    assert len(content_of(page_of(study))["samples"]) == 10
