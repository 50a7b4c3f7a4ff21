// @ts-check
/** The answer, and the tutorial's exercises. */
import { DATA, draw, image, psnr, written } from "./data.js";
import { h, rich } from "./dom.js";

/** @param {HTMLElement} view */
export function answer(view) {
  view.append(h("p", { class: "question" }, "What does a denoiser cost you at the noise variances it was not trained for?"));
  if (!DATA.answers.length) view.append(h("p", {}, "This study has too few trainings for an answer. See Map and Curves for what there is."));
  view.append(h("ol", { class: "answers" }, DATA.answers.map((text) => h("li", {}, rich(text)))));
  view.append(h("p", { class: "note" },
    "A specialist is the same network trained at exactly the test variance. ± is half of a 95 % interval. ",
    "Differences are taken before rounding. The first network is the tutorial's; the second is the blind network with the ",
    "highest mean PSNR over the widest training range.", DATA.once.length ? ` Trained with one seed, so that intervals cover test images alone: ${DATA.once.join(", ")}.` : ""));
}

/** @param {HTMLElement} view */
export function exercises(view) {
  if (!DATA.exercises.length) view.append(h("p", {}, "This study has no training of the tutorial's network: run python run_all.py --grid"));
  for (const { question, answer: text, rows } of DATA.exercises) {
    view.append(h("section", { class: "card" }, h("h3", {}, question), h("p", {}, rich(text)), rows.length ? strip(rows) : null));
  }
}

/** One digit at every test variance: as it came, and as some rows restored it. @param {{denoiser: string, trained: string}[]} which */
function strip(which) {
  const of = (g) => which.map((w) => g.rows.find((r) => r.denoiser === w.denoiser && r.trained === w.trained)).filter((r) => r?.images);
  const grid = DATA.grids.find((g) => of(g).length);
  const input = grid?.rows.find((r) => r.kind === "input");
  if (!grid?.clean || !grid.shape) return null;
  const count = grid.shape[0];
  const line = (title, text, clean) =>
    h("tr", {}, h("th", { scope: "row" }, title), grid.variances.map((variance, i) => {
      const canvas = h("canvas", { class: "pixels", role: "img" });
      const caption = h("small", {});
      Promise.all([image(grid, text, clean ? 0 : i * count), image(grid, /** @type {string} */ (grid.clean), 0)]).then(([shown, truth]) => {
        draw(canvas, shown, grid);
        caption.textContent = `${psnr(shown, truth).toFixed(1)} dB`;
        canvas.setAttribute("aria-label", `${title} at ${written(variance, grid.sigma)}, ${caption.textContent}`);
      });
      return h("td", {}, canvas, caption);
    }));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Restored images: ${which.map((w) => `${w.denoiser} ${w.trained}`).join(", ")}` }, h("table", { class: "strip" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "variance"), grid.variances.map((v) => h("th", { scope: "col" }, written(v, grid.sigma))))),
    h("tbody", {}, input?.images ? line("noisy", input.images, false) : null, of(grid).map((row) => line(`${row.name}, trained on ${row.trained}`, row.images, false)))));
}
