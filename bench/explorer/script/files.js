// @ts-check
/** What can be taken away: a table or chart as a file, and the command that measures it. */
import { DATA } from "./data.js";
import { h } from "./dom.js";
import { state } from "./state.js";

const LATEX = {
  "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "±": "$\\pm$", "−": "$-$", "σ": "$\\sigma$",
  "–": "--", "†": "$\\dagger$", "×": "$\\times$", "∞": "$\\infty$", "·": "$\\cdot$",
};

/** Offers what is in view. @param {HTMLElement} view @param {any} grid */
export function files(view, grid) {
  const [table, chart] = [view.querySelector("table"), view.querySelector("svg")];
  const offer = (title, kind, from, make) =>
    h("button", { type: "button", disabled: !from, onclick: () => save(`desruido-${DATA.study}-${state.view}.${kind}`, make(from)) }, title);
  return h("footer", { class: "controls export" }, "Take it away:",
    offer("CSV", "csv", table, csv), offer("LaTeX", "tex", table, latex), offer("SVG", "svg", chart, svg),
    offer("BibTeX", "bib", DATA, (data) => data.bibtex),
    h("span", {}, "made by ", h("code", { id: "command" }, command(grid))));
}

/** The command that measures what is in view. */
function command(grid) {
  if (state.view === "ablations") return `python run_all.py --ablate ${state.factor || "all"} --profile ${DATA.study}`;
  const commands = grid?.commands.length ? grid.commands : [`python run_all.py --grid --profile ${DATA.study}`];
  if (state.view !== "map" || !state.net) return commands.join("; ");
  const net = state.net.replace(/[(,].*| †/g, "");
  const one = commands.find((text) => RegExp(`[ ,]${net}[ ,]`).test(text)) ?? commands[0];
  return `${one.replace(/ --denoisers \S+/, "")} --denoisers ${net}`;
}

/** The cells of a table, as text. @param {HTMLTableElement} table */
function cellsOf(table) {
  return [...table.rows].map((row) => [...row.cells].map((cell) => (cell.dataset.text ?? cell.textContent ?? "").trim()));
}

function csv(table) {
  const quoted = (text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return cellsOf(table).map((row) => `${row.map(quoted).join(",")}\n`).join("");
}

/** With the rules of booktabs. */
function latex(table) {
  const escaped = (text) => text.replace(/[&%$#_{}\\~^±−σ–†×∞·]/g, (letter) => LATEX[letter] ?? `\\${letter}`);
  const [head, ...lines] = cellsOf(table).map((row) => `${row.map(escaped).join(" & ")} \\\\`);
  const begin = `\\begin{tabular}{l${"r".repeat(table.rows[0].cells.length - 1)}}`;
  return [begin, "\\toprule", head, "\\midrule", ...lines, "\\bottomrule", "\\end{tabular}", ""].join("\n");
}

/** With the colours it has from the page. */
function svg(chart) {
  const copy = chart.cloneNode(true);
  const page = getComputedStyle(document.documentElement);
  for (const name of ["--ground", "--accent", ...d3.range(9).map((i) => `--line-${i}`)])
    copy.style.setProperty(name, page.getPropertyValue(name));
  copy.style.color = page.getPropertyValue("--text");
  copy.style.background = page.getPropertyValue("--ground");
  return new XMLSerializer().serializeToString(copy);
}

/** @param {string} name @param {string} text */
function save(name, text) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
