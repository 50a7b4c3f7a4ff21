// @ts-check
/** Every row as a table to sort and filter. */
import { DATA, number, score, secondsOf, valueAt, written } from "./data.js";
import { h, table } from "./dom.js";
import { choice, entry, metricChoice, metricOf, set, state, tick } from "./state.js";

/** @param {HTMLElement} view @param {any} grid @param {Change} change */
export function all(view, grid, change) {
  const metric = metricOf(grid);
  const columns = columnsOf(grid, metric);
  const holder = h("div");
  const again = (/** @type {Record<string, string>} */ changes) => {
    set(changes);
    update();
  };
  view.append(
    h("div", { class: "controls" },
      entry("find", "filter", { type: "search", placeholder: "unet, 0.01, …" }, again),
      choice("kind", "kind", [["", "all"], ["network", "networks"], ["filter", "filters"]], again),
      metricChoice(grid, change),
      DATA.latency.length && entry("fast", "at most (s per megapixel)", { type: "number", min: 0, step: "any" }, again),
      tick("blind", "blind only", again)),
    holder,
    h("p", { class: "note" },
      "Ranks are of the best training of each denoiser by mean PSNR, once over all rows; where ranks overlap, the difference is not significant. ",
      "PSNR: bold is the best of its column, or shown to be within 0.1 dB of it; ? marks what has too few seeds to say."));

  function update() {
    const column = columns.find((c) => c.key === state.sort) ?? columns[3];
    const compare = state.down ? d3.descending : d3.ascending;
    const rows = d3.sort(grid.rows.filter(fits), (a, b) => compare(column.order(a), column.order(b))); // what has no value last
    const header = columns.map(({ key, title, text, rising }) => {
      const down = state.sort === key ? !state.down : !rising;
      const sorted = column.key === key && (state.down ? "descending" : "ascending");
      return h("th", { scope: "col", class: text ? "" : "number", "aria-sort": sorted || "none" },
        h("button", { type: "button", onclick: () => change({ sort: key, down: down ? "1" : "" }) }, title));
    });
    holder.replaceChildren(table(`${metric.title} on ${grid.title}, ${grid.noise} noise: ${rows.length} of ${grid.rows.length} rows`,
      header, rows.map((row) => columns.map((c) => c.cell(row))), 2, "all"));
  }
  update();
}

/** Whether a row passes all filters. */
function fits(row) {
  const about = `${row.name} ${row.trained}`.toLowerCase();
  return (!state.kind || row.kind === state.kind) && !(state.blind && row.told)
    && (!+state.fast || (secondsOf(row.denoiser, 1e6) ?? Infinity) <= +state.fast)
    && state.find.toLowerCase().split(/\s+/).every((word) => about.includes(word));
}

/** Key, title, what to sort by, and what stands in a cell; `rising` sorts upwards first. */
function columnsOf(grid, metric) {
  const mean = (row) => {
    const values = grid.variances.map((_, i) => valueAt(row, metric, i));
    return values.includes(null) ? null : metric.scale * d3.mean(values);
  };
  const marked = (row, i) => {
    const [text, mark] = [score(row.scores[metric.name][i], metric), metric.name === "psnr" ? row.marks[i] : 0];
    return mark === 2 ? h("strong", {}, text) : mark === 1 ? [text, h("small", {}, " ?")] : text;
  };
  const seconds = (row) => secondsOf(row.denoiser, 1e6);
  return [
    { key: "name", title: "denoiser", rising: true, text: true, order: (r) => r.name, cell: (r) => h("th", { scope: "row", title: r.about }, r.name) },
    { key: "trained", title: "trained on", rising: true, text: true, order: (r) => r.low ?? -1, cell: (r) => r.trained || "–" },
    { key: "rank", title: "rank", rising: true, order: (r) => r.rank?.[0], cell: (r) => (r.rank ? [...new Set(r.rank)].join("–") : "–") },
    { key: "mean", title: `mean ${metric.title}`, order: mean, cell: (r) => number(mean(r), metric.digits) },
    ...grid.variances.map((v, i) => ({ key: `v${i}`, title: written(v, grid.sigma), order: (r) => valueAt(r, metric, i), cell: (r) => marked(r, i) })),
    { key: "seeds", title: "seeds", order: (r) => r.seeds, cell: (r) => r.seeds || "–" },
    { key: "parameters", title: "parameters", order: (r) => r.parameters, cell: (r) => r.parameters?.toLocaleString("en") || "–" },
    { key: "ms", title: "s per megapixel", rising: true, order: seconds, cell: (r) => seconds(r)?.toPrecision(2) ?? "–" },
  ];
}
