"""The page of a fit, one HTML file: its curves, and its atoms at any step.

Bokeh draws; the page's script exchanges what is in its tables. As in the page of a structure
everything is compressed.
"""

import html
import json

import numpy as np
from bokeh.embed import json_item
from bokeh.layouts import gridplot
from bokeh.models import ColumnDataSource, CustomJS, HoverTool, Range1d, Span
from bokeh.plotting import figure
from bokeh.resources import Resources
from matplotlib.colors import to_hex

from relaxdiff.figures.fit_page_data import page_frames
from relaxdiff.figures.fit_page_template import PAGE, SCRIPT
from relaxdiff.figures.fit_views import atoms_in_order, is_marked, view_of
from relaxdiff.figures.interactive_data import compressed
from relaxdiff.figures.interactive_script import LOADING
from relaxdiff.figures.style import ATOM_SHADES, FIT_COLOURS

REACH = 8.5  # Angstrom to each side: 12 Angstrom to the corners
MAP = 480  # pixels, its width
RADIUS = 0.33  # Angstrom, of an atom
CURVES = {"loss": "loss (Å²)", "largest_deviation": "largest deviation (Å)"}


def fit_page(fit, verdict):
    """The page as text.

    fit, verdict: the Datasets of fit.nc and verdict.nc.
    """
    view = view_of(fit, REACH)
    frames = page_frames(fit, verdict, view)
    content = {
        "frames": frames,
        "drawn": {
            "curves": json_item(_curves(fit)),
            "map": json_item(_map(fit, view, frames)),
        },
    }
    structure, like = (html.escape(fit.attrs[name]) for name in ("structure", "like"))
    replaced = {
        "TITLE": f"{structure} towards {like}",
        "WHAT": (
            f"Parameters of {html.escape(fit.attrs['element'])} were changed until the relaxed "
            f"atoms of {structure} were near those of {like} (method "
            f"{html.escape(fit.attrs['method'])}): {_sentence(fit.attrs['status'])}"
        ),
        "VERDICT": _verdict(verdict),
        "LEGEND": _legend(fit, view),
        "ARROWS": f"{view.scale.capitalize()}.",
        "SCRIPT": LOADING + SCRIPT,
        "LIBRARY": compressed("\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)),
        "CONTENT": compressed(json.dumps(content, separators=(",", ":"))),
    }
    page = PAGE
    for key, text in replaced.items():
        page = page.replace(f"%{key}%", text)
    return page


def _sentence(text):
    return f"{html.escape(text).rstrip('.')}."


def _verdict(verdict):
    wrong = "" if verdict.attrs["is_minimum"] == "yes" else ' class="wrong"'
    return f"<span{wrong}>Verdict: {_sentence(verdict.attrs['verdict'])}</span>"


def _colours(fit, view):
    """The colour of each atom, (atom,) of str: its shade, or that of the marked ones."""
    shades = np.array([to_hex(shade) for shade in ATOM_SHADES])[view.shades]
    return np.where(is_marked(fit), FIT_COLOURS["marked"], shades)


def _legend(fit, view):
    """Circles and what they mean, as HTML."""
    meant = [*zip(map(to_hex, ATOM_SHADES), view.shade_labels, strict=False)]
    if is_marked(fit).any():
        meant.append((FIT_COLOURS["marked"], html.escape(fit.attrs["element"])))
    circles = [
        f'<svg width="14" height="14"><circle cx="7" cy="7" r="6" fill="{colour}" '
        f'stroke="#333"/></svg> {label}'
        for colour, label in meant
    ]
    if view.has_core:
        circles.append(f'<span style="color:{FIT_COLOURS["wrong"]}">✚</span> core')
    return " &emsp; ".join(circles)


def _curves(fit):
    """Loss and largest deviation against the step, one below the other."""
    source = ColumnDataSource({name: fit[name].values for name in ("step", *CURVES)})
    panels = []
    for name, label in CURVES.items():
        panel = figure(
            height=215,
            sizing_mode="stretch_width",
            y_axis_type="log",
            y_axis_label=label,
            tools="box_zoom,reset,save",
            **({"x_range": panels[0].x_range} if panels else {}),
        )
        panel.line("step", name, source=source, color=FIT_COLOURS["path"], line_width=1.5)
        dots = panel.scatter("step", name, source=source, color=FIT_COLOURS["path"], size=6)
        tips = [("step", "@step"), (label, f"@{name}{{0.000e+0}}")]
        panel.add_tools(HoverTool(renderers=[dots], tooltips=tips))
        panel.add_layout(Span(dimension="height", line_color="#999999", name="picked"))
        panel.js_on_event("tap", CustomJS(code="window.pickStep(cb_obj.x)"))
        panels.append(panel)
    panels[-1].xaxis.axis_label = "step"
    return gridplot(
        [[panel] for panel in panels],
        sizing_mode="stretch_width",
        toolbar_options={"logo": None},
        merge_tools=True,
    )


def _map(fit, view, frames):
    """Atoms and arrows of one frame, on tables that the page's script fills."""
    (left, low), (right, high) = view.corners
    panel = figure(
        frame_width=MAP,
        frame_height=round(MAP * (high - low) / (right - left)),
        x_range=Range1d(left, right),
        y_range=Range1d(low, high),
        x_axis_label=f"{view.axes[0]} (Å)",
        y_axis_label=f"{view.axes[1]} (Å)",
        tools="pan,box_zoom,wheel_zoom,reset,save",
    )
    panel.toolbar.logo = None
    panel.grid.visible = False
    sources = {
        name: ColumnDataSource(frames[0][name], name=name) for name in ("atoms", "arrows", "core")
    }
    _draw_atoms(panel, fit, view, sources["atoms"])
    arrow = {"source": sources["arrows"], "color": "black"}
    panel.segment("x", "y", "to_x", "to_y", line_width=1.5, **arrow)
    panel.scatter("to_x", "to_y", angle="angle", size="size", marker="triangle", **arrow)
    if view.has_core:
        path = np.array([view.core(positions) for positions in fit["positions"].values])
        panel.line(*path.T, color=FIT_COLOURS["path"], line_width=1.2)
        panel.scatter(*path.T, color=FIT_COLOURS["path"], size=4)
    cross = {"marker": "cross", "size": 13, "line_width": 3, "color": FIT_COLOURS["wrong"]}
    panel.scatter("x", "y", source=sources["core"], **cross)
    return panel


def _draw_atoms(panel, fit, view, source):
    """Circles, and what is told of an atom at which one points."""
    shown = atoms_in_order(fit, view)
    source.add(shown, "atom")
    source.add(_colours(fit, view)[shown], "colour")
    circles = panel.circle(
        "x", "y", radius=RADIUS, source=source, fill_color="colour", line_color="#333333"
    )
    tips = [
        ("atom", "@atom"),
        ("from the target", "@far{0.0000} Å"),
        ("to the target (x, y, z)", "@dx{0.0000}, @dy{0.0000}, @dz{0.0000} Å"),
    ]
    panel.add_tools(HoverTool(renderers=[circles], tooltips=tips))
