"""The site that `make docs` builds: no warning, no dead link, no page left out, formulae shown."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from selenium.webdriver.common.by import By

import relaxdiff

PROJECT = Path(__file__).parents[2]
NO_PAGES = {"index.html", "genindex.html", "py-modindex.html", "search.html"}


class Page(HTMLParser):
    """Where a page links to, in its text and in the navigation, and its anchors."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors.add(found.get("id"))
        link = found.get("href") or found.get("src")
        if link and not urlsplit(link).scheme:
            self.links.add(unquote(link))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder with the site, built with the options of `make docs`."""
    folder = tmp_path_factory.mktemp("site")
    recipe = (PROJECT / "Makefile").read_text(encoding="utf-8")
    options = re.search(r"sphinx-build (.*?)--doctree-dir", recipe, re.DOTALL)[1]
    command = [sys.executable, "-m", "sphinx", *options.replace("\\\n", " ").split()]
    command += ["--doctree-dir", str(folder / "doctrees"), ".", str(folder / "html")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert "--fail-on-warning" in command
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site):
    """Path -> Page of all pages."""
    return {path: Page(path) for path in site.rglob("*.html")}


def test_no_link_is_dead(site, pages):
    dead = []
    for path, page in pages.items():
        for link in page.links:
            address, _, anchor = link.partition("#")
            target = (path.parent / address.partition("?")[0]).resolve() if address else path
            there = target.exists() and (not anchor or anchor in pages[target].anchors)
            dead += [] if there else [f"{path.relative_to(site)}: {link}"]
    assert dead == []


def test_every_page_is_in_the_navigation(site, pages):
    names = {str(path.relative_to(site)) for path in pages} - NO_PAGES
    sources = {path.with_suffix(".html").name for path in (PROJECT / "docs").glob("*.md")}
    assert {f"docs/{name}" for name in sources} <= names
    start = (site / "README.html").read_text(encoding="utf-8")
    sidebar = re.search(r'class="sidebar-tree".*?</aside>', start, re.DOTALL)[0]
    linked = set(re.findall(r'href="([^"#]+)', sidebar))
    assert names - {"README.html"} <= linked


def test_public_names_are_in_the_reference(pages, site):
    known = pages[site / "docs/api.html"].anchors
    assert [name for name in relaxdiff.__all__ if f"relaxdiff.{name}" not in known] == []


def test_formulae_and_figures_are_shown(site, browser):
    browser.get((site / "docs/theory.html").as_uri())
    formulae = browser.find_elements(By.TAG_NAME, "math")
    assert len(formulae) > 40
    assert all(min(each.size.values()) > 0 for each in formulae)
    fraction = browser.find_element(By.TAG_NAME, "mfrac")
    above, below = fraction.find_elements(By.XPATH, "./*")
    assert above.location["y"] < below.location["y"]
    text = browser.find_element(By.TAG_NAME, "article").text
    assert "$" not in text
    assert "\\" not in text
    for page, name in (("README", "overview"), ("benchmarks/solvers", "finite_size")):
        browser.get((site / f"{page}.html").as_uri())
        image = browser.find_element(By.CSS_SELECTOR, f"article img[src*={name}]")
        assert int(image.get_property("naturalWidth")) > 300


def test_docstrings_become_lists_of_parameters(site):
    text = (site / "docs/api.html").read_text(encoding="utf-8")
    relax = re.search(r'id="relaxdiff.relax".*?id="relaxdiff.minima.minimum', text, re.DOTALL)[0]
    for name in ("atoms", "potential", "cell", "tolerance", "fixed"):
        assert f"<strong>{name}</strong>" in relax
    assert "Raises" in relax
