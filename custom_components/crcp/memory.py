"""What a unit was when it last told, kept over a restart: one that is off then is still that unit."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
import voluptuous as vol

from .const import DOMAIN
from .known import Known
from .moves import Key
from .protocols.crcp.codec import parse_subunit
from .protocols.crcp.commands import UnitState
from .protocols.crcp.messages import Subunit
from .protocols.crcp.status import (
    MAX_DECIMALS,
    Bounds,
    CameraStatus,
    Parameter,
    TapeAbility,
    TapeStatus,
    UnitStatus,
)
from .protocols.crcp.subunits import CAMERA_COMMANDS, TAPE, TAPE_COMMANDS
from .tapes import UNKNOWN

_VERSION: Final = 1

#: Seconds until a change is written: a set-up brings several, and a unit is seldom rebuilt.
DELAY: Final = 10.0


# -- the file ----------------------------------------------------------------------------------


def _each(fields: Mapping[str, Any]) -> dict[vol.Marker, Any]:
    """Every one of these, by name. Of subunits there may be none at all."""
    return {vol.Required(name): field for name, field in fields.items()}


_NUMBER: Final = vol.Any(int, float)
_MAYBE: Final = vol.Any(None, int, float)
_BOUNDS: Final = vol.Any(None, _each({"minimum": _MAYBE, "maximum": _MAYBE}))
_TAPE: Final = _each(
    {
        "operation": vol.In({UNKNOWN, *(form.name for form in TAPE_COMMANDS)}),
        "position": _MAYBE,
        "abilities": {str: _each({"word": str, "speed": _BOUNDS, "position": _BOUNDS})},
        "reported": str,
    }
)
_PARAMETER: Final = _each(
    {
        "name": vol.In({form.name for form in CAMERA_COMMANDS}),
        "word": str,
        "minimum": _MAYBE,
        "current": _MAYBE,
        "maximum": _MAYBE,
        "automatic": vol.Any(None, bool),
        "decimals": vol.All(int, vol.Range(min=0, max=MAX_DECIMALS)),
    }
)
_SCHEMA: Final = vol.Schema(
    _each(
        {
            "subunits": {str: str},
            "power": {str: vol.Any(None, bool)},
            "assumed": {str: bool},
            "tapes": {str: _TAPE},
            "names": {str: [str]},
            "speeds": {str: _NUMBER},
            "cameras": {str: [_PARAMETER]},
            "automatic": [vol.ExactSequence([str, str])],
            "owed": [vol.ExactSequence([str, str])],
        }
    ),
    extra=vol.REMOVE_EXTRA,
)


class Memory:
    """The memory of one unit.

    unended: tells which moves have yet to be ended. values: keep also where everything stands,
    since nobody will tell.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        known: Known,
        unended: Callable[[], Collection[Key]],
        *,
        values: bool,
    ) -> None:
        self._store = _store(hass, entry_id)
        self._known = known
        self._unended = unended
        self._values = values
        self._noting = asyncio.Lock()
        #: Of what has yet to be ended, what is surely on the disk.
        self._noted: set[Key] = set()
        self._kept: dict[str, Any] = {}
        self._is_written = True
        self._closed = False

    async def recall(self) -> bool:
        """Take what is kept as what is known; whether there is anything."""
        try:
            stored = _SCHEMA(await self._store.async_load() or {})
            _read(stored, self._known)
        except KeyError, ValueError, vol.Invalid, NotImplementedError, HomeAssistantError:
            # A file that was edited by hand, or that another version has left, tells nothing; the
            # unit will.
            return False
        self._kept = stored
        self._noted = _keys(stored["owed"])
        return True

    @callback
    def keep(self) -> None:
        """Keep what is known now, if it is new."""
        now = _written(self._known, self._unended(), values=self._values)
        if now != self._kept and not self._closed:
            self._kept, self._is_written = now, False
            self._store.async_delay_save(self._write, DELAY)

    async def note(self) -> None:
        """Have all that has yet to be ended on the disk when this returns.

        And of tapes nothing else: to stop a camera once more than needed is no harm, but a tape
        that is paused for nothing may be one that records.
        """
        async with self._noting:
            self.keep()
            unended = set(self._unended())
            new, over = unended - self._noted, self._noted - unended
            if (new or any(key[0].kind == TAPE for key in over)) and not self._closed:
                await self._store.async_save(self._write())
                self._noted = unended

    async def close(self) -> None:
        """Write what is still to be written, and nothing more."""
        async with self._noting:
            self.keep()
            self._closed = True
            if not self._is_written:
                await self._store.async_save(self._write())

    def _write(self) -> dict[str, Any]:
        self._is_written = True
        self._noted &= _keys(self._kept["owed"])
        return self._kept


