// @ts-check
/** The transfer map of a network, and behind each cell its numbers and images. */
import { draw, image, number, psnr, score, written } from "./data.js";
import { choice, h } from "./dom.js";
import { set, state } from "./state.js";

/** @param {HTMLElement} view @param {any} grid */
export function map(view, grid) {
  const subjects = [...new Set(grid.rows.filter((r) => r.trained).map((r) => r.name))];
  if (!subjects.length) return view.append(h("p", {}, "Nothing here was trained or tuned: run python run_all.py --grid"));
  const widest = d3.greatest(subjects, (name) => grid.rows.filter((r) => r.name === name && r.kind === "network").length);
  const net = subjects.includes(state.net) ? state.net : widest;
  const metric = grid.metrics.find((m) => m.name === state.metric) ?? grid.metrics[0];
  const rows = grid.rows.filter((r) => r.name === net && r.trained);
  const regret = state.what === "regret" && metric.name === "psnr" && rows.some((r) => r.regret);
  const again = (/** @type {Record<string, string>} */ changes) => { set(changes); view.replaceChildren(); map(view, grid); };
  const values = rows.map((row) => grid.variances.map((_, i) =>
    regret ? row.regret?.[i]?.[0] ?? null : row.scores[metric.name][i]?.[0] ?? null));
  const present = values.flat().filter((v) => v !== null);
  const [least, most] = d3.extent(present);
  const colour = regret ? d3.scaleSequentialSqrt([0, Math.max(1, most)], d3.interpolateOranges)
    : d3.scaleSequential(metric.better === "lower" ? [most, least] : [least, most], d3.interpolateBlues);
  view.append(h("div", { class: "controls" },
    choice("network or filter", subjects.map((name) => [name, name]), net, (net) => again({ net, row: "" })),
    choice("metric", grid.metrics.map((m) => [m.name, m.title]), metric.name, (metric) => again({ metric })),
    metric.name === "psnr" ? choice("show", [["regret", "regret (dB lost against the specialist)"], ["score", "the score itself"]], regret ? "regret" : "score", (what) => again({ what })) : null));
  const detail = h("section", { class: "detail", "aria-live": "polite" });
  const cells = rows.map((row, i) => grid.variances.map((variance, j) => {
    const value = values[i][j];
    const inside = row.low !== null && row.low <= variance && variance <= row.high;
    const background = value === null ? "transparent" : colour(Math.max(regret ? 0 : -Infinity, value));
    const text = value === null ? "–" : regret ? number(value) : number(value * metric.scale, metric.digits);
    const interval = regret ? row.regret?.[j]?.[1] : row.scores[metric.name][j]?.[1];
    const button = h("button", { type: "button", "data-cell": `${i},${j}`, style: value === null ? "" : `background:${background};color:${readable(background)}`,
      "aria-label": `trained on ${row.trained}, tested at ${written(variance, grid.sigma)}: ${text}${inside ? ", inside its range" : ""}`,
      onclick: () => pick(i, j), onkeydown: (event) => move(event, i, j) }, text);
    return h("td", { class: inside ? "inside" : "", "data-text": `${text}${interval ? ` ±${number(interval * (regret ? 1 : metric.scale), metric.digits)}` : ""}` }, button);
  }));
  view.append(h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Transfer map" }, h("table", { class: "data map" },
    h("caption", {}, `${regret ? "Regret in dB" : metric.title} of ${net} on ${grid.title}, by training (rows) and test variance (columns). A frame marks the training range.`),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "trained on"), grid.variances.map((v) => h("th", { scope: "col" }, written(v, grid.sigma))))),
    h("tbody", {}, rows.map((row, i) => h("tr", {}, h("th", { scope: "row" }, row.trained), cells[i]))))),
    regret ? h("p", { class: "note" }, "Zero on the diagonal: there the row is its own specialist. – no specialist was trained.") : "", detail);

  /** @param {KeyboardEvent} event @param {number} i @param {number} j */
  function move(event, i, j) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const next = step && view.querySelector(`[data-cell="${i + step[0]},${j + step[1]}"]`);
    if (next instanceof HTMLElement) { next.focus(); event.preventDefault(); }
  }

  /** @param {number} i @param {number} j */
  function pick(i, j) {
    set({ net, row: rows[i].trained, v: `${grid.variances[j]}` });
    view.querySelectorAll("[data-cell]").forEach((cell) => cell.setAttribute("aria-pressed", `${cell.getAttribute("data-cell") === `${i},${j}`}`));
    show(detail, grid, rows[i], j, (place) => pick(i, place));
  }
  const found = rows.findIndex((row) => row.trained === state.row);
  const column = grid.variances.indexOf(+state.v);
  pick(Math.max(found, 0), column < 0 ? grid.variances.length - 1 : column);
}

/** Black or white, whichever is easier to read. @param {string} background */
function readable(background) {
  const light = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const { r, g, b } = d3.rgb(background);
  return 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b) > 0.179 ? "#000" : "#fff";
}

