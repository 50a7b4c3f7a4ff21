// @ts-check
/** Elements in one line, tables, and files to save. */

/** An element, as h("p", { class: "note" }, "text"); attributes that begin with "on" are listeners. @param {string} tag @param {Record<string, any>} attributes @param {...(Node | string | null | undefined | (Node | string)[])} children @returns {any} */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value; // which the content policy allows, unlike the attribute
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Text with `code` and **bold** as elements. @param {string} text @returns {(Node | string)[]} */
export function rich(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    return part.startsWith("**") ? h("strong", {}, part.slice(2, -2)) : part;
  });
}

/** A labelled choice. @param {string} label @param {[string, string][]} options value and text @param {string} value @param {(value: string) => void} change */
export function choice(label, options, value, change) {
  const select = h("select", { onchange: () => change(select.value) });
  for (const [key, text] of options) select.append(h("option", { value: key, selected: key === value }, text));
  return h("label", {}, label, select);
}

/** @param {string} label @param {boolean} checked @param {(checked: boolean) => void} change */
export function check(label, checked, change) {
  const box = h("input", { type: "checkbox", checked, onchange: () => change(box.checked) });
  return h("label", { class: "check" }, box, label);
}

/** A table of text, numbers to the right. @param {string} caption @param {string[]} header @param {string[][]} rows */
export function plainTable(caption, header, rows) {
  const cell = (text, i) =>
    i ? h("td", { class: /^[−+\d.–]/.test(text) ? "number" : "" }, text) : h("th", { scope: "row" }, text);
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", { class: "data" }, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, header.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell))))));
}

/** A chart as one image to a screen reader: its parts have no role of their own. @param {any} options of Plot.plot */
export function chart(options) {
  const svg = Plot.plot(options);
  svg.setAttribute("role", "img");
  for (const part of svg.querySelectorAll("g[aria-label]")) part.removeAttribute("aria-label");
  return svg;
}

/** Offers a file. @param {string} name @param {string} text @param {string} type */
export function save(name, text, type) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** The rows of the first table in view, as text. @param {ParentNode} view @returns {string[][]} */
export function cellsOf(view) {
  const table = view.querySelector("table.data");
  return table ? [...table.querySelectorAll("tr")].map((row) =>
    [...row.children].map((cell) => (cell.getAttribute("data-text") ?? cell.textContent ?? "").trim())) : [];
}
