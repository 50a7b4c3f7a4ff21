// @ts-check
/** Every row as a table to sort and filter, and the effects of ablations. */
import { DATA, number, score, secondsOf, written } from "./data.js";
import { chart, check, choice, h, plainTable } from "./dom.js";
import { set, state } from "./state.js";

/** @param {HTMLElement} view @param {any} grid */
export function all(view, grid) {
  const metric = grid.metrics.find((m) => m.name === state.metric) ?? grid.metrics[0];
  const mean = (row) => { const found = row.scores[metric.name].map((p) => p?.[0]); return found.some((v) => v === null || v === undefined) ? null : metric.scale * d3.mean(found); };
  /** @type {[string, string, (row: any) => any, (row: any) => string][]} */
  const columns = [
    ["name", "denoiser", (r) => r.name, (r) => r.name], ["trained", "trained on", (r) => r.low ?? -1, (r) => r.trained || "–"],
    ["rank", "rank", (r) => r.rank?.[0] ?? Infinity, (r) => (r.rank ? (r.rank[0] === r.rank[1] ? `${r.rank[0]}` : `${r.rank[0]}–${r.rank[1]}`) : "–")],
    ["mean", `mean ${metric.title}`, mean, (r) => number(mean(r), metric.digits)],
    ...grid.variances.map((v, i) => [`v${i}`, written(v, grid.sigma), (r) => r.scores[metric.name][i]?.[0] ?? null, (r) => score(r.scores[metric.name][i], metric)]),
    ["seeds", "seeds", (r) => r.seeds, (r) => (r.seeds ? `${r.seeds}` : "–")], ["parameters", "parameters", (r) => r.parameters, (r) => (r.parameters ? r.parameters.toLocaleString("en") : "–")],
    ["ms", "s per megapixel", (r) => secondsOf(r.denoiser, 1e6), (r) => { const s = secondsOf(r.denoiser, 1e6); return s === null ? "–" : s.toPrecision(2); }],
  ];
  const holder = h("div", {});
  const find = h("input", { type: "search", value: state.find, "aria-label": "filter by text", placeholder: "unet, 0.01, …", oninput: () => { set({ find: find.value }); update(); } });
  const fast = h("input", { type: "number", min: 0, step: "any", value: state.fast, oninput: () => { set({ fast: fast.value }); update(); } });
  view.append(h("div", { class: "controls" }, h("label", {}, "filter", find),
    choice("kind", [["", "all"], ["network", "networks"], ["filter", "filters"]], state.kind, (kind) => { set({ kind }); update(); }),
    choice("metric", grid.metrics.map((m) => [m.name, m.title]), metric.name, (m) => { set({ metric: m }); view.replaceChildren(); all(view, grid); }),
    DATA.latency.length ? h("label", {}, "at most", fast, "s per megapixel") : null,
    check("blind only", state.blind === "1", (on) => { set({ blind: on ? "1" : "" }); update(); })), holder,
    h("p", { class: "note" }, "Ranks are of the best training of each denoiser by mean PSNR, once over all rows; where ranks overlap, the difference is not significant. PSNR: bold is the best of its column, or shown to be within 0.1 dB of it; ? marks what has too few seeds to say."));

  function update() {
    const words = state.find.toLowerCase().split(/\s+/).filter(Boolean);
    const column = columns.find(([key]) => key === state.sort) ?? columns[3];
    const order = (r) => { const value = column[2](r); return value === null ? (state.down ? -Infinity : Infinity) : value; };
    const rows = grid.rows.filter((r) => (!state.kind || r.kind === state.kind) && !(state.blind && r.told) && !(+state.fast && (secondsOf(r.denoiser, 1e6) ?? Infinity) > +state.fast) && words.every((w) => `${r.name} ${r.trained}`.toLowerCase().includes(w)));
    rows.sort((a, b) => (state.down ? d3.descending : d3.ascending)(order(a), order(b)));
    const turn = (key) => { set({ sort: key, down: state.sort === key && state.down ? "" : state.sort === key ? "1" : key === "name" || key === "trained" || key === "rank" || key === "ms" ? "" : "1" }); update(); };
    holder.replaceChildren(h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "All rows" }, h("table", { class: "data all" },
      h("caption", {}, `${metric.title} on ${grid.title}, ${grid.noise} noise: ${rows.length} of ${grid.rows.length} rows`),
      h("thead", {}, h("tr", {}, columns.map(([key, title]) => h("th", { scope: "col", class: key === "name" || key === "trained" ? "" : "number", "aria-sort": column[0] === key ? (state.down ? "descending" : "ascending") : "none" }, h("button", { type: "button", onclick: () => turn(key) }, title))))),
      h("tbody", {}, rows.map((r) => h("tr", {}, columns.map(([key, , , text], i) => {
        const best = metric.name === "psnr" && key.startsWith("v") && r.marks[+key.slice(1)];
        return i === 0 ? h("th", { scope: "row", title: r.about }, text(r)) : h("td", { class: i > 1 ? "number" : "" }, best === 2 ? h("strong", {}, text(r)) : best ? [text(r), h("small", {}, " ?")] : text(r));
      })))))));
  }
  update();
}

