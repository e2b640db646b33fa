/**
 * The face of a tape: counter, title, transport keys, shuttle, and the record key behind its guard.
 */

import { Counter, asTime } from "./counter.js";
import { el, iconButton, mark, say, toggle } from "./dom.js";
import { LIFETIME, LastWins, Mover } from "./hold.js";
import { entitiesOf } from "./unit.js";

/** What the media player lists as its abilities. */
const SEEK = 2;
const SELECT_SOURCE = 2048;

/** The keys that wind, and their directions. */
const WIND = { rewind: "backward", fast_forward: "forward" };

/** Keys in their order: what each shows and the transports during which it is lit. */
const KEYS = [
  ["rewind", ["rewind"]],
  ["step_backward", []],
  ["pause", ["paused"]],
  ["play", ["playing", "reverse"]],
  ["step_forward", []],
  ["fast_forward", ["fast_forward"]],
];

export class Deck {
  #text;
  #call;
  #hass;
  #player;
  #parts = {};
  #counter = new Counter();
  #frame = 0;
  #keys = {};
  #isSeeking = false;
  #isShuttling = false;
  #played = false;
  #moved = false;
  #shuttle = new Mover(([speed]) => this.#playAt(speed), () => this.#springBack());
  #positions = new LastWins((position) => this.#act("media_seek", { seek_position: position }));

  /** place: the part of the unit. call(action, data, target): performs an action. */
  constructor({ place, text, call }) {
    this.#text = text;
    this.#call = call;
    this.place = place;
    this.element = el("div", { class: "deck" });
    this.element.append(
      this.#readout(), this.#titles(), this.#transport(), this.#shuttleRow(), this.#recording(),
    );
  }

  update(hass) {
    this.#hass = hass;
    this.#parts = entitiesOf(hass, this.place.tape);
    this.#player = hass.states[this.#parts["media_player.tape"]];
    const isAway = !hass.connected || !this.#player || this.#player.state === "unavailable";
    const isOff = isAway || this.#player.state === "off";
    this.#updateCounter(isOff);
    this.#updateTitles(isOff);
    this.#updateKeys(isOff);
    this.#updateShuttle(isOff);
    this.#updateRecording(isOff);
  }

  /** Let the counter run while somebody sees it. */
  connect() {
    this.#draw();
  }

