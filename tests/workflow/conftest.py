"""What the tests of the workflow share: clones, a small study, a browser."""

import os
import shutil

import numpy as np
import pytest
from clones import Clone
from entries import vacancy
from selenium import webdriver
from selenium.webdriver.chrome.service import Service


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """One clone for a test file."""
    return Clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture
def fresh_clone(tmp_path):
    """A clone of its own for one test."""
    return Clone(tmp_path)


@pytest.fixture(scope="session")
def small_config(tungsten_files, tungsten, samples_around, tmp_path_factory):
    """A small study on W_2940_2017_2 and samples around it: 27 conventional cells, 3 samples."""
    folder = tmp_path_factory.mktemp("inputs")
    table = np.vstack([tungsten.theta, samples_around(3)])
    np.savetxt(folder / "samples.csv", table, delimiter=",")
    return {
        "study": "small",
        "posterior": {
            "samples": 3,
            "file": None,
            "ensemble": {
                "coefficients": str(tungsten_files[0]),
                "parameters": str(tungsten_files[1]),
                "samples": str(folder / "samples.csv"),
                "reference": {"style": "zbl", "inner": 4.0, "outer": 4.8},
            },
        },
        "perturbation": {"lambda_min": -4, "lambda_max": 4, "lambda_step": 1},
        "crystal": {"supercell": 3},
        "structures": [vacancy(3)],
        "truth": {"samples_per_job": 1, "checked_variants": 2},
    }


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium. Without it tests are skipped, but fail in CI, which installs it."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        reason = "needs Chromium: apt-get install chromium chromium-driver"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1400,2000"):
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options, Service(driver))
    yield running
    running.quit()
