// @ts-check
/** Which denoiser to take: for the noise that is expected, the time there is, and whether the variance is known. */
import { at, DATA, number, secondsOf, written } from "./data.js";
import { chart, check, h, plainTable } from "./dom.js";
import { set, state } from "./state.js";

const STEPS = 21; // noise variances between the ends, evenly over the logarithm

/** Mean PSNR of a row over variances, and what the best of all has; null where it was not measured. @param {any} grid @param {any} row @param {number[]} points */
function expected(grid, row, points) {
  const values = points.map((variance) => at(grid, row.scores.psnr ?? [], variance));
  return values.some((value) => value === null) ? null : d3.mean(/** @type {number[]} */ (values));
}

/** @param {HTMLElement} view @param {any} grid */
export function choose(view, grid) {
  const tested = grid.variances.filter((v) => v > 0);
  const [least, most] = [tested[0], tested[tested.length - 1]];
  const scale = d3.scaleLog([least, most], [0, 100]);
  const timed = DATA.latency.length > 0;
  const out = h("div", { "aria-live": "polite" });
  const value = (name, otherwise) => Math.min(most, Math.max(least, +state[name] || otherwise));
  const slider = (name, label, otherwise) => {
    const shown = h("output", {}, written(value(name, otherwise), grid.sigma));
    const input = h("input", { type: "range", min: 0, max: 100, step: 1, value: scale(value(name, otherwise)), "aria-label": label,
      oninput: () => {
        const variance = +scale.invert(+input.value).toPrecision(3);
        const [low, high] = name === "low" ? [variance, Math.max(variance, value("high", most))] : [Math.min(variance, value("low", least)), variance];
        set({ low: `${low}`, high: `${high}` });
        update();
      } });
    return { label: h("label", {}, label, input, shown), show: () => { input.value = scale(value(name, otherwise)); shown.textContent = written(value(name, otherwise), grid.sigma); } };
  };
  const ends = [slider("low", "least noise", least), slider("high", "most noise", most)];
  const field = (name, label, unit) => {
    const input = h("input", { type: "number", min: 0, step: "any", value: state[name], oninput: () => { set({ [name]: input.value }); update(); } });
    return h("label", {}, label, input, unit);
  };
  view.append(h("form", { class: "controls", onsubmit: (e) => e.preventDefault() }, ends.map((end) => end.label),
    timed ? field("ms", "time for an image", "ms") : null, timed ? field("mp", "size of an image", "megapixels") : null,
    check("I know the variance of each image", state.told === "1", (checked) => { set({ told: checked ? "1" : "" }); update(); })), out);

  function update() {
    ends.forEach((end) => end.show());
    const [low, high] = [value("low", least), value("high", most)];
    const points = d3.range(STEPS).map((i) => low * (high / low) ** (i / (STEPS - 1)));
    const all = grid.rows.filter((r) => r.kind !== "input").map((row) => ({ row, psnr: expected(grid, row, points), seconds: secondsOf(row.denoiser, 1e6 * (+state.mp || 0)) })).filter((c) => c.psnr !== null);
    const best = d3.mean(points.map((v) => d3.max(all, (c) => at(grid, c.row.scores.psnr, v))));
    const fits = all.filter((c) => (state.told === "1" || !c.row.told) && (!+state.ms || (c.seconds !== null && 1000 * c.seconds <= +state.ms)));
    const ranked = d3.sort(d3.rollups(fits, (of) => d3.greatest(of, (c) => c.psnr), (c) => c.row.name).map((pair) => pair[1]), (c) => -c.psnr);
    out.replaceChildren();
    if (!ranked.length) {
      out.append(h("p", { class: "pick" }, "Nothing fits: give it more time, a smaller image, or a range that was tested."));
      return;
    }
    const words = (c) => c.row.name.replace(", tuned", "") + (c.row.trained ? `, ${c.row.kind === "filter" ? "tuned" : "trained"} on ${c.row.trained}` : "");
    const [pick, second] = ranked;
    const width = d3.max(pick.row.scores.psnr, (pair, i) => (low <= 1.01 * grid.variances[i] && 0.99 * grid.variances[i] <= high ? pair?.[1] : 0) ?? 0);
    const unsure = pick.row.kind !== "network" ? "over test images alone" : pick.row.seeds > 1 ? `over ${pick.row.seeds} seeds and the test images` : "of one training";
    out.append(
      h("p", { class: "pick" }, "Take ", h("strong", { id: "pick" }, words(pick)), "."),
      h("p", {}, `Expect ${number(pick.psnr)} dB (up to ±${number(width)} dB, ${unsure}), averaged evenly over the logarithm of the variance from ${written(low, grid.sigma)} to ${written(high, grid.sigma)}. `,
        `The best choice at each variance, if you knew it, has ${number(best)} dB: not knowing costs ${number(best - pick.psnr)} dB. `,
        pick.seconds === null ? "" : `About ${number(1000 * pick.seconds, 1)} ms for an image on one thread of ${DATA.latency[0].device}.`),
      second ? h("p", {}, `Runner-up: ${words(second)}, ${number(pick.psnr - second.psnr)} dB less${pick.psnr - second.psnr < width ? ", which is within the interval" : ""}.`) : "");
    const shown = timed ? ranked.filter((c) => c.seconds) : [];
    if (shown.length) out.append(pareto(shown, pick));
    out.append(plainTable("Everything that fits, best first", ["denoiser", "expected PSNR (dB)", "told", ...(timed ? ["ms for an image"] : [])],
      ranked.map((c) => [words(c), number(c.psnr), c.row.told ? "yes" : "no", ...(timed ? [c.seconds === null ? "–" : number(1000 * c.seconds, 1)] : [])])));
  }
  update();
}

