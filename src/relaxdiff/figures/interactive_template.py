"""The interactive page's HTML; `interactive.py` fills in what stands between % signs."""

NO_VIEWER = 'const VIEWER = "";'  # with_viewer of viewer.py fills it
PAGE = r"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%NAME%: samples</title>
<style>
* { box-sizing: border-box }
body { font: 15px/1.45 sans-serif; color: #222; max-width: 84rem; margin: 1rem auto;
  padding: 0 1rem }
h1 { font-size: 1.4rem; margin: 0 0 .4rem }
h2 { font-size: 1.1rem; margin: 1.4rem 0 .3rem }
h3 { font-size: 1rem; margin: 0 0 .3rem }
p { margin: .5rem 0; max-width: 60rem }
select, button, input { font: inherit; padding: .1rem .4rem }
input[type=number] { width: 6rem }
.controls { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; margin: .7rem 0 }
.controls > span { white-space: nowrap }
.legend label { white-space: nowrap }
.legend svg { vertical-align: middle }
.columns { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1rem }
#plot { min-width: 0; outline-offset: 3px }
summary { cursor: pointer; font-weight: bold; margin: .6rem 0 }
#view { height: 380px; outline: 1px solid #ccc }
code { background: #f0f0f0; padding: .15rem .4rem; overflow-wrap: anywhere }
.scroll { overflow-x: auto }
table { border-collapse: collapse; margin: .4rem 0 }
th, td { text-align: right; padding: .1rem .8rem .1rem 0; font-variant-numeric: tabular-nums;
  white-space: nowrap }
th:first-child, td:first-child { text-align: left }
thead th { border-bottom: 1px solid #999; font-weight: normal; vertical-align: bottom }
th button { border: 0; background: none; padding: 0; cursor: pointer; text-decoration: underline }
#rows tr:hover { background: #f3f3f3; cursor: pointer }
#rows tr.picked { background: #ffe9c7 }
.small { font-size: 13px }
#theta { columns: 13rem; font: 13px/1.5 monospace; list-style: none; padding: 0; margin: .4rem 0 }
@media (max-width: 50rem) { .columns { grid-template-columns: minmax(0, 1fr) } }
</style>
</head>
<body>
<h1>%NAME%, sample by sample</h1>
<p>%WHAT%%LIMIT%</p>
<noscript><p><b>This page needs JavaScript.</b></p></noscript>
<div class="controls">
<span><label for="sample">Sample</label>
<button id="previous" aria-label="previous sample">&#9664;</button>
<select id="sample"></select>
<button id="next" aria-label="next sample">&#9654;</button></span>
<span><label for="lambda">λ</label>
<button id="less" aria-label="smaller lambda">&#9664;</button>
<select id="lambda"></select>
<button id="more" aria-label="larger lambda">&#9654;</button></span>
<span><button id="link">Copy link to this variant</button></span>
</div>
<div class="controls legend" id="legend" role="group" aria-label="levels shown"></div>
<div class="columns">
<div id="plot" tabindex="0" role="group"
  aria-label="Curves against lambda. Arrow keys: left, right change lambda, up, down the sample."
></div>
<div>
<section aria-labelledby="pointed">
<h3 id="pointed"></h3>
<div class="scroll"><table class="small">
<thead id="head"></thead><tbody id="levels"></tbody></table></div>
<p class="small" id="first"></p>
</section>
<details id="atoms">
<summary>Where its atoms go, in 3D</summary>
<div id="view" role="img" aria-label="Atoms, with arrows along their displacements"></div>
<p class="small" id="arrows" aria-live="polite"></p>
</details>
</div>
</div>
<p class="small">Point at the curves for the numbers of a variant; click to pick it. Arrow keys: ←
and → change λ; ↑ and ↓ change the sample while the curves have the focus. Dragging enlarges.
Thin grey lines: all variants that the table below lists (%FAINT%at the level chosen there).
%MARKS% Errors below 10<sup>−4</sup> meV are drawn there.</p>

<h2 id="all">All variants</h2>
<form class="controls" id="filters" aria-label="which variants the table and the grey lines show">
<span><label for="level">level</label> <select id="level"></select></span>
<span><label for="status">status</label> <select id="status"><option value="">any</option></select>
</span>
<span><label for="only">sample</label> <input id="only" type="number" min="0" step="1"></span>
<span><label for="from">λ from</label> <input id="from" type="number" step="any">
<label for="to">to</label> <input id="to" type="number" step="any"></span>
<span><label for="least">%LEAST% at least (meV)</label>
<input id="least" type="number" min="0" step="any"></span>
<button type="reset">Show all</button>
</form>
<div class="scroll"><table aria-labelledby="all">
<thead id="columns"></thead><tbody id="rows"></tbody></table></div>
<div class="controls">
<button id="back" aria-label="previous rows">&#9664;</button>
<span id="place" aria-live="polite"></span>
<button id="forth" aria-label="next rows">&#9654;</button>
</div>

<h2 id="variant" aria-live="polite"></h2>
<div id="commands"></div>
<p id="change"></p>
<ol id="theta" start="0"></ol>
<script>
"use strict";
const LIBRARY = "%LIBRARY%";
%VIEWER%
const CONTENT = "%CONTENT%";
%SCRIPT%
</script>
</body>
</html>
"""
