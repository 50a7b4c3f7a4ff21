// @ts-check
/** Behind a cell of the map: its numbers, and images as they came, were restored, and should be. */
import { image, number, picture, psnr, score, written } from "./data.js";
import { h } from "./dom.js";
import { set, slider, state } from "./state.js";

/** A part of the page, and show(row, j) that fills it. @param {(j: number) => void} go to another test variance */
export function viewer(grid, go) {
  const [title, numbers, place] = [h("h3"), h("p", { id: "cell" }), h("span")];
  const count = grid.shape?.[0];
  const index = () => Math.min(+state.image, count - 1);
  const variance = slider("test variance", { max: grid.variances.length - 1 }, (j) => written(grid.variances[j], grid.sigma), go);
  const swap = h("input", { type: "checkbox", onchange: () => draw() });
  const flip = (swapped) => {
    swap.checked = swapped;
    draw();
  };
  const turn = (step) => {
    set({ image: `${(index() + step + count) % count}` });
    draw();
  };
  const turns = (text, step) => h("button", { type: "button", onclick: () => turn(step), disabled: count === 1 }, text);
  const zoom = h("input", { type: "range", min: 1, max: 6, step: 0.5, value: 1,
    oninput: () => images.style.setProperty("--zoom", zoom.value) });
  const controls = h("div", { class: "controls" }, turns("◂ previous image", -1), place, turns("next image ▸", 1),
    h("label", {}, "zoom", zoom), h("label", { class: "check" }, swap, "show the clean image in place of the restored (hold F)"));
  const keys = { ArrowLeft: () => turn(-1), ArrowRight: () => turn(1), f: () => flip(true) };
  const images = h("div", { class: "images", tabindex: 0, role: "group",
    "aria-label": "Images. Left and right arrows change the image; hold F to show the clean one in place of the restored.",
    onkeydown: (event) => !(event.repeat && event.key === "f") && keys[event.key]?.(),
    onkeyup: (event) => event.key === "f" && flip(false),
    onpointermove: (event) => follow(images, event) });
  const none = h("p", { class: "note" },
    grid.clean ? "Images of this row are not in the page, to keep it small." : "This study was measured before images were kept.");
  let [row, j, asked] = [grid.rows[0], 0, 0];

  function show(newRow, newJ) {
    [row, j] = [newRow, newJ];
    title.textContent = `${row.name} trained on ${row.trained}, tested at ${written(grid.variances[j], grid.sigma)}`;
    numbers.textContent = sentences(grid, row, j);
    variance.move(j);
    const seen = Boolean(grid.clean && row.images);
    [none.hidden, controls.hidden, images.hidden] = [seen, !seen, !seen];
    if (seen) draw();
  }

  async function draw() {
    const mine = ++asked;
    place.textContent = `image ${index() + 1} of ${count}`;
    const figures = await pictures(grid, row, j, index(), swap.checked);
    if (mine === asked) images.replaceChildren(...figures); // else others were asked for meanwhile
  }
  return { element: h("section", { class: "detail", "aria-live": "polite" }, title, numbers, variance.label, none, controls, images), show };
}

/** Zooms all images into where one is pointed at. @param {HTMLElement} images @param {PointerEvent} event */
function follow(images, event) {
  const lens = /** @type {HTMLElement} */ (event.target).closest(".lens")?.getBoundingClientRect();
  if (!lens) return;
  images.style.setProperty("--x", `${(100 * (event.clientX - lens.left)) / lens.width}%`);
  images.style.setProperty("--y", `${(100 * (event.clientY - lens.top)) / lens.height}%`);
}

/** The specialist of a cell; a row is its own where there is no other. */
const specialistOf = (grid, row, j) => grid.rows[row.regret?.[j]?.[2]] ?? row;

/** What was measured for a cell, in words. */
function sentences(grid, row, j) {
  const specialist = specialistOf(grid, row, j);
  const [lost, half] = row.regret?.[j] ?? [];
  const has = (of, metric) => score(of.scores[metric.name][j], metric);
  const seeds = row.seeds > 1 ? `${row.seeds} seeds` : "one training";
  return [
    grid.metrics.map((metric) => `${metric.title}: ${has(row, metric)}`).join("; "),
    ` (${row.kind === "network" ? seeds : "a filter: the same every time"}).`,
    specialist === row ? "" : ` It loses ${number(lost)} ±${number(half)} dB against the specialist, `,
    specialist === row ? "" : `which has ${has(specialist, grid.metrics.find((metric) => metric.name === "psnr"))} dB.`,
    row.marks[j] === 2 ? " It is the best of all at this variance, or within 0.1 dB of it." : "",
    row.marks[j] === 1 ? " Too few seeds to say whether others are better at this variance." : "",
  ].join("");
}

/** One image in all that became of it. @param {boolean} swapped whether the clean one stands in place of the restored */
async function pictures(grid, row, j, index, swapped) {
  const specialist = specialistOf(grid, row, j);
  const rows = [grid.rows.find((r) => r.kind === "input"), row, specialist === row ? null : specialist];
  const clean = await image(grid, grid.clean, index);
  const [noisy, restored, best] = await Promise.all(rows.map((r) => r?.images && image(grid, r.images, j * grid.shape[0] + index)));
  const error = restored.map((value, i) => Math.min(255, 3 * Math.abs(value - clean[i])));
  const figure = (title, shown, more = "") => h("figure", {}, h("div", { class: "lens" }, picture(grid, shown, title)), h("figcaption", {}, title, more));
  const scored = (title, values, shown = values) => values && figure(title, shown, `, ${psnr(values, clean).toFixed(2)} dB`);
  return [
    scored("noisy", noisy),
    scored("restored", restored, swapped ? clean : restored),
    scored("by the specialist", best),
    figure("clean", clean),
    figure("error of restored", error, ", ×3"),
  ].filter(Boolean);
}
