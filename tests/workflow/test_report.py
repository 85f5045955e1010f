"""The report and the interactive page, opened and used in a real browser."""

import base64
import os
import re
import shlex
import subprocess
import sys
from urllib.parse import unquote

import numpy as np
import pytest
import xarray as xr
from entries import vacancy
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from relaxdiff.figures.displacements import displacement_fields
from relaxdiff.figures.interactive import interactive_page

STRUCTURES = {"vacancy": "isotropic", "stiff": "fixed"}
FIGURES = {
    "1. formation curves",
    "2. volume error",
    "3. energy error",
    "4. posterior distribution",
    "5. error scaling",
    "6. calibration",
}
TABLES = {
    "calibration of error estimates",
    "distribution over the posterior",
    "errors by window of lambda",
    "summary",
}
PATIENCE = 30  # seconds, for anything in a page

# Where in the window a point of a panel is: (number of the panel, lambda, ordinate or null).
PLACE = """
const [number, lambda, ordinate] = arguments;
const models = [...Bokeh.documents[0]._all_models.values()];
const panel = models.filter((model) => model.type === "Figure")[number];
const view = Bokeh.index.find_one(panel);
const box = view.el.getBoundingClientRect();
const y = ordinate === null ? view.frame.bbox.vcenter : view.frame.y_scale.compute(ordinate);
return [box.left + view.frame.x_scale.compute(lambda), box.top + y];
"""
COLUMNS = """
const models = [...Bokeh.documents[0]._all_models.values()];
const table = models.find((model) => model.name === (arguments[0] ?? "curves")).data;
return Object.fromEntries(Object.entries(table).map(([name, column]) =>
  [name, [...column].map((value) => Number.isNaN(value) ? null : value)]));
"""


@pytest.fixture(scope="module")
def study(clone, small_config):
    """The folder of a study of two structures, run, with its report.html in the clone."""
    grid = {"lambda_min": -2, "lambda_max": 2, "lambda_step": 0.5}
    entries = [vacancy(3, name, cell) for name, cell in STRUCTURES.items()]
    truth = {"samples_per_job": 3, "checked_variants": 1}
    changes = {"perturbation": grid, "structures": entries, "truth": truth}
    clone.write_config(small_config | changes)
    clone.run()
    clone.run("--report", "report.html")
    return clone.folder / "results/small"


def wait(browser, condition):
    """What condition, a function without arguments, returns as soon as that is true."""
    return WebDriverWait(browser, PATIENCE).until(lambda _: condition())


def assert_no_errors(browser):
    severe = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert severe == []


def save_screenshot(browser, name):
    """For whoever wants to look: into the folder RELAXDIFF_SCREENSHOTS, if that is set."""
    if folder := os.environ.get("RELAXDIFF_SCREENSHOTS"):
        browser.save_screenshot(f"{folder}/{name}.png")


class Report:
    """A report in the browser."""

    def __init__(self, browser, path):
        self.browser = browser
        browser.get(path.as_uri())
        wait(browser, lambda: self.links("4. Figures"))

    def links(self, words):
        return self.browser.find_elements(By.XPATH, f"//nav//a[normalize-space()='{words}']")

    def follow(self, *words):
        """Click through the menu from its top."""
        for word in ("Results", *words):
            if word != "Results" or self.links("Results"):
                link = wait(self.browser, lambda word=word: self.links(word))[0]
                # Not with the mouse, which misses a link while the page around it still moves.
                self.browser.execute_script("arguments[0].click()", link)

    def rows(self):
        """Label -> table row of each result listed."""
        rows = wait(
            self.browser, lambda: self.browser.find_elements(By.CSS_SELECTOR, "nav tbody tr")
        )
        return {row.find_element(By.TAG_NAME, "td").text: row for row in rows}

    def button(self, label, icon):
        return self.rows()[label].find_element(By.CSS_SELECTOR, f"a[iconname={icon}]")

    def caption(self, label):
        """The text beside a result."""
        self.button(label, "information-circle").click()
        caption = wait(self.browser, lambda: self.browser.find_elements(By.CSS_SELECTOR, ".prose"))[
            0
        ]
        return caption


def data_of(address):
    """The bytes in a data: address."""
    header, _, content = address.partition(",")
    return base64.b64decode(content) if header.endswith("base64") else unquote(content).encode()


