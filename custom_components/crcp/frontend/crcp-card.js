/**
 * crcp-card: a unit's tape as a deck, or its camera with picture and pad, as its entity has it.
 *
 * Home Assistant gives the configuration once and its state at every change (setConfig, hass). All
 * that it shows of devices is text: see dom.js.
 */

import { Camera } from "./camera.js";
import { Deck } from "./deck.js";
import { el, iconButton, mark, say } from "./dom.js";
import { STYLE } from "./style.js";
import { filled, textsOf } from "./texts.js";
import { deviceName, domainOf, entitiesOf, placeOf } from "./unit.js";

const TYPE = "crcp-card";
const ENTITY = /^[a-z_]+\.\w+$/;

/** Entities that offer this card: one for each face, and a camera's own where it has no picture. */
const OFFERED = { media_player: ["tape"], camera: ["stream"], number: ["pan", "tilt", "zoom"] };

class CrcpCard extends HTMLElement {
  #config;
  #hass;
  #face;
  #built = "";
  #registries = [];
  #place;
  #root = this.attachShadow({ mode: "open" });

  static getStubConfig(hass) {
    const entity = Object.keys(hass?.entities ?? {}).find((each) => isOffered(hass, each));
    return { entity: entity ?? "" };
  }

  static getConfigForm() {
    const text = textsOf();
    return {
      schema: [
        {
          name: "entity",
          required: true,
          selector: {
            entity: { filter: Object.keys(OFFERED).map((domain) => ({ integration: "crcp", domain })) },
          },
        },
        { name: "name", selector: { text: {} } },
        { name: "picture", default: true, selector: { boolean: {} } },
      ],
      computeLabel: (field) => text[`config_${field.name}`],
      assertConfig: check,
    };
  }

  setConfig(config) {
    check(config);
    this.#config = config;
    this.#built = "";
    if (this.#hass) this.#update();
  }

  set hass(hass) {
    this.#hass = hass;
    if (this.#config) this.#update();
  }

  getCardSize() {
    return this.#place?.face === "camera" ? 10 : 6;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  connectedCallback() {
    this.#endings("addEventListener");
    this.#face?.connect();
  }

  disconnectedCallback() {
    this.#endings("removeEventListener");
    this.#face?.disconnect();
  }

  // -- what is shown ----------------------------------------------------------------------------

  #update() {
    const { entities, devices } = this.#hass;
    // Both are made anew when anything in them changes, and only then.
    if (this.#registries[0] !== entities || this.#registries[1] !== devices || !this.#built) {
      this.#registries = [entities, devices];
      this.#place = placeOf(this.#hass, this.#config.entity);
      this.#buildOnce();
    }
    if (!this.#face) return;
    this.#face.update(this.#hass);
    this.#updateHeader();
  }

  /** Build the face, unless it is the one that stands there. */
  #buildOnce() {
    const language = this.#hass.locale?.language ?? this.#hass.language;
    const wanted = JSON.stringify([this.#config, this.#place, language]);
    if (this.#place && wanted === this.#built) return;
    this.#built = wanted;
    this.#face?.disconnect();
    this.#face = null;
    const text = textsOf(language);
    const card = el("ha-card");
    this.#root.replaceChildren(el("style", {}, STYLE), card);
    if (this.#place) this.#build(card, text);
    else card.append(el("div", { class: "message", role: "alert" }, this.#whyNot(text)));
  }

  #build(card, text) {
    const Face = this.#place.face === "deck" ? Deck : Camera;
    this.#face = new Face({
      place: this.#place,
      text,
      call: (...order) => this.#call(...order),
      picture: this.#config.picture !== false,
    });
    this.heading = el("h2");
    this.status = el("div", { class: "status", role: "status" });
    this.power = iconButton("power", text.power, () => this.#switchPower());
    this.power.classList.add("power");
    const header = el("div", { class: "header" }, el("div", {}, this.heading, this.status), this.power);
    card.append(header, this.#face.element);
    if (this.isConnected) this.#face.connect();
  }

  #updateHeader() {
    const own = this.#place.face === "deck" ? this.#place.tape : (this.#place.head ?? this.#place.stream);
    const names = [this.#place.unit, own].map((device) => deviceName(this.#hass, device));
    say(this.heading, this.#config.name || names.filter(Boolean).join(" "));
    say(this.status, this.#face.status);
    const power = this.#powerSwitch;
    this.power.hidden = !power;
    this.power.disabled = power?.state === "unavailable";
    mark(this.power, "aria-pressed", power?.state === "on");
  }

  #whyNot(text) {
    const { entity } = this.#config;
    const known = this.#hass.states[entity] || this.#hass.entities?.[entity];
    return filled(known ? text.not_a_unit : text.not_found, { entity });
  }

  // -- what is done -----------------------------------------------------------------------------

  /** Perform an action; Home Assistant shows what went wrong. */
  #call(action, data, target) {
    const [domain, name] = action.split(".");
    const done = this.#hass.callService(domain, name, data, target);
    done.catch(() => {});
    return done;
  }

  get #powerSwitch() {
    return this.#hass.states[entitiesOf(this.#hass, this.#place.power).switch];
  }

  #switchPower() {
    const power = this.#powerSwitch;
    this.#call(power.state === "on" ? "switch.turn_off" : "switch.turn_on", {}, {
      entity_id: power.entity_id,
    });
  }

  // -- what ends a hold -------------------------------------------------------------------------

  #release = () => this.#face?.release();

  #onVisibility = () => {
    if (document.hidden) this.#release();
  };

  /** No key and no finger is told to a page that nobody looks at any more. */
  #endings(change) {
    window[change]("blur", this.#release);
    window[change]("pagehide", this.#release);
    document[change]("visibilitychange", this.#onVisibility);
  }
}

/** Throw what is wrong with a configuration. */
function check(config) {
  if (!config || typeof config.entity !== "string" || !ENTITY.test(config.entity)) {
    throw new Error(textsOf().needs_entity);
  }
}

function isOffered(hass, entityId) {
  const entity = hass?.entities?.[entityId];
  const keys = OFFERED[domainOf(entityId)];
  return entity?.platform === "crcp" && Boolean(keys?.includes(entity.translation_key))
    && placeOf(hass, entityId) !== null;
}

// Somebody may have added this file by hand besides: a name can be given once.
if (!customElements.get(TYPE)) {
  customElements.define(TYPE, CrcpCard);
  const text = textsOf();
  window.customCards ??= [];
  window.customCards.push({
    type: TYPE,
    name: text.card_name,
    description: text.card_description,
    preview: true,
    documentationURL: "https://github.com/crcp-maintainers/crcp#the-card",
    getEntitySuggestion: (hass, entityId) =>
      isOffered(hass, entityId)
        ? { config: { type: `custom:${TYPE}`, entity: entityId } }
        : null,
  });
}
