"""What a controller can ask of a unit, command by command: no I/O, only what is said and meant."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
import contextlib
from dataclasses import dataclass

from .addresses import parse_path
from .codec import Spelling
from .codes import ReplyCode
from .errors import Busy, NotAUnit, NotAuthorised, Refused
from .login import LOGIN_COMMANDS, Credentials, first_command, next_command
from .messages import AUTO, Amount, Command, Motion, Reply, Representation, Setting, Subunit
from .rtp import PREFERRED_TYPES
from .status import (
    CameraStatus,
    Parameter,
    TapeStatus,
    UnitStatus,
    parse_camera_status,
    parse_power_status,
    parse_tape_status,
    parse_unit_status,
)
from .subunits import CAMERA, FILE, MOTIONS, POWER, TAPE

#: Winding speed where the unit lists none (section 8: "e.g. 5 for fast forward").
DEFAULT_WINDING_SPEED = 5.0

#: Section 9: "some meaningful small amount": so many of them are a whole range, about.
STEPS_IN_A_RANGE = 50

#: A difference that was computed while the camera moved misses its target; so often it is mended.
CORRECTIONS = 2


@dataclass(frozen=True, slots=True)
class UnitState:
    """Everything a unit tells about itself at one moment.

    power: None where the unit does not tell. tapes and cameras: those that answered STAT.
    """

    unit: UnitStatus
    power: dict[Subunit, bool | None]
    tapes: dict[Subunit, TapeStatus]
    cameras: dict[Subunit, CameraStatus]


class Commands(ABC):
    """A controller's vocabulary, on top of one method that exchanges a command for its reply.

    A reply of 4yz or 5yz raises Refused. Which commands the unit has answered with 500 or 502 is
    kept in unsupported: it will never do them on this connection.
    """

    def __init__(self) -> None:
        """Know nothing of the unit yet."""
        self.spelling = Spelling()
        self.unsupported: set[tuple[Subunit | None, str]] = set()
        #: Camera parameters that turned out to have no automatic mode.
        self.without_auto: set[tuple[Subunit, str]] = set()
        self._credentials: Credentials | None = None

    @abstractmethod
    async def exchange(self, command: Command) -> Reply:
        """Send a command and return its final reply, whatever it says."""

    async def execute(self, command: Command) -> Reply:
        """Send a command and return its final reply, of 2yz or 3yz. Raises Refused."""
        reply = await self.exchange(command)
        if reply.done:
            return reply
        if reply.code == ReplyCode.NOT_LOGGED_IN and self._was_logged_in(command):
            # The unit has forgotten the session: REIN, say, or a restart behind a relay.
            await self._log_in_again()
            reply = await self.exchange(command)
        if self._has_another_name(command, reply):
            self.spelling.commands[command.subunit or Subunit(TAPE), "RECO"] = "REC"
            reply = await self.exchange(command)
        # "AUTO is not implemented" says nothing of the parameter itself.
        if reply.code in _NEVER and command.argument is not AUTO:
            self.unsupported.add((command.subunit, command.name))
        if reply.failed:
            raise refusal(reply)
        return reply

    # -- CONNECTION ----------------------------------------------------------------------------

    async def log_in(self, credentials: Credentials) -> None:
        """Log in. Raises NotAuthorised when the unit, or our own caution, says no."""
        command: Command | None = first_command(credentials)
        for _ in LOGIN_COMMANDS:
            if command:
                command = next_command(credentials, await self.execute(command))
        if command:
            raise NotAuthorised(ReplyCode.NOT_LOGGED_IN, "the login does not end")
        self._credentials = credentials

    # -- what the unit is ----------------------------------------------------------------------

    async def unit_status(self) -> UnitStatus:
        """Ask for the subunits (STAT). Raises NotAUnit when the list holds none of CRCP's."""
        reply = await self.execute(Command("STAT"))
        if reply.wants_more:
            raise NotAuthorised(reply.code, reply.shown)
        status = parse_unit_status(reply)
        if not status.is_unit:
            raise NotAUnit("the list of subunits holds none of CRCP's")
        self.spelling.subunits.update(status.spellings)
        return status

    async def survey(self) -> UnitState:
        """Ask for everything: the subunits, then each POWER, TAPE and CAMERA.

        A subunit that refuses its STAT, as most do while the unit is off, is left out.
        """
        unit = await self.unit_status()
        power = {subunit: await self.power_status(subunit) for subunit in unit.of_kind(POWER)}
        tapes, cameras = {}, {}
        for subunit in unit.of_kind(TAPE):
            with contextlib.suppress(Refused):
                tapes[subunit] = await self.tape_status(subunit)
        for subunit in unit.of_kind(CAMERA):
            with contextlib.suppress(Refused):
                cameras[subunit] = await self.camera_status(subunit)
        return UnitState(unit, power, tapes, cameras)

    async def status_lines(self, subunit: Subunit) -> tuple[str, ...]:
        """Ask STAT of any subunit; the lines as the unit wrote them, for a person."""
        return (await self._stat(subunit)).lines[:-1]

    # -- POWER ---------------------------------------------------------------------------------

    async def power_status(self, subunit: Subunit) -> bool | None:
        """Ask whether the power is on; None where the unit cannot tell."""
        try:
            return parse_power_status(await self._stat(subunit))
        except Refused:
            return None

    async def set_power(self, subunit: Subunit, *, on: bool) -> None:
        """Switch the power of a POWER subunit."""
        await self.execute(Command("ON" if on else "OFF", subunit))

    # -- TAPE ----------------------------------------------------------------------------------

    async def tape_status(self, subunit: Subunit) -> TapeStatus:
        """Ask what the tape does and where it stands."""
        status = parse_tape_status(await self._stat(subunit))
        for name, ability in status.abilities.items():
            self.spelling.commands[subunit, name] = ability.word
        return status

    async def move_tape(self, subunit: Subunit, name: str, motion: Motion) -> None:
        """PLAY, RECO or FF; accepted when this returns."""
        await self.execute(Command(name, subunit, motion))

    async def pause_tape(self, subunit: Subunit) -> None:
        """Stop the tape where it is."""
        await self.execute(Command("PAUS", subunit))

    async def go_to(self, subunit: Subunit, position: float) -> TapeStatus:
        """Wind to a position in seconds; returns the status before. Poll until PAUS.

        A position below zero cannot be written, so it is reached by its difference (section 8).
        """
        status = await self.tape_status(subunit)
        here = status.position or 0.0
        ability = status.abilities.get("FF")
        bounds = ability.speed if ability else None
        if position >= here:
            speed = (bounds and bounds.maximum) or DEFAULT_WINDING_SPEED
        else:
            speed = (bounds and bounds.minimum) or -DEFAULT_WINDING_SPEED
        stop = Amount(position - here, relative=True) if position < 0 else Amount(position)
        await self.move_tape(subunit, "FF", Motion(speed, stop))
        return status

    # -- CAMERA --------------------------------------------------------------------------------

    async def camera_status(self, subunit: Subunit) -> CameraStatus:
        """Ask for the camera's parameters."""
        status = parse_camera_status(await self._stat(subunit))
        for name, parameter in status.parameters.items():
            self.spelling.commands[subunit, name] = parameter.word
        return status

    async def set_parameter(self, subunit: Subunit, name: str, setting: Setting) -> None:
        """Set one camera parameter; accepted when this returns, arrived later."""
        await self.execute(Command(name, subunit, setting))

    async def set_value(self, subunit: Subunit, name: str, value: float) -> None:
        """Bring a camera parameter to a value, below zero too.

        Section 9 reads a sign as "relative", so a negative value is reached by the difference to
        the present one, and looked at again: the present one may have been moving. Raises Refused
        501 where the unit does not tell it.
        """
        if value >= 0:
            await self.set_parameter(subunit, name, Amount(value))
            return
        first: Parameter | None = None
        for attempt in range(1 + CORRECTIONS):
            parameter = (await self.camera_status(subunit)).parameters.get(name)
            if parameter is None or parameter.current is None:
                raise Refused(ReplyCode.BAD_ARGUMENT, f"The unit does not tell where {name} stands")
            difference = value - parameter.current
            first = first or parameter
            if attempt and abs(difference) <= _precision(first, parameter):
                return
            if attempt:
                # It is on its way or stopped short. Standing still, it can be measured.
                await self.stop_motion(subunit, name)
                difference = value - await self._measured(subunit, name, parameter.current)
            await self.set_parameter(subunit, name, Amount(difference, relative=True))

    async def recall(self, subunit: Subunit, values: Mapping[str, float]) -> None:
        """Bring several parameters to values, in the order in which the unit applies them.

        Section 9: motions do not commute, and STAT CAMERA lists them in their order. The settings
        of lens and sensor follow.
        """
        listed = list((await self.camera_status(subunit)).parameters)
        order = [*(n for n in listed if n in MOTIONS), *(n for n in listed if n not in MOTIONS)]
        for name in (*order, *(name for name in values if name not in order)):
            if name in values:
                await self.set_value(subunit, name, values[name])

    async def set_auto(self, subunit: Subunit, name: str) -> None:
        """Let the unit control a parameter.

        Raises Refused 501, 502 or 504 where it has no automatic mode, and keeps that in mind.
        """
        try:
            await self.set_parameter(subunit, name, AUTO)
        except Refused as refused:
            if refused.code in _NO_AUTO:
                self.without_auto.add((subunit, name))
            raise

    async def stop_motion(self, subunit: Subunit, name: str) -> None:
        """Stop a parameter where it is, which also ends its automatic control."""
        await self.set_parameter(subunit, name, Amount(0, relative=True))

    # -- FILE ----------------------------------------------------------------------------------

    async def working_directory(self) -> str:
        """Ask for the working directory (PWD)."""
        return parse_path((await self._file("PWD")).text)

    async def change_directory(self, path: str) -> None:
        """Change the working directory (CWD)."""
        await self._file("CWD", path)

    async def change_to_parent(self) -> None:
        """Change to the parent directory (CDUP)."""
        await self._file("CDUP")

    async def mount(self, name: str) -> None:
        """Load a tape by its name (SMNT)."""
        await self._file("SMNT", name)

    async def reinitialize(self) -> None:
        """Begin anew (REIN), and log in again if we were."""
        await self._file("REIN")
        if self._credentials:
            await self._log_in_again()

    async def system(self) -> str:
        """Ask what system the unit is (SYST)."""
        return (await self._file("SYST")).shown

    # -- STREAM --------------------------------------------------------------------------------

    async def choose_payload_type(self, stream: Subunit) -> int:
        """Find a payload type that the unit can send, best first. Raises Refused 504 for none."""
        for number in PREFERRED_TYPES:
            with contextlib.suppress(Refused):
                await self.execute(Command("TYPE", stream, Representation((number,))))
                return number
        raise Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, "no payload type that we know")

    # -- helpers -------------------------------------------------------------------------------

    async def _stat(self, subunit: Subunit) -> Reply:
        return await self.execute(Command("STAT", argument=subunit))

    async def _file(self, name: str, argument: str | None = None) -> Reply:
        return await self.execute(Command(name, Subunit(FILE), argument))

    async def _measured(self, subunit: Subunit, name: str, default: float) -> float:
        parameter = (await self.camera_status(subunit)).parameters.get(name)
        return default if parameter is None or parameter.current is None else parameter.current

    def _was_logged_in(self, command: Command) -> bool:
        return self._credentials is not None and command.name not in LOGIN_COMMANDS

    async def _log_in_again(self) -> None:
        if self._credentials:
            await self.log_in(self._credentials)

    def _has_another_name(self, command: Command, reply: Reply) -> bool:
        """Whether to try REC: section 6.5 says RECO, section 8 REC, and the unit listed neither."""
        return (
            command.name == "RECO"
            and reply.code in _NEVER
            and (command.subunit or Subunit(TAPE), "RECO") not in self.spelling.commands
        )


