/**
 * Elements without markup: whatever a device or a person calls something is text here.
 */

const SVG = "http://www.w3.org/2000/svg";

/** Glyphs on a field of 24 by 24. */
const GLYPHS = {
  play: "M8 5 19 12 8 19z",
  pause: "M7 5h4v14H7z M13 5h4v14h-4z",
  rewind: "M12 6v12L3 12z M21 6v12l-9-6z",
  fast_forward: "M12 6v12l9-6z M3 6v12l9-6z",
  step_backward: "M6 6h3v12H6z M19 6v12l-9-6z",
  step_forward: "M15 6h3v12h-3z M5 6v12l9-6z",
  record: "M12 6a6 6 0 1 0 0 12a6 6 0 1 0 0-12z",
  stop: "M7 7h10v10H7z",
  power: "M11 3h2v9h-2z M7.8 6.2A7 7 0 1 0 16.2 6.2L15 7.8A5 5 0 1 1 9 7.8z",
  arrow: "M12 3 20 12H15V20H9V12H4z",
  plus: "M11 6h2v5h5v2h-5v5h-2v-5H6v-2h5z",
  minus: "M6 11h12v2H6z",
};

/**
 * Make an element. Attributes that are null or undefined are left out; children that are strings
 * become text.
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Draw a glyph, turned by so many degrees. It is decoration: whoever shows it has a label. */
export function glyph(name, turn = 0) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  if (turn) picture.style.transform = `rotate(${turn}deg)`;
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", GLYPHS[name]);
  picture.append(path);
  return picture;
}

/** Make a button that shows a glyph and says its label. */
export function iconButton(name, label, onClick, turn = 0) {
  const button = el("button", { type: "button", "aria-label": label, title: label, class: "icon" });
  button.append(glyph(name, turn));
  if (onClick) button.addEventListener("click", onClick);
  return button;
}

/** Make a switch with a text. */
export function toggle(label, onClick) {
  const button = el("button", { type: "button", role: "switch", "aria-checked": "false" }, label);
  button.className = "toggle";
  button.addEventListener("click", onClick);
  return button;
}

/** Set a text, and leave the page alone when it is there already. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set an attribute, likewise. */
export function mark(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}