/** Numbers and images of one cell. @param {HTMLElement} detail @param {any} grid @param {any} row @param {number} j @param {(place: number) => void} go */
function show(detail, grid, row, j, go) {
  const lost = row.regret?.[j];
  const specialist = lost ? grid.rows[lost[2]] : null;
  const input = grid.rows.find((r) => r.kind === "input");
  const seeds = row.kind !== "network" ? "a filter: the same every time" : row.seeds > 1 ? `${row.seeds} seeds` : "one training";
  const slider = h("input", { type: "range", min: 0, max: grid.variances.length - 1, value: j, "aria-label": "test variance",
    oninput: () => { go(+slider.value); detail.querySelector("input")?.focus(); } });
  detail.replaceChildren(
    h("h3", {}, `${row.name} trained on ${row.trained}, tested at ${written(grid.variances[j], grid.sigma)}`),
    h("p", { id: "cell" }, grid.metrics.map((m) => `${m.title}: ${score(row.scores[m.name][j], m)}`).join("; "), ` (${seeds}).`,
      lost && specialist !== row ? ` It loses ${number(lost[0])} ±${number(lost[1])} dB against the specialist, which has ${score(specialist.scores.psnr[j], grid.metrics.find((m) => m.name === "psnr"))} dB.` : "",
      row.marks[j] === 2 ? " It is the best of all at this variance, or within 0.1 dB of it." : row.marks[j] ? " Too few seeds to say whether others are better at this variance." : ""),
    h("label", {}, "test variance", slider, h("output", {}, written(grid.variances[j], grid.sigma))));
  if (!grid.clean || !row.images) {
    detail.append(h("p", { class: "note" }, grid.clean ? "Images of this row are not in the page, to keep it small." : "This study was measured before images were kept."));
    return;
  }
  const [count] = grid.shape;
  const index = Math.min(+state.image, count - 1);
  const turn = (step) => { set({ image: `${(index + step + count) % count}` }); show(detail, grid, row, j, go); };
  const shown = [["noisy", input?.images, j * count + index], ["restored", row.images, j * count + index],
    ["by the specialist", specialist && specialist !== row ? specialist.images : null, j * count + index], ["clean", grid.clean, index]].filter(([, text]) => text);
  const canvases = [...shown.map(([title]) => title), "error of restored"].map((title) => {
    const canvas = h("canvas", { class: "pixels", role: "img", "aria-label": title, "data-image": title });
    return { title, canvas, box: h("figure", {}, h("div", { class: "lens" }, canvas), h("figcaption", {}, title)) };
  });
  const zoom = h("input", { type: "range", min: 1, max: 6, value: 1, step: 0.5, "aria-label": "zoom", oninput: () => scale() });
  const scale = (x = 50, y = 50) => canvases.forEach(({ canvas }) => { canvas.style.transform = `scale(${zoom.value})`; canvas.style.transformOrigin = `${x}% ${y}%`; });
  const strip = h("div", { class: "images", tabindex: 0, role: "group", "aria-label": "Images. Left and right arrows change the image; hold F to show the clean one in place of the restored.",
    onkeydown: (e) => { if (e.key === "ArrowRight") turn(1); else if (e.key === "ArrowLeft") turn(-1); else if (e.key === "f") flip(true); if (e.key.startsWith("Arrow")) detail.querySelector(".images") instanceof HTMLElement && /** @type {HTMLElement} */ (detail.querySelector(".images")).focus(); },
    onkeyup: (e) => { if (e.key === "f") flip(false); },
    onpointermove: (e) => { const box = /** @type {HTMLElement} */ (e.target).closest(".lens")?.getBoundingClientRect(); if (box) scale(100 * (e.clientX - box.left) / box.width, 100 * (e.clientY - box.top) / box.height); } },
    canvases.map(({ box }) => box));
  detail.append(h("div", { class: "controls" }, h("button", { type: "button", onclick: () => turn(-1) }, "◂ previous image"), h("span", {}, `image ${index + 1} of ${count}`),
    h("button", { type: "button", onclick: () => turn(1) }, "next image ▸"), h("label", {}, "zoom", zoom), h("button", { type: "button", onpointerdown: () => flip(true), onpointerup: () => flip(false), onpointerleave: () => flip(false) }, "hold (or F): clean instead of restored")), strip);
  /** @type {Uint8Array[]} */
  let loaded = [];
  const flip = (clean) => { if (loaded.length) draw(canvases.find((c) => c.title === "restored")?.canvas, clean ? loaded[loaded.length - 1] : loaded[shown.findIndex(([title]) => title === "restored")], grid); };
  Promise.all(shown.map(([, text, place]) => image(grid, /** @type {string} */ (text), /** @type {number} */ (place)))).then((images) => {
    loaded = images;
    const truth = images[images.length - 1];
    images.forEach((pixels, i) => {
      draw(canvases[i].canvas, pixels, grid);
      if (shown[i][0] !== "clean") canvases[i].box.lastChild.textContent = `${shown[i][0]}, ${psnr(pixels, truth).toFixed(2)} dB`;
    });
    const restored = images[shown.findIndex(([title]) => title === "restored")];
    draw(canvases[canvases.length - 1].canvas, restored.map((value, i) => Math.min(255, 3 * Math.abs(value - truth[i]))), grid);
    canvases[canvases.length - 1].box.lastChild.textContent = "error of restored, three times";
  });
}
