"""Asking a unit: for everything at first, then about each part when it is due."""

from collections.abc import Callable, Iterable
from dataclasses import replace
import logging
from typing import Final

from .errors import is_passing
from .known import Known
from .polling import Part, Timetable
from .protocols.crcp.client import Controller
from .protocols.crcp.commands import UnitState
from .protocols.crcp.errors import Refused
from .protocols.crcp.messages import Subunit
from .protocols.crcp.status import UnitStatus
from .protocols.crcp.subunits import CAMERA, POWER, TAPE

_LOGGER = logging.getLogger(__name__)

#: What was commanded is watched for so many seconds, even if nothing moves yet: motors start late.
STIRRED: Final = 1.2

#: The order in which parts are asked: whether there is power decides what else there is to ask.
_ORDER: Final = (POWER, TAPE, CAMERA)


class Asking:
    """What is asked of one unit, and when.

    publish: is told each new state. changed: is told that something beyond the state has changed.
    clock: tells the event loop's time.
    """

    def __init__(
        self,
        known: Known,
        publish: Callable[[UnitState], None],
        changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._known = known
        self._publish = publish
        self._changed = changed
        self._clock = clock
        self._timetable = Timetable()
        self._stirred: dict[Subunit, float] = {}

    def due(self) -> list[Part]:
        """The parts to be asked now."""
        return self._timetable.due(self._parts, self._clock())

    def wait(self) -> float:
        """Seconds until the next part is due."""
        return self._timetable.wait(self._parts, self._clock())

    def hurry(self) -> None:
        """Ask everything next."""
        self._timetable.hurry(*self._parts)

    def stir(self, subunit: Subunit) -> None:
        """A command was given: keep watching while it takes effect."""
        self._stirred[subunit] = self._clock() + STIRRED

    async def survey(self, client: Controller) -> UnitState:
        """Ask for everything; what is off and does not tell is as it was."""
        told = await client.survey()
        old = self._known.state
        # What was read a moment ago is not forgotten for one "not now".
        not_now = [power for power in told.power if _not_now(told, power)]
        power = {**told.power, **{each: old.power.get(each) for each in not_now}}
        self._known.powers.read(power)
        off = [each for each in told.unit.subunits if self._known.powers.is_off(each)]
        state = replace(
            told,
            power=power,
            tapes={**_only(old.tapes, off), **told.tapes},
            cameras={**_only(old.cameras, off), **told.cameras},
        )
        self._known.state = state
        self._known.forget_gone_tapes()
        self._tell_of_what_is_left_out(old.unit, state.unit)
        self._plan_all(state)
        return state

    async def ask(self, client: Controller, part: Part) -> None:
        """Ask about one part and publish what is new."""
        try:
            if part is None:
                self._take_unit(await client.unit_status())
            elif part.kind == POWER:
                await self._ask_power(client, part)
            elif part.kind == TAPE:
                await self._ask_tape(client, part)
            elif part.kind == CAMERA:
                await self._ask_camera(client, part)
        except Refused as refused:
            if client.closed or (part is None and not is_passing(refused)):
                raise
            # Not now; or it is off by now, or is no more, which the next list will tell.
            self._plan(part)

    @property
    def _parts(self) -> list[Part]:
        """What there is to ask: of what is off nothing but its power."""
        powers, subunits = self._known.powers, self._known.state.unit.subunits
        listed = [each for kind in _ORDER for each in subunits if each.kind == kind]
        return [None, *(p for p in listed if p.kind == POWER or not powers.is_off(p))]

    async def _ask_power(self, client: Controller, power: Subunit) -> None:
        told = await client.power_status(power)
        state, powers = self._known.state, self._known.powers
        before = powers.is_on(power)
        self._publish(replace(state, power={**state.power, power: told}))
        powers.read(self._known.state.power)
        if powers.is_on(power) is not before:
            self.hurry()
            self._changed()
        self._plan(power)

    async def _ask_tape(self, client: Controller, subunit: Subunit) -> None:
        status = await client.tape_status(subunit)
        tape, state = self._known.tape(subunit), self._known.state
        wound = tape.operation == "FF"
        tape.read(status, self._clock())
        self._publish(replace(state, tapes={**state.tapes, subunit: status}))
        self._plan(subunit, moves=status.operation != "PAUS" or self._is_stirred(subunit))
        arrived = status.operation == "PAUS" and (wound or not self._is_stirred(subunit))
        if arrived and tape.resume:
            motion, tape.resume = tape.resume, None
            await client.move_tape(subunit, "PLAY", motion)
            tape.commanded("PLAY", motion.speed or 1.0)
            self._timetable.hurry(subunit)

    async def _ask_camera(self, client: Controller, subunit: Subunit) -> None:
        status = await client.camera_status(subunit)
        # What goes below zero was sent by a difference, which may have missed.
        moves = await client.correct(subunit, status) or client.is_aiming(subunit)
        state = self._known.state
        if self._is_stirred(subunit):
            moves = True
        else:
            moves |= self._known.targets.read(subunit, state.cameras.get(subunit), status)
        self._publish(replace(state, cameras={**state.cameras, subunit: status}))
        self._plan(subunit, moves=moves)

    def _take_unit(self, unit: UnitStatus) -> None:
        old = self._known.state
        if unit != old.unit:
            there = unit.subunits
            # One that was here before would be asked again only when it was due then.
            self._timetable.hurry(*(set(there) - set(old.unit.subunits)))
            self._publish(
                replace(
                    old,
                    unit=unit,
                    power={each: old.power.get(each) for each in unit.of_kind(POWER)},
                    tapes=_only(old.tapes, there),
                    cameras=_only(old.cameras, there),
                )
            )
            self._known.powers.read(self._known.state.power)
            self._known.forget_gone_tapes()
            self._tell_of_what_is_left_out(old.unit, unit)
        self._plan(None)

    def _tell_of_what_is_left_out(self, before: UnitStatus, now: UnitStatus) -> None:
        if now.left_out > before.left_out:
            _LOGGER.warning(
                "A unit lists %d subunits; only the first %d are shown: %s",
                len(now.subunits) + now.left_out,
                len(now.subunits),
                ", ".join(map(str, now.subunits)),
            )

    def _plan_all(self, state: UnitState) -> None:
        now = self._clock()
        for subunit, status in state.tapes.items():
            self._known.tape(subunit).read(status, now)
        for part in (None, *state.power):
            self._plan(part)
        for tape, status in state.tapes.items():
            self._plan(tape, moves=status.operation != "PAUS")
        for camera in state.cameras:
            # One reading does not tell whether it moves.
            self._plan(camera, moves=True)

    def _is_stirred(self, subunit: Subunit) -> bool:
        return self._stirred.get(subunit, 0.0) > self._clock()

    def _plan(self, part: Part, *, moves: bool = False) -> None:
        powers = self._known.powers
        off = powers.all_off if part is None else powers.is_off(part)
        self._timetable.answered(part, self._clock(), moves=moves, off=off)


def _only[T](told: dict[Subunit, T], subunits: Iterable[Subunit]) -> dict[Subunit, T]:
    wanted = set(subunits)
    return {subunit: status for subunit, status in told.items() if subunit in wanted}


def _not_now(state: UnitState, power: Subunit) -> bool:
    refused = state.refused.get(power)
    return refused is not None and is_passing(refused)
