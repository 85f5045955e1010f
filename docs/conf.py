"""How `make docs` builds the site: these pages, the README, benchmarks/, and the API reference.

The pages are Markdown to be read on GitHub too. What only the site needs is here: the navigation,
how formulae are shown, and how the prose of docstrings becomes lists of parameters.
"""

import inspect
import re
import tomllib
from pathlib import Path

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from pygments.lexers.special import TextLexer
from sphinx.util.logging import getLogger

ROOT = Path(__file__).parents[1]
PACKAGE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FOLDERS = {"docs": "*", "benchmarks": "*.md", "resources": "*.md"}
NAVIGATION = {
    "Begin": [
        "docs/tutorial",
        "docs/choosing",
        "docs/error_estimates",
        "docs/limitations",
        "docs/faq",
        "docs/glossary",
    ],
    "How to": [
        "docs/index",
        "docs/own_potential",
        "docs/own_energy",
        "docs/own_training_data",
        "docs/own_structure",
        "docs/fit_positions",
        "docs/fit_beryllium",
        "docs/fit_properties",
        "docs/read_results",
        "docs/resume",
        "docs/cluster",
        "docs/troubleshooting",
    ],
    "Look up": ["docs/config", "docs/files", "docs/api", "docs/theory"],
    "Measured": ["docs/validation", "The shipped posterior <resources/README>", "benchmarks/*"],
    "The project": ["docs/architecture", "CONTRIBUTING", "CHANGELOG"],
}

project = PACKAGE["name"]
author = PACKAGE["authors"][0]["name"]
version = release = PACKAGE["version"]
html_title = f"{project} {version}"
html_theme = "furo"
html_show_copyright = False
root_doc = "README"
include_patterns = [f"{page}.md" for page in (root_doc, *NAVIGATION["The project"])]
include_patterns += [f"{folder}/{names}" for folder, names in FOLDERS.items()]
# Folders are pruned before they are walked: results may be large, or a link to another disk.
exclude_patterns = [
    each.name for each in ROOT.iterdir() if each.is_dir() and each.name not in FOLDERS
]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
nitpicky = True
myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]  # GitHub's ```math
myst_heading_anchors = 4  # as GitHub makes them
autodoc_member_order = "bysource"
autodoc_typehints = "signature"  # what they are; the prose has shapes and units
autodoc_typehints_format = "short"
# Other packages' pages, and what annotations call by other names, are not looked up: no network.
OTHERS = "ase|collections|numpy|xarray|pandas|scipy|pathlib|np|xr"
nitpick_ignore_regex = [("py:.*", rf"({OTHERS})\..*|ndarray|Path|Atoms")]
# MathML is shown by browsers without a script, which would have to come from the network.
html_math_renderer = "mathml"


def add_navigation(app, page, source):
    """The sidebar, behind the text of the start page."""
    if page == root_doc:
        for caption, pages in NAVIGATION.items():
            options = f":hidden:\n:glob:\n:caption: {caption}"
            source[0] += "\n".join(["\n```{toctree}", options, "", *pages, "```\n"])


def show_formula(visitor, node):
    """Write a formula, in the line or on its own, as MathML."""
    on_its_own = node.tagname == "math_block"
    try:
        formula = tex2mathml(node.astext(), as_block=on_its_own)
    except MathError as error:
        getLogger(__name__).warning("%s", error, location=node)
        raise SkipNode from error
    if on_its_own:  # with room for what sticks out, else the theme shows a scroll bar
        formula = f'<div style="padding: 0.3em 0">{formula}</div>'
    visitor.body.append(formula)
    raise SkipNode


def literal(prose):
    """Prose with words in `backticks` as reStructuredText that says the same."""
    parts = re.split(r"`([^`]+)`", prose)
    parts[::2] = [re.sub(r"([\\*|_])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [rf"\ ``{part}``\ " for part in parts[1::2]]
    return "".join(parts)


def with_fields(prose, parameters):
    """A paragraph such as "atoms: ...; cell: ... Returns ... Raises ..." as lines with fields."""
    names = rf"(?:{'|'.join(map(re.escape, parameters))})"
    found = (
        re.split(rf"(?:^|(?<=[;,.]) )({names}(?:, {names})*): ", prose) if parameters else [prose]
    )
    before, pairs = found[0], list(zip(found[1::2], found[2::2], strict=True))
    if not pairs:
        return [literal(prose)]
    # The last parameter's words end with their sentence; what follows is of the whole.
    last, *rest = re.split(r"(?<=\.) (?=[A-Z])", pairs.pop()[1])
    pairs.append((found[-2], last))
    told = [f"{before} {' '.join(s for s in rest if not s.startswith(('Returns ', 'Raises ')))}"]
    lines = [literal(told[0].strip()), ""]
    for names, text in pairs:
        lines += [f":param {name}: {literal(text.rstrip(';,.'))}" for name in names.split(", ")]
    for field, word in (("returns", "Returns "), ("raises", "Raises ")):
        lines += [f":{field}: {literal(s[len(word) :])}" for s in rest if s.startswith(word)]
    return lines


def rewrite_docstring(app, what, name, thing, options, lines):
    """Docstrings are prose with indented formulae, lists and names of parameters before colons."""
    try:
        parameters = [each for each in inspect.signature(thing).parameters if each != "self"]
    except (TypeError, ValueError):
        parameters = []
    rewritten = []
    for paragraph in "\n".join(lines).strip().split("\n\n"):
        if paragraph.startswith("    "):
            rewritten += ["::", "", *paragraph.splitlines()]
        elif paragraph.startswith("* "):
            rewritten += [
                "* " + literal(line) for line in re.split(r"\n?^\* ", paragraph, flags=re.M)[1:]
            ]
        else:
            rewritten += with_fields(" ".join(paragraph.split()), parameters)
        rewritten.append("")
    lines[:] = "\n".join(rewritten).splitlines()


def lead_to_start(app, exception):
    """The page that a web server shows first."""
    if exception is None:
        page = f'<meta http-equiv="refresh" content="0; url={root_doc}.html">\n'
        (Path(app.outdir) / "index.html").write_text(page, encoding="utf-8")


def setup(app):
    app.add_html_math_renderer(
        "mathml", inline_renderers=(show_formula, None), block_renderers=(show_formula, None)
    )
    for language in ("csv", "mermaid"):  # pictures that GitHub draws are text in the site
        app.add_lexer(language, TextLexer)
    app.connect("source-read", add_navigation)
    app.connect("autodoc-process-docstring", rewrite_docstring)
    app.connect("build-finished", lead_to_start)
