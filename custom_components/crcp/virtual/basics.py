"""What every virtual unit answers: STAT, HELP, POWER, TAPE, CAMERA and the login."""

import asyncio
from typing import TYPE_CHECKING

from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.messages import Amount, Auto, Command, Motion, Reply, Step, Subunit
from ..protocols.crcp.status import (
    format_camera_status,
    format_power_status,
    format_tape_status,
    format_unit_status,
)
from ..protocols.crcp.subunits import CAMERA, CONNECTION, FILE, POWER, STREAM, TAPE
from .handlers import answers

if TYPE_CHECKING:
    from .unit import VirtualUnit
    from .visitor import Visitor


# -- every unit (section 5) ------------------------------------------------------------------------


@answers(None, "STAT")
def _stat(unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    match command.argument:
        case None:
            return format_unit_status(each for each in unit.subunits if each not in unit.unlisted)
        case Subunit(kind=kind, number=number) if kind == POWER:
            return format_power_status(on=unit.powers[number])
        case Subunit(kind=kind, number=number) if kind == TAPE:
            return format_tape_status(unit.decks[number].status())
        case Subunit(kind=kind, number=number) if kind == CAMERA:
            return format_camera_status(unit.heads[number].status())
        case Subunit(kind=kind) if kind == FILE:
            return Reply(
                ReplyCode.STATUS, (visitor.directory, "CWD", "LIST", "NLST", "SMNT", "end")
            )
        case Subunit(kind=kind) if kind == CONNECTION:
            return Reply(ReplyCode.STATUS, (visitor.user, "USER", "PASS", "ACCT", "QUIT", "end"))
        case Subunit(kind=kind, number=number) if kind == STREAM:
            return _stream_status(unit, visitor, number)
    return Reply(ReplyCode.BAD_ARGUMENT, ("No status for that subunit",))


def _stream_status(unit: VirtualUnit, visitor: Visitor, number: int) -> Reply:
    types = ",".join(map(str, unit.payload_types))
    operation = visitor.stream(number).operation
    lines = (operation, f"RETR {types}", "STOR 33", "MODE S", "MODE P 1,7", "end")
    return Reply(ReplyCode.STATUS, lines)


@answers(None, "HELP")
def _help(unit: VirtualUnit, visitor: Visitor, _command: Command) -> Reply:
    if not visitor.login.logged_in:
        return Reply(
            ReplyCode.HELP, ("Commands: USER PASS ACCT HELP QUIT", "log in for more", "end")
        )
    kinds = dict.fromkeys(s.kind for s in unit.subunits if s.kind != CONNECTION)
    lines = (f"Commands: STAT HELP {' '.join(kinds)} USER PASS QUIT", "see STAT for the subunits")
    return Reply(ReplyCode.HELP, (*lines, "end"))


# -- POWER (section 6.1) ---------------------------------------------------------------------------


@answers(POWER, "ON", "OFF")
async def _power(unit: VirtualUnit, _visitor: Visitor, command: Command) -> Reply:
    await unit.switch(number_of(command), on=command.name == "ON")
    return okay()


# -- CONNECTION (section 6.2) ----------------------------------------------------------------------


@answers(CONNECTION, "USER", "PASS", "ACCT")
async def _log_in(unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    if command.name == "USER" and isinstance(command.argument, str):
        visitor.user = command.argument
    reply = visitor.login.answer(command)
    if reply.code == ReplyCode.NOT_LOGGED_IN:
        await asyncio.sleep(unit.penalty)
    if visitor.login.shut_out:
        return Reply(ReplyCode.CLOSING, ("Too many failures",))
    return reply


@answers(CONNECTION, "QUIT")
async def _quit(_unit: VirtualUnit, visitor: Visitor, _command: Command) -> Reply:
    # Transfers end first, as FTP has it; controllers that are in a hurry send ABOR before.
    await visitor.transfers_ended()
    return Reply(ReplyCode.BYE, ("bye",))


# -- TAPE (section 8) ------------------------------------------------------------------------------


@answers(TAPE, "PLAY", "RECO", "FF", "PAUS")
def _tape(unit: VirtualUnit, _visitor: Visitor, command: Command) -> Reply:
    deck = unit.decks[number_of(command)]
    match command.argument:
        case Motion() as motion:
            {"PLAY": deck.play, "RECO": deck.record, "FF": deck.wind}[command.name](motion)
        case _:
            deck.pause()
    return okay()


# -- CAMERA (section 9) ----------------------------------------------------------------------------


@answers(
    CAMERA, "IRIS", "SENS", "ROLL", "PAN", "TILT", "ZOOM", "HORI", "VERT", "DEPT", "FOCU", "WHIT"
)
def _camera(unit: VirtualUnit, _visitor: Visitor, command: Command) -> Reply:
    match command.argument:
        case Amount() | Step() | Auto() as setting:
            unit.heads[number_of(command)].set(command.name, setting)
            return okay()
    return Reply(ReplyCode.BAD_ARGUMENT, ("A value must follow",))


def number_of(command: Command) -> int:
    """The number of the subunit that a command is for."""
    return command.subunit.number if command.subunit else 0


def okay() -> Reply:
    """The reply to nearly everything that worked."""
    return _OKAY


_OKAY = Reply(ReplyCode.OKAY, ("Command okay",))
