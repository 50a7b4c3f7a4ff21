// @ts-check
/** What is in view. It is all in the URL fragment, so that a copied link brings it back. */

/** @type {Record<string, string>} */
export const DEFAULTS = {
  view: "answer", grid: "0", net: "", metric: "psnr", what: "regret", row: "", v: "", image: "0", low: "", high: "",
  ms: "", mp: "0.065536", told: "", by: "training", trained: "", hidden: "", sort: "mean", down: "1", find: "", kind: "",
  blind: "", fast: "", factor: "", side: "inside",
};

/** @type {Record<string, string>} */
export const state = { ...DEFAULTS };

export function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(DEFAULTS)) state[name] = given.get(name) ?? DEFAULTS[name];
}

/** Changes what is in view, and the fragment; drawing is up to the caller. @param {Record<string, string>} changes */
export function set(changes) {
  Object.assign(state, changes);
  const differing = Object.entries(state).filter(([name, value]) => value !== DEFAULTS[name]);
  history.replaceState(null, "", `#${new URLSearchParams(differing)}`);
}
