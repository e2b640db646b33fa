"""The shelf and the streams of a virtual unit: FILE (section 6.3) and STREAM (section 7)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..protocols.crcp.addresses import Address, format_path
from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.errors import Refused
from ..protocols.crcp.messages import Command, Reply, Representation, TransferMode
from ..protocols.crcp.subunits import FILE, STREAM
from .basics import number_of, okay
from .handlers import answers
from .play_out import LIVE, record, send_clip

if TYPE_CHECKING:
    from .unit import VirtualUnit
    from .visitor import Visitor


# -- FILE ------------------------------------------------------------------------------------------


@answers(FILE, "CWD")
def _change_directory(unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    path = unit.shelf.resolve(visitor.directory, _name(command))
    if not unit.shelf.is_directory(path):
        raise _no_such_file(_name(command))
    visitor.directory = path
    return Reply(ReplyCode.ACTION_OKAY, ("Okay",))


@answers(FILE, "CDUP")
def _change_to_parent(unit: VirtualUnit, visitor: Visitor, _command: Command) -> Reply:
    visitor.directory = unit.shelf.resolve(visitor.directory, "..")
    return okay()


@answers(FILE, "PWD")
def _working_directory(_unit: VirtualUnit, visitor: Visitor, _command: Command) -> Reply:
    return Reply(ReplyCode.PATH, (f"{format_path(visitor.directory)} is the current directory",))


@answers(FILE, "SMNT")
def _mount(unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    unit.load(number_of(command), unit.shelf.resolve(visitor.directory, _name(command)))
    return Reply(ReplyCode.ACTION_OKAY, (f"{_name(command)} loaded",))


@answers(FILE, "REIN")
async def _reinitialize(_unit: VirtualUnit, visitor: Visitor, _command: Command) -> Reply:
    await visitor.forget()
    return Reply(ReplyCode.READY, ("Begin anew",))


@answers(FILE, "SYST")
def _system(_unit: VirtualUnit, _visitor: Visitor, _command: Command) -> Reply:
    return Reply(ReplyCode.SYSTEM, ("UNIX Type: L8",))


@answers(FILE, "LIST", "NLST")
def _list(unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    # Options such as -l are what FTP clients send by habit; a path never begins so here.
    path = "" if _name(command).startswith("-") else _name(command)
    stream = visitor.stream(number_of(command))
    stream.check_lists()
    directory = unit.shelf.resolve(visitor.directory, path)
    if not unit.shelf.is_directory(directory):
        raise _no_such_file(path)
    names = unit.shelf.names(directory)
    if command.name == "LIST":
        names = [unit.shelf.line(directory, name) for name in names]
    text = "".join(f"{name}\r\n" for name in names).encode()

    async def once() -> AsyncIterator[bytes]:
        yield text

    stream.start(command, stream.send_plain(once()))
    return Reply(ReplyCode.FILE_OKAY, ("Opening data connection",))


# -- STREAM ----------------------------------------------------------------------------------------


@answers(STREAM, "TYPE")
def _type(unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    if not isinstance(command.argument, Representation):
        raise _bad_argument()
    for number in command.argument.payload_types or ():
        if number not in unit.payload_types:
            raise Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, f"Payload type {number} not available")
    visitor.stream(number_of(command)).representation = command.argument
    return okay()


@answers(STREAM, "MODE")
async def _mode(_unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    if not isinstance(command.argument, TransferMode):
        raise _bad_argument()
    await visitor.stream(number_of(command)).set_mode(command.argument)
    return okay()


@answers(STREAM, "PORT")
async def _port(_unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    if not isinstance(command.argument, Address):
        raise _bad_argument()
    await visitor.stream(number_of(command)).set_port(command.argument)
    return okay()


@answers(STREAM, "PASV")
async def _passive(_unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    where = await visitor.stream(number_of(command)).listen()
    return Reply(ReplyCode.PASSIVE, (f"Entering Passive Mode ({where})",))


@answers(STREAM, "RETR")
def _retrieve(unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    number = number_of(command)
    stream = visitor.stream(number)
    stream.check_ready()
    path = _name(command) or (LIVE if number not in unit.decks else unit.loaded(number))
    if path != LIVE:
        path = unit.shelf.resolve(visitor.directory, path)
    if path == LIVE or (path == f"/{LIVE}" and path not in unit.shelf.clips):
        unit.take_live(stream)
        command = replace(command, argument=LIVE)
        stream.start(command, send_clip(unit, stream, unit.live, deck=None, again=True))
        return Reply(ReplyCode.FILE_OKAY, (f"{LIVE} follows",))
    if path not in unit.shelf.clips:
        raise _no_such_file(_name(command))
    deck = unit.load(number, path) if number in unit.decks else None
    clip = unit.shelf.clips[path]
    command = replace(command, argument=_name(command) or path)
    stream.start(command, send_clip(unit, stream, clip, deck=deck))
    kinds = ",".join(map(str, stream.payload_types))
    return Reply(ReplyCode.FILE_OKAY, (f"{_name(command)} follows, payload type {kinds}",))


@answers(STREAM, "STOR")
def _store(unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    number = number_of(command)
    stream = visitor.stream(number)
    stream.check_ready()
    stream.check_receives()
    path = unit.shelf.resolve(visitor.directory, _name(command))
    if unit.shelf.is_directory(path) or (path in unit.shelf.clips and not unit.shelf.writable):
        raise Refused(ReplyCode.NAME_NOT_ALLOWED, f"{_name(command)}: not to be replaced")
    deck = unit.decks.get(number)
    stream.start(command, record(unit, stream, path, deck=deck))
    return Reply(ReplyCode.FILE_OKAY, (f"ready to record {_name(command)}",))


@answers(STREAM, "ABOR")
async def _abort(_unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply:
    if await visitor.abort(number_of(command)):
        return Reply(ReplyCode.TRANSFER_COMPLETE, ("ABOR complete",))
    return Reply(ReplyCode.NOTHING_TO_ABORT, ("Nothing to abort",))


def _name(command: Command) -> str:
    return command.argument if isinstance(command.argument, str) else ""


def _no_such_file(name: str) -> Refused:
    return Refused(ReplyCode.UNAVAILABLE, f"{name}: no such file")


def _bad_argument() -> Refused:
    return Refused(ReplyCode.BAD_ARGUMENT, "Syntax error in parameters or arguments")
