/**
 * The pad: eight directions, stop, and zoom; by mouse, by touch, by keyboard, by screen reader.
 */

import { el, iconButton, say } from "./dom.js";

/** Rows of the pad: directions of each key, and how far its arrow is turned. */
const KEYS = [
  [["up", "left"], 315],
  [["up"], 0],
  [["up", "right"], 45],
  [["left"], 270],
  null,
  [["right"], 90],
  [["down", "left"], 225],
  [["down"], 180],
  [["down", "right"], 135],
];

const KEYBOARD = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  "+": "zoom_in",
  "-": "zoom_out",
};

export class Pad {
  #mover;
  #nudge;
  #text;
  #buttons = new Map();
  #keys = new Set();

  /** mover: what is held. nudge(directions): a small step, for whoever cannot hold. */
  constructor(mover, nudge, text) {
    this.#mover = mover;
    this.#nudge = nudge;
    this.#text = text;
    this.element = el("div", { role: "group", "aria-label": text.pad, class: "pad" });
    this.hint = el("p", { id: "hint", dir: "auto" });
    this.element.append(this.#arrows(), this.#zoom(), this.hint);
    this.element.setAttribute("aria-describedby", "hint");
    this.#listenToKeys();
  }

  /** Leave out what the camera cannot do, and rest while it cannot do anything. */
  update(can, disabled) {
    for (const [button, directions] of this.#buttons) {
      button.hidden = !directions.every(can);
      button.disabled = disabled;
    }
    this.element.querySelector(".stop").disabled = disabled;
    this.element.querySelector(".arrows").hidden = !["left", "right", "up", "down"].some(can);
    this.element.querySelector(".zoom").hidden = !can("zoom_in");
    const { pad_hint: hint, zoom_hint: zoomHint } = this.#text;
    say(this.hint, can("zoom_in") ? `${hint} ${zoomHint}` : hint);
    if (disabled) this.#mover.releaseAll();
  }

  #arrows() {
    const arrows = el("div", { class: "arrows" });
    for (const key of KEYS) arrows.append(key ? this.#key(...key) : this.#stop());
    return arrows;
  }

  #key(directions, turn) {
    const label = directions.map((each) => this.#text[each]).join(" + ");
    const button = iconButton("arrow", label, null, turn);
    // Two arrow keys at once do the same as a corner, so that the way through by Tab stays short.
    if (directions.length > 1) button.tabIndex = -1;
    return this.#holds(button, directions);
  }

  #stop() {
    const button = iconButton("stop", this.#text.stop, () => this.#mover.halt());
    button.classList.add("stop");
    return button;
  }

  #zoom() {
    const zoom = el("div", { class: "zoom", role: "group", "aria-label": this.#text.zoom });
    for (const [name, shape] of [["zoom_in", "plus"], ["zoom_out", "minus"]]) {
      zoom.append(this.#holds(iconButton(shape, this.#text[name], null), [name]));
    }
    return zoom;
  }

  #holds(button, directions) {
    this.#buttons.set(button, directions);
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      // From now on its end is told here, wherever the finger goes.
      button.setPointerCapture(event.pointerId);
      this.#mover.press(`pointer ${event.pointerId}`, directions);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      button.addEventListener(end, (event) => this.#mover.release(`pointer ${event.pointerId}`));
    }
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    button.addEventListener("click", (event) => {
      // A click that no pointer made comes from a screen reader, and has no length.
      if (event.detail === 0) this.#nudge(directions);
    });
    return button;
  }

  #listenToKeys() {
    this.element.addEventListener("keydown", (event) => this.#onKeyDown(event));
    this.element.addEventListener("keyup", (event) => this.#releaseKey(event.code));
    // Whoever has the keyboard now gets the end of the key, too.
    this.element.addEventListener("focusout", () => this.#releaseKeys());
  }

  #releaseKeys() {
    for (const code of this.#keys) this.#releaseKey(code);
  }

  #releaseKey(code) {
    this.#keys.delete(code);
    this.#mover.release(`key ${code}`);
  }

  #onKeyDown(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) {
      // A Mac tells of no key that is let go while Command is down.
      this.#releaseKeys();
      return;
    }
    const button = event.target.closest("button");
    const onButton = ["Enter", " "].includes(event.key) && this.#buttons.get(button);
    const directions = onButton || (KEYBOARD[event.key] && [KEYBOARD[event.key]]);
    if (event.key === "Escape" && this.#mover.isHolding) this.#mover.halt();
    if (!directions || button?.disabled) return;
    event.preventDefault();
    if (event.repeat) return;
    this.#keys.add(event.code);
    this.#mover.press(`key ${event.code}`, directions);
  }
}
