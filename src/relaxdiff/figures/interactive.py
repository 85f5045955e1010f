"""The interactive page of a structure: one HTML file, no server, nothing loaded from elsewhere.

Bokeh draws the curves; the script of the page fills its columns with the sample that is picked.
Chromium shows no page of more than 1.5 MB within a report, where it is one base64 address, so
everything is compressed: Bokeh, and the numbers as differences. What draws the atoms is too large
all the same: it is only in the page that is not in the report (`viewer.py`).
"""

import html
import json

import numpy as np
from bokeh.embed import json_item
from bokeh.layouts import gridplot
from bokeh.models import BoxAnnotation, ColumnDataSource, CustomJS, DataRange1d, Range1d, Span
from bokeh.plotting import figure
from bokeh.resources import Resources
from matplotlib.colors import to_hex

from relaxdiff.figures.interactive_atoms import ATOMS_SCRIPT
from relaxdiff.figures.interactive_data import compressed, page_numbers, view_numbers
from relaxdiff.figures.interactive_script import LOADING, SCRIPT
from relaxdiff.figures.interactive_template import NO_VIEWER, PAGE
from relaxdiff.figures.style import TRUTH_COLOUR, level_lines
from relaxdiff.statistics import all_levels

LARGEST = 1_400_000  # bytes of a page in a report
MOST_VARIANTS = 50_000  # in a page: more never fit
PANELS = {
    "formation_energy": "formation energy (eV)",
    "error": "|error| (meV)",
    "formation_volume": "formation volume (Å³)",
}
FAINT = {"color": "#555555", "alpha": 0.18, "line_width": 0.7}