async def async_forget(hass: HomeAssistant, entry_id: str) -> None:
    """Remove what is kept of a unit."""
    await _store(hass, entry_id).async_remove()


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    return Store(hass, _VERSION, f"{DOMAIN}.unit_{entry_id}")


# -- writing -----------------------------------------------------------------------------------


def _written(known: Known, unended: Iterable[Key], *, values: bool) -> dict[str, Any]:
    state = known.state
    tapes = state.tapes if values else {k: _at_rest(v) for k, v in state.tapes.items()}
    cameras = state.cameras if values else {k: _anywhere(v) for k, v in state.cameras.items()}
    return {
        "subunits": _named(state.unit.spellings),
        "power": _named(state.power),
        "assumed": _named(known.powers.assumed),
        "tapes": {str(tape): asdict(status) for tape, status in tapes.items()},
        "names": {str(tape): known.tape(tape).names for tape in tapes},
        "speeds": {str(tape): known.tape(tape).chosen_speed for tape in tapes},
        "cameras": {
            str(camera): [asdict(each) for each in status.parameters.values()]
            for camera, status in cameras.items()
        },
        "automatic": _listed(known.targets.automatic),
        "owed": _listed(unended),
    }


def _listed(keys: Iterable[Key]) -> list[list[str]]:
    return sorted([str(camera), name] for camera, name in keys)


def _named[T](things: Mapping[Subunit, T]) -> dict[str, T]:
    return {str(subunit): thing for subunit, thing in things.items()}


def _at_rest(status: TapeStatus) -> TapeStatus:
    return replace(status, operation=UNKNOWN, position=None, reported="")


def _anywhere(status: CameraStatus) -> CameraStatus:
    parameters = {k: replace(each, current=None) for k, each in status.parameters.items()}
    return CameraStatus(parameters)


# -- reading -----------------------------------------------------------------------------------


def _read(stored: Mapping[str, Any], known: Known) -> None:
    tapes = {_subunit(name): _tape(status) for name, status in stored["tapes"].items()}
    cameras = {_subunit(name): _camera(listed) for name, listed in stored["cameras"].items()}
    unit = UnitStatus(_by_subunit(stored["subunits"]))
    assumed = _by_subunit(stored["assumed"])
    automatic, owed = _keys(stored["automatic"]), _keys(stored["owed"])
    names, speeds = _by_subunit(stored["names"]), _by_subunit(stored["speeds"])
    known.state = UnitState(unit, _by_subunit(stored["power"]), tapes, cameras)
    known.powers.read(known.state.power)
    known.powers.assume(assumed)
    for tape in tapes:
        known.tape(tape).names = names[tape]
        known.tape(tape).chosen_speed = speeds[tape]
    known.targets.automatic |= automatic
    known.owed |= owed


def _subunit(name: str) -> Subunit:
    subunit = parse_subunit(name)
    if subunit is None:
        raise ValueError(name)
    return subunit


def _keys(stored: Iterable[Iterable[str]]) -> set[Key]:
    return {(_subunit(camera), name) for camera, name in stored}


def _by_subunit(stored: Mapping[str, Any]) -> dict[Subunit, Any]:
    return {_subunit(name): thing for name, thing in stored.items()}


def _tape(stored: Mapping[str, Any]) -> TapeStatus:
    abilities = {
        name: TapeAbility(each["word"], _bounds(each["speed"]), _bounds(each["position"]))
        for name, each in stored["abilities"].items()
    }
    return TapeStatus(stored["operation"], stored["position"], abilities, stored["reported"])


def _bounds(stored: Mapping[str, Any] | None) -> Bounds | None:
    return None if stored is None else Bounds(**stored)


def _camera(stored: list[dict[str, Any]]) -> CameraStatus:
    parameters = [Parameter(**each) for each in stored]
    return CameraStatus({parameter.name: parameter for parameter in parameters})
