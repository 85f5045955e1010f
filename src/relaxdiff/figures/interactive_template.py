"""The interactive page's HTML and script; `interactive.py` fills in what stands between % signs."""

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
