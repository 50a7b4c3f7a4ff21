// @ts-check
/** What was measured, numbers as text, and images as pixels. */

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

/** PSNR at any variance between those tested, by straight lines over its logarithm. @param {Grid} grid @param {Pair[]} pairs @param {number} variance */
export function at(grid, pairs, variance) {
  const points = grid.variances.map((v, i) => ({ v, psnr: pairs[i]?.[0] })).filter((p) => p.v > 0 && p.psnr !== null && p.psnr !== undefined);
  if (!points.length || variance < points[0].v * 0.999 || variance > points[points.length - 1].v * 1.001) return null;
  const right = Math.max(1, points.findIndex((p) => p.v >= variance * 0.999));
  const [a, b] = [points[right - 1], points[right] ?? points[right - 1]];
  const share = a.v === b.v ? 0 : Math.log(variance / a.v) / Math.log(b.v / a.v);
  return /** @type {number} */ (a.psnr) * (1 - share) + /** @type {number} */ (b.psnr) * share;
}

/** @type {Map<string, Promise<Uint8Array>>} */
const unpacked = new Map();

/** Pixels of deflated images in base64. @param {string} text */
export function pixels(text) {
  let bytes = unpacked.get(text);
  if (!bytes) {
    const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    bytes = new Response(stream).arrayBuffer().then((buffer) => new Uint8Array(buffer));
    unpacked.set(text, bytes);
  }
  return bytes;
}

/** One image of a row, or the clean one. @param {Grid} grid @param {string} text @param {number} place its number in the bytes */
export async function image(grid, text, place) {
  const size = (grid.shape ?? []).slice(1).reduce((a, b) => a * b, 1);
  return (await pixels(text)).subarray(place * size, (place + 1) * size);
}

/** Draws grey or colour pixels. @param {HTMLCanvasElement} canvas @param {Uint8Array | number[]} values @param {Grid} grid */
export function draw(canvas, values, grid) {
  const shape = grid.shape ?? [1, 1, 1];
  const [height, width] = shape.slice(-2);
  const colour = shape.length === 4 && shape[1] === 3;
  [canvas.width, canvas.height] = [width, height];
  const data = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) data.data[4 * i + c] = values[colour ? c * width * height + i : i];
    data.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(data, 0, 0);
}

/** PSNR of what is shown. @param {Uint8Array} one @param {Uint8Array} two */
export function psnr(one, two) {
  const error = one.reduce((sum, value, i) => sum + (value - two[i]) ** 2, 0) / one.length / 65025;
  return error ? -10 * Math.log10(error) : Infinity;
}
