// @ts-check
/** Scores against the test variance, with intervals. */
import { number, score, unique, valueAt, written } from "./data.js";
import { chart, folded, h, room } from "./dom.js";
import { choice, metricChoice, metricOf, state } from "./state.js";

// Symbols and their letters for the legend. They tell lines apart without the colours, --line-0 to --line-8 of the style.
const SYMBOLS = { circle: "●", square: "■", triangle: "▲", diamond: "◆", star: "★", cross: "✚", wye: "Y", times: "✕", plus: "+" };

/** @param {HTMLElement} view @param {any} grid @param {Change} change */
export function curves(view, grid, change) {
  const anew = (changes) => change({ ...changes, hidden: "" });
  const metric = metricOf(grid);
  const networks = grid.rows.filter((r) => r.kind === "network");
  const trainings = unique(networks.map((r) => r.trained));
  const names = unique(grid.rows.filter((r) => r.trained).map((r) => r.name));
  const range = networks.find((r) => r.low !== r.high);
  const trained = trainings.includes(state.trained) ? state.trained : range?.trained ?? trainings[0];
  const net = names.includes(state.net) ? state.net : names[names.length - 1];
  const byTraining = state.by === "training";
  const gain = metric.name === "psnr" && state.what !== "score"; // over the noisy input, which has -10·log10(variance)
  const either = [["regret", "gain over the noisy input"], ["score", "the score itself"]];
  view.append(h("div", { class: "controls" },
    choice("by", "compare", [["training", "denoisers trained alike"], ["network", "trainings of one denoiser"]], anew),
    byTraining ? choice("trained", "trained on", trainings, anew, trained) : choice("net", "denoiser", names, anew, net),
    metricChoice(grid, change),
    metric.name === "psnr" && choice("what", "show", either, change, gain ? "regret" : "score")));

  const filters = best(grid, metric);
  const alike = (row) => (row.kind === "network" ? row.trained === trained : filters.includes(row));
  const chosen = grid.rows.filter(byTraining ? alike : (r) => r.name === net && r.trained);
  const hidden = state.hidden.split("|");
  const lines = chosen.map((row, i) => {
    const label = byTraining ? row.name : row.trained;
    return { row, label, hidden: hidden.includes(label), colour: `var(--line-${i % 9})`, symbol: Object.keys(SYMBOLS)[i % 9] };
  });
  const band = byTraining && networks.find((r) => r.trained === trained && r.low !== r.high);
  const tests = grid.variances.map((v) => written(v, grid.sigma));
  view.append(legend(lines, change), plot(grid, metric, gain, lines, band),
    folded(`${metric.title} on ${grid.title}, ${number(grid.images, 0)} test images`, [byTraining ? "denoiser" : "trained on", ...tests],
      lines.map((l) => [l.label, ...l.row.scores[metric.name].map((pair) => score(pair, metric))])));
}

/** Buttons that hide lines. @param {any[]} lines @param {Change} change */
function legend(lines, change) {
  const hide = (of) => change({ hidden: of.map((l) => l.label).join("|") });
  const title = "Lines: click hides one, double click shows it alone";
  return h("div", { class: "legend", role: "group", "aria-label": title }, lines.map((line) => {
    const toggle = () => hide(lines.filter((l) => l.hidden !== (l === line)));
    const alone = () => hide(lines.filter((l) => l !== line));
    return h("button", { type: "button", "aria-pressed": `${!line.hidden}`, style: `border-color:${line.colour}`, onclick: toggle, ondblclick: alone },
      h("span", { style: `color:${line.colour}`, "aria-hidden": "true" }, `${SYMBOLS[line.symbol]} `), line.label);
  }));
}