/** @param {HTMLElement} view */
export function ablations(view) {
  const names = [...new Set(DATA.ablations.map((line) => line.ablation))];
  if (!names.length) return view.append(h("p", {}, "This study has no ablation: run python run_all.py --ablate all"));
  const again = (/** @type {Record<string, string>} */ changes) => { set(changes); view.replaceChildren(); ablations(view); };
  const sides = [...new Set(DATA.ablations.map((line) => line.side))];
  const lines = DATA.ablations.filter((line) => line.mean !== null && line.side === state.side && (!state.factor || line.ablation === state.factor))
    .map((line) => ({ ...line, label: [line.change, line.base.replace(/\(.*/, ""), line.trained_on, line.dataset].filter((text, i) => i < 2 || [...new Set(DATA.ablations.map((l) => (i === 2 ? l.trained_on : l.dataset)))].length > 1).join(" · ") + (state.factor ? "" : ` · ${line.ablation}`) }));
  const longest = d3.max(lines, (l) => l.label.length) ?? 0;
  view.append(h("div", { class: "controls" }, choice("factor", [["", "all"], ...names.map((n) => /** @type {[string, string]} */ ([n, n]))], state.factor, (factor) => again({ factor })),
    choice("test variances", sides.map((s) => [s, `${s} the training range`]), state.side, (side) => again({ side }))));
  view.append(h("figure", { tabindex: 0 }, chart({
    width: Math.max(Math.min(900, document.body.clientWidth - 40), 6.5 * longest + 275), height: 70 + 22 * lines.length, marginBottom: 45, marginLeft: 6.5 * longest + 15, insetLeft: 20, style: { fontSize: "12px" }, ariaLabel: "Effect of each change in dB, with its interval",
    x: { label: "effect on PSNR (dB)", grid: true }, y: { label: null, domain: lines.map((line) => line.label) },
    marks: [Plot.ruleX([0]), Plot.ruleY(lines, { y: "label", x1: (l) => l.mean - l.half_width, x2: (l) => l.mean + l.half_width, strokeWidth: 2 }),
      Plot.dot(lines, { y: "label", x: "mean", r: 5, fill: (l) => (l.significant ? "currentColor" : "var(--ground)"), stroke: "currentColor", strokeWidth: 2, tip: true, title: (l) => `${number(l.mean, 2, true)} ±${number(l.half_width)} dB, ${l.seeds} seeds` })],
  }), h("figcaption", {}, "Filled: significant (Holm over each ablation). Open: not. Bars are 95 % intervals of each effect by itself.")));
  view.append(h("details", { open: document.body.clientWidth < 600 }, h("summary", {}, "The same as a table"), plainTable("Effects of single changes on PSNR (dB)", ["change", "base", "trained on", "on", "effect", "±", "significant", "seeds"],
    lines.map((l) => [l.change, l.base, l.trained_on, l.dataset, number(l.mean, 2, true), number(l.half_width), l.significant ? "yes" : "no", `${l.seeds}`]))));
}
