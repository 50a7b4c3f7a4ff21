// @ts-check
/** Scores against the test variance, with intervals. */
import { number, score, written } from "./data.js";
import { chart, choice, h, plainTable } from "./dom.js";
import { set, state } from "./state.js";

// Okabe and Ito's colours for the colour-blind, darkened where white is behind; symbols tell lines apart without them.
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#a0588a", "#8a6d00", "#7b61ff", "#b0413e", "#555555", "#5f7f00"];
const ROUND = ["circle", "square", "triangle", "diamond", "star", "cross", "wye", "times", "plus"];
const GLYPHS = "●■▲◆★✚Y✕+";

/** @param {HTMLElement} view @param {any} grid */
export function curves(view, grid) {
  const again = (/** @type {Record<string, string>} */ changes) => { set(changes); view.replaceChildren(); curves(view, grid); };
  const metric = grid.metrics.find((m) => m.name === state.metric) ?? grid.metrics[0];
  const trainings = [...new Set(grid.rows.filter((r) => r.kind === "network").map((r) => r.trained))];
  const networks = [...new Set(grid.rows.filter((r) => r.trained).map((r) => r.name))];
  const ranges = grid.rows.filter((r) => r.kind === "network" && r.low !== r.high).map((r) => r.trained);
  const trained = trainings.includes(state.trained) ? state.trained : ranges[0] ?? trainings[0] ?? "";
  const net = networks.includes(state.net) ? state.net : networks[networks.length - 1] ?? "";
  const byTraining = state.by === "training";
  const gain = metric.name === "psnr" && state.what !== "score"; // over the noisy input, which has -10·log10(variance)
  const chosen = byTraining
    ? grid.rows.filter((r) => (r.kind === "network" && r.trained === trained) || best(grid, metric).has(r))
    : grid.rows.filter((r) => r.name === net && r.trained);
  const label = (r) => (byTraining ? r.name : r.trained);
  const hidden = new Set(state.hidden.split("|").filter(Boolean));
  const lines = chosen.map((row, i) => ({ row, label: label(row), colour: COLOURS[i % 9], symbol: ROUND[i % 9] }));
  const visible = lines.filter((l) => !hidden.has(l.label));
  const points = visible.flatMap((l) => grid.variances.map((v, i) => ({ ...l, v, pair: l.row.scores[metric.name][i] })))
    .filter((p) => p.pair && p.pair[0] !== null && p.v > 0).map((p) => ({ ...p, lx: Math.log10(p.v), y: gain ? p.pair[0] + 10 * Math.log10(p.v) : p.pair[0] * metric.scale, e: (p.pair[1] ?? 0) * metric.scale }));
  view.append(h("div", { class: "controls" },
    choice("compare", [["training", "denoisers trained alike"], ["network", "trainings of one denoiser"]], state.by, (by) => again({ by, hidden: "" })),
    byTraining ? choice("trained on", trainings.map((t) => [t, t]), trained, (t) => again({ trained: t, hidden: "" })) : choice("denoiser", networks.map((n) => [n, n]), net, (n) => again({ net: n, hidden: "" })),
    choice("metric", grid.metrics.map((m) => [m.name, m.title]), metric.name, (m) => again({ metric: m })),
    metric.name === "psnr" ? choice("show", [["regret", "gain over the noisy input"], ["score", "the score itself"]], gain ? "regret" : "score", (what) => again({ what })) : null));
  const legend = h("div", { class: "legend", role: "group", "aria-label": "Lines: click hides one, double click shows it alone" }, lines.map((l, i) =>
    h("button", { type: "button", "aria-pressed": `${!hidden.has(l.label)}`, style: `border-color:${l.colour}`,
      onclick: () => { hidden.has(l.label) ? hidden.delete(l.label) : hidden.add(l.label); again({ hidden: [...hidden].join("|") }); },
      ondblclick: () => again({ hidden: lines.map((o) => o.label).filter((o) => o !== l.label).join("|") }) }, h("span", { style: `color:${l.colour}`, "aria-hidden": "true" }, `${GLYPHS[i % 9]} `), l.label)));
  const band = byTraining ? chosen.find((r) => r.low !== null && r.low !== r.high) : null;
  const width = Math.min(900, document.body.clientWidth - 40);
  const named = visible.length <= 12 && width > 500;
  const marginRight = named ? 160 : 20;
  const ends = visible.map((l) => points.filter((p) => p.label === l.label).pop()).filter(Boolean);
  const figure = chart({
    width, height: 460, marginLeft: 55, marginBottom: 45, marginRight, style: { fontSize: "13px" }, ariaLabel: `${metric.title} against test variance`,
    x: { label: grid.sigma ? "test noise, σ in grey levels" : "test variance", ticks: apart(grid.variances.filter((v) => v > 0).map(Math.log10), (width - 55 - marginRight) / 42), tickFormat: (x) => written(10 ** x, grid.sigma).replace("σ=", "") },
    y: { label: gain ? "gain over the noisy input (dB)" : metric.title, grid: true, nice: true, ...(metric.name === "mse" ? { type: "log", tickFormat: "~g" } : {}) }, symbol: { domain: lines.map((l) => l.label), range: lines.map((l) => l.symbol) },
    marks: [band ? Plot.rectX([band], { x1: Math.log10(Math.max(band.low, points[0]?.v ?? band.low)), x2: Math.log10(band.high), fill: "currentColor", fillOpacity: 0.07 }) : null,
      Plot.ruleX(points, { x: "lx", y1: (p) => p.y - p.e, y2: (p) => p.y + p.e, stroke: "colour", strokeWidth: 2 }),
      Plot.line(points, { x: "lx", y: "y", z: "label", stroke: "colour", strokeWidth: 2 }),
      Plot.dot(points, { x: "lx", y: "y", fill: "colour", symbol: "label", r: 4, tip: true, title: (p) => `${p.label}\n${written(p.v, grid.sigma)}: ${score(p.pair, metric)}` }),
      named ? Plot.text(spread(ends, d3.extent(points, (p) => p.y), metric.name === "mse"), { x: "lx", y: "at", text: "label", fill: "colour", textAnchor: "start", dx: 10, fontSize: 12 }) : null],
  });
  view.append(legend, h("figure", {}, figure, h("figcaption", {}, `Bars are 95 % intervals${band ? "; the training range is shaded" : ""}. Click a name to hide its line, double click to see it alone.`)),
    h("details", {}, h("summary", {}, "The same as a table"), plainTable(`${metric.title} on ${grid.title}, ${number(grid.images, 0)} test images`, [byTraining ? "denoiser" : "trained on", ...grid.variances.map((v) => written(v, grid.sigma))],
      lines.map((l) => [l.label, ...l.row.scores[metric.name].map((pair) => score(pair, metric))]))));
}