/** @param {any} band the row whose training range is shaded, if one is */
function plot(grid, metric, gain, lines, band) {
  const log = metric.name === "mse";
  const shown = lines.filter((l) => !l.hidden);
  const ofLines = shown.map((line) => points(line, grid, metric, gain));
  const all = ofLines.flat();
  const width = room(900);
  const named = shown.length <= 12 && width > 500; // at the ends of the lines
  const marginRight = named ? 160 : 20;
  const tested = grid.variances.filter((v) => v > 0);
  return chart(`${metric.title} against test variance`,
    `Bars are 95 % intervals${band ? "; the training range is shaded" : ""}. Click a name to hide its line, double click to see it alone.`, {
      width, height: 460, marginLeft: 55, marginRight,
      x: { label: grid.sigma ? "test noise, σ in grey levels" : "test variance",
        ticks: apart(tested.map(Math.log10), (width - 55 - marginRight) / 42), tickFormat: (x) => written(10 ** x, grid.sigma).replace("σ=", "") },
      y: { label: gain ? "gain over the noisy input (dB)" : metric.title, grid: true, nice: true, ...(log ? { type: "log", tickFormat: "~g" } : {}) },
      symbol: { domain: lines.map((l) => l.label), range: lines.map((l) => l.symbol) },
      marks: [
        band ? Plot.rectX([band], { x1: Math.log10(Math.max(band.low, tested[0])), x2: Math.log10(band.high), fill: "currentColor", fillOpacity: 0.07 }) : null,
        Plot.ruleX(all, { x: "x", y1: (p) => p.y - p.half, y2: (p) => p.y + p.half, stroke: "colour", strokeWidth: 2 }),
        Plot.line(all, { x: "x", y: "y", z: "label", stroke: "colour", strokeWidth: 2 }),
        Plot.dot(all, { x: "x", y: "y", fill: "colour", stroke: "colour", symbol: "label", r: 4, tip: true, title: "words" }),
        named ? Plot.text(spread(ofLines, log), { x: "x", y: "at", text: "label", fill: "colour", textAnchor: "start", dx: 10 }) : null,
      ],
    });
}

/** Where a line goes: x is the logarithm of the variance, for which Plot writes every tick it is given. */
function points(line, grid, metric, gain) {
  return grid.variances.flatMap((v, i) => {
    const value = valueAt(line.row, metric, i);
    if (value === null || v === 0) return [];
    const [x, pair] = [Math.log10(v), line.row.scores[metric.name][i]];
    const words = `${line.label}\n${written(v, grid.sigma)}: ${score(pair, metric)}`;
    return { ...line, x, words, y: gain ? value + 10 * x : value * metric.scale, half: (pair[1] ?? 0) * metric.scale };
  });
}

/** Filters without training that are the best of their kind at some variance, and clipping. @param {any} grid @param {any} metric */
function best(grid, metric) {
  const plain = grid.rows.filter((r) => !r.trained && r.kind === "filter");
  const order = metric.better === "lower" ? d3.least : d3.greatest;
  const winners = grid.variances.map((_, i) => order(plain, (r) => valueAt(r, metric, i)));
  return unique([...winners, plain.find((r) => r.denoiser === "clip")]).filter(Boolean);
}

/** Ticks that leave room between them. @param {number[]} ticks @param {number} most how many fit side by side */
function apart(ticks, most) {
  const least = (ticks[ticks.length - 1] - ticks[0]) / most;
  const kept = ticks.slice(0, 1);
  for (const tick of ticks.slice(1)) if (tick >= kept[kept.length - 1] + least) kept.push(tick);
  return kept;
}

/** The end of each line with the height of its label, so that there is room between labels. @param {any[][]} ofLines */
function spread(ofLines, log) {
  const axis = (log ? d3.scaleLog : d3.scaleLinear)(d3.extent(ofLines.flat(), (p) => p.y), [0, 24]); // in lines of text
  let lowest = -Infinity;
  return d3.sort(ofLines.map((points) => points[points.length - 1]).filter(Boolean), (p) => p.y).map((p) => {
    lowest = Math.max(lowest + 1, axis(p.y));
    return { ...p, at: axis.invert(lowest) };
  });
}
