"""The interactive page of a structure: one HTML file, no server, nothing loaded from elsewhere.

Bokeh draws; a few lines of script in the page fill its one table of columns with the sample that is
picked. Chromium shows no page of more than 2 MB within a report, where it is one base64 address, so
everything in it is compressed: Bokeh's script, and the numbers as differences.
"""

import base64
import gzip
import html
import json

import numpy as np
from bokeh.embed import json_item
from bokeh.layouts import gridplot
from bokeh.models import (
    BoxAnnotation,
    ColumnDataSource,
    CustomJS,
    DataRange1d,
    HoverTool,
    Legend,
    LegendItem,
    Range1d,
    Span,
)
from bokeh.plotting import figure
from bokeh.resources import Resources
from matplotlib.colors import to_hex

from relaxdiff.figures.interactive_template import PAGE
from relaxdiff.figures.style import TRUTH_COLOUR, level_lines
from relaxdiff.posterior import all_parameters, deviations
from relaxdiff.statistics import all_levels

LARGEST = 1_400_000  # bytes of a page
MOST_VARIANTS = 50_000  # in a page: more never fit
HUGE = 1e8  # eV, Angstrom^3: predicted out of all reason
PANELS = {
    "formation_energy": "formation energy (eV)",
    "error": "its error (meV)",
    "formation_volume": "formation volume (Å³)",
}


