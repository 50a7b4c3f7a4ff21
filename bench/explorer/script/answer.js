// @ts-check
/** The answer, and the tutorial's exercises. */
import { DATA, image, picture, psnr, written } from "./data.js";
import { h, rich } from "./dom.js";

/** @param {HTMLElement} view */
export function answer(view) {
  const once = DATA.once.length && ` Trained with one seed, so that intervals cover test images alone: ${DATA.once.join(", ")}.`;
  view.append(
    h("p", { class: "question" }, "What does a denoiser cost you at the noise variances it was not trained for?"),
    DATA.answers.length ? "" : h("p", {}, "This study has too few trainings for an answer. See Map and Curves for what there is."),
    h("ol", { class: "answers" }, DATA.answers.map((text) => h("li", {}, rich(text)))),
    h("p", { class: "note" },
      "Differences are taken before rounding. The first network is the tutorial's; the second is the blind network with the ",
      "highest mean PSNR over the widest training range.", once),
    h("h3", {}, "Words"),
    h("ul", { class: "answers" }, DATA.words.map((text) => h("li", {}, rich(text)))));
}

/** @param {HTMLElement} view */
export function exercises(view) {
  if (!DATA.exercises.length) view.append(h("p", {}, "This study has no training of the tutorial's network: run python run_all.py --grid"));
  for (const { question, answer: text, rows } of DATA.exercises)
    view.append(h("section", { class: "card" }, h("h3", {}, question), h("p", {}, rich(text)), strips(rows)));
}

/** One digit at every test variance: as it came, and as some rows restored it. @param {{denoiser: string, trained: string}[]} which */
function strips(which) {
  const among = (grid) => which.flatMap((w) => grid.rows.find((r) => r.images && r.denoiser === w.denoiser && r.trained === w.trained) ?? []);
  const grid = DATA.grids.find((g) => g.clean && among(g).length);
  if (!grid) return null;
  const input = grid.rows.find((r) => r.kind === "input" && r.images);
  return [...(input ? [strip(grid, "noisy", input)] : []), ...among(grid).map((row) => strip(grid, `${row.name}, trained on ${row.trained}`, row))];
}

/** @param {any} grid @param {string} title @param {any} row */
function strip(grid, title, row) {
  const figures = grid.variances.map((variance, i) => {
    const figure = h("figure");
    Promise.all([image(grid, row.images, i * grid.shape[0]), image(grid, grid.clean, 0)]).then(([shown, clean]) => {
      const [tested, quality] = [written(variance, grid.sigma), `${psnr(shown, clean).toFixed(1)} dB`];
      figure.append(picture(grid, shown, `${title} at ${tested}, ${quality}`), h("figcaption", {}, tested, h("br"), quality));
    });
    return figure;
  });
  return h("div", { class: "strip" }, h("h4", {}, title), figures);
}