  disconnect() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#letGo();
  }

  /** Nobody can hold anything any more. */
  release() {
    this.#letGo();
  }

  /** What the tape does, in the words of Home Assistant. */
  get status() {
    const transport = this.#state("sensor.transport");
    const shown = transport && transport.state !== "unknown" ? transport : this.#player;
    return shown ? this.#hass.formatEntityState(shown) : "";
  }

  // -- counter and position ---------------------------------------------------------------------

  #readout() {
    this.time = el("span", { class: "time", role: "timer", "aria-label": this.#text.counter });
    this.length = el("span", { class: "length" });
    this.position = el("input", {
      type: "range", min: "0", step: "1", "aria-label": this.#text.position, class: "position",
    });
    this.position.addEventListener("input", () => {
      this.#isSeeking = true;
      this.#show(Number(this.position.value));
    });
    this.position.addEventListener("change", () => this.#seek(Number(this.position.value)));
    return el("div", { class: "readout" }, el("div", {}, this.time, this.length), this.position);
  }

  #updateCounter(isOff) {
    const { media_position: position = null, media_position_updated_at: toldAt } =
      this.#player?.attributes ?? {};
    const transport = this.#transportNow;
    const age = Math.max(0, (Date.now() - Date.parse(toldAt)) / 1000) || 0;
    this.#counter.read({ transport, position, toldAt, rate: this.#rate(transport), age });
    const duration = this.#player?.attributes.media_duration;
    say(this.length, duration ? ` / ${asTime(duration)}` : "");
    mark(this.position, "max", duration ?? 0);
    const rests = isOff || this.#transportNow === "recording";
    this.position.disabled = rests || !duration || !this.#can(SEEK);
    this.#draw();
  }

  /** How fast the counter runs; null while winding, which only readings tell. */
  #rate(transport) {
    if (transport === "recording") return 1;
    if (transport === "fast_forward" || transport === "rewind") return null;
    if (transport !== "playing" && transport !== "reverse") return 0;
    const chosen = Number(this.#state("number.play_speed")?.state);
    return chosen || (transport === "reverse" ? -1 : 1);
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#isSeeking) this.#show(this.#counter.now);
    if (this.#counter.isRunning && this.element.isConnected) {
      this.#frame = requestAnimationFrame(() => this.#draw());
    }
  }

  #show(seconds) {
    const duration = Number(this.position.max);
    const inside = seconds === null || !duration ? seconds : Math.min(seconds, duration);
    say(this.time, asTime(inside));
    if (!this.#isSeeking) this.position.value = String(Math.floor(inside ?? 0));
    mark(this.position, "aria-valuetext", asTime(inside));
  }

  async #seek(position) {
    await this.#positions.put(position);
    this.#isSeeking = false;
  }

  // -- titles -----------------------------------------------------------------------------------

  #titles() {
    this.title = el("select", { "aria-label": this.#text.title });
    this.load = el("button", { type: "button" }, this.#text.load);
    // Not at each change: whoever walks through the list with the arrow keys loads nothing yet.
    this.load.addEventListener("click", () => this.#act("select_source", { source: this.title.value }));
    this.titleRow = el("div", { class: "titles" }, this.title, this.load);
    return this.titleRow;
  }

  #updateTitles(isOff) {
    const { source_list: titles = [], source = "" } = this.#player?.attributes ?? {};
    const all = titles.includes(source) ? titles : [source ?? "", ...titles];
    const shown = all.join("\n");
    if (this.title.dataset.shown !== shown) {
      const chosen = this.title.value;
      this.title.replaceChildren(
        ...all.map((name) => el("option", { value: name }, name || this.#text.no_title)),
      );
      this.title.value = this.title.dataset.source === source ? chosen : (source ?? "");
      this.title.dataset.shown = shown;
    }
    if (this.title.dataset.source !== (source ?? "")) {
      this.title.dataset.source = source ?? "";
      this.title.value = source ?? "";
    }
    this.titleRow.hidden = !this.#can(SELECT_SOURCE) || titles.length === 0;
    this.title.disabled = this.load.disabled = isOff;
  }

  // -- transport keys ---------------------------------------------------------------------------

  #transport() {
    const row = el("div", { class: "keys", role: "group", "aria-label": this.#text.transport });
    for (const [name] of KEYS) {
      this.#keys[name] = iconButton(name, this.#text[name], () => this.#press(name));
      row.append(this.#keys[name]);
    }
    return row;
  }

  #updateKeys(isOff) {
    for (const [name, lit] of KEYS) {
      const key = this.#keys[name];
      key.hidden = !this.#has(name);
      key.disabled = isOff;
      if (lit.length) mark(key, "aria-pressed", !isOff && lit.includes(this.#transportNow));
    }
  }

  /** Whether the tape can: buttons tell, which may be switched off; what seeks can wind, too. */
  #has(name) {
    const always = name === "play" || name === "pause";
    return always || Boolean(this.#parts[`button.${name}`]) || (name in WIND && this.#can(SEEK));
  }

  #press(name) {
    this.#shuttle.drop();
    this.#letGo();
    if (name === "play" || name === "pause") return this.#act(`media_${name}`);
    const button = this.#parts[`button.${name}`];
    if (button) return this.#call("button.press", {}, { entity_id: button });
    return this.#call("crcp.wind", { direction: WIND[name] }, { entity_id: this.#player.entity_id });
  }

  // -- shuttle ----------------------------------------------------------------------------------

  #shuttleRow() {
    this.shuttle = el("input", {
      type: "range", step: "0.1", class: "shuttle", "aria-label": this.#text.shuttle,
    });
    // Whoever hears the slider hears it already.
    this.speed = el("span", { class: "speed", "aria-hidden": "true" });
    this.shuttle.addEventListener("input", () => {
      this.#take();
      this.#showSpeed();
      this.#shuttle.change("knob", [Number(this.shuttle.value)]);
    });
    for (const end of ["pointerup", "pointercancel", "touchend", "keyup", "blur"]) {
      this.shuttle.addEventListener(end, () => this.#letGo());
    }
    this.shuttle.addEventListener("change", () => {
      // A screen reader sets it without holding anything, and so ends it at zero.
      if (Number(this.shuttle.value) === 0) this.#letGo();
    });
    this.shuttle.addEventListener("keydown", (event) => {
      // A Mac tells of no key that is let go while Command is down.
      if (event.ctrlKey || event.altKey || event.metaKey) this.#letGo();
    });
    this.shuttleRow = el("label", { class: "shuttle-row" }, el("span", {}, this.#text.shuttle),
      this.shuttle, this.speed);
    return this.shuttleRow;
  }

  #updateShuttle(isOff) {
    const { min, max } = this.#state("number.play_speed")?.attributes ?? {};
    this.shuttleRow.hidden = min === undefined;
    // A finger that scrolls past it is not to end a recording.
    this.shuttle.disabled = isOff || this.#transportNow === "recording";
    // Still has to be somewhere on it, also where a tape cannot play backwards.
    mark(this.shuttle, "min", Math.min(0, min ?? 0));
    mark(this.shuttle, "max", Math.max(0, max ?? 0));
    if (this.shuttle.disabled) this.#letGo();
    if (!this.#isShuttling) this.shuttle.value = "0";
    this.#showSpeed();
  }

  #take() {
    // Who grasps it again at once finds the tape still at what the knob did.
    if (!this.#isShuttling && !this.#shuttle.isBusy) {
      this.#played = ["playing", "reverse"].includes(this.#transportNow);
      this.#moved = false;
    }
    this.#isShuttling = true;
  }

  /** The knob springs back. */
  #letGo() {
    if (!this.#isShuttling) return;
    this.#isShuttling = false;
    this.shuttle.value = "0";
    this.#showSpeed();
    this.#shuttle.releaseAll();
  }

  #showSpeed() {
    const speed = Number(this.shuttle.value);
    const shown = `${speed.toLocaleString(this.#hass?.locale?.language)}×`;
    say(this.speed, shown);
    mark(this.shuttle, "aria-valuetext", shown);
  }

  /** Play for LIFETIME, or stand still, as long as the knob is held. */
  async #playAt(speed) {
    if (speed === 0) {
      if (this.#transportNow !== "paused") await this.#act("media_pause");
    } else {
      const target = { entity_id: this.#player.entity_id };
      await this.#call("crcp.play", { speed, duration: LIFETIME }, target);
    }
    this.#moved = true;
  }

  /** The tape does what it did before; one that we could not move is left alone. */
  async #springBack() {
    if (this.#moved) await this.#act(this.#played ? "media_play" : "media_pause");
  }

  // -- recording --------------------------------------------------------------------------------

  #recording() {
    this.guard = toggle(this.#text.recording_allowed, () => {
      const action = this.guard.getAttribute("aria-checked") === "true" ? "turn_off" : "turn_on";
      this.#call(`switch.${action}`, {}, { entity_id: this.#parts["switch.recording_allowed"] });
    });
    this.record = iconButton("record", this.#text.record, () => this.#press("record"));
    this.record.classList.add("record");
    this.recordRow = el("div", { class: "recording" }, this.guard, this.record);
    return this.recordRow;
  }

  #updateRecording(isOff) {
    const guard = this.#state("switch.recording_allowed");
    const allowed = guard?.state === "on";
    this.recordRow.hidden = !guard || !this.#parts["button.record"];
    mark(this.guard, "aria-checked", allowed);
    this.guard.disabled = guard?.state === "unavailable";
    this.record.disabled = isOff || !allowed;
    mark(this.record, "aria-pressed", this.#transportNow === "recording");
  }

  // -- helpers ----------------------------------------------------------------------------------

  get #transportNow() {
    return this.#state("sensor.transport")?.state ?? this.#player?.state;
  }

  #state(key) {
    return this.#hass.states[this.#parts[key]];
  }

  #can(ability) {
    return ((this.#player?.attributes.supported_features ?? 0) & ability) !== 0;
  }

  #act(action, data = {}) {
    return this.#call(`media_player.${action}`, data, { entity_id: this.#player.entity_id });
  }
}
