// @ts-check
/** The transfer map of a network: how each of its trainings does at each test variance. */
import { number, unique, valueAt, written } from "./data.js";
import { h, table } from "./dom.js";
import { choice, metricChoice, metricOf, set, state } from "./state.js";
import { viewer } from "./viewer.js";

/** @param {HTMLElement} view @param {any} grid @param {Change} change */
export function map(view, grid, change) {
  const subjects = unique(grid.rows.filter((r) => r.trained).map((r) => r.name));
  if (!subjects.length) return view.append(h("p", {}, "Nothing here was trained or tuned: run python run_all.py --grid"));
  const widest = d3.greatest(subjects, (name) => grid.rows.filter((r) => r.name === name && r.kind === "network").length);
  const net = subjects.includes(state.net) ? state.net : widest;
  const metric = metricOf(grid);
  const rows = grid.rows.filter((r) => r.name === net && r.trained);
  const regret = state.what === "regret" && metric.name === "psnr" && rows.some((r) => r.regret);
  const ofNet = [["regret", "regret (dB lost against the specialist)"], ["score", "the score itself"]];
  view.append(h("div", { class: "controls" },
    choice("net", "network or filter", subjects, (changes) => change({ ...changes, row: "" }), net),
    metricChoice(grid, change),
    metric.name === "psnr" && choice("what", "show", ofNet, change, regret ? "regret" : "score")));

  const value = (row, j) => (regret ? row.regret?.[j]?.[0] ?? null : valueAt(row, metric, j));
  const half = (row, j) => (regret ? row.regret?.[j]?.[1] : row.scores[metric.name][j]?.[1]);
  const { scale, digits } = regret ? { scale: 1, digits: 2 } : metric;
  const words = (amount) => number(amount && amount * scale, digits);
  const colour = colours(rows.flatMap((row) => grid.variances.map((_, j) => value(row, j))), regret, metric);
  const cell = (row, i, j) => {
    const text = words(value(row, j));
    const inside = row.low !== null && row.low <= grid.variances[j] && grid.variances[j] <= row.high;
    const place = `trained on ${row.trained}, tested at ${written(grid.variances[j], grid.sigma)}`;
    const button = h("button", { type: "button", "data-cell": `${i},${j}`, style: colour(value(row, j)),
      "aria-label": `${place}: ${text}${inside ? ", inside its range" : ""}`,
      onclick: () => pick(i, j), onkeydown: (event) => move(event, i, j) }, text);
    return h("td", { class: inside ? "inside" : "", "data-text": half(row, j) ? `${text} ±${words(half(row, j))}` : text }, button);
  };
  const details = viewer(grid, (j) => pick(rows.findIndex((row) => row.trained === state.row), j));
  const caption = `${regret ? "Regret in dB" : metric.title} of ${net} on ${grid.title}, by training (rows) and test variance (columns).`;
  view.append(
    table(`${caption} A frame marks the training range.`,
      ["trained on", ...grid.variances.map((v) => written(v, grid.sigma))],
      rows.map((row, i) => [row.trained, ...grid.variances.map((_, j) => cell(row, i, j))]), 1, "map"),
    regret ? h("p", { class: "note" }, "Zero on the diagonal: there the row is its own specialist. – no specialist was trained.") : "",
    details.element);

  /** @param {KeyboardEvent} event @param {number} i @param {number} j */
  function move(event, i, j) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const next = step && view.querySelector(`[data-cell="${i + step[0]},${j + step[1]}"]`);
    if (!(next instanceof HTMLElement)) return;
    next.focus();
    event.preventDefault();
  }

  /** @param {number} i @param {number} j */
  function pick(i, j) {
    set({ net, row: rows[i].trained, v: `${grid.variances[j]}` });
    for (const button of view.querySelectorAll("[data-cell]"))
      button.setAttribute("aria-pressed", `${button.getAttribute("data-cell") === `${i},${j}`}`);
    details.show(rows[i], j);
  }
  const column = grid.variances.indexOf(+state.v);
  pick(Math.max(0, rows.findIndex((row) => row.trained === state.row)), column < 0 ? grid.variances.length - 1 : column);
}

/** The style of a cell by its value: darker is worse for regret, better for scores. */
function colours(values, regret, metric) {
  const [least, most] = d3.extent(values);
  const ends = metric.better === "lower" ? [most, least] : [least, most];
  const scale = regret ? d3.scaleSequentialSqrt([0, Math.max(1, most)], d3.interpolateOranges) : d3.scaleSequential(ends, d3.interpolateBlues);
  return (value) => {
    if (value === null) return "";
    const background = scale(regret ? Math.max(0, value) : value);
    return `background:${background};color:${readable(background)}`;
  };
}

/** Black or white, whichever is easier to read: both have the same contrast with a lightness of 49. @param {string} background */
const readable = (background) => (d3.lab(background).l > 49 ? "#000" : "#fff");
