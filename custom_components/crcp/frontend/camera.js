/**
 * The face of a camera: its live picture, the pad, its presets, and what its lens and sensor do.
 */

import { el, mark, say, toggle } from "./dom.js";
import { LIFETIME, LastWins, Mover } from "./hold.js";
import { Pad } from "./pad.js";
import { entitiesOf, presetsOf } from "./unit.js";

/** The parameter of each direction and which end of its range it is; "+" as the draft has it. */
const DIRECTIONS = {
  left: ["pan", "min", "pan_left"],
  right: ["pan", "max", "pan_right"],
  down: ["tilt", "min", "tilt_down"],
  up: ["tilt", "max", "tilt_up"],
  zoom_out: ["zoom", "min", "zoom_out"],
  zoom_in: ["zoom", "max", "zoom_in"],
};

/** How long a small step of a camera takes that knows none. */
const NUDGE = { milliseconds: 300 };

const SETTINGS = ["iris", "focus", "white_balance", "sensitivity"];

export class Camera {
  #text;
  #call;
  #hass;
  #parts = {};
  #settings = {};
  #shown = null;
  #presets = "";

  /** place: the part of the unit. call(action, data, target): performs an action. */
  constructor({ place, text, call, picture = true }) {
    this.#text = text;
    this.#call = call;
    this.place = place;
    this.showsPicture = picture;
    this.mover = new Mover((directions) => this.#move(directions), () => this.#stop());
    this.pad = new Pad(this.mover, (directions) => this.#nudge(directions), text);
    this.picture = el("div", { class: "picture" });
    this.presets = el("div", { class: "presets", role: "group", "aria-label": text.presets });
    this.settings = el("div", { class: "settings" });
    for (const name of SETTINGS) this.settings.append(this.#setting(name));
    this.controls = el(
      "div", { class: "controls" }, this.pad.element, this.presets, this.settings,
    );
    this.element = el("div", { class: "camera" }, this.picture, this.controls);
  }

  update(hass) {
    this.#hass = hass;
    this.#parts = entitiesOf(hass, this.place.head);
    const isOff = this.#power?.state === "off";
    const isAway = this.#state("button.stop")?.state === "unavailable" || !hass.connected;
    const rests = isAway || isOff;
    this.#updatePicture();
    this.controls.hidden = !this.place.head;
    this.pad.element.hidden = !Object.keys(DIRECTIONS).some(this.#can);
    this.pad.update(this.#can, rests);
    this.#updatePresets(rests);
    for (const name of SETTINGS) this.#updateSetting(name, rests);
  }

  connect() {}

  /** Whatever took this card away, it moves nothing from now on. */
  disconnect() {
    this.mover.releaseAll();
  }

  release() {
    this.mover.releaseAll();
  }

  get status() {
    const picture = this.#hass.states[entitiesOf(this.#hass, this.place.stream)["camera.stream"]];
    const shown = this.#power?.state === "off" ? this.#power : picture;
    return shown ? this.#hass.formatEntityState(shown) : "";
  }

  get #power() {
    return this.#hass.states[entitiesOf(this.#hass, this.place.power).switch];
  }

  // -- the picture ------------------------------------------------------------------------------

  #updatePicture() {
    const entity = entitiesOf(this.#hass, this.place.stream)["camera.stream"];
    this.picture.hidden = !entity || !this.showsPicture;
    if (this.picture.hidden) return;
    if (this.#shown !== entity) {
      // The first one, or a person has renamed it while this page is open.
      this.#shown = entity;
      this.#makePicture(entity);
    }
    if (this.picture.firstChild) this.picture.firstChild.hass = this.#hass;
  }

  /** Home Assistant's own card, and so its own player. */
  async #makePicture(entity) {
    const helpers = await window.loadCardHelpers?.();
    const card = helpers?.createCardElement({
      type: "picture-entity", entity, camera_view: "live", show_name: false, show_state: false,
    });
    if (!card || this.#shown !== entity) return;
    card.hass = this.#hass;
    this.picture.replaceChildren(card);
  }

  // -- moving -----------------------------------------------------------------------------------

  #can = (direction) => {
    const [parameter, , step] = DIRECTIONS[direction];
    return Boolean(this.#state(`number.${parameter}`) ?? this.#state(`button.${step}`));
  };

  /** Give the order that lasts for LIFETIME. What has no range moves by small steps instead. */
  async #move(directions) {
    const values = {};
    const steps = [];
    for (const direction of directions) {
      const [parameter, end, step] = DIRECTIONS[direction];
      const range = this.#state(`number.${parameter}`)?.attributes;
      if (range) values[parameter] = range[end];
      else if (this.#parts[`button.${step}`]) steps.push(step);
    }
    const orders = steps.map((step) => this.#press(step));
    if (Object.keys(values).length) orders.push(this.#order(values, LIFETIME));
    await Promise.all(orders);
  }

  /** A small step: how small, the unit knows; where it has none, a short order. */
  #nudge(directions) {
    for (const direction of directions) {
      const [parameter, end, step] = DIRECTIONS[direction];
      const range = this.#state(`number.${parameter}`)?.attributes;
      if (this.#parts[`button.${step}`]) this.#press(step);
      else if (range) this.#order({ [parameter]: range[end] }, NUDGE);
    }
  }

  #order(values, duration) {
    return this.#call("crcp.move", { ...values, duration }, { device_id: this.place.head });
  }

  /** Stop what moves; where a person has switched the button off, what this pad can have moved. */
  #stop() {
    if (this.#parts["button.stop"]) return this.#press("stop");
    const moved = ["pan", "tilt", "zoom"].filter((each) => this.#parts[`number.${each}`]);
    const still = Object.fromEntries(moved.map((each) => [each, 0]));
    return this.#call("crcp.move", { ...still, relative: true }, { device_id: this.place.head });
  }

  #press(name) {
    return this.#call("button.press", {}, { entity_id: this.#parts[`button.${name}`] });
  }

  // -- presets ----------------------------------------------------------------------------------

  #updatePresets(isOff) {
    const presets = presetsOf(this.#hass, this.place.head);
    const shown = JSON.stringify(presets);
    if (shown !== this.#presets) {
      this.#presets = shown;
      this.presets.replaceChildren(...presets.map((preset) => this.#preset(preset)));
    }
    this.presets.hidden = presets.length === 0;
    for (const button of this.presets.children) button.disabled = isOff;
  }

  #preset({ entityId, name }) {
    const button = el("button", { type: "button", title: name, dir: "auto" }, name);
    button.addEventListener("click", () => this.#call("scene.turn_on", {}, { entity_id: entityId }));
    return button;
  }

  // -- lens and sensor --------------------------------------------------------------------------

  #setting(name) {
    const label = this.#text[name];
    const slider = el("input", { type: "range", "aria-label": label });
    // Whoever hears the slider hears it already.
    const value = el("span", { class: "value", "aria-hidden": "true" });
    const auto = toggle(this.#text.auto, () => this.#toggleAuto(name));
    auto.setAttribute("aria-label", `${label}: ${this.#text.auto}`);
    const row = el("div", { class: "setting" }, el("span", {}, label), slider, value, auto);
    const values = new LastWins((wanted) => this.#set(name, wanted));
    const setting = { row, slider, value, auto, isHeld: false };
    slider.addEventListener("input", () => {
      setting.isHeld = true;
      say(value, slider.value);
      mark(slider, "aria-valuetext", slider.value);
      values.put(Number(slider.value));
    });
    slider.addEventListener("change", async () => {
      await values.put(Number(slider.value));
      setting.isHeld = false;
      this.#updateSetting(name);
    });
    this.#settings[name] = setting;
    return row;
  }

  #updateSetting(name, isOff = false) {
    const { row, slider, value, auto, isHeld } = this.#settings[name];
    const number = this.#state(`number.${name}`);
    const automatic = this.#state(`switch.${name}_auto`);
    const isAutomatic = automatic?.state === "on";
    row.hidden = !number;
    if (!number) return;
    auto.hidden = !automatic;
    auto.disabled = isOff || automatic?.state === "unavailable";
    mark(auto, "aria-checked", isAutomatic);
    for (const bound of ["min", "max", "step"]) mark(slider, bound, number.attributes[bound]);
    slider.disabled = isOff || isAutomatic || number.state === "unavailable";
    if (isHeld) return;
    if (number.state !== "unknown") slider.value = number.state;
    const shown = isAutomatic ? this.#text.auto : this.#hass.formatEntityState(number);
    say(value, shown);
    mark(slider, "aria-valuetext", shown);
  }

  #toggleAuto(name) {
    const entity = this.#state(`switch.${name}_auto`);
    const action = entity.state === "on" ? "turn_off" : "turn_on";
    return this.#call(`switch.${action}`, {}, { entity_id: entity.entity_id });
  }

  #set(name, value) {
    const entity_id = this.#parts[`number.${name}`];
    return this.#call("number.set_value", { value }, { entity_id });
  }

  #state(key) {
    return this.#hass.states[this.#parts[key]];
  }
}