def test_the_report_begins_with_the_answer_and_ends_with_the_rules(browser, clone, study):
    Report(browser, clone.folder / "report.html")
    graph = wait(browser, lambda: browser.find_elements(By.ID, "rulegraph"))[0]
    text = browser.find_element(By.CSS_SELECTOR, ".prose")
    answer = text.find_element(By.TAG_NAME, "p").text
    for expected in ("vacancy. Formation energy", " ± ", "27 variants", "really relaxed", "meV"):
        assert expected in answer
    assert "stiff. Formation energy" in text.text
    assert "|" not in text.text
    assert graph.location["y"] >= text.location["y"] + text.size["height"]
    save_screenshot(browser, "report_front")


def test_a_picture_shows_each_structure(browser, clone, study):
    report = Report(browser, clone.folder / "report.html")
    for structure in STRUCTURES:
        report.follow("3. Structures", structure)
        report.button("structure", "eye").click()
        file = study / structure / "figures/structure.png"
        wait(
            browser,
            lambda file=file: any(
                data_of(image.get_attribute("src")) == file.read_bytes()
                for image in browser.find_elements(By.TAG_NAME, "img")
                if image.get_attribute("src").startswith("data:image/png")
            ),
        )


def test_the_overview_comes_first(browser, clone, study):
    report = Report(browser, clone.folder / "report.html")
    pictures = browser.find_elements(By.CSS_SELECTOR, ".prose img[alt^=overview]")
    for picture, structure in zip(pictures, STRUCTURES, strict=True):
        content = (study / structure / "figures/overview.png").read_bytes()
        wait(
            browser,
            lambda picture=picture, content=content: (
                data_of(picture.get_attribute("src")) == content
            ),
        )
        assert picture.get_property("naturalWidth") > 300
    report.follow("1. Overview", "vacancy")
    assert set(report.rows()) == {"overview"}
    caption = report.caption("overview").text
    assert "Size of the error of the formation energy: At λ = 1" in caption
    assert "|" not in caption
    assert_no_errors(browser)


def test_every_figure_of_the_report_renders(browser, clone, study):
    report = Report(browser, clone.folder / "report.html")
    for structure in STRUCTURES:
        report.follow("4. Figures", structure)
        assert set(report.rows()) == FIGURES
        for label in sorted(FIGURES):
            report.button(label, "eye").click()
            file = study / structure / "figures" / f"{label[3:].replace(' ', '_')}.png"

            def shown(file=file):
                images = browser.find_elements(By.TAG_NAME, "img")
                matching = [
                    image
                    for image in images
                    if image.get_attribute("src").startswith("data:image/png")
                    and data_of(image.get_attribute("src")) == file.read_bytes()
                ]
                return matching and int(matching[0].get_property("naturalWidth"))

            assert wait(browser, shown) > 300
            save_screenshot(browser, f"report_{structure}_{label[0]}")
    assert_no_errors(browser)


def test_every_table_of_the_report_has_rows_and_a_caption(browser, clone, study):
    report = Report(browser, clone.folder / "report.html")
    for structure in STRUCTURES:
        report.follow("2. Tables", structure)
        assert set(report.rows()) == TABLES
        for label in sorted(TABLES):
            report.button(label, "eye").click()
            browser.switch_to.frame(
                wait(browser, lambda: browser.find_elements(By.TAG_NAME, "iframe"))[0]
            )
            wait(browser, lambda label=label: label in browser.find_element(By.TAG_NAME, "h1").text)
            shown = browser.find_elements(By.CSS_SELECTOR, "tbody tr")
            link = browser.find_element(By.CSS_SELECTOR, "a[download]")
            file = study / structure / link.text
            assert data_of(link.get_attribute("href")) == file.read_bytes()
            assert len(shown) == len(file.read_text().splitlines()) - 1 >= 5
            browser.switch_to.default_content()
    report.follow("2. Tables", "vacancy")
    caption = report.caption("summary")
    assert "in numbers" in caption.text
    for trouble in ("|vacancy", "System Message", "Undefined"):
        assert trouble not in caption.text
    save_screenshot(browser, "report_summary")
    assert_no_errors(browser)


