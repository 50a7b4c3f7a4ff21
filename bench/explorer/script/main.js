// @ts-check
/** The views, their menu, and what surrounds each of them. */
import { ablations } from "./ablations.js";
import { answer, exercises } from "./answer.js";
import { choose } from "./choose.js";
import { curves } from "./curves.js";
import { DATA } from "./data.js";
import { h } from "./dom.js";
import { files } from "./files.js";
import { map } from "./map.js";
import { choice, readState, set, state } from "./state.js";
import { all } from "./table.js";

/** @type {Record<string, { title: string, draw: (view: HTMLElement, grid: any, change: Change) => void, ofGrid?: boolean }>} */
const VIEWS = {
  answer: { title: "The answer", draw: answer },
  choose: { title: "Which one?", draw: choose, ofGrid: true },
  map: { title: "Map", draw: map, ofGrid: true },
  curves: { title: "Curves", draw: curves, ofGrid: true },
  all: { title: "Table", draw: all, ofGrid: true },
  ablations: { title: "Ablations", draw: ablations },
  exercises: { title: "Exercises", draw: exercises },
};

function render() {
  readState();
  if (!VIEWS[state.view]) state.view = "answer";
  const { title, draw, ofGrid } = VIEWS[state.view];
  const grid = DATA.grids[+state.grid] ?? DATA.grids[0];
  const view = h("div", { id: "view" });
  if (!ofGrid || grid) draw(view, grid, change);
  else view.append(h("p", {}, "Nothing was measured yet: run python run_all.py --grid"));
  const links = Object.entries(VIEWS).map(([key, { title }]) => {
    const here = key === state.view ? "page" : null;
    return h("a", { href: `#view=${key}${+state.grid ? `&grid=${state.grid}` : ""}`, "aria-current": here }, title);
  });
  document.getElementById("menu")?.replaceChildren(...links);
  const datasets = DATA.grids.map((g, i) => /** @type {[string, string]} */ ([`${i}`, `${g.title}, ${g.noise} noise`]));
  const another = (changes) => change({ row: "", v: "", low: "", high: "", hidden: "", net: "", ...changes });
  document.getElementById("main")?.replaceChildren(
    h("h2", { tabindex: -1 }, title),
    ofGrid && DATA.grids.length > 1 ? h("div", { class: "controls" }, choice("grid", "test images", datasets, another)) : "",
    view,
    ofGrid && view.textContent.includes("†") ? h("p", { class: "note" }, "† is told the variance of the noise; all others are blind to it.") : "",
    files(view, grid));
}

/** Changes the state and draws again; the focus stays on the control that asked for it. @type {Change} */
function change(changes) {
  const controls = () => [...document.querySelectorAll("main :is(select, input, button)")];
  const place = controls().findIndex((control) => control === document.activeElement);
  set(changes);
  render();
  const control = controls()[place];
  if (control instanceof HTMLElement) control.focus();
}

addEventListener("hashchange", () => {
  render();
  document.querySelector("h2")?.focus();
});
render();
