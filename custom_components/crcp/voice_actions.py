"""What is done when it is asked for: each by Home Assistant's own actions, on behalf of who asked."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.components.button import DOMAIN as BUTTON
from homeassistant.components.media_player import (
    ATTR_MEDIA_POSITION,
    ATTR_MEDIA_POSITION_UPDATED_AT,
    DOMAIN as MEDIA_PLAYER,
    MediaPlayerState,
)
from homeassistant.components.number import ATTR_MAX, ATTR_MIN, DOMAIN as NUMBER
from homeassistant.components.scene import DOMAIN as SCENE
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.components.switch import DOMAIN as SWITCH
from homeassistant.const import ATTR_ENTITY_ID, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.intent import Intent
from homeassistant.util import dt as dt_util

from .parameter_words import BY_KEY
from .photo_today import async_count_today
from .photo_types import JPEG, is_previewed, mime_of
from .voice_targets import Found, Spoken, Unclear, Wanted, WhichOne, find, find_player
from .voice_words import Words

TAPE: Final = Wanted(MEDIA_PLAYER, "tape")
SHUTTER: Final = Wanted(BUTTON, "take_picture")
STOP: Final = Wanted(BUTTON, "stop")
PRESET: Final = Wanted(SCENE, "preset")
PHOTOS: Final = Wanted(SENSOR, "photos_imported")
LAST_PHOTO: Final = Wanted(SENSOR, "last_photo")

#: Where to look, and the buttons that look a little there.
DIRECTIONS: Final = {
    "left": ("pan_left",),
    "right": ("pan_right",),
    "up": ("tilt_up",),
    "down": ("tilt_down",),
    "up left": ("tilt_up", "pan_left"),
    "up right": ("tilt_up", "pan_right"),
    "down left": ("tilt_down", "pan_left"),
    "down right": ("tilt_down", "pan_right"),
    "in": ("zoom_in",),
    "out": ("zoom_out",),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """An intent that is being handled: what was asked for, of whom, and in which language."""

    hass: HomeAssistant
    intent: Intent
    slots: Mapping[str, Any]
    words: Words

    @property
    def spoken(self) -> Spoken:
        """Who is meant."""
        slots = self.slots
        return Spoken(
            slots.get("name", ""),
            slots.get("area", ""),
            slots.get("preferred_area_id", ""),
            self.intent.assistant,
        )

    def find(self, wanted: Wanted) -> Found:
        """The one entity that is meant. Raises Unclear."""
        return find(self.hass, wanted, self.spoken)

    async def act(self, found: Found, action: str, **data: Any) -> None:
        """Call an action for an entity, on behalf of who asked. Raises HomeAssistantError."""
        domain, service = action.split(".")
        await self.hass.services.async_call(
            domain,
            service,
            {ATTR_ENTITY_ID: found.entity_id, **data},
            blocking=True,
            context=self.intent.context,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: the reply's key and facts, and about which entity it is."""

    about: State
    key: str
    facts: Mapping[str, object]
    is_query: bool = False


#: Raises Unclear, or HomeAssistantError.
type Verb = Callable[[Asked], Awaitable[Answer]]


async def take_picture(asked: Asked) -> Answer:
    """Release a camera's shutter."""
    found = asked.find(SHUTTER)
    await asked.act(found, "button.press")
    return Answer(found.state, "took_picture", {"device": found.device})


async def play(asked: Asked) -> Answer:
    """Play a tape."""
    found = asked.find(TAPE)
    await asked.act(found, "media_player.media_play")
    return Answer(found.state, "plays", {"device": found.device})


async def record(asked: Asked) -> Answer:
    """Record for a time, or until somebody stops it; the guard has the last word."""
    found, duration = asked.find(TAPE), asked.slots.get("duration")
    if duration is None:
        await asked.act(found, "crcp.record")
        return Answer(found.state, "records", {"device": found.device})
    await asked.act(found, "crcp.record", duration={"seconds": duration})
    facts = {"device": found.device, "duration": asked.words.time(duration)}
    return Answer(found.state, "records_for", facts)


async def wind(asked: Asked) -> Answer:
    """Wind a tape forward or backward: to its end, or for so many seconds of tape."""
    found, direction = asked.find(TAPE), asked.slots["direction"]
    if duration := asked.slots.get("duration"):
        here = _position(found)
        there = here + duration if direction == "forward" else here - duration
        return await _go_to(asked, found, max(there, 0))
    await asked.act(found, "crcp.wind", direction=direction)
    return Answer(found.state, f"winds_{direction}", {"device": found.device})


async def go_to(asked: Asked) -> Answer:
    """Wind a tape to a position."""
    return await _go_to(asked, asked.find(TAPE), asked.slots["position"])


