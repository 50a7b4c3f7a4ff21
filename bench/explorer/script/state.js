// @ts-check
/** What is in view, and the controls that change it. It is all in the URL fragment: a copied link brings it back. */
import { h } from "./dom.js";

/** @type {Record<string, string>} */
export const DEFAULTS = {
  view: "answer", grid: "0", net: "", metric: "psnr", what: "regret", row: "", v: "", image: "0", low: "", high: "",
  ms: "", mp: "0.065536", told: "", by: "training", trained: "", hidden: "", sort: "mean", down: "1", find: "", kind: "",
  blind: "", fast: "", factor: "", side: "inside",
};

/** @type {Record<string, string>} */
export const state = { ...DEFAULTS };

export function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(DEFAULTS)) state[name] = given.get(name) ?? DEFAULTS[name];
}

/** Changes what is in view, and the fragment; drawing is up to the caller. @type {Change} */
export function set(changes) {
  Object.assign(state, changes);
  const differing = Object.entries(state).filter(([name, value]) => value !== DEFAULTS[name]);
  history.replaceState(null, "", `#${new URLSearchParams(differing)}`);
}

/**
 * A labelled choice of one part of the state. @param {string} name @param {string} label
 * @param {any[]} options values, or pairs of value and text @param {Change} change
 */
export function choice(name, label, options, change, value = state[name]) {
  const select = h("select", { onchange: () => change({ [name]: select.value }) });
  for (const [key, text] of options.map((option) => (typeof option === "string" ? [option, option] : option)))
    select.append(h("option", { value: key, selected: key === value }, text));
  return h("label", {}, label, select);
}

/** A box to tick. @param {string} name @param {string} label @param {Change} change */
export function tick(name, label, change) {
  const box = h("input", { type: "checkbox", checked: state[name] === "1", onchange: () => change({ [name]: box.checked ? "1" : "" }) });
  return h("label", { class: "check" }, box, label);
}

/** A box to type in. @param {string} name @param {string} label @param {Record<string, any>} kind @param {Change} change */
export function entry(name, label, kind, change) {
  const box = h("input", { ...kind, value: state[name], oninput: () => change({ [name]: box.value }) });
  return h("label", {}, label, box);
}

/** A slider with its meaning in words; move() brings it to a place. @param {(place: number) => string} words */
export function slider(label, ends, words, change) {
  const output = h("output");
  const input = h("input", { type: "range", ...ends, oninput: () => change(+input.value) });
  const move = (place) => {
    input.value = place;
    output.textContent = words(place);
  };
  return { label: h("label", {}, h("span", {}, label, " ", output), input), move };
}

/** The metric in view. */
export const metricOf = (grid) => grid.metrics.find((m) => m.name === state.metric) ?? grid.metrics[0];

/** @param {Grid} grid @param {Change} change */
export function metricChoice(grid, change) {
  return choice("metric", "metric", grid.metrics.map((m) => [m.name, m.title]), change, metricOf(grid).name);
}
