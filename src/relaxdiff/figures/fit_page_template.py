"""The HTML and script of a fit's page; `fit_page.py` fills in what stands between % signs."""

PAGE = r"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%TITLE%</title>
<style>
* { box-sizing: border-box }
body { font: 15px/1.45 sans-serif; color: #222; max-width: 76rem; margin: 1rem auto;
  padding: 0 1rem }
h1 { font-size: 1.4rem; margin: 0 0 .4rem }
h2 { font-size: 1.1rem; margin: .4rem 0 }
p { margin: .5rem 0; max-width: 60rem }
button, input { font: inherit }
.wrong { color: #c1272d; font-weight: bold }
.controls { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; margin: .7rem 0 }
#step { width: min(24rem, 60vw); vertical-align: middle }
.columns { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 1rem }
#map { overflow-x: auto }
.legend svg { vertical-align: middle }
table { border-collapse: collapse; margin: .4rem 0 }
td { padding: .1rem 1.2rem .1rem 0; font-variant-numeric: tabular-nums }
.small { font-size: 13px }
@media (max-width: 60rem) { .columns { grid-template-columns: minmax(0, 1fr) } }
</style>
</head>
<body>
<h1>%TITLE%</h1>
<p>%WHAT%</p>
<p>%VERDICT%</p>
<noscript><p><b>This page needs JavaScript.</b></p></noscript>
<div class="controls">
<span><label for="step">Step</label>
<button id="back" aria-label="previous step">&#9664;</button>
<input id="step" type="range" min="0" value="0" step="1">
<button id="forth" aria-label="next step">&#9654;</button></span>
<span><button id="relaxed">Result, relaxed by LAMMPS</button>
<button id="target">Target</button></span>
</div>
<div class="columns">
<div>
<div id="curves"></div>
<table class="small"><tbody id="numbers"></tbody></table>
</div>
<div>
<h2 id="shown" aria-live="polite"></h2>
<div id="map" role="img" aria-label="Map of the atoms, with arrows"></div>
<p class="small legend">%LEGEND%</p>
<p class="small">%ARROWS% Point at an atom for its number and its way to the target. Click on a
curve to pick a step.</p>
</div>
</div>
<script>
"use strict";
const LIBRARY = "%LIBRARY%";
const CONTENT = "%CONTENT%";
%SCRIPT%
</script>
</body>
</html>
"""
SCRIPT = r"""
async function start() {
  if (!window.DecompressionStream) throw new Error(
    "this browser is too old (Chromium 80, Firefox 113 or Safari 16.4 are new enough)");
  await load(LIBRARY);
  const { drawn, frames } = JSON.parse(await decompressed(CONTENT));
  await Bokeh.embed.embed_item(drawn.curves, "curves");
  await Bokeh.embed.embed_item(drawn.map, "map");
  const models = Bokeh.documents.flatMap((each) => [...each._all_models.values()]);
  const named = (name) => models.filter((model) => model.name === name);
  const last = frames.length - 3; // before plain LAMMPS's relaxation and the target
  let at = 0;

  function show(place) {
    at = place;
    const frame = frames[at], step = Math.min(at, last);
    for (const name of ["atoms", "arrows", "core"]) {
      const [source] = named(name);
      source.data = { ...source.data, ...frame[name] };
    }
    for (const span of named("picked")) span.setv({ location: step, visible: at <= last });
    element("step").value = step;
    element("shown").textContent = frame.title;
    element("numbers").innerHTML = frame.numbers.map(([what, value]) =>
      `<tr><td>${what}</td><td>${value}</td></tr>`).join("");
    element("back").disabled = at === 0;
    element("forth").disabled = at === last;
  }
  const pick = (step) => show(Math.min(Math.max(Math.round(step), 0), last));
  window.pickStep = pick;
  element("step").max = last;
  element("step").oninput = () => pick(Number(element("step").value));
  element("back").onclick = () => pick(Math.min(at, last + 1) - 1);
  element("forth").onclick = () => pick(at + 1);
  element("relaxed").onclick = () => show(last + 1);
  element("target").onclick = () => show(last + 2);
  show(last);
  document.body.dataset.ready = "yes";
}

start().catch((error) => {
  element("map").textContent = `This page cannot be shown: ${error}`;
  throw error;
});
"""
