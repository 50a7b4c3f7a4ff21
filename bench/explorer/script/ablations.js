// @ts-check
/** What single changes do: the effects of ablations. */
import { DATA, number, unique } from "./data.js";
import { chart, folded, h, room } from "./dom.js";
import { choice, state } from "./state.js";

/** @param {HTMLElement} view @param {any} _grid @param {Change} change */
export function ablations(view, _grid, change) {
  if (!DATA.ablations.length) return view.append(h("p", {}, "This study has no ablation: run python run_all.py --ablate all"));
  const of = (name) => unique(DATA.ablations.map((line) => line[name]));
  view.append(h("div", { class: "controls" },
    choice("factor", "factor", [["", "all"], ...of("ablation")], change),
    choice("side", "test variances", of("side").map((side) => [side, `${side} the training range`]), change)));
  const varied = ["trained_on", "dataset"].filter((name) => of(name).length > 1);
  const lines = DATA.ablations
    .filter((line) => line.mean !== null && line.side === state.side && (!state.factor || line.ablation === state.factor))
    .map((line) => {
      const parts = [line.change, line.base.replace(/\(.*/, ""), ...varied.map((name) => line[name]), ...(state.factor ? [] : [line.ablation])];
      const words = `${number(line.mean, 2, true)} ±${number(line.half_width)} dB, ${line.seeds} seeds`;
      return { ...line, label: parts.join(" · "), words, low: line.mean - line.half_width, high: line.mean + line.half_width };
    });
  view.append(effects(lines), folded("Effects of single changes on PSNR (dB)",
    ["change", "base", "trained on", "on", "effect", "±", "significant", "seeds"],
    lines.map((l) => [l.change, l.base, l.trained_on, l.dataset, number(l.mean, 2, true), number(l.half_width), l.significant ? "yes" : "no", l.seeds]), 4));
}

/** Each effect with its interval; its name stands before it, or above it on a narrow page. */
function effects(lines) {
  const names = 7.1 * (d3.max(lines, (l) => l.label.length) ?? 0); // their width in pixels
  const above = names + 350 > room(1100);
  const name = {
    y: "label", text: "label", fill: "currentColor", stroke: "var(--ground)", strokeWidth: 4,
    frameAnchor: "left", lineAnchor: "bottom", dx: -12, dy: -10, lineWidth: 23, lineHeight: 1.1,
  };
  return chart("Effect of each change in dB, with its interval",
    ["Each line names the change, the network that was changed, what it was trained on, and the ablation. Filled: significant",
      " (Holm's correction over each ablation). Open: not. Bars are 95 % intervals of each effect by itself."], {
      width: room(1100), height: 70 + (above ? 48 : 22) * lines.length, marginLeft: above ? 15 : names + 15, insetLeft: 20,
      x: { label: "effect on PSNR (dB)", grid: true },
      y: { label: null, domain: lines.map((line) => line.label), axis: above ? null : "left" },
      marks: [
        Plot.ruleX([0]),
        above ? Plot.text(lines, name) : null,
        Plot.ruleY(lines, { y: "label", x1: "low", x2: "high", strokeWidth: 2 }),
        Plot.dot(lines, { y: "label", x: "mean", r: 5, fill: (l) => (l.significant ? "currentColor" : "var(--ground)"),
          stroke: "currentColor", strokeWidth: 2, tip: true, title: "words" }),
      ],
    });
}
