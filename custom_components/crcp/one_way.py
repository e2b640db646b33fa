"""A unit that cannot answer (section 4 of the draft): told by datagram, and taken at our word."""

from collections.abc import Callable, Iterable
from dataclasses import replace
import time
from typing import Final, override

from homeassistant.exceptions import HomeAssistantError

from .const import CONF_PARAMETERS, CONF_SUBUNITS, DOMAIN
from .coordinator import UnitCoordinator
from .dial import open_one_way
from .errors import DEVICE_ERRORS, as_update_failed, invalid
from .parameter_words import WORDS
from .protocols.crcp.client import OneWayController
from .protocols.crcp.codec import parse_subunit
from .protocols.crcp.codes import ReplyCode
from .protocols.crcp.commands import Commands, UnitState
from .protocols.crcp.messages import Amount, Command, Reply, Subunit
from .protocols.crcp.status import CameraStatus, Parameter, TapeAbility, TapeStatus, UnitStatus
from .protocols.crcp.subunits import CAMERA, MOTIONS, POWER, TAPE
from .tapes import UNKNOWN

#: How far a parameter goes in its unit of measure (section 9 of the draft), and with how many
#: decimals. Nobody tells how far this unit goes: it will stop where it can go no further.
_DEGREES: Final = (-360.0, 360.0, 1)
_METRES: Final = (-100.0, 100.0, 2)
_SCALE: Final = (-10000.0, 10000.0, 1)
_RANGES: Final = {
    **dict.fromkeys(("ROLL", "PAN", "TILT"), _DEGREES),
    **dict.fromkeys(("HORI", "VERT", "DEPT"), _METRES),
    "ZOOM": (0.0, 100.0, 1),
    "WHIT": (1000.0, 20000.0, 0),
}

#: What may be sent to any tape; whether it does it, nobody will hear.
_TAPE_COMMANDS: Final = ("PLAY", "PAUS", "RECO", "FF")


class OneWay(Commands):
    """A controller's vocabulary without its questions. sent: is told of each command."""

    def __init__(self, controller: OneWayController, sent: Callable[[Command], None]) -> None:
        super().__init__(time.monotonic)
        self._controller = controller
        self._sent = sent

    @override
    async def exchange(self, command: Command) -> Reply:
        if command.name == "STAT":
            raise invalid("cannot_be_asked")
        self._controller.send(command)
        self._sent(command)
        return Reply(ReplyCode.OKAY, ("",))

    @override
    async def set_value(self, subunit: Subunit, name: str, value: float) -> None:
        self._controller.set_value(subunit, name, value)
        if value >= 0:
            self._sent(Command(name, subunit, Amount(value)))
        else:
            # Two commands in one datagram have brought it there, by way of zero.
            self._sent(Command(name, subunit, Amount(0)))
            self._sent(Command(name, subunit, Amount(value, relative=True)))

    @override
    async def in_order(self, subunit: Subunit, names: Iterable[str]) -> list[str]:
        """Motions first: the order among them is the unit's own, and it cannot tell it."""
        return sorted(names, key=lambda name: name not in MOTIONS)


class OneWayCoordinator(UnitCoordinator):
    """A unit of which only what was sent is known."""

    one_way = True

    _commands: OneWay | None = None

    @property
    @override
    def controller(self) -> Commands:
        if self._commands is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="not_connected")
        return self._commands

    @override
    async def async_begin(self) -> None:
        await super().async_begin()
        await self.endings.settle()

    @override
    async def _async_setup(self) -> None:
        """Open the socket; the unit hears nothing of it."""
        await self._memory.recall()
        try:
            controller = await open_one_way(self.config_entry.data)
        except DEVICE_ERRORS as error:
            raise as_update_failed(error) from error
        self.config_entry.async_on_unload(controller.close)
        self._commands = OneWay(controller, self._sent)

    @override
    async def _async_update_data(self) -> UnitState:
        """What the entry says that the unit has, as it was told before."""
        if self._begun.is_set():
            return self.data
        told = self.known.state
        subunits = [parse_subunit(each) for each in self.config_entry.data[CONF_SUBUNITS]]
        unit = UnitStatus({subunit: str(subunit) for subunit in subunits if subunit})
        self.known.state = state = UnitState(
            unit,
            power=dict.fromkeys(unit.of_kind(POWER)),
            tapes={tape: told.tapes.get(tape) or _some_tape() for tape in unit.of_kind(TAPE)},
            cameras={
                each: self._some_camera(told.cameras.get(each)) for each in unit.of_kind(CAMERA)
            },
        )
        self.powers.read(state.power)
        for tape, status in state.tapes.items():
            self.tape(tape).read(status, self.hass.loop.time())
        return state

    @override
    async def _wait_for_link(self) -> None:
        """There is nothing to wait for."""

    def _some_camera(self, told: CameraStatus | None) -> CameraStatus:
        chosen = self.config_entry.data.get(CONF_PARAMETERS, ())
        names = [name for name, words in WORDS.items() if words.key in chosen]
        known = told.parameters if told else {}
        return CameraStatus({name: _some_parameter(name, known.get(name)) for name in names})

    def _sent(self, command: Command) -> None:
        """Take it that the unit has heard this, and has done it.

        What a person has taken out of the entry meanwhile may still have to be stopped.
        """
        subunit = command.subunit
        if subunit in self.data.tapes:
            status = replace(self.data.tapes[subunit], operation=command.name)
            self.tape(subunit).read(status, self.hass.loop.time())
            self._publish(replace(self.data, tapes={**self.data.tapes, subunit: status}))
        elif subunit in self.data.cameras and isinstance(command.argument, Amount):
            self._assume_value(subunit, command.name, command.argument)

    def _assume_value(self, subunit: Subunit, name: str, amount: Amount) -> None:
        parameters = self.data.cameras[subunit].parameters
        parameter = parameters.get(name) or Parameter(name, name)
        value: float | None = amount.value
        if amount.relative:
            value = None if parameter.current is None else parameter.current + amount.value
        self.targets.forget(subunit, (name,))
        camera = CameraStatus({**parameters, name: replace(parameter, current=value)})
        self._publish(replace(self.data, cameras={**self.data.cameras, subunit: camera}))


def _some_parameter(name: str, told: Parameter | None) -> Parameter:
    low, high, decimals = _RANGES.get(name, _SCALE)
    current = told.current if told else None
    return Parameter(name, name, low, current, high, decimals=decimals)


def _some_tape() -> TapeStatus:
    return TapeStatus(UNKNOWN, None, {name: TapeAbility(name) for name in _TAPE_COMMANDS})
