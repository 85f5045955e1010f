"""The interactive page's script, between the page's numbers and its end."""

# Of any page with compressed contents.
LOADING = r"""
const element = (id) => document.getElementById(id);

async function decompressed(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

async function load(library) {
  const script = document.createElement("script");
  script.text = await decompressed(library);
  document.head.append(script);
}
"""
SCRIPT = r"""
const PER_PAGE = 15; // rows of the table
const SMALLEST = 1e-4; // meV: what the numbers here are rounded to

// Undoes `pack` of interactive_data.py.
function unpack({ digits, differences, holes }) {
  const missing = new Set();
  holes.reduce((place, step) => (missing.add(place + step), place + step), 0);
  let place = 0;
  return differences.map((samples) => samples.map((row) => {
    let bend = 0, slope = 0, value = 0;
    return row.map((difference) => {
      bend += difference;
      slope += bend;
      value += slope;
      return missing.has(place++) ? NaN : value / 10 ** digits;
    });
  }));
}

// Rounded; without the sign of a rounded -0.
const number = (value, digits) =>
  Number.isFinite(value) ? value.toFixed(digits).replace(/^-(0\.0*)$/, "$1") : "–";
const short = (value) => Number.isFinite(value) ? String(Number(value.toPrecision(2))) : "–";
const cells = (words, kind) => words.map((word) => `<${kind}>${word}</${kind}>`).join("");

// The one way that also works in a page within a page.
function copy(text, button) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  button.focus();
  const before = button.textContent;
  button.textContent = done ? "Copied" : "Not copied: select it by hand";
  setTimeout(() => { button.textContent = before; }, 1500);
}

async function start() {
  if (!window.DecompressionStream) throw new Error(
    "this browser is too old (Chromium 80, Firefox 113 or Safari 16.4 are new enough)");
  await load(LIBRARY);
  const data = JSON.parse(await decompressed(CONTENT));
  const energies = unpack(data.formation_energy), volumes = unpack(data.formation_volume);
  const estimates = unpack(data.error_estimate);
  const { lambdas, labels, samples, sources, mean } = data;
  await Bokeh.embed.embed_item(data.drawn, "plot");
  const models = [...Bokeh.documents[0]._all_models.values()];
  const named = (name) => models.filter((model) => model.name === name);
  const [curves] = named("curves"), [every] = named("every");
  const truth = sources.indexOf("truth");
  const levels = sources.filter((source) => source !== "truth");
  const hasVolume = curves.columns().includes(`formation_volume_${sources[0]}`);
  const showAtoms = prepareView(data.view);
  let sample = 0, at = 0, page = 0, level = levels.length - 1;
  let listed = [];
  let sorted = { column: truth < 0 ? "estimate" : "error", down: true }; // the worst first

  const variant = (m, i) => `sample${String(samples[m]).padStart(3, "0")}_lambda${labels[i]}`;
  const change = (m, i) => data.deviations[m].map((step) => lambdas[i] * step);
  const theta = (m, i) => change(m, i).map((step, l) => mean[l] + step);
  const command = (what, m, i) => data.commands[what].replace("{variant}", variant(m, i));
  // Parameters of a potential that is not SNAP have names and units of their own.
  const own = (l) => data.units ? data.names[l] : data.names[l].replace("beta", "β");
  // beta_1 as the page shows it, and W_beta_1 of one element among several.
  const symbol = (l) => data.units ? own(l) : data.names[l].replace(/(.*?)_?beta_(\d+)/,
    (_, element, number) => `β<sub>${`${element} ${number}`.trim()}</sub>`);
  const norm = (m, i) => Math.hypot(...change(m, i).slice(data.shifts));
  const stable = (m, i) => energies.some((level) => Number.isFinite(level[m][i]));
  const status = (m, i) => data.status
    ? data.status.words[data.status.indices[m][i]].replaceAll("_", " ")
    : stable(m, i) ? "stable" : "bulk unstable";
  const estimate = (k, m, i) => k === truth ? NaN : 1e3 * 10 ** estimates[k][m][i];
  const error = (k, m, i) => truth < 0 ? NaN : 1e3 * (energies[k][m][i] - energies[truth][m][i]);
  const title = (m, i) =>
    `${variant(m, i)}: sample ${samples[m]}, λ = ${lambdas[i]}, ${status(m, i)}`;
  const fragment = (m, i) => `#sample=${samples[m]}&lambda=${lambdas[i]}`;

  // The numbers of one variant beside the curves.
  const head = ["level", "E<sub>f</sub> (eV)", "estimated<br>error (meV)",
    ...truth < 0 ? [] : ["error<br>(meV)"], ...hasVolume ? ["V<sub>f</sub> (Å³)"] : []];
  element("head").innerHTML = `<tr>${cells(head, 'th scope="col"')}</tr>`;
  function showNumbers(m, i) {
    element("pointed").textContent = title(m, i);
    element("levels").innerHTML = sources.map((source, k) => `<tr>${cells([
      source,
      number(energies[k][m][i], 6),
      k === truth ? "" : short(estimate(k, m, i)),
      ...truth < 0 ? [] : [k === truth ? "" : number(error(k, m, i), 4)],
      ...hasVolume ? [number(volumes[k][m][i], 3)] : [],
    ], "td")}</tr>`).join("");
    const first = theta(m, i).slice(data.shifts, data.shifts + 3).map(
      (beta, l) => `${symbol(l + data.shifts)} = ${beta.toFixed(5)}`);
    const far = data.units ? "" : ` (eV); |Θ − mean| = ${norm(m, i).toPrecision(4)} eV`;
    element("first").innerHTML = `Θ: ${first.join(", ")}, …${far}`;
  }

  function showVariant() {
    element("lambda").value = at;
    for (const span of named("picked")) span.location = lambdas[at];
    showNumbers(sample, at);
    showAtoms(sample, lambdas[at]);
    element("variant").textContent = title(sample, at);
    element("commands").replaceChildren(...Object.keys(data.commands).map((what) => {
      const line = document.createElement("p"), code = document.createElement("code");
      const button = document.createElement("button");
      code.textContent = command(what, sample, at);
      button.textContent = "Copy";
      button.setAttribute("aria-label", `copy the command that writes ${what}`);
      button.onclick = () => copy(code.textContent, button);
      line.append(`To write ${what}: `, code, " ", button);
      return line;
    }));
    element("change").innerHTML = data.units ? "Its parameters Θ, each in its own unit." :
      "Its parameters Θ (eV); β<sub>0</sub>, a shift per atom, moves no atom and does not count in "
      + `|Θ − mean| = ${norm(sample, at).toPrecision(6)} eV.`;
    const unit = (l) => data.units && data.units[l] !== "1" ? ` ${data.units[l]}` : "";
    element("theta").innerHTML = theta(sample, at).map((value, l) =>
      `<li>${own(l)} = ${value.toPrecision(10)}${unit(l)}</li>`).join("");
    // Within a report the page has no address of its own.
    if (location.protocol !== "data:") history.replaceState(null, "", fragment(sample, at));
    showRows();
  }

  function showSample() {
    element("sample").value = sample;
    const here = { lambda: lambdas };
    sources.forEach((source, k) => {
      here[`formation_energy_${source}`] = energies[k][sample];
      if (hasVolume) here[`formation_volume_${source}`] = volumes[k][sample];
      if (truth >= 0) here[`error_${source}`] = lambdas.map((_, i) => onLog(k, sample, i));
    });
    const best = lambdas.map((_, i) =>
      energies.findLast((level) => Number.isFinite(level[sample][i]))?.[sample][i] ?? NaN);
    here.failed = best.map((energy, i) =>
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
  const onLog = (k, m, i) => {
    const size = Math.abs(error(k, m, i));
    return Number.isFinite(size) ? Math.max(size, SMALLEST) : NaN;
  };

  // The table of all variants.
  const columns = {
    sample: { head: "sample", of: (m) => samples[m], shown: (value) => value },
    lambda: { head: "λ", of: (m, i) => lambdas[i], shown: (value) => value },
    status: { head: "status", of: (m, i) => status(m, i), shown: (value) => value },
    energy: { head: "E<sub>f</sub> predicted (eV)", of: (m, i) => energies[level][m][i],
      shown: (value) => number(value, 6) },
    ...truth < 0 ? {} : {
      true: { head: "E<sub>f</sub> true (eV)", of: (m, i) => energies[truth][m][i],
        shown: (value) => number(value, 6) },
      error: { head: "|error| (meV)", of: (m, i) => Math.abs(error(level, m, i)),
        shown: (value) => number(value, 4) },
    },
    estimate: { head: "estimated error (meV)", of: (m, i) => estimate(level, m, i),
      shown: short },
    ...hasVolume ? { volume: { head: "V<sub>f</sub> predicted (Å³)",
      of: (m, i) => volumes[level][m][i], shown: (value) => number(value, 3) } } : {},
  };
  const limit = (id, otherwise) => element(id).value === "" ? otherwise : Number(element(id).value);
  function showTable() {
    const word = element("status").value, only = limit("only", null);
    const low = limit("from", -Infinity), high = limit("to", Infinity), least = limit("least", 0);
    const size = columns.error ?? columns.estimate;
    const passes = (m, i) => (word === "" || status(m, i) === word)
      && (only === null || samples[m] === only) && lambdas[i] >= low && lambdas[i] <= high
      && (least === 0 || size.of(m, i) >= least);
    listed = [];
    samples.forEach((_, m) => lambdas.forEach((_, i) => {
      if (passes(m, i)) listed.push([m, i]);
    }));
    showEvery();
    sortTable();
  }
  function sortTable() {
    const { of } = columns[sorted.column], sign = sorted.down ? -1 : 1;
    const key = new Map(listed.map((each) => [each, of(...each)]));
    listed.sort((a, b) => {
      const [x, y] = [key.get(a), key.get(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return sign * (x < y ? -1 : x > y ? 1 : 0) || a[0] - b[0] || a[1] - b[1];
    });
    const order = (name) => name !== sorted.column ? "" :
      ` aria-sort="${sorted.down ? "descending" : "ascending"}"`;
    const arrow = (name) => name !== sorted.column ? "" : sorted.down ? " ▼" : " ▲";
    element("columns").innerHTML = `<tr>${Object.entries(columns).map(([name, { head }]) =>
      `<th scope="col"${order(name)}><button data-column="${name}">${head}</button>`
      + `${arrow(name)}</th>`).join("")}</tr>`;
    page = 0;
    showRows();
  }
  function showRows() {
    const pages = Math.max(1, Math.ceil(listed.length / PER_PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    const rows = listed.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
    element("rows").innerHTML = rows.map(([m, i]) => {
      const words = Object.values(columns).map(({ of, shown }) => shown(of(m, i)));
      words[0] = `<a href="${fragment(m, i)}">${words[0]}</a>`;
      const mark = m === sample && i === at ? ' class="picked" aria-current="true"' : "";
      return `<tr data-variant="${m} ${i}"${mark}>${cells(words, "td")}</tr>`;
    }).join("");
    const count = listed.length.toLocaleString("en");
    element("place").textContent = rows.length
      ? `${(page * PER_PAGE + 1).toLocaleString("en")} to `
        + `${(page * PER_PAGE + rows.length).toLocaleString("en")} of ${count} variants`
      : "no variant";
    element("back").disabled = page === 0;
    element("forth").disabled = page === pages - 1;
  }
  // One line through all samples, broken between them and where a variant is not listed.
  function showEvery() {
    const marked = samples.map(() => lambdas.map(() => false));
    for (const [m, i] of listed) marked[m][i] = true;
    const shown = truth < 0 ? level : truth;
    const values = { formation_energy: (m, i) => energies[shown][m][i],
      error: (m, i) => onLog(level, m, i), formation_volume: (m, i) => volumes[shown][m][i] };
    const line = (of) => marked.flatMap((row, m) =>
      [...row.map((listed, i) => listed ? of(m, i) : NaN), NaN]);
    every.data = Object.fromEntries(every.columns().map((name) => [name,
      name === "lambda" ? samples.flatMap(() => [...lambdas, NaN]) : line(values[name])]));
  }

  const nearest = (lambda) => lambdas.reduce((best, value, i) =>
    Math.abs(value - lambda) < Math.abs(lambdas[best] - lambda) ? i : best, 0);
  window.pickNearest = (lambda) => { at = nearest(lambda); showVariant(); };
  window.pointAt = (lambda) => showNumbers(sample, lambda === null ? at : nearest(lambda));
  const pickSample = (m) => { sample = (m + samples.length) % samples.length; showSample(); };
  const pickLambda = (i) => { at = Math.min(Math.max(i, 0), lambdas.length - 1); showVariant(); };
  function follow(text) {
    const given = new URLSearchParams(text.replace(/^#/, ""));
    const m = samples.indexOf(Number(given.get("sample") ?? samples[0]));
    const lambda = Number(given.get("lambda") ?? 1); // 1 is the posterior itself
    sample = Math.max(m, 0);
    at = nearest(Number.isFinite(lambda) ? lambda : 1);
    showSample();
  }
  element("sample").append(...samples.map((name, m) => new Option(name, m)));
  element("lambda").append(...lambdas.map((value, i) => new Option(value, i)));
  element("level").append(...levels.map((name, k) => new Option(name, k)));
  element("level").value = level;
  const words = data.status ? data.status.words : ["stable", "bulk_unstable"];
  element("status").append(...words.map((word) => new Option(word.replaceAll("_", " "))));
  element("legend").append(...[...data.lines, ...truth < 0 ? [] : [["truth", "#262626", null]]].map(
    ([name, colour, dashes]) => {
      const label = document.createElement("label");
      label.innerHTML = `<input type="checkbox" checked> <svg width="34" height="12">${dashes
        ? `<path d="M0 6H34" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes}"/>`
        : `<circle cx="17" cy="6" r="4" fill="none" stroke="${colour}"/>`}</svg> ${name}`;
      label.firstChild.onchange = () => {
        for (const drawn of named(`level ${name}`)) drawn.visible = label.firstChild.checked;
      };
      return label;
    }));
  element("sample").onchange = () => pickSample(Number(element("sample").value));
  element("lambda").onchange = () => pickLambda(Number(element("lambda").value));
  element("previous").onclick = () => pickSample(sample - 1);
  element("next").onclick = () => pickSample(sample + 1);
  element("less").onclick = () => pickLambda(at - 1);
  element("more").onclick = () => pickLambda(at + 1);
  element("link").onclick = () =>
    copy(location.href.replace(/#.*/s, "") + fragment(sample, at), element("link"));
  element("link").hidden = location.protocol === "data:";
  element("filters").onsubmit = (event) => event.preventDefault();
  element("filters").oninput = () => { level = Number(element("level").value); showTable(); };
  element("filters").onreset = () => setTimeout(() => {
    element("level").value = level = levels.length - 1;
    showTable();
  });
  element("columns").onclick = (event) => {
    const column = event.target.closest("button")?.dataset.column;
    if (!column) return;
    // Numbers largest first, then smallest.
    sorted = { column, down: sorted.column === column ? !sorted.down
      : !["sample", "lambda", "status"].includes(column) };
    sortTable();
    element("columns").querySelector(`[data-column=${column}]`).focus();
  };
  element("rows").onclick = (event) => {
    const row = event.target.closest("tr");
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    [sample, at] = row.dataset.variant.split(" ").map(Number);
    showSample();
  };
  element("back").onclick = () => { page -= 1; showRows(); };
  element("forth").onclick = () => { page += 1; showRows(); };
  document.onkeydown = (event) => {
    if (event.target.closest("input, select, textarea, #view")) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    // Elsewhere these scroll the page.
    const along = element("plot").contains(event.target)
      && { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!across && !along) return;
    event.preventDefault();
    if (across) pickLambda(at + across); else pickSample(sample + along);
  };
  element("plot").onmousedown = () => element("plot").focus({ preventScroll: true });
  window.onhashchange = () => follow(location.hash);
  follow(location.hash);
  showTable();
  element("plot").focus({ preventScroll: true });
  document.body.dataset.ready = "yes";
}

start().catch((error) => {
  element("plot").textContent = `This page cannot be shown: ${error}`;
  throw error;
});
"""
