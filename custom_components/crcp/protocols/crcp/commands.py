"""What a controller can ask of a unit, command by command: no I/O, only what is said and meant."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
import contextlib
from dataclasses import dataclass, field
import logging

from .addresses import parse_path
from .aims import Aims
from .codec import Spelling
from .codes import ReplyCode
from .errors import Busy, NotAUnit, NotAuthorised, NotSent, Refused
from .login import LOGIN_COMMANDS, Credentials, challenge_in, first_command, next_command
from .messages import AUTO, Amount, Command, Motion, Reply, Representation, Setting, Subunit
from .rtp import PREFERRED_TYPES
from .status import (
    Bounds,
    CameraStatus,
    TapeStatus,
    UnitStatus,
    parse_camera_status,
    parse_power_status,
    parse_tape_status,
    parse_unit_status,
)
from .subunits import CAMERA, FILE, MOTIONS, POWER, TAPE

_LOGGER = logging.getLogger(__name__)

#: Winding speed where the unit lists none (section 8: "e.g. 5 for fast forward").
DEFAULT_WINDING_SPEED = 5.0


@dataclass(frozen=True, slots=True)
class UnitState:
    """Everything a unit tells about itself at one moment.

    power: None where the unit does not tell. tapes and cameras: those that answered STAT.
    refused: what the others answered.
    """

    unit: UnitStatus
    power: dict[Subunit, bool | None]
    tapes: dict[Subunit, TapeStatus]
    cameras: dict[Subunit, CameraStatus]
    refused: dict[Subunit, Refused] = field(default_factory=dict, compare=False)


class Commands(ABC):
    """A controller's vocabulary, on top of one method that exchanges a command for its reply.

    A reply of 4yz or 5yz raises Refused. Which commands the unit has answered with 500 or 502 is
    kept in unsupported: it will never do them on this connection.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Know nothing of the unit yet. clock: tells seconds, from any beginning."""
        self.clock = clock
        self.spelling = Spelling()
        self.unsupported: set[tuple[Subunit | None, str]] = set()
        #: Camera parameters that turned out to have no automatic mode.
        self.without_auto: set[tuple[Subunit, str]] = set()
        self._credentials: Credentials | None = None
        self._aims = Aims()

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
                reply = await self.execute(command)
                _warn_of_low_sequence(reply)
                command = next_command(credentials, reply)
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

        A subunit that refuses its STAT, as most do while the unit is off, is left out. Raises Busy
        and NotAuthorised, which are about more than one subunit.
        """
        unit = await self.unit_status()
        state = UnitState(unit, dict.fromkeys(unit.of_kind(POWER)), {}, {})
        for subunit in (*unit.of_kind(POWER), *unit.of_kind(TAPE), *unit.of_kind(CAMERA)):
            try:
                await self._survey_one(subunit, state)
            except Busy, NotAuthorised:
                raise
            except Refused as refused:
                state.refused[subunit] = refused
        return state

    # -- POWER ---------------------------------------------------------------------------------

    async def power_status(self, subunit: Subunit) -> bool | None:
        """Ask whether the power is on; None where the unit cannot tell, and not only now."""
        try:
            return parse_power_status(await self._stat(subunit))
        except Refused as refused:
            if refused.code < 500 or isinstance(refused, NotAuthorised):
                raise
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
        speed = _winding_speed(bounds, forward=position >= here)
        stop = _amount(position - here, relative=True) if position < 0 else _amount(position)
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
        self._aims.forget(subunit, name)
        await self.execute(Command(name, subunit, setting))

    async def set_value(self, subunit: Subunit, name: str, value: float) -> None:
        """Bring a camera parameter to a value, below zero too.

        Accepted when this returns. Section 9 reads a sign as "relative", so a negative value is
        reached by the difference to the present one, which may have been moving: see correct.
        Raises NotSent where the unit does not tell the present one.
        """
        if value >= 0:
            await self.set_parameter(subunit, name, _amount(value))
            return
        parameter = (await self.camera_status(subunit)).parameters.get(name)
        if parameter is None or parameter.current is None:
            raise NotSent(ReplyCode.BAD_ARGUMENT, f"The unit does not tell where {name} stands")
        await self.set_parameter(subunit, name, _amount(value - parameter.current, relative=True))
        self._aims.set(subunit, parameter, value, self.clock())

    def is_aiming(self, subunit: Subunit) -> bool:
        """Whether correct may still have something to do for a camera."""
        return self._aims.has(subunit)

    async def correct(self, subunit: Subunit, status: CameraStatus) -> bool:
        """Send on what stands still beside its value below zero; whether anything was sent.

        status: what was just read. To be called with each reading, about twice a second while
        something moves. A parameter that was given another order meanwhile is left alone.
        """
        missing = self._aims.missing(subunit, status, self.clock())
        for name, difference in missing.items():
            with _whatever_it_refuses():
                setting = _amount(difference, relative=True)
                await self.execute(Command(name, subunit, setting))
        return bool(missing)

    async def recall(self, subunit: Subunit, values: Mapping[str, float]) -> None:
        """Bring several parameters to values, in the order in which the unit applies them.

        Section 9: motions do not commute, and STAT CAMERA lists them in their order. The settings
        of lens and sensor follow.
        """
        for name in await self.in_order(subunit, values):
            await self.set_value(subunit, name, values[name])

    async def in_order(self, subunit: Subunit, names: Iterable[str]) -> list[str]:
        """Sort names of parameters into the order of recall."""
        listed = list((await self.camera_status(subunit)).parameters)
        order = {name: (name not in MOTIONS, place) for place, name in enumerate(listed)}
        return sorted(names, key=lambda name: order.get(name, (True, len(listed))))

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
            with _whatever_it_refuses():
                await self.execute(Command("TYPE", stream, Representation((number,))))
                return number
        raise Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, "no payload type that we know")

    # -- helpers -------------------------------------------------------------------------------

    async def _stat(self, subunit: Subunit) -> Reply:
        return await self.execute(Command("STAT", argument=subunit))

    async def _file(self, name: str, argument: str | None = None) -> Reply:
        return await self.execute(text_command(name, Subunit(FILE), argument))

    async def _survey_one(self, subunit: Subunit, state: UnitState) -> None:
        match subunit.kind:
            case kind if kind == POWER:
                state.power[subunit] = parse_power_status(await self._stat(subunit))
            case kind if kind == TAPE:
                state.tapes[subunit] = await self.tape_status(subunit)
            case kind if kind == CAMERA:
                state.cameras[subunit] = await self.camera_status(subunit)

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