#: "This unit can never do that", as against 501, 503 and all of 4yz.
_NEVER = (ReplyCode.UNRECOGNISED, ReplyCode.NOT_IMPLEMENTED)

#: What units say to AUTO where there is none; the draft leaves it open.
_NO_AUTO = (
    ReplyCode.BAD_ARGUMENT,
    ReplyCode.NOT_IMPLEMENTED,
    ReplyCode.NOT_FOR_THAT_PARAMETER,
)


def _precision(first: Parameter, now: Parameter) -> float:
    """How near is near enough: what the coarser of two readings tells apart.

    A reading without decimals in a small range is no excuse: a small step of the unit is the most.
    """
    coarse = 10.0 ** -min(first.decimals, now.decimals)
    if now.minimum is None or now.maximum is None:
        return coarse
    return max(min(coarse, (now.maximum - now.minimum) / STEPS_IN_A_RANGE), 10.0**-now.decimals)


def refusal(reply: Reply) -> Refused:
    """The error that a reply of 4yz or 5yz is."""
    match reply.code:
        case ReplyCode.CLOSING:
            return Busy(reply.code, reply.shown)
        case ReplyCode.NOT_LOGGED_IN | ReplyCode.NEED_ACCOUNT_TO_STORE:
            return NotAuthorised(reply.code, reply.shown)
        case _:
            return Refused(reply.code, reply.shown)