/** @param {any[]} shown @param {any} pick */
function pareto(shown, pick) {
  const dots = d3.sort(shown.map((c) => ({ name: c.row.name, ms: 1000 * c.seconds, psnr: c.psnr })), (d) => d.ms);
  const front = dots.filter((d, i) => dots.slice(0, i).every((before) => before.psnr < d.psnr));
  const named = front.filter((d, i) => { const next = front[i + 1]; return !next || next.ms > 8 * d.ms || (next.ms > 1.2 * d.ms && next.psnr - d.psnr > 0.05 * (front[front.length - 1].psnr - front[0].psnr)); });
  return h("figure", {}, chart({
    width: Math.min(760, document.body.clientWidth - 40), height: 380, marginLeft: 50, marginRight: 40, marginBottom: 45, style: { fontSize: "12px" }, ariaLabel: "Expected PSNR against time for an image; the pick is marked with a ring",
    x: { type: "log", label: "ms for an image", ticks: 5, tickFormat: "~g" }, y: { label: "expected PSNR (dB)", grid: true, nice: true },
    marks: [Plot.line(front, { x: "ms", y: "psnr", curve: "step-after", strokeOpacity: 0.4 }), +state.ms ? Plot.ruleX([+state.ms], { strokeDasharray: "4 3" }) : null, Plot.dot(dots, { x: "ms", y: "psnr", fill: "currentColor", r: 4, tip: true, title: (d) => `${d.name}\n${number(d.psnr)} dB, ${number(d.ms, 1)} ms` }),
      Plot.dot(dots.filter((d) => d.name === pick.row.name), { x: "ms", y: "psnr", r: 9, stroke: "var(--accent)", strokeWidth: 3 }),
      ...[true, false].map((left) => Plot.text(named.filter((d) => left === d.ms * d.ms < dots[0].ms * dots[dots.length - 1].ms), { x: "ms", y: "psnr", dy: -9, text: "name", textAnchor: left ? "start" : "end", dx: left ? 5 : -5, fontSize: 13, fill: "currentColor" }))],
  }), h("figcaption", {}, "Up and to the left is better. Nothing is both faster and better than what is named. The ring marks the pick; a dashed line, your time."));
}