def _warn_of_low_sequence(reply: Reply) -> None:
    challenge = challenge_in(reply)
    if challenge and challenge.runs_low:
        # Section 13: at zero nobody gets in any more.
        _LOGGER.warning(
            "The unit takes %d more one-time passwords; renew the pass phrase", challenge.sequence
        )


def _winding_speed(bounds: Bounds | None, *, forward: bool) -> float:
    """The fastest that the unit lists; where it lists one direction only, as fast the other way."""
    listed = (bounds.minimum, bounds.maximum) if bounds else ()
    speeds = [speed for speed in listed if speed]
    ahead = [abs(speed) for speed in speeds if (speed > 0) is forward]
    fastest = max(ahead or map(abs, speeds), default=DEFAULT_WINDING_SPEED)
    return fastest if forward else -fastest


@contextlib.contextmanager
def _whatever_it_refuses() -> Iterator[None]:
    """Go on after a refusal, unless it is one of the whole connection: 421, or 530."""
    try:
        yield
    except Busy, NotAuthorised:
        raise
    except Refused:
        pass


def _amount(value: float, *, relative: bool = False) -> Amount:
    try:
        return Amount(value, relative=relative)
    except ValueError as error:
        raise NotSent(ReplyCode.BAD_ARGUMENT, str(error)) from None


def text_command(name: str, subunit: Subunit, text: str | None) -> Command:
    """A command about a name that somebody typed. Raises NotSent for what no line can hold."""
    try:
        return Command(name, subunit, text)
    except ValueError as error:
        raise NotSent(ReplyCode.BAD_ARGUMENT, str(error)) from None


def refusal(reply: Reply) -> Refused:
    """The error that a reply of 4yz or 5yz is."""
    match reply.code:
        case ReplyCode.CLOSING:
            return Busy(reply.code, reply.shown)
        case ReplyCode.NOT_LOGGED_IN | ReplyCode.NEED_ACCOUNT_TO_STORE:
            return NotAuthorised(reply.code, reply.shown)
        case _:
            return Refused(reply.code, reply.shown)