def test_the_report_shows_the_interactive_page(browser, clone, study):
    report = Report(browser, clone.folder / "report.html")
    for structure in STRUCTURES:
        report.follow("5. Interactive pages", structure)
        report.button("samples, one by one", "eye").click()
        frame = wait(browser, lambda: browser.find_elements(By.TAG_NAME, "iframe"))[0]
        browser.switch_to.frame(frame)
        wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "body[data-ready]"))
        heading = browser.find_element(By.TAG_NAME, "h1").text
        assert open_view(browser).startswith("A report has no room")
        browser.switch_to.default_content()
        assert heading == f"{structure}, sample by sample"
        save_screenshot(browser, f"report_interactive_{structure}")
    assert_no_errors(browser)


@pytest.fixture
def page(browser, study):
    """Function that opens the interactive page of a structure."""

    def open_page(structure, fragment=""):
        browser.get("about:blank")  # a new fragment alone would load nothing
        browser.get((study / structure / "figures/interactive.html").as_uri() + fragment)
        wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "body[data-ready]"))

    return open_page


def point_at(browser, panel, stretch, ordinate=None, click=False):
    """Move the mouse to a point of a panel."""
    x, y = browser.execute_script(PLACE, panel, stretch, ordinate)
    actions = ActionBuilder(browser)
    actions.pointer_action.move_to_location(round(x) - 3, round(y))
    actions.pointer_action.move_to_location(round(x), round(y))
    if click:
        actions.pointer_action.click()
    actions.perform()


def shown_theta(browser):
    """The parameters in the panel below: beta_0, beta_1, ..."""
    lines = [line.text for line in browser.find_elements(By.CSS_SELECTOR, "#theta li")]
    numbers = [re.fullmatch(r"β_(\d+) = (\S+)", line).groups() for line in lines]
    assert [int(number) for number, _ in numbers] == list(range(len(numbers)))
    return np.array([float(value) for _, value in numbers])


def test_another_sample_has_other_curves(browser, page, study):
    page("vacancy")
    predictions = xr.load_dataset(study / "vacancy/predictions.nc")
    truth = xr.load_dataset(study / "vacancy/truth.nc")
    plot = browser.find_element(By.ID, "plot")
    pictures = []
    for sample in (0, 2):
        Select(browser.find_element(By.ID, "sample")).select_by_visible_text(str(sample))
        columns = browser.execute_script(COLUMNS)
        pictures.append(plot.screenshot_as_png)
        for quantity, tolerance in (("formation_energy", 1e-6), ("formation_volume", 1e-3)):
            for level in predictions["level"].values:
                found = np.array(columns[f"{quantity}_{level}"], dtype=float)
                expected = predictions[quantity].sel(level=level, sample=sample).values
                assert found == pytest.approx(expected, abs=tolerance, nan_ok=True)
            found = np.array(columns[f"{quantity}_truth"], dtype=float)
            expected = truth[quantity].sel(sample=sample).values
            assert found == pytest.approx(expected, abs=tolerance, nan_ok=True)
    assert pictures[0] != pictures[1]
    browser.find_element(By.ID, "next").click()
    assert Select(browser.find_element(By.ID, "sample")).first_selected_option.text == "0"
    assert_no_errors(browser)


