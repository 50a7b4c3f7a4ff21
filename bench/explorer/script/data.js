// @ts-check
/** What was measured, numbers as text, and images as pixels. */
import { h } from "./dom.js";

/** @type {Data} */
export const DATA = JSON.parse(document.getElementById("data")?.textContent ?? "{}");

/** A test variance as the study writes it. @param {number} variance @param {boolean} sigma */
export function written(variance, sigma) {
  return sigma ? `σ=${+(255 * Math.sqrt(variance)).toFixed(1)}` : `${+variance.toPrecision(3)}`;
}

/** @param {number | null | undefined} value @param {number} digits @param {boolean} signed */
export function number(value, digits = 2, signed = false) {
  if (value === null || value === undefined) return "–";
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 ? "−" : signed ? "+" : "") + text;
}

/** "31.32 ±0.03"; a network trained once says so elsewhere. @param {Pair} pair @param {Metric} metric */
export function score(pair, metric) {
  if (!pair) return "–";
  const mean = pair[0] === null ? "∞" : number(pair[0] * metric.scale, metric.digits);
  return pair[1] === null ? mean : `${mean} ±${number(pair[1] * metric.scale, metric.digits)}`;
}

/** Seconds an image of some pixels takes, by the price at the timed size nearest to it. @param {string} denoiser @param {number} pixels */
export function secondsOf(denoiser, pixels) {
  const timed = DATA.latency.filter((row) => row.denoiser === denoiser);
  const nearest = d3.least(timed, (row) => Math.abs(Math.log(row.pixels / Math.max(pixels, 1))));
  return nearest ? (nearest.seconds * pixels) / nearest.pixels : null;
}

/** @template T @param {T[]} values @returns {T[]} */
export const unique = (values) => [...new Set(values)];

/** What a row scored at the i-th test variance, or null. @param {Row} row @param {Metric} metric @param {number} i */
export const valueAt = (row, metric, i) => row.scores[metric.name]?.[i]?.[0] ?? null;

/** PSNR at any variance between those tested, by straight lines over its logarithm. @param {Grid} grid @param {Row} row */
export function psnrAt(grid, row, variance) {
  const points = grid.variances.flatMap((v, i) => (v > 0 && row.scores.psnr?.[i]?.[0] != null ? [[Math.log(v), row.scores.psnr[i]?.[0]]] : []));
  const [low, high] = d3.extent(points, ([x]) => x);
  const x = Math.log(variance);
  if (!points.length || x < low - 0.001 || x > high + 0.001) return null;
  return d3.scaleLinear(points.map(([x]) => x), points.map(([, y]) => y)).clamp(true)(x);
}

/** @type {Map<string, Promise<Uint8Array>>} */
const unpacked = new Map();

/** Pixels of deflated images in base64. @param {string} text */
function pixels(text) {
  let bytes = unpacked.get(text);
  if (!bytes) {
    const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    bytes = new Response(stream).arrayBuffer().then((buffer) => new Uint8Array(buffer));
    unpacked.set(text, bytes);
  }
  return bytes;
}

/** One image of those packed in a text. @param {Grid} grid @param {string} text @param {number} place its number among them */
export async function image(grid, text, place) {
  const size = (grid.shape ?? []).slice(1).reduce((a, b) => a * b, 1);
  return (await pixels(text)).subarray(place * size, (place + 1) * size);
}

/** Grey or colour pixels to look at. @param {Grid} grid @param {Uint8Array} values @param {string} label */
export function picture(grid, values, label) {
  const shape = grid.shape ?? [1, 1, 1];
  const [height, width] = shape.slice(-2);
  const colour = shape.length === 4 && shape[1] === 3;
  const canvas = h("canvas", { class: "pixels", role: "img", "aria-label": label, width, height });
  const data = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) data.data[4 * i + c] = values[colour ? c * width * height + i : i];
    data.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(data, 0, 0);
  return canvas;
}

/** PSNR of what is shown. @param {Uint8Array} one @param {Uint8Array} two */
export function psnr(one, two) {
  const error = one.reduce((sum, value, i) => sum + (value - two[i]) ** 2, 0) / one.length / 65025;
  return error ? -10 * Math.log10(error) : Infinity;
}