/** Filters without training that are the best of their kind at some variance, and clipping. @param {any} grid @param {any} metric */
function best(grid, metric) {
  const plain = grid.rows.filter((r) => !r.trained && r.kind === "filter");
  const order = metric.better === "lower" ? d3.least : d3.greatest;
  return new Set([...grid.variances.map((_, i) => order(plain, (r) => r.scores[metric.name][i]?.[0])), plain.find((r) => r.denoiser === "clip")].filter(Boolean));
}

/** Ticks that leave room between them. @param {number[]} ticks @param {number} most how many fit side by side */
function apart(ticks, most) {
  const room = (ticks[ticks.length - 1] - ticks[0]) / most;
  return ticks.reduce((/** @type {number[]} */ kept, tick) => (kept.length && tick < kept[kept.length - 1] + room ? kept : [...kept, tick]), []);
}

/** Heights of labels that leave room between them. @param {any[]} ends @param {[number, number]} of the axis @param {boolean} log */
function spread(ends, [low, high], log) {
  const [up, down] = log ? [Math.log, Math.exp] : [(/** @type {number} */ y) => y, (/** @type {number} */ y) => y];
  const room = (up(high) - up(low) || 1) / 24;
  return d3.sort(ends, (p) => p.y).reduce((/** @type {any[]} */ done, p) => [...done, { ...p, at: done.length ? Math.max(p.y, down(up(done[done.length - 1].at) + room)) : p.y }], []);
}