def test_a_point_tells_its_variant_and_a_command_that_works(browser, page, clone, study):
    page("vacancy")
    Select(browser.find_element(By.ID, "sample")).select_by_visible_text("1")
    posterior = xr.load_dataset(study / "posterior.nc")
    truth = xr.load_dataset(study / "vacancy/truth.nc")
    mean = posterior["theta_mean"].values
    theta = mean + 1.5 * (posterior["theta"].sel(sample=1).values - mean)
    energy = float(truth["formation_energy"].sel({"sample": 1, "lambda": 1.5}))
    name = "sample001_lambda+01.5"

    point_at(browser, 0, 1.5, energy)
    beside = browser.find_element(By.CSS_SELECTOR, "section[aria-labelledby=pointed]")
    words = wait(browser, lambda: name in beside.text and beside.text)
    for expected in (
        "sample 1, λ = 1.5, converged",
        f"{energy:.6f}",
        "newton@x",
        f"β1 = {theta[0]:.5f}",
        f"{np.linalg.norm(theta - mean):.4g}",
    ):
        assert expected in words
    assert name not in browser.find_element(By.ID, "variant").text
    save_screenshot(browser, "hover")

    point_at(browser, 0, 1.5, energy, click=True)
    wait(browser, lambda: name in browser.find_element(By.ID, "variant").text)
    assert browser.current_url.endswith("#sample=1&lambda=1.5")
    found = shown_theta(browser)
    assert found[1:] == pytest.approx(theta, rel=1e-8)
    levels = browser.find_elements(By.CSS_SELECTOR, "#levels tr")
    assert levels[-1].text.split()[:2] == ["truth", f"{energy:.6f}"]
    save_screenshot(browser, "clicked")

    commands = [code.text for code in browser.find_elements(By.CSS_SELECTOR, "#commands code")]
    assert len(commands) == 2
    assert f"results/small/potentials/{name}.snap" in commands[0]
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "snakemake"
        subprocess.run(
            [sys.executable, "-m", program, *arguments],
            cwd=clone.folder,
            env=clone.environment(),
            check=True,
            capture_output=True,
        )
    lines = (study / f"potentials/{name}.snapcoeff").read_text().splitlines()
    written = [float(line) for line in lines if re.fullmatch(r"\s*[-+.\deE]+\s*", line)]
    assert written == pytest.approx(found, rel=1e-8)
    assert (study / f"vacancy/structures/{name}.extxyz").is_file()
    assert_no_errors(browser)


def rows_of(browser):
    """What the rows of the table of variants say, a list of lists of words."""
    rows = browser.find_elements(By.CSS_SELECTOR, "#rows tr")
    return [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")] for row in rows]


def test_a_link_opens_its_variant_and_arrow_keys_go_on_from_there(browser, page):
    page("vacancy", "#sample=2&lambda=-1.5")
    variant = browser.find_element(By.ID, "variant")
    assert variant.text.startswith("sample002_lambda-01.5")
    for key, name in (
        (Keys.ARROW_RIGHT, "sample002_lambda-01.0"),
        (Keys.ARROW_UP, "sample001_lambda-01.0"),
        (Keys.ARROW_DOWN, "sample002_lambda-01.0"),
        (Keys.ARROW_LEFT, "sample002_lambda-01.5"),
    ):
        browser.switch_to.active_element.send_keys(key)
        assert variant.text.startswith(name)
    for selector in ("#link", "#commands button"):
        button = browser.find_element(By.CSS_SELECTOR, selector)
        button.click()
        assert button.text == "Copied"
    assert_no_errors(browser)


def test_the_table_sorts_filters_and_picks(browser, page, study):
    page("vacancy")
    predictions = xr.load_dataset(study / "vacancy/evaluations.nc").sel(level="newton@x")
    truth = xr.load_dataset(study / "vacancy/truth.nc")
    errors = 1e3 * np.abs(predictions["formation_energy"] - truth["formation_energy"])
    errors = errors.where(truth["status"] == "converged").values
    worst = np.sort(errors[np.isfinite(errors)])[::-1]
    found = [float(row[5]) for row in rows_of(browser)]
    assert found == pytest.approx(worst[: len(found)], abs=2e-4)
    browser.find_element(By.CSS_SELECTOR, "#columns button[data-column=lambda]").click()
    assert [row[1] for row in rows_of(browser)][:4] == ["-2", "-2", "-2", "-1.5"]
    browser.find_element(By.ID, "only").send_keys("1")
    browser.find_element(By.ID, "from").send_keys("0.5")
    assert [row[:2] for row in rows_of(browser)] == [["1", x] for x in ("0.5", "1", "1.5", "2")]
    faint = browser.execute_script(COLUMNS, "every")["formation_energy"]
    assert sum(value is not None for value in faint) == 4
    browser.find_elements(By.CSS_SELECTOR, "#rows tr")[2].click()
    assert browser.find_element(By.ID, "variant").text.startswith("sample001_lambda+01.5")
    assert browser.find_element(By.CSS_SELECTOR, "#rows tr.picked").text.startswith("1 1.5")
    browser.find_element(By.CSS_SELECTOR, "#filters button").click()
    wait(browser, lambda: browser.find_element(By.ID, "place").text.endswith("of 27 variants"))
    assert_no_errors(browser)


def open_view(browser):
    """Open the part with the atoms; what it says below them."""
    browser.find_element(By.CSS_SELECTOR, "#atoms summary").click()
    return wait(browser, lambda: browser.find_element(By.ID, "arrows").text)


def test_arrows_show_where_atoms_go(browser, page, study):
    page("vacancy", "#sample=1&lambda=2")
    assert browser.execute_script("return typeof Plotly") == "undefined"  # until it is needed
    words = open_view(browser)
    posterior = xr.load_dataset(study / "posterior.nc")
    derivative = xr.load_dataset(study / "vacancy/derivative.nc")
    moved = 2 * displacement_fields(posterior, derivative)[1]
    largest = np.linalg.norm(moved, axis=1).max()
    found = re.search(r"drawn (\S+) times as long; the largest is (\S+) Å", words).groups()
    assert float(found[1]) == pytest.approx(largest, rel=5e-3)
    assert 1.5 < float(found[0]) * largest <= 4
    view = browser.find_element(By.ID, "view")
    heads = "return document.getElementById('view').data.at(-1).u.map(Number)"
    picture, before = view.screenshot_as_png, browser.execute_script(heads)
    browser.find_element(By.ID, "next").click()
    wait(browser, lambda: browser.execute_script(heads) != before)
    wait(browser, lambda: view.screenshot_as_png != picture)
    assert_no_errors(browser)


def test_without_webgl_the_page_says_so(browser, page):
    without = """
    const original = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
      return kind.startsWith("webgl") ? null : original.call(this, kind, ...more);
    };
    """
    command = "Page.addScriptToEvaluateOnNewDocument"
    added = browser.execute_cdp_cmd(command, {"source": without})
    try:
        page("vacancy")
        assert open_view(browser) == "The atoms cannot be drawn: this browser has no WebGL."
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)
    assert_no_errors(browser)


