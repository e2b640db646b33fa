/**
 * Where an entity stands in its unit. A unit is a device, and its subunits are devices below it;
 * the integration's identifiers say which subunit a device is, whatever people call it.
 */

const SUBUNIT = /_(POWER|STREAM|TAPE|CAMERA)(\d+)$/;

/** The subunit that a device is: its kind and its number; null for any other device. */
export function subunitOf(hass, deviceId) {
  for (const [domain, identity] of hass.devices?.[deviceId]?.identifiers ?? []) {
    const found = domain === "crcp" && SUBUNIT.exec(identity);
    if (found) return { kind: found[1], number: Number(found[2]), deviceId };
  }
  return null;
}

/**
 * The part of a unit that a card for an entity shows; null for an entity of anything else.
 *
 * face: "deck" or "camera". unit: the unit's device. tape, head, stream, power: the devices of the
 * subunits that belong together, as far as the unit has them. What has no subunit of its own
 * number shares the only one that there is.
 */
export function placeOf(hass, entityId) {
  const own = subunitOf(hass, hass.entities?.[entityId]?.device_id);
  if (!own || own.kind === "POWER") return null;
  const unit = hass.devices[own.deviceId].parent_device_id;
  const parts = Object.values(hass.devices)
    .filter((device) => unit && device.parent_device_id === unit)
    .map((device) => subunitOf(hass, device.id))
    .filter(Boolean);
  const partner = (kind) => {
    const all = parts.filter((part) => part.kind === kind);
    const same = all.find((part) => part.number === own.number);
    return (same ?? (all.length === 1 ? all[0] : undefined))?.deviceId;
  };
  const powers = parts.filter((part) => part.kind === "POWER");
  const power = [own.number, 0].map((n) => powers.find((part) => part.number === n)).find(Boolean);
  return {
    face: own.kind === "TAPE" ? "deck" : "camera",
    unit,
    tape: partner("TAPE"),
    head: own.kind === "CAMERA" ? own.deviceId : partner("CAMERA"),
    stream: own.kind === "STREAM" ? own.deviceId : partner("STREAM"),
    power: power?.deviceId,
  };
}

/** The entities of a device, by "domain.what it does"; of scenes, which all do the same, any one. */
export function entitiesOf(hass, deviceId) {
  const found = {};
  for (const entity of ours(hass, deviceId)) {
    const key = entity.translation_key ? `.${entity.translation_key}` : "";
    found[`${domainOf(entity.entity_id)}${key}`] = entity.entity_id;
  }
  return found;
}

/** The scenes of a camera, in the order of their names. */
export function presetsOf(hass, deviceId) {
  return ours(hass, deviceId)
    .filter((entity) => domainOf(entity.entity_id) === "scene" && !entity.hidden)
    .map((entity) => ({ entityId: entity.entity_id, name: nameOf(hass, entity) }))
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** What a device is called. */
export function deviceName(hass, deviceId) {
  const device = hass.devices?.[deviceId];
  return device?.name_by_user || device?.name || "";
}

export function domainOf(entityId) {
  return entityId.slice(0, entityId.indexOf("."));
}

/** Lists of our entities by device, for each registry that Home Assistant has shown. */
const INDICES = new WeakMap();

/** The entities of a device. A house has thousands, and something changes all the time. */
function ours(hass, deviceId) {
  const entities = hass.entities ?? {};
  if (!INDICES.has(entities)) {
    const index = new Map();
    for (const entity of Object.values(entities)) {
      if (entity.platform !== "crcp") continue;
      if (!index.has(entity.device_id)) index.set(entity.device_id, []);
      index.get(entity.device_id).push(entity);
    }
    INDICES.set(entities, index);
  }
  return (deviceId && INDICES.get(entities).get(deviceId)) || [];
}

function nameOf(hass, entity) {
  const told = hass.states[entity.entity_id]?.attributes.friendly_name;
  return entity.name || told || entity.entity_id;
}
