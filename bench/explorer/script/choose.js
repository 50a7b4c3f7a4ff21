// @ts-check
/** Which denoiser to take: for the noise that is expected, the time there is, and whether the variance is known. */
import { DATA, number, psnrAt, secondsOf, written } from "./data.js";
import { chart, h, room, table } from "./dom.js";
import { entry, set, slider, state, tick } from "./state.js";

const STEPS = 21; // noise variances between the ends, evenly over the logarithm

/** @param {HTMLElement} view @param {any} grid */
export function choose(view, grid) {
  const [least, most] = d3.extent(grid.variances.filter((v) => v > 0));
  const scale = d3.scaleLog([least, most], [0, 100]);
  const end = (name, otherwise) => Math.min(most, Math.max(least, +state[name] || otherwise));
  const ends = () => [end("low", least), end("high", most)];
  const variance = (place) => +scale.invert(place).toPrecision(3);
  const words = (place) => written(variance(place), grid.sigma);
  const out = h("div", { "aria-live": "polite" });
  const change = (/** @type {Record<string, string>} */ changes) => {
    set(changes);
    update();
  };
  const range = (low, high) => change({ low: `${low}`, high: `${high}` });
  // One end pushes the other before it.
  const lower = slider("least noise", { max: 100 }, words, (place) => range(variance(place), Math.max(variance(place), ends()[1])));
  const upper = slider("most noise", { max: 100 }, words, (place) => range(Math.min(variance(place), ends()[0]), variance(place)));
  const positive = { type: "number", min: 0, step: "any" };
  const times = [
    entry("ms", "time for an image (ms)", positive, change),
    entry("mp", "size of an image (megapixels)", positive, change),
  ];
  view.append(
    h("form", { class: "controls", onsubmit: (event) => event.preventDefault() },
      lower.label, upper.label, DATA.latency.length ? times : [], tick("told", "I know the variance of each image", change)),
    out);

  function update() {
    const [low, high] = ends();
    lower.move(scale(low));
    upper.move(scale(high));
    const points = d3.range(STEPS).map((i) => low * (high / low) ** (i / (STEPS - 1)));
    const found = candidates(grid, points);
    const fits = found.filter((c) => (state.told || !c.row.told) && (!+state.ms || (c.ms !== null && c.ms <= +state.ms)));
    const best = d3.mean(points, (_, i) => d3.max(fits, (c) => c.values[i]));
    const ofEach = d3.rollup(fits, (trainings) => d3.greatest(trainings, (c) => c.psnr), (c) => c.row.name);
    const ranked = d3.sort(ofEach.values(), (c) => -c.psnr);
    const nothing = h("p", { class: "pick" }, "Nothing fits: give it more time or a smaller image.");
    out.replaceChildren(...(ranked.length ? advice(grid, ranked, best, [low, high]) : [nothing]));
  }
  update();
}

/** Every row that was tested over all these variances: its PSNR there, the mean of that, and its time. */
function candidates(grid, points) {
  return grid.rows.filter((row) => row.kind !== "input").flatMap((row) => {
    const values = points.map((variance) => psnrAt(grid, row, variance));
    const seconds = secondsOf(row.denoiser, 1e6 * (+state.mp || 0));
    if (values.includes(null)) return [];
    const trained = row.trained && `, ${row.kind === "filter" ? "tuned" : "trained"} on ${row.trained}`;
    return { row, values, psnr: d3.mean(values), ms: seconds === null ? null : 1000 * seconds, name: row.name.replace(", tuned", "") + trained };
  });
}

/** The pick, what to expect of it, and everything else that fits. */
function advice(grid, ranked, best, [low, high]) {
  const [pick, second] = ranked;
  const inside = (variance) => low <= 1.01 * variance && 0.99 * variance <= high;
  const width = d3.max(pick.row.scores.psnr, (pair, i) => (inside(grid.variances[i]) && pair?.[1]) || 0);
  const seeds = pick.row.seeds > 1 ? `over ${pick.row.seeds} seeds and the test images` : "of one training";
  const over = pick.row.kind === "network" ? seeds : "over test images alone";
  const near = second && pick.psnr - second.psnr < width ? ", which is within the interval" : "";
  const milliseconds = (c) => (c.ms === null ? "–" : number(c.ms, 1));
  const timed = ranked.filter((c) => c.ms);
  return [
    h("p", { class: "pick" }, "Take ", h("strong", { id: "pick" }, pick.name), "."),
    h("p", {}, `Expect ${number(pick.psnr)} dB (up to ±${number(width)} dB, ${over}), averaged evenly over the logarithm of the variance `,
      `from ${written(low, grid.sigma)} to ${written(high, grid.sigma)}. Of what fits, the best at each variance, if you knew it, has ${number(best)} dB: `,
      `not knowing costs ${number(best - pick.psnr)} dB. `,
      pick.ms !== null && `About ${milliseconds(pick)} ms for an image on one thread of ${DATA.latency[0].device}.`),
    second ? h("p", {}, `Runner-up: ${second.name}, ${number(pick.psnr - second.psnr)} dB less${near}.`) : "",
    timed.length ? pareto(timed, pick) : "",
    table("Everything that fits, best first",
      ["denoiser", "expected PSNR (dB)", "needs the variance", ...(timed.length ? ["ms for an image"] : [])],
      ranked.map((c) => [c.name, number(c.psnr), c.row.told ? "yes" : "no", ...(timed.length ? [milliseconds(c)] : [])])),
  ];
}

/** Quality against time. @param {any[]} timed @param {any} pick */
function pareto(timed, pick) {
  const dots = d3.sort(timed, (c) => c.ms);
  const front = dots.filter((d, i) => dots.slice(0, i).every((faster) => faster.psnr < d.psnr));
  const step = 0.05 * (front[front.length - 1].psnr - front[0].psnr);
  const clear = (d, next) => !next || next.ms > 8 * d.ms || (next.ms > 1.2 * d.ms && next.psnr - d.psnr > step); // of the next name
  const named = front.filter((d, i) => clear(d, front[i + 1]));
  const middle = Math.sqrt(dots[0].ms * dots[dots.length - 1].ms);
  const names = (of, textAnchor, dx) => Plot.text(of, { x: "ms", y: "psnr", text: (c) => c.row.name, textAnchor, dx, dy: -12 });
  return chart("Expected PSNR against time for an image; the pick is marked with a ring",
    "Up and to the left is better. Nothing is both faster and better than what is named. The ring marks the pick; a dashed line, your time.", {
      width: room(760), height: 380, marginLeft: 50, marginRight: 40,
      x: { type: "log", label: "ms for an image", ticks: 5, tickFormat: "~g" },
      y: { label: "expected PSNR (dB)", grid: true, nice: true },
      marks: [
        Plot.line(front, { x: "ms", y: "psnr", curve: "step-after", strokeOpacity: 0.4 }),
        +state.ms ? Plot.ruleX([+state.ms], { strokeDasharray: "4 3" }) : null,
        Plot.dot(dots, { x: "ms", y: "psnr", fill: "currentColor", r: 4, tip: true, title: (c) => `${c.name}\n${number(c.psnr)} dB, ${number(c.ms, 1)} ms` }),
        Plot.dot([pick], { x: "ms", y: "psnr", r: 9, stroke: "var(--accent)", strokeWidth: 3 }),
        names(named.filter((c) => c.ms < middle), "start", 5),
        names(named.filter((c) => c.ms >= middle), "end", -10),
      ],
    });
}
