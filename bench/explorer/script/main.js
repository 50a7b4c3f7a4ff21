// @ts-check
/** The views, their menu, and what can be taken away from them. */
import { ablations, all } from "./all.js";
import { answer, exercises } from "./answer.js";
import { choose } from "./choose.js";
import { curves } from "./curves.js";
import { DATA } from "./data.js";
import { cellsOf, choice, h, save } from "./dom.js";
import { map } from "./map.js";
import { readState, set, state } from "./state.js";

/** @type {Record<string, [string, (view: HTMLElement, grid: any) => void, boolean]>} title, drawing, whether it is of one dataset */
const VIEWS = {
  answer: ["The answer", answer, false], choose: ["Which one?", choose, true], map: ["Map", map, true], curves: ["Curves", curves, true],
  all: ["Table", all, true], ablations: ["Ablations", ablations, false], exercises: ["Exercises", exercises, false],
};

/** The command that measures what is in view. @param {any} grid */
function command(grid) {
  if (state.view === "ablations") return `python run_all.py --ablate ${state.factor || "all"} --profile ${DATA.study}`;
  const net = state.view === "map" && state.net ? ` --denoisers ${state.net.replace(/[(,].*| †/g, "")}` : "";
  return `python run_all.py --grid --profile ${DATA.study}${net}${grid && !["gaussian", "recorded"].includes(grid.noise) ? ` --noise ${grid.noise}` : ""}`;
}

/** A table for LaTeX, with the rules of booktabs. @param {string[][]} rows */
function latex(rows) {
  const escape = (text) => text.replace(/[\\&%$#_{}~^]/g, (c) => ({ "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" }[c] ?? `\\${c}`))
    .replace(/±/g, "$\\pm$").replace(/−/g, "$-$").replace(/σ/g, "$\\sigma$").replace(/–/g, "--").replace(/†/g, "$\\dagger$").replace(/×/g, "$\\times$").replace(/∞/g, "$\\infty$").replace(/·/g, "$\\cdot$");
  const lines = rows.map((row) => `${row.map(escape).join(" & ")} \\\\`);
  return ["\\begin{tabular}{l" + "r".repeat(rows[0].length - 1) + "}", "\\toprule", lines[0], "\\midrule", ...lines.slice(1), "\\bottomrule", "\\end{tabular}", ""].join("\n");
}

function render() {
  readState();
  const name = VIEWS[state.view] ? state.view : "answer";
  const [title, drawing, ofGrid] = VIEWS[name];
  const grid = DATA.grids[+state.grid] ?? DATA.grids[0];
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));
  const view = h("div", { id: "view" });
  const links = Object.entries(VIEWS).map(([key, [text]]) => h("a", { href: `#view=${key}${+state.grid ? `&grid=${state.grid}` : ""}`, "aria-current": key === name ? "page" : null }, text));
  document.getElementById("menu")?.replaceChildren(...links);
  main.replaceChildren(h("h2", { tabindex: -1 }, title));
  if (ofGrid && !grid) main.append(h("p", {}, "Nothing was measured yet: run python run_all.py --grid"));
  if (ofGrid && DATA.grids.length > 1) main.append(h("div", { class: "controls" }, choice("test images", DATA.grids.map((g, i) => [`${i}`, `${g.title}, ${g.noise} noise`]), `${DATA.grids.indexOf(grid)}`, (i) => { set({ grid: i, row: "", v: "", low: "", high: "", hidden: "", net: "" }); render(); })));
  main.append(view);
  if (!ofGrid || grid) drawing(view, grid);
  const offer = (text, act) => h("button", { type: "button", onclick: act }, text);
  const file = `desruido-${DATA.study}-${name}`;
  main.append(h("footer", { class: "controls export" }, "Take it away:",
    offer("CSV", () => save(`${file}.csv`, cellsOf(view).map((row) => row.map((t) => (/[",]/.test(t) ? `"${t.replaceAll('"', '""')}"` : t)).join(",")).join("\n") + "\n", "text/csv")),
    offer("LaTeX", () => { const rows = cellsOf(view); if (rows.length) save(`${file}.tex`, latex(rows), "text/x-tex"); }),
    offer("SVG", () => { const svg = view.querySelector("svg"); if (svg) save(`${file}.svg`, new XMLSerializer().serializeToString(svg), "image/svg+xml"); }),
    offer("BibTeX", () => save("desruido.bib", DATA.bibtex, "text/x-bibtex")),
    h("span", {}, "made by ", h("code", { id: "command" }, command(grid)))));
  for (const button of main.querySelectorAll(".export button")) {
    const text = button.textContent;
    if ((text === "SVG" && !view.querySelector("svg")) || (/CSV|LaTeX/.test(text ?? "") && !view.querySelector("table.data"))) button.toggleAttribute("disabled", true);
  }
}

addEventListener("hashchange", () => { render(); document.querySelector("h2")?.focus(); });
render();
