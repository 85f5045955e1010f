"""The page of a fit: what is in it, and what it does in a browser."""

import re

import pytest
import xarray as xr
from fit_results import STEPS, dislocation_fit, point_defect_fit
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from relaxdiff.figures.fit_page import fit_page

LARGEST = 1_500_000  # bytes: a browser shows no larger one within a report
PATIENCE = 30  # seconds
# A column of one of the page's tables.
COLUMN = """
const models = Bokeh.documents.flatMap((each) => [...each._all_models.values()]);
return [...models.find((model) => model.name === arguments[0]).data[arguments[1]]];
"""


def test_a_page_loads_nothing_and_leaves_nothing_open():
    page = fit_page(*dislocation_fit())
    assert re.findall(r"(?:src|href)=", page) == []
    assert re.findall(r"%[A-Z]+%", page) == []
    assert "screw_easy towards screw_hard" in page
    assert "a minimum, reached from every start." in page
    assert 'class="wrong">Verdict' not in page


def test_no_minimum_is_said_in_red():
    assert '<span class="wrong">Verdict: NO MINIMUM' in fit_page(*point_defect_fit(False))


def test_a_sentence_has_one_full_stop_and_names_are_text():
    fit, verdict = point_defect_fit()
    fit.attrs |= {"structure": "a<b", "status": "ended."}
    page = fit_page(fit, verdict)
    assert "<h1>a&lt;b towards other_solute</h1>" in page
    assert "ended.</p>" in page


def test_a_page_of_many_steps_is_small_enough():
    fit, verdict = dislocation_fit()
    longer = xr.concat([fit.isel(step=slice(1, None))] * 30, "step", data_vars="minimal")
    longer = longer.assign_coords(step=range(longer.sizes["step"]))
    assert longer.sizes["step"] == 30 * STEPS
    longer["positions"] += 1e-2 * (longer["step"] % 7) * (longer["atom"] % 5)
    assert len(fit_page(longer, verdict).encode()) < LARGEST


@pytest.mark.parametrize("results", [dislocation_fit, point_defect_fit])
def test_a_page_in_a_browser(browser, results, tmp_path):
    path = tmp_path / "fit.html"
    path.write_text(fit_page(*results()), encoding="utf-8")
    browser.get(path.as_uri())
    body = browser.find_element(By.TAG_NAME, "body")
    WebDriverWait(browser, PATIENCE).until(lambda _: body.get_attribute("data-ready") == "yes")

    def shown():
        return browser.find_element(By.ID, "shown").text

    def far():
        return max(browser.execute_script(COLUMN, "atoms", "far"))

    assert shown() == f"Step {STEPS}"
    last = far()
    browser.find_element(By.ID, "step").send_keys(Keys.HOME)
    assert shown() == "Step 0"
    assert far() > 0.1 > last
    browser.find_element(By.ID, "forth").click()
    assert shown() == "Step 1"
    assert "largest deviation" in browser.find_element(By.ID, "numbers").text
    browser.find_element(By.ID, "target").click()
    assert shown() == "The target"
    assert far() == 0
    browser.find_element(By.ID, "relaxed").click()
    assert shown() == "The result, relaxed by LAMMPS"
    browser.find_element(By.ID, "back").click()
    assert shown() == f"Step {STEPS}"
    browser.execute_script("window.pickStep(2.4)")
    assert shown() == "Step 2"
    errors = [each for each in browser.get_log("browser") if each["level"] == "SEVERE"]
    assert errors == []
