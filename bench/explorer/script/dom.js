// @ts-check
/** Elements in one line, tables and charts. */

/**
 * An element, as h("p", { class: "note" }, "text"). Attributes that begin with "on" are listeners; children that are
 * null, false or 0 are left out. @param {string} tag @param {Record<string, any>} attributes @param {...any} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value; // which the content policy allows, unlike the attribute
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter(Boolean));
  return element;
}

/** Text with `code` and **bold** as elements. @param {string} text @returns {(Node | string)[]} */
export function rich(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    return part.startsWith("**") ? h("strong", {}, rich(part.slice(2, -2))) : part;
  });
}

/**
 * A table that scrolls sideways by itself. Cells that are elements already stay as they are.
 * @param {number} texts how many columns are text; those behind them are numbers, to the right
 */
export function table(caption, header, rows, texts = 1, kind = "") {
  const cell = (tag, content, i, attributes = {}) =>
    content instanceof HTMLTableCellElement ? content : h(tag, { class: i < texts ? "" : "number", ...attributes }, content);
  const head = header.map((content, i) => cell("th", content, i, { scope: "col" }));
  const line = ([first, ...others]) =>
    h("tr", {}, cell("th", first, 0, { scope: "row" }), others.map((content, i) => cell("td", content, i + 1)));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", { class: `data ${kind}` },
      h("caption", {}, caption), h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows.map(line))));
}

/** A table that is shown on demand, below the chart of the same. */
export function folded(caption, header, rows, texts = 1) {
  return h("details", {}, h("summary", {}, "The same as a table"), table(caption, header, rows, texts));
}

/** The width of a chart: what it would like, or what there is. @param {number} most */
export const room = (most) => Math.min(most, document.body.clientWidth - 40);

/** A chart as one image to a screen reader: its parts have no role of their own. @param {any} options of Plot.plot */
export function chart(label, caption, options) {
  const svg = Plot.plot({ marginBottom: 50, style: { fontSize: "13px" }, ariaLabel: label, ...options });
  svg.setAttribute("role", "img");
  for (const part of svg.querySelectorAll("g[aria-label]")) part.removeAttribute("aria-label");
  return h("figure", {}, svg, h("figcaption", {}, caption));
}
