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

from relaxdiff.errors import all_levels
from relaxdiff.figure_style import TRUTH_COLOUR, level_lines
from relaxdiff.variants import all_parameters, deviations

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


PAGE = r"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%NAME%: samples</title>
<style>
body { font: 15px/1.45 sans-serif; color: #222 }
body { max-width: 62rem; margin: 1rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; margin: 0 0 .4rem }
h2 { font-size: 1.1rem; margin: 1.2rem 0 .3rem }
select, button { font: inherit; padding: .1rem .5rem }
.controls { margin: .8rem 0 }
.controls label { margin-right: 1.2rem }
code { user-select: all; background: #f0f0f0; padding: .15rem .4rem; overflow-wrap: anywhere }
table { border-collapse: collapse; margin: .4rem 0 }
th, td { text-align: right; padding: .1rem .8rem .1rem 0; font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left }
thead th { border-bottom: 1px solid #999; font-weight: normal }
#theta { columns: 13rem; font: 13px/1.5 monospace; list-style: none; padding: 0; margin: .4rem 0 }
</style>
</head>
<body>
<h1>%NAME%, sample by sample</h1>
<p>%WHAT%%LIMIT%</p>
<noscript><p><b>This page needs JavaScript.</b></p></noscript>
<div class="controls">
<label>Sample <select id="sample"></select></label>
<button id="previous" aria-label="previous sample">&#9664;</button>
<button id="next" aria-label="next sample">&#9654;</button>
&emsp;<label>λ <select id="lambda"></select></label>
</div>
<div id="plot"></div>
<p>Point at a curve for its numbers; click to have them below, with all parameters. A click on the
legend hides a level, dragging enlarges. %MARKS%</p>
<div id="panel">
<h2 id="variant"></h2>
<div id="commands"></div>
<table><thead id="head"></thead><tbody id="levels"></tbody></table>
<p id="change"></p>
<ol id="theta"></ol>
</div>
<script>
"use strict";
const BOKEH = "%BOKEH%";
const CONTENT = "%CONTENT%";
const element = (id) => document.getElementById(id);

async function decompressed(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

// Undoes `pack` of interactive.py.
function unpack({ digits, differences, holes }) {
  const missing = new Set();
  holes.reduce((place, step) => (missing.add(place + step), place + step), 0);
  let place = 0;
  return differences.map((samples) => samples.map((row) => {
    let slope = 0, value = 0;
    return row.map((difference) => {
      slope += difference;
      value += slope;
      return missing.has(place++) ? NaN : value / 10 ** digits;
    });
  }));
}

// Rounded; without the sign of a rounded -0.
const number = (value, digits) =>
  Number.isFinite(value) ? value.toFixed(digits).replace(/^-(0\.0*)$/, "$1") : "–";
const cells = (words, kind) => words.map((word) => `<${kind}>${word}</${kind}>`).join("");

async function start() {
  const script = document.createElement("script");
  script.text = await decompressed(BOKEH);
  document.head.append(script);
  const data = JSON.parse(await decompressed(CONTENT));
  const energies = unpack(data.formation_energy), volumes = unpack(data.formation_volume);
  const { lambdas, labels, samples, sources, mean } = data;
  await Bokeh.embed.embed_item(data.drawn, "plot");
  const models = [...Bokeh.documents[0]._all_models.values()];
  const named = (name) => models.filter((model) => model.name === name);
  const [curves] = named("curves");
  const truth = sources.indexOf("truth");
  const hasVolume = curves.columns().includes(`formation_volume_${sources[0]}`);
  let sample = 0, at = 0;

  const variant = (m, i) => `sample${String(samples[m]).padStart(3, "0")}_lambda${labels[i]}`;
  const change = (m, i) => data.deviations[m].map((step) => lambdas[i] * step);
  const theta = (m, i) => change(m, i).map((step, l) => mean[l] + step);
  const command = (what, m, i) => data.commands[what].replace("{variant}", variant(m, i));
  // beta_1 as the page shows it, and W_beta_1 of one element among several.
  const symbol = (l) => data.names[l].replace(/(.*?)_?beta_(\d+)/,
    (_, element, number) => `β<sub>${`${element} ${number}`.trim()}</sub>`);
  const norm = (m, i) => Math.hypot(...change(m, i).slice(data.shifts));
  const stable = (m, i) => energies.some((level) => Number.isFinite(level[m][i]));
  const status = (m, i) => data.status
    ? data.status.words[data.status.indices[m][i]].replaceAll("_", " ")
    : stable(m, i) ? "stable" : "bulk unstable";

  const title = (m, i) =>
    `${variant(m, i)}: sample ${samples[m]}, λ = ${lambdas[i]}, ${status(m, i)}`;

  // Rows of a table: level, E_f, its estimated error, its error, V_f.
  const head = ["level", "E<sub>f</sub> (eV)", "estimated error (meV)",
    ...truth < 0 ? [] : ["error (meV)"], ...hasVolume ? ["V<sub>f</sub> (Å³)"] : []];
  const rows = (m, i) => sources.map((source, level) => [
    source,
    number(energies[level][m][i], 6),
    level === truth ? "" : number(1e3 * (data.error_estimate[level][m][i] ?? NaN), 3),
    ...truth < 0 ? [] : [level === truth ? "" :
      number(1e3 * (energies[level][m][i] - energies[truth][m][i]), 3)],
    ...hasVolume ? [number(volumes[level][m][i], 3)] : [],
  ]);
  const body = (m, i) => rows(m, i).map((row) => `<tr>${cells(row, "td")}</tr>`).join("");

  function about(m, i) {
    const first = theta(m, i).slice(data.shifts, data.shifts + 3).map(
      (beta, l) => `${symbol(l + data.shifts)} = ${beta.toFixed(5)}`);
    return `<b>${title(m, i)}</b>
      <table style="text-align: right; border-spacing: 10px 0; margin-left: -10px">
      <tr>${cells(head, "th")}</tr>${body(m, i)}</table>
      Θ: ${first.join(", ")}, … (eV); |Θ − mean| = ${norm(m, i).toPrecision(4)} eV<br>
      <span style="font-family: monospace">${command("its potential", m, i)}</span>`;
  }

  function showVariant() {
    element("lambda").value = at;
    for (const span of named("picked")) span.location = lambdas[at];
    element("variant").textContent = title(sample, at);
    element("commands").innerHTML = Object.keys(data.commands).map((what) =>
      `<p>To write ${what}: <code>${command(what, sample, at)}</code></p>`).join("");
    element("head").innerHTML = `<tr>${cells(head, "th")}</tr>`;
    element("levels").innerHTML = body(sample, at);
    element("change").innerHTML =
      "Its parameters Θ (eV); β<sub>0</sub>, a shift per atom, moves no atom and does not count in "
      + `|Θ − mean| = ${norm(sample, at).toPrecision(6)} eV.`;
    element("theta").innerHTML = theta(sample, at).map((beta, l) =>
      `<li>${data.names[l].replace("beta", "β")} = ${beta.toPrecision(10)}</li>`).join("");
  }

  function showSample() {
    element("sample").value = sample;
    const here = { lambda: lambdas, about: lambdas.map((_, i) => about(sample, i)) };
    sources.forEach((source, level) => {
      here[`formation_energy_${source}`] = energies[level][sample];
      if (hasVolume) here[`formation_volume_${source}`] = volumes[level][sample];
      if (truth >= 0) here[`error_${source}`] = energies[level][sample].map(
        (energy, i) => 1e3 * (energy - energies[truth][sample][i]));
    });
    const best = (values) => lambdas.map((_, i) =>
      values.findLast((level) => Number.isFinite(level[sample][i]))?.[sample][i] ?? NaN);
    here.formation_energy_best = best(energies);
    if (hasVolume) here.formation_volume_best = best(volumes);
    if (truth >= 0) here.error_best = lambdas.map((_, i) => stable(sample, i) ? 0 : NaN);
    here.failed = here.formation_energy_best.map((energy, i) =>
      truth >= 0 && !Number.isFinite(energies[truth][sample][i]) ? energy : NaN);
    curves.data = here;
    const kept = lambdas.filter((_, i) => stable(sample, i));
    // With none there is nothing to draw: all of it is grey.
    const [low, high] = kept.length ? [kept[0], kept.at(-1)] : [lambdas.at(-1), lambdas.at(-1)];
    for (const box of named("below")) box.setv({ right: low, visible: low > lambdas[0] });
    for (const box of named("above")) box.setv({ left: high, visible: high < lambdas.at(-1) });
    const margin = 0.03 * (high - low);
    const start = kept.length ? low - margin : lambdas[0], end = high + margin;
    named("across")[0].setv({ start, end, reset_start: start, reset_end: end });
    showVariant();
  }

  window.pickNearest = (lambda) => {
    at = lambdas.reduce((best, value, i) =>
      Math.abs(value - lambda) < Math.abs(lambdas[best] - lambda) ? i : best, 0);
    showVariant();
  };
  const pickSample = (m) => { sample = (m + samples.length) % samples.length; showSample(); };
  element("sample").append(...samples.map((name, m) => new Option(name, m)));
  element("lambda").append(...lambdas.map((value, i) => new Option(value, i)));
  element("sample").onchange = () => pickSample(Number(element("sample").value));
  element("lambda").onchange = () => { at = Number(element("lambda").value); showVariant(); };
  element("previous").onclick = () => pickSample(sample - 1);
  element("next").onclick = () => pickSample(sample + 1);
  window.pickNearest(1); // lambda = 1 is the posterior itself
  showSample();
  document.body.dataset.ready = "yes";
}

start().catch((error) => {
  element("plot").textContent = `This page cannot be shown: ${error}`;
  throw error;
});
</script>
</body>
</html>
"""
