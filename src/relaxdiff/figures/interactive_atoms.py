"""The part of the interactive page's script that shows atoms and their displacements in 3D."""

ATOMS_SCRIPT = r"""
const LONGEST = 4; // Angstrom, of an arrow
const HEAD = 0.35; // of an arrow
const ARROW = "#c1272d";
const ATOM = "#9fb6cc"; // where all atoms are of one element

// The displacements of a sample at lambda: by how much they are enlarged, and what plotly draws.
function displaced({ atoms, fields, amounts }, m, lambda) {
  const moved = atoms.map((_, atom) => [0, 1, 2].map((axis) => lambda * amounts[m].reduce(
    (sum, amount, k) => sum + amount * fields[k][3 * atom + axis], 0)));
  const largest = Math.max(...moved.map((step) => Math.hypot(...step)));
  // 1, 2 or 5 times a power of ten
  const power = largest > 0 ? 10 ** Math.floor(Math.log10(LONGEST / largest)) : 1;
  const times = power * ([5, 2, 1].find((each) => each * power * largest <= LONGEST) ?? 1);
  const arrows = [];
  moved.forEach((step, atom) => {
    if (Math.hypot(...step) > 0.02 * largest) arrows.push({
      start: atoms[atom].slice(1), step: step.map((part) => times * part) });
  });
  return { largest, times, arrows };
}

const AXES = ["x", "y", "z"];
const coordinates = (points) =>
  Object.fromEntries(AXES.map((name, axis) => [name, points.map((point) => point[axis])]));
const along = ({ start, step }, share) => start.map((from, axis) => from + share * step[axis]);

function spheres({ atoms, colours }) {
  const symbols = Object.keys(colours);
  return symbols.map((symbol) => ({
    type: "scatter3d", mode: "markers", name: symbol, hoverinfo: "skip",
    marker: { size: 5, opacity: 1, color: symbols.length > 1 ? colours[symbol] : ATOM,
      line: { width: 1, color: "#555555" } },
    ...coordinates(atoms.filter((atom) => atom[0] === symbol).map((atom) => atom.slice(1))),
  }));
}

// Lines, and cones as their heads.
function drawnArrows(arrows) {
  const shafts = coordinates(arrows.flatMap((arrow) =>
    [arrow.start, along(arrow, 0.8), [null, null, null]]));
  const heads = coordinates(arrows.map((arrow) => along(arrow, 1)));
  const [u, v, w] = [0, 1, 2].map((axis) => arrows.map(({ step }) => HEAD * step[axis]));
  return [
    { type: "scatter3d", mode: "lines", hoverinfo: "skip", showlegend: false,
      line: { color: ARROW, width: 5 }, ...shafts },
    { type: "cone", hoverinfo: "skip", showscale: false, colorscale: [[0, ARROW], [1, ARROW]],
      anchor: "tip", sizemode: "raw", sizeref: 1, ...heads, u, v, w },
  ];
}

function layout({ atoms, colours }) {
  const scene = { aspectmode: "data", camera: { eye: { x: 0.55, y: -1.4, z: 0.5 } } };
  AXES.forEach((name, axis) => {
    const places = atoms.map((atom) => atom[axis + 1]);
    const range = [Math.min(...places) - LONGEST, Math.max(...places) + LONGEST];
    scene[`${name}axis`] = { visible: false, range };
  });
  // The same uirevision: a new variant does not turn the view back.
  return { scene, uirevision: "same", margin: { l: 0, r: 0, t: 0, b: 0 },
    showlegend: Object.keys(colours).length > 1, legend: { x: 0, y: 0 } };
}

function whyNoView() {
  if (VIEWER === "") return "A report has no room for what draws the atoms: open the file "
    + "figures/interactive.html of this structure.";
  const canvas = document.createElement("canvas");
  if (canvas.getContext("webgl2") || canvas.getContext("webgl")) return null;
  return "The atoms cannot be drawn: this browser has no WebGL.";
}

// A function that shows the displacements of a sample at lambda, as long as their part is open.
function prepareView(view) {
  const missing = whyNoView();
  if (missing) {
    element("view").hidden = true;
    element("arrows").textContent = missing;
    return () => {};
  }
  let place = null, library = null;
  async function draw() {
    if (!element("atoms").open) return;
    library ??= load(VIEWER); // large: only for those who look
    await library;
    const { largest, times, arrows } = displaced(view, ...place);
    await Plotly.react("view", [...spheres(view), ...drawnArrows(arrows)], layout(view),
      { responsive: true, displaylogo: false, // and no button that sends the picture elsewhere
        modeBarButtons: [["toImage", "resetCameraLastSave3d"]] });
    element("arrows").textContent = `Displacements from the reference as h+ih predicts them, `
      + `drawn ${Number(times.toPrecision(1))} times as long; the largest is `
      + `${largest.toPrecision(3)} Å.`
      + (view.left_out ? ` ${view.left_out} atoms that move less are left out.` : "")
      + " Drag to turn, scroll to enlarge.";
  }
  element("atoms").addEventListener("toggle", draw);
  return (m, lambda) => { place = [m, lambda]; draw(); };
}
"""
