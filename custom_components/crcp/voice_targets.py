"""Who is meant: from what was said to one of our entities, or to the question which one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from homeassistant.components.media_player import (
    DOMAIN as MEDIA_PLAYER,
    MediaPlayerEntityFeature,
)
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.intent import (
    MatchFailedReason as Reason,
    MatchTargetsConstraints,
    MatchTargetsPreferences,
    async_match_targets,
    find_areas,
)

from .const import DOMAIN

#: The assistant whose exposed entities count.
ASSISTANT: Final = "conversation"

_NOBODY: Final = ("nothing_can", "unknown_name", "unknown_area", "unknown_preset", "unknown_player")


class Unclear(Exception):
    """What was said cannot be done as it stands. key and facts: the reply that says why."""

    def __init__(self, key: str, **facts: str) -> None:
        super().__init__(key)
        self.key = key
        self.facts = facts

    @property
    def is_nobody(self) -> bool:
        """Whether nobody here is meant, so that others may know more of it."""
        return self.key in _NOBODY


class WhichOne(Unclear):
    """Several are meant: their states, and what each of them is called."""

    def __init__(self, states: list[State], names: list[str]) -> None:
        super().__init__("which_one")
        self.states = states
        self.names = names


class NotExposed(Unclear):
    """All that are meant are hidden from voice assistants. names: what they are called."""

    def __init__(self, names: list[str]) -> None:
        super().__init__("not_exposed")
        self.names = names


@dataclass(frozen=True, slots=True)
class Wanted:
    """A kind of entity: its domain and its translation key; called: its own name, for presets."""

    domain: str
    key: str
    called: str = ""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said about who: name, area; near: the area in which it was said."""

    name: str = ""
    area: str = ""
    near: str = ""
    assistant: str | None = ASSISTANT


@dataclass(frozen=True, slots=True)
class Found:
    """An entity, what its device is called, and what it is called itself beside that."""

    state: State
    device: str
    name: str = ""

    @property
    def entity_id(self) -> str:
        """Its id."""
        return self.state.entity_id


@callback
def find(hass: HomeAssistant, wanted: Wanted, spoken: Spoken) -> Found:
    """The one entity that is meant. Raises Unclear."""
    able = list(_ours(hass, wanted))
    if not able:
        _raise_unable(hass, wanted, spoken.name)
    named = _called(hass, able, spoken.name) if spoken.name else able
    area = spoken.area
    if not named:
        if not any(find_areas(spoken.name, ar.async_get(hass))):
            _raise_unable(hass, wanted, spoken.name)
        named, area = able, spoken.name
    return _choose(hass, named, area, spoken)


@callback
def find_player(hass: HomeAssistant, name: str, spoken: Spoken) -> Found | None:
    """A screen of the house that shows pictures: by its name, or the one where it was said.

    None if none was named and it is not plain which one. Raises Unclear.
    """
    registry = er.async_get(hass)
    players = hass.states.async_all(MEDIA_PLAYER)
    others = [each for each in players if not _is_ours(registry.async_get(each.entity_id))]
    constraints = MatchTargetsConstraints(
        name=name or None,
        area_name=None if name else spoken.near,
        features=MediaPlayerEntityFeature.PLAY_MEDIA,
        assistant=spoken.assistant,
        allow_duplicate_names=True,
        single_target=True,
    )
    if others and (name or spoken.near):
        near = MatchTargetsPreferences(area_id=spoken.near or None)
        result = async_match_targets(hass, constraints, near, others)
        if result.is_match:
            return Found(result.states[0], result.states[0].name)
        if name and result.no_match_reason is Reason.MULTIPLE_TARGETS:
            raise WhichOne(result.states, [each.name for each in result.states])
        if name and result.no_match_reason is Reason.ASSISTANT:
            raise NotExposed([name])
    if name:
        raise Unclear("unknown_player", player=name)
    return None


@callback
def has_exposed(hass: HomeAssistant, wanted: Wanted, assistant: str) -> bool:
    """Whether an assistant sees an entity of this kind."""
    states = [state for _, state in _ours(hass, wanted)]
    constraints = MatchTargetsConstraints(assistant=assistant)
    return bool(states) and async_match_targets(hass, constraints, states=states).is_match


# -- helpers ---------------------------------------------------------------------------------------

type _Candidate = tuple[er.RegistryEntry, State]


def _ours(hass: HomeAssistant, wanted: Wanted) -> Iterator[_Candidate]:
    registry, called = er.async_get(hass), _plain(wanted.called)
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
            if entity.domain != wanted.domain or entity.translation_key != wanted.key:
                continue
            state = hass.states.get(entity.entity_id)
            if state and (not called or called in _own_names(entity)):
                yield entity, state