async def _go_to(asked: Asked, found: Found, position: float) -> Answer:
    await asked.act(found, "crcp.go_to", position=position)
    facts = {"device": found.device, "position": asked.words.time(position)}
    return Answer(found.state, "goes_to" if position else "goes_to_start", facts)


async def stop(asked: Asked) -> Answer:
    """Stop a tape, or whatever moves at a camera."""
    is_tape = asked.slots["what"] == "tape"
    found = asked.find(TAPE if is_tape else STOP)
    await asked.act(found, "media_player.media_stop" if is_tape else "button.press")
    return Answer(found.state, "stopped", {"device": found.device})


async def set_parameter(asked: Asked) -> Answer:
    """Set a number of a unit's camera."""
    found, value = asked.find(Wanted(NUMBER, asked.slots["parameter"])), asked.slots["value"]
    number, known = asked.words.number, found.state.attributes
    unit = known.get(ATTR_UNIT_OF_MEASUREMENT, "")
    facts = {"device": found.device, "parameter": found.name, "value": number(value, unit)}
    if not known[ATTR_MIN] <= value <= known[ATTR_MAX]:
        facts |= {"least": number(known[ATTR_MIN]), "most": number(known[ATTR_MAX], unit)}
        raise Unclear("outside", **facts)
    await asked.act(found, "number.set_value", value=value)
    return Answer(found.state, "set", facts)


async def set_control(asked: Asked) -> Answer:
    """Give a parameter to the camera's own control, or take it back."""
    words, by = BY_KEY[asked.slots["parameter"]], asked.slots["control"]
    found = asked.find(Wanted(SWITCH, words.automatic))
    await asked.act(found, "switch.turn_on" if by == "automatic" else "switch.turn_off")
    return Answer(found.state, f"set_{by}", {"device": found.device, "switch": found.name})


async def look(asked: Asked) -> Answer:
    """Move a unit's camera by a small step, or to two sides by one each."""
    keys = DIRECTIONS[asked.slots["direction"]]
    # All are there before the first moves.
    buttons = [asked.find(Wanted(BUTTON, key)) for key in keys]
    for button in buttons:
        await asked.act(button, "button.press")
    return Answer(buttons[0].state, "looks", {"device": buttons[0].device})


async def recall_preset(asked: Asked) -> Answer:
    """Bring a camera to a preset, by its scene."""
    preset = asked.slots["preset"]
    found = asked.find(Wanted(PRESET.domain, PRESET.key, preset))
    await asked.act(found, "scene.turn_on")
    return Answer(found.state, "goes_to_preset", {"device": found.device, "preset": preset})


async def count_photos(asked: Asked) -> Answer:
    """Count what came today; of all cameras together where none was named."""
    try:
        states = [asked.find(PHOTOS).state]
    except WhichOne as several:
        states = several.states
    count = await async_count_today(asked.hass, [state.entity_id for state in states])
    key = {0: "no_photos_today", 1: "one_photo_today"}.get(count, "photos_today")
    return Answer(states[0], key, {"count": count}, is_query=True)


async def show_last_picture(asked: Asked) -> Answer:
    """Show a camera's last picture on the screen that was named, or is where it was asked for.

    Without one: say which picture it is.
    """
    found = asked.find(LAST_PHOTO)
    photo = found.state.attributes
    if "media_content_id" not in photo:
        return Answer(found.state, "no_photo_yet", {"device": found.device}, is_query=True)
    if player := find_player(asked.hass, asked.slots.get("player", ""), asked.spoken):
        name = photo["file_name"]
        await asked.act(
            player,
            "media_player.play_media",
            media_content_id=photo["media_content_id"],
            media_content_type=JPEG if is_previewed(name) else mime_of(name),
        )
        return Answer(
            found.state, "last_photo_shown", {"device": found.device, "player": player.device}
        )
    when = _when(dt_util.parse_datetime(found.state.state, raise_on_error=True), asked.words)
    facts = {"device": found.device, "file": photo["file_name"], "when": when}
    return Answer(found.state, "last_photo", facts, is_query=True)


def _position(found: Found) -> float:
    """Where a tape is by now, in seconds. Raises Unclear."""
    known = found.state.attributes
    position, told = known.get(ATTR_MEDIA_POSITION), known.get(ATTR_MEDIA_POSITION_UPDATED_AT)
    if position is None:
        raise Unclear("no_counter", device=found.device)
    if found.state.state != MediaPlayerState.PLAYING or told is None:
        return float(position)
    return float(position + (dt_util.utcnow() - told).total_seconds())


def _when(moment: datetime, words: Words) -> str:
    """A moment as a person says it: today at 10:31."""
    local = dt_util.as_local(moment)
    if local.date() == dt_util.now().date():
        return words.say("today_at", time=f"{local:%H:%M}")
    return words.say("on_day_at", time=f"{local:%H:%M}", date=words.date(local))