def interactive_page(name, commands, posterior, predictions, evaluations=None, truth=None):
    """The page as text.

    name: of the structure; commands: what a command makes -> the command, with {variant} in it;
    the rest: the Datasets of those names. Of more samples than fit it holds the first.
    """
    samples = predictions.sizes["sample"]
    shown = min(samples, max(1, MOST_VARIANTS // predictions.sizes["lambda"]))
    while True:
        first = [
            None if dataset is None else dataset.isel(sample=slice(shown))
            for dataset in (posterior, predictions, evaluations, truth)
        ]
        page = _page(name, commands, *first, samples)
        if len(page.encode()) <= LARGEST or shown == 1:
            return page
        shown = max(1, shown * 4 // 5)


def variant_labels(lambdas):
    """The part after 'sample007_lambda' of a variant's name, for each lambda: +04.0, -00.25."""
    labels = []
    for value in lambdas:
        whole, _, decimals = np.format_float_positional(abs(value), trim="0").partition(".")
        labels.append(f"{'-' if value < 0 else '+'}{int(whole):02d}.{decimals}")
    return labels


def pack(values, digits):
    """Numbers of shape (source, sample, lambda), rounded to so many decimals, as they are stored.

    Second differences along lambda: those of smooth curves are small and compress well. `holes`
    are the steps from one NaN to the next in the flattened table.
    """
    missing = ~(np.abs(values) < HUGE)
    whole = np.rint(np.where(missing, 0, values) * 10**digits).astype(int)
    differences = np.diff(np.diff(whole, prepend=0), prepend=0)
    holes = np.diff(np.flatnonzero(missing), prepend=0)
    return {"digits": digits, "differences": differences.tolist(), "holes": holes.tolist()}


def _page(name, commands, posterior, predictions, evaluations, truth, samples):
    predictions = all_levels(predictions, evaluations)
    shown = predictions.sizes["sample"]
    quantities = [quantity for quantity in PANELS if _is_shown(quantity, predictions, truth)]
    data = _numbers(commands, posterior, predictions, truth)
    drawn = json_item(_figures(quantities, predictions, truth))
    what = " and ".join(q.replace("_", " ") for q in quantities if q != "error")
    relaxed = "" if truth is None else " and really relaxed (circles)"
    crosses = "" if truth is None else "Crosses: not relaxed, its status says why. "
    replaced = {
        "NAME": html.escape(name),
        "WHAT": (
            f"{what.capitalize()} of single samples of the potential's parameters, each stretched "
            "away from their mean, Θ = mean + λ (Θ<sub>sample</sub> − mean): predicted from one "
            f"derivative at the mean (lines, one for each level of approximation){relaxed}."
        ),
        "LIMIT": (
            ""
            if shown == samples
            else f" Shown: the first {shown:,} of {samples:,} samples, as many as fit in this page."
        ),
        "MARKS": f"{crosses}Grey: the crystal of this sample is not stable.",
        "BOKEH": _compressed("\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)),
        "CONTENT": _compressed(json.dumps({**data, "drawn": drawn}, separators=(",", ":"))),
    }
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


def _compressed(text):
    """Text as base64 of gzip; the same bytes for the same text."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _numbers(commands, posterior, predictions, truth):
    """What the page's script needs: every number once."""
    sources = [*map(str, predictions["level"].values), *([] if truth is None else ["truth"])]
    theta, shift = deviations(posterior)
    mean = np.append(posterior["energy_shift_mean"].values, posterior["theta_mean"].values)
    data = {
        "commands": commands,
        "lambdas": predictions["lambda"].values.tolist(),
        "labels": variant_labels(predictions["lambda"].values),
        "samples": predictions["sample"].values.tolist(),
        "sources": sources,
        "mean": mean.tolist(),
        "names": all_parameters(posterior),
        "shifts": shift.shape[1],
        "deviations": np.column_stack([shift, theta]).tolist(),
        # Two digits of an estimate are enough.
        "error_estimate": [
            [[float(f"{x:.2g}") if np.isfinite(x) else None for x in row] for row in level]
            for level in predictions["error_estimate"].values
        ],
        "status": None if truth is None else _statuses(truth),
    }
    for quantity, digits in {"formation_energy": 7, "formation_volume": 4}.items():
        values = predictions[quantity].values
        if truth is not None:
            relaxed = truth[quantity].where(truth["status"] == "converged")
            values = np.concatenate([values, relaxed.values[None]])
        data[quantity] = pack(values, digits)
    return data


def _statuses(truth):
    """The words, and for each sample and lambda the index of its word."""
    words, indices = np.unique(truth["status"].values.astype(str), return_inverse=True)
    return {"words": words.tolist(), "indices": indices.reshape(truth["status"].shape).tolist()}


def _figures(quantities, predictions, truth):
    """The panels, one below the other, on a table of columns that the page's script fills."""
    lambdas = predictions["lambda"].values
    levels = level_lines(predictions["level"].values)
    columns = [
        "failed",
        *(f"{q}_{s}" for q in quantities for s in [*dict(levels), "truth", "best"]),
    ]
    # Zeros until the page's script fills them: Bokeh looks for the ranges of what is there.
    empty = {"lambda": lambdas, **{name: np.zeros(len(lambdas)) for name in columns}}
    source = ColumnDataSource({**empty, "about": [""] * len(lambdas)}, name="curves")
    across = Range1d(lambdas[0], lambdas[-1], name="across")
    items, panels = {}, []
    for quantity in quantities:
        panel = figure(
            height=330 if quantity == "formation_energy" else 230,
            sizing_mode="stretch_width",
            x_range=across,
            y_range=DataRange1d(only_visible=True),
            tools="pan,box_zoom,wheel_zoom,reset,save",
            active_drag="box_zoom",
            y_axis_label=PANELS[quantity],
        )
        for level, style in levels:
            items.setdefault(level, []).append(
                panel.line(
                    "lambda",
                    f"{quantity}_{level}",
                    source=source,
                    color=style["color"],
                    line_width=1.8,
                    line_dash=_dash(style["linestyle"]),
                )
            )
        if truth is not None and quantity != "error":
            items.setdefault("truth", []).append(
                panel.scatter(
                    "lambda",
                    f"{quantity}_truth",
                    source=source,
                    size=6,
                    fill_color=None,
                    line_color=to_hex(TRUTH_COLOUR),
                )
            )
        _mark(panel, quantity, source)
        panels.append(panel)
    panels[-1].xaxis.axis_label = "perturbation λ"
    legend = Legend(
        items=[LegendItem(label=label, renderers=drawn) for label, drawn in items.items()],
        orientation="horizontal",
        click_policy="hide",
        border_line_color=None,
        padding=0,
        spacing=12,
    )
    panels[0].add_layout(legend, "above")
    return gridplot(
        [[panel] for panel in panels],
        sizing_mode="stretch_width",
        toolbar_options={"logo": None},
        merge_tools=True,
    )


def _mark(panel, quantity, source):
    """What is picked, pointed at or not there; and the script's reactions to the mouse."""
    panel.add_layout(Span(dimension="height", line_color="#999999", name="picked"))
    for side in ("below", "above"):
        grey = {"fill_color": "#e5e5e5", "fill_alpha": 1, "line_color": None}
        panel.add_layout(BoxAnnotation(**grey, level="image", name=side))
    if quantity == "formation_energy":
        panel.scatter(
            "lambda", "failed", source=source, marker="x", size=9, color=to_hex(TRUTH_COLOUR)
        )
    # One tooltip for each variant: lines that fall on each other would each show theirs.
    target = panel.line("lambda", f"{quantity}_best", source=source, alpha=0)
    hover = HoverTool(
        renderers=[target],
        mode="vline",
        line_policy="nearest",
        point_policy="follow_mouse",
        tooltips="<div style='font: 12px sans-serif'>@about{safe}</div>",
    )
    panel.add_tools(hover)
    panel.js_on_event("tap", CustomJS(code="window.pickNearest(cb_obj.x)"))


def _dash(linestyle):
    """Bokeh's form of a matplotlib line style."""
    return "solid" if linestyle == "-" else [round(2 * length) for length in linestyle[1]]