def _is_ours(entity: er.RegistryEntry | None) -> bool:
    return entity is not None and entity.platform == DOMAIN


def _own_names(entity: er.RegistryEntry) -> set[str]:
    aliases = (alias for alias in entity.aliases if isinstance(alias, str))
    return {_plain(name) for name in (entity.name, entity.original_name, *aliases) if name}


def _called(hass: HomeAssistant, able: list[_Candidate], name: str) -> list[_Candidate]:
    """Those whose entity or device is called so; or else those whose names have all its words."""
    plain = _plain(name)
    exact = [each for each in able if plain in _names(hass, each[0])]
    if exact:
        return exact
    said = set(plain.split())
    return [each for each in able if said <= set(" ".join(_names(hass, each[0])).split())]


def _names(hass: HomeAssistant, entity: er.RegistryEntry) -> set[str]:
    """Every name that means an entity: its own, its device's, and its unit's."""
    names = {*er.async_get_entity_aliases(hass, entity), *_chain(hass, entity)}
    names |= {_device_name(hass, entity), entity.entity_id}
    return {_plain(name) for name in names if name}


def _chain(hass: HomeAssistant, entity: er.RegistryEntry) -> list[str]:
    """The names of an entity's device and of what that is a part of, the outermost first."""
    registry, names = dr.async_get(hass), []
    device_id = entity.device_id
    while device_id and (device := registry.async_get(device_id)):
        names.append(device.name_by_user or device.name or "")
        device_id = device.parent_device_id if isinstance(device, dr.ChildDeviceEntry) else None
    return [name for name in reversed(names) if name]


def _device_name(hass: HomeAssistant, entity: er.RegistryEntry) -> str:
    return " ".join(_chain(hass, entity))


def _choose(hass: HomeAssistant, candidates: list[_Candidate], area: str, spoken: Spoken) -> Found:
    """Of those who can do it, the one that is exposed, and there. Raises Unclear."""
    entities = {state.entity_id: entity for entity, state in candidates}

    def names(states: list[State]) -> list[str]:
        return _distinct(hass, [entities[state.entity_id] for state in states])

    constraints = MatchTargetsConstraints(
        area_name=area or None, assistant=spoken.assistant, single_target=True
    )
    near = MatchTargetsPreferences(area_id=spoken.near or None)
    states = [state for _, state in candidates]
    result = async_match_targets(hass, constraints, near, states)
    match result.no_match_reason:
        case None:
            chosen = result.states[0]
        case Reason.MULTIPLE_TARGETS:
            raise WhichOne(result.states, names(result.states))
        case Reason.ASSISTANT:
            raise NotExposed(names(states))
        case Reason.INVALID_AREA:
            raise Unclear("unknown_area", area=area)
        case _:
            raise Unclear("nothing_in_area", area=area)
    entity = entities[chosen.entity_id]
    device = _device_name(hass, entity)
    if chosen.state == STATE_UNAVAILABLE:
        raise Unclear("not_reachable", device=device)
    return Found(chosen, device, entity.name or entity.original_name or "")


def _distinct(hass: HomeAssistant, entities: list[er.RegistryEntry]) -> list[str]:
    """What to call entities so that each has a name of its own: by device, entity, or place."""
    for name in (_device_name, er.async_get_full_entity_name, _name_and_place):
        names = [name(hass, entity) for entity in entities]
        if len(set(names)) == len(names):
            return sorted(names)
    return sorted(entity.entity_id for entity in entities)


def _name_and_place(hass: HomeAssistant, entity: er.RegistryEntry) -> str:
    """The device's name with that of its area."""
    device = dr.async_get(hass).async_get(entity.device_id or "")
    area_id = entity.area_id or (device and dr.async_get_effective_area_id(hass, device))
    area = ar.async_get(hass).async_get_area(area_id or "")
    return f"{_device_name(hass, entity)} ({area.name if area else '?'})"


def _raise_unable(hass: HomeAssistant, wanted: Wanted, name: str) -> NoReturn:
    """Say that nobody can do it: who was named, or nobody at all."""
    if wanted.called:
        raise Unclear("unknown_preset", preset=wanted.called)
    if not name:
        raise Unclear("nothing_can")
    everybody = [
        (entity, state)
        for entity in er.async_get(hass).entities.values()
        if _is_ours(entity) and (state := hass.states.get(entity.entity_id))
    ]
    if devices := {_device_name(hass, entity) for entity, _ in _called(hass, everybody, name)}:
        raise Unclear("cannot", device=min(devices) if len(devices) == 1 else name)
    raise Unclear("unknown_name", name=name)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