def interactive_page(
    name, commands, posterior, predictions, reference, derivative, evaluations=None, truth=None
):
    """The page as text, without what draws atoms.

    name: of the structure; commands: what a command makes -> the command, with {variant} in it;
    the rest: the Datasets of those names. Of more samples than fit it holds the first.
    """
    predictions = all_levels(predictions, evaluations)
    fixed = _fixed_parts(name, predictions, truth)
    samples = predictions.sizes["sample"]
    shown = min(samples, max(1, MOST_VARIANTS // predictions.sizes["lambda"]))
    while True:
        content = {
            **page_numbers(commands, posterior, predictions, truth, shown),
            "view": view_numbers(posterior, reference, derivative, shown),
            **fixed["content"],
        }
        page = _filled(
            fixed["replaced"]
            | {
                "LIMIT": _limit(shown, samples),
                "CONTENT": compressed(json.dumps(content, separators=(",", ":"))),
            }
        )
        if len(page.encode()) <= LARGEST or shown == 1:
            return page
        shown = max(1, shown * 4 // 5)


def _fixed_parts(name, predictions, truth):
    """Parts of the content and of the page that do not depend on the number of samples shown."""
    quantities = [quantity for quantity in PANELS if _is_shown(quantity, predictions, truth)]
    levels = level_lines(predictions["level"].values)
    lines = [[level, style["color"], _dash(style["linestyle"])] for level, style in levels]
    what = " and ".join(q.replace("_", " ") for q in quantities if q != "error")
    relaxed = "" if truth is None else " and really relaxed (circles)"
    crosses = "" if truth is None else "Crosses: not relaxed, its status says why. "
    replaced = {
        "SCRIPT": LOADING + ATOMS_SCRIPT + SCRIPT,
        "NAME": html.escape(name),
        "WHAT": (
            f"{what.capitalize()} of single samples of the potential's parameters, each stretched "
            "away from their mean, Θ = mean + λ (Θ<sub>sample</sub> − mean): predicted from one "
            f"derivative at the mean (lines, one for each level of approximation){relaxed}."
        ),
        "FAINT": "" if truth is None else "true values, and errors ",
        "LEAST": "estimated error" if truth is None else "error",
        "MARKS": f"{crosses}Grey: the crystal of this sample is not stable.",
        "VIEWER": NO_VIEWER,
        "LIBRARY": compressed("\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)),
    }
    content = {"drawn": json_item(_figures(quantities, lines, predictions, truth)), "lines": lines}
    return {"content": content, "replaced": replaced}


def _limit(shown, samples):
    if shown == samples:
        return ""
    return f" Shown: the first {shown:,} of {samples:,} samples, as many as fit in this page."


def _filled(replaced):
    page = PAGE
    for key, text in replaced.items():
        page = page.replace(f"%{key}%", text)
    return page


def _is_shown(quantity, predictions, truth):
    """There are no errors without truth, and no formation volume where the cell stays as it is."""
    volume = predictions["volume"].values
    return {
        "formation_energy": True,
        "error": truth is not None,
        "formation_volume": np.nanmax(volume) > np.nanmin(volume),
    }[quantity]


def _figures(quantities, lines, predictions, truth):
    """The panels, one below the other, on tables of columns that the page's script fills."""
    lambdas = predictions["lambda"].values
    columns = [
        "failed",
        *(f"{q}_{s}" for q in quantities for s in [*(x[0] for x in lines), "truth"]),
    ]
    # Ones until the page's script fills them: Bokeh looks for the ranges of what is there.
    empty = {"lambda": lambdas, **{name: np.ones(len(lambdas)) for name in columns}}
    picked = ColumnDataSource(empty, name="curves")
    every = ColumnDataSource({"lambda": [0.0], **{q: [1.0] for q in quantities}}, name="every")
    across = Range1d(lambdas[0], lambdas[-1], name="across")
    panels = [
        _panel(quantity, across, lines, picked, every, truth is not None) for quantity in quantities
    ]
    panels[-1].xaxis.axis_label = "perturbation λ"
    return gridplot(
        [[panel] for panel in panels],
        sizing_mode="stretch_width",
        toolbar_options={"logo": None},
        merge_tools=True,
    )


def _panel(quantity, across, lines, picked, every, with_truth):
    """One panel: every sample faint, the picked one's levels and truth, and what is marked."""
    panel = figure(
        height=310 if quantity == "formation_energy" else 220,
        sizing_mode="stretch_width",
        x_range=across,
        y_range=DataRange1d(only_visible=True),
        y_axis_type="log" if quantity == "error" else "linear",
        tools="pan,box_zoom,wheel_zoom,reset,save",
        active_drag="box_zoom",
        y_axis_label=PANELS[quantity],
    )
    panel.line("lambda", quantity, source=every, **FAINT)
    drawn = [
        panel.line(
            "lambda",
            f"{quantity}_{level}",
            source=picked,
            color=colour,
            line_width=1.8,
            line_dash=dash or "solid",
            name=f"level {level}",
        )
        for level, colour, dash in lines
    ]
    marks = {"source": picked, "fill_color": None, "line_color": to_hex(TRUTH_COLOUR)}
    if with_truth and quantity != "error":
        drawn.append(
            panel.scatter("lambda", f"{quantity}_truth", size=6, **marks, name="level truth")
        )
    if quantity == "formation_energy":
        panel.scatter("lambda", "failed", marker="x", size=9, **marks)
    panel.y_range.renderers = drawn  # the faint ones would make the picked one small
    _mark(panel)
    return panel


def _mark(panel):
    """What is picked, and what is not there; and the script's reactions to the mouse."""
    panel.add_layout(Span(dimension="height", line_color="#999999", name="picked"))
    for side in ("below", "above"):
        grey = {"fill_color": "#e5e5e5", "fill_alpha": 1, "line_color": None}
        panel.add_layout(BoxAnnotation(**grey, level="image", name=side))
    panel.js_on_event("tap", CustomJS(code="window.pickNearest(cb_obj.x)"))
    panel.js_on_event("mousemove", CustomJS(code="window.pointAt(cb_obj.x)"))
    panel.js_on_event("mouseleave", CustomJS(code="window.pointAt(null)"))


def _dash(linestyle):
    """The lengths of a matplotlib line style's dashes and gaps; none of a solid line."""
    return [] if linestyle == "-" else [round(2 * length) for length in linestyle[1]]