def test_the_page_fits_a_phone(browser, page):
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page("vacancy")
        open_view(browser)
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390
        save_screenshot(browser, "phone")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert_no_errors(browser)


def test_a_cell_that_does_not_relax_shows_no_volume(browser, page):
    page("stiff")
    text = browser.find_element(By.TAG_NAME, "body").text
    assert "Formation energy of single samples" in text
    assert "olume" not in text
    assert "formation_volume_c" not in browser.execute_script(COLUMNS)
    point_at(browser, 1, -0.5, click=True)
    wait(browser, lambda: "lambda-00.5" in browser.find_element(By.ID, "variant").text)
    assert_no_errors(browser)


def test_what_is_missing_is_marked(browser, study, tmp_path):
    names = ("predictions", "truth")
    files = (*names, "reference", "derivative")
    given = {name: xr.load_dataset(study / f"vacancy/{name}.nc") for name in files}
    given["posterior"] = xr.load_dataset(study / "posterior.nc")
    stable = given["predictions"]["lambda"] <= 1
    given = {name: data.where(stable) if name in names else data for name, data in given.items()}
    given["truth"]["status"] = given["truth"]["status"].where(stable, "bulk_unstable")
    given["truth"]["status"][0, 0] = "left_basin"

    commands = {"its potential": "snakemake {variant}.snap"}

    def status(stretch):
        Select(browser.find_element(By.ID, "lambda")).select_by_visible_text(stretch)
        return browser.find_element(By.ID, "variant").text.split(", ")[-1]

    def open_page(datasets):
        path = tmp_path / "page.html"
        path.write_text(interactive_page("cut", commands, **datasets), encoding="utf-8")
        browser.get(path.as_uri())
        wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "body[data-ready]"))
        return browser.execute_script(COLUMNS)

    columns = open_page(given)
    failed = [index for index, value in enumerate(columns["failed"]) if value is not None]
    assert failed == [0]
    assert [status(stretch) for stretch in ("-2", "1", "2")] == [
        "left basin",
        "converged",
        "bulk unstable",
    ]
    save_screenshot(browser, "missing")
    given.pop("truth")
    columns = open_page(given)
    assert "error_c" not in columns
    assert [status(stretch) for stretch in ("1", "2")] == ["stable", "bulk unstable"]
    save_screenshot(browser, "untrue")
    given["predictions"] = given["predictions"].where(given["predictions"]["sample"] > 0)
    columns = open_page(given)
    assert not [value for value in columns["formation_energy_c"] if value is not None]
    assert status("0") == "bulk unstable"
    save_screenshot(browser, "nothing")
    assert_no_errors(browser)
