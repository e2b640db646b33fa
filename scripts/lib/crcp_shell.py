"""Talk to a CRCP unit as a person does: send commands, see its replies.

HOST is a name or an address, or a URL: cccp://user:password@host:port/folder/name. Each COMMAND is
one line and needs quotes when it has blanks: "TAPE0 PLAY 1". Without one there is a prompt, unless
--status is given or the URL names something to fetch. The exit status is 0 only when every reply
was a success.
"""

import argparse
import asyncio
from contextlib import suppress
import getpass
from ipaddress import IPv6Address
import json
import os
from pathlib import Path
import readline
import ssl
import sys
from typing import Any, BinaryIO

from crcp.protocols.crcp.arguments import format_number
from crcp.protocols.crcp.client import Controller, OneWayController, Transfer
from crcp.protocols.crcp.client.timeouts import KEEP_ALIVE
from crcp.protocols.crcp.codec import format_reply, parse_command, parse_subunit
from crcp.protocols.crcp.commands import UnitState
from crcp.protocols.crcp.datagrams import MAX_DATAGRAM, Signer
from crcp.protocols.crcp.errors import CrcpError, Refused
from crcp.protocols.crcp.grammar import BLANKS, fold, split_words
from crcp.protocols.crcp.login import Credentials
from crcp.protocols.crcp.messages import Command, Reply, Subunit
from crcp.protocols.crcp.subunits import COMMANDS, CONNECTION, FILE, STREAM
from crcp.protocols.crcp.url import SCHEMES, Url, parse_url

HISTORY = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state"), "crcp_history")

#: What is typed after these is nobody's business, the history file's included.
SECRET_COMMANDS = {"PASS", "PASSWORD", "ACCT", "ACCOUNT"}

#: What is not answered like other commands, so that it has to be known in all of its spellings.
LISTINGS = ("NLST", "LIST")
SPECIAL_COMMANDS = ("RETR", "STOR", "ABOR", "QUIT", "REIN", "ON", *LISTINGS)


TOO_LONG = "these commands do not fit into one datagram"


class Failed(Exception):
    """Something that the user has to hear; the exit status is 1."""


# -- commands --------------------------------------------------------------------------------------


async def send_line(controller: Controller, line: str) -> bool:
    """Send one line as it was typed and print the reply; whether that was a success."""
    ends: list[Reply] = []

    def tell(reply: Reply) -> None:
        ends.append(reply)
        print_reply(reply)

    try:
        command = read_line_as_command(line)
        if command.name in LISTINGS and command.subunit:
            path = command.argument if isinstance(command.argument, str) else ""
            controller.tell_transfer_ends(None)
            return await print_listing(controller, path, details=command.name == "LIST")
        # The end of a transfer may come between a command and its reply, ABOR's above all.
        controller.tell_transfer_ends(tell)
        reply = await controller.exchange(command)
    except ValueError as error:
        raise Failed(str(error)) from None
    finally:
        controller.tell_transfer_ends(print_reply)
    print_reply(reply)
    return not any(each.failed for each in (reply, *ends))


def read_line_as_command(line: str) -> Command:
    """The command that a line is; one that is like any other stays as it was typed."""
    words = split_words(line)
    if not words:
        raise Failed("a command cannot be empty")
    named = parse_subunit(words[0])
    subunits = {Subunit(kind) for kind in (CONNECTION, FILE, STREAM)}
    if named and named.kind in COMMANDS:
        subunits.add(named)
    with suppress(Refused, ValueError):
        command = parse_command(line, subunits)
        if command.name in SPECIAL_COMMANDS:
            return command
    word, _, rest = line.strip(BLANKS).partition(" ")
    return Command(word, argument=rest.strip(BLANKS))


async def print_listing(controller: Controller, path: str, *, details: bool) -> bool:
    """Print a listing, which comes over a data connection of its own."""
    try:
        for name in await controller.list_names(path, details=details):
            print(printable(name))
    except Refused as refused:
        print(refused)
        return False
    return True


def print_reply(reply: Reply) -> None:
    """Print a reply as it came, without what could play tricks on a terminal."""
    for line in format_reply(reply).decode().splitlines():
        print(printable(line))


def printable(text: str) -> str:
    """Take control characters out."""
    return "".join(each if each.isprintable() or each == "\t" else "?" for each in text)


async def prompt(controller: Controller, name: str, keep_alive: float) -> bool:
    """Read lines until the end of input or QUIT; whether every reply was a success."""
    print_reply(controller.greeting) if controller.greeting else None
    with suppress(OSError):
        readline.read_history_file(HISTORY)
    awake = asyncio.create_task(stay_awake(controller, keep_alive))
    try:
        return await read_and_send(controller, name)
    finally:
        awake.cancel()


async def stay_awake(controller: Controller, interval: float) -> None:
    """Ask for the subunits now and then, or the unit takes a person who thinks for one who left."""
    with suppress(CrcpError):
        while True:
            await asyncio.sleep(interval)
            await controller.exchange(Command("STAT"))
    print(f"crcp: {await controller.wait_closed()}", file=sys.stderr)


async def read_and_send(controller: Controller, name: str) -> bool:
    """Read lines until the end of input or QUIT; whether every reply was a success."""
    success = True
    while not controller.closed:
        line = await read_line(f"{name}> " if sys.stdin.isatty() else "")
        if line is None or fold(line.strip()) in ("QUIT", "LOGOUT", "EXIT"):
            break
        if split_words(line):
            success &= await send_line(controller, line)
    return success


async def read_line(text: str) -> str | None:
    """Read a line; None at the end of the input."""
    try:
        line = await asyncio.to_thread(input, text)
    except EOFError:
        return None
    if SECRET_COMMANDS.intersection(map(fold, split_words(line)[:2])):
        with suppress(ValueError):
            readline.remove_history_item(readline.get_current_history_length() - 1)
    return line


def save_history() -> None:
    """Keep the lines for the next time."""
    with suppress(OSError):
        HISTORY.parent.mkdir(parents=True, exist_ok=True)
        readline.set_history_length(1000)
        readline.write_history_file(HISTORY)


# -- status ----------------------------------------------------------------------------------------


def as_json(state: UnitState) -> dict[str, Any]:
    """What a unit tells of itself, ready for JSON."""
    return {
        "subunits": [str(subunit) for subunit in state.unit.subunits],
        "power": {str(subunit): on for subunit, on in state.power.items()},
        "tapes": {
            str(subunit): {
                "operation": tape.operation,
                "position": tape.position,
                "length": tape.length,
                "commands": [ability.word for ability in tape.abilities.values()],
            }
            for subunit, tape in state.tapes.items()
        },
        "cameras": {
            str(subunit): {
                name: {
                    "minimum": parameter.minimum,
                    "current": parameter.current,
                    "maximum": parameter.maximum,
                    "automatic": parameter.automatic,
                }
                for name, parameter in camera.parameters.items()
            }
            for subunit, camera in state.cameras.items()
        },
    }


def print_status(state: UnitState) -> None:
    """Print what a unit tells of itself, for a person."""
    print("subunits:", " ".join(printable(str(subunit)) for subunit in state.unit.subunits))
    for subunit, on in state.power.items():
        print(f"{subunit}: {'not told' if on is None else 'on' if on else 'off'}")
    for subunit, tape in state.tapes.items():
        words = " ".join(printable(ability.word) for ability in tape.abilities.values())
        place = f"{number(tape.position)} of {number(tape.length)} s"
        print(f"{subunit}: {tape.operation} at {place}; knows {words}")
    for subunit, camera in state.cameras.items():
        print(f"{subunit}:")
        for name, each in camera.parameters.items():
            automatic = {True: " automatic", False: " manual", None: ""}[each.automatic]
            bounds = f"{number(each.minimum)} .. {number(each.maximum)}"
            print(f"  {name:4} {number(each.current):>8}   {bounds}{automatic}")


def number(value: float | None) -> str:
    """A number as the protocol writes it; a question mark for one that is not known."""
    return "?" if value is None else format_number(value)


# -- fetching --------------------------------------------------------------------------------------


async def fetch(controller: Controller, url: Url, arguments: argparse.Namespace) -> bool:
    """List or receive what a URL names; commands go on beside a transfer."""
    if url.type in "ad":
        return await print_listing(controller, url.name, details=url.type == "a")
    if arguments.output is None and sys.stdout.isatty():
        raise Failed("say where to put it with --output FILE")
    output = arguments.output
    # Opened first: a tape has not to be started for what can be put nowhere.
    with output.open("wb") if output else os.fdopen(os.dup(1), "wb") as file:
        transfer = await controller.retrieve(url.name, payload_types=(arguments.payload_type,))
        receiving = asyncio.create_task(receive(transfer, file))
        try:
            success = [await send_line(controller, line) for line in arguments.command]
            print(f"{await receiving} bytes", file=sys.stderr)
            reply = await transfer.wait_ended()
            return all(success) and (reply is None or not reply.failed)
        finally:
            receiving.cancel()
            await asyncio.wait({receiving})
            await transfer.abort()


async def receive(transfer: Transfer, file: BinaryIO) -> int:
    """Write the payloads of a transfer; return how many bytes there were."""
    size = 0
    async for packet in transfer.packets():
        file.write(packet.payload)
        size += len(packet.payload)
    return size


# -- one way ---------------------------------------------------------------------------------------


async def send_one_way(url: Url, commands: list[str], credentials: Credentials | None) -> bool:
    """Send commands by datagram. Nothing comes back, so success means that they were sent."""
    if not commands:
        raise Failed("--udp sends COMMANDs, and there are none")
    lines = "".join(f"{line}\r\n" for line in commands).encode()
    if len(lines) > MAX_DATAGRAM or any(each in line for line in commands for each in "\r\n\0"):
        raise Failed(TOO_LONG)
    signer = Signer(credentials.user, credentials.password) if credentials else None
    controller = await OneWayController.open(url.host, url.port, signer=signer)
    try:
        controller.send_lines(lines)
    except ValueError:  # with its signature it is longer
        raise Failed(TOO_LONG) from None
    finally:
        controller.close()
    print("sent; a unit that is commanded by datagram never answers", file=sys.stderr)
    return True


# -- the command line ------------------------------------------------------------------------------


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/crcp",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("host", metavar="HOST[:PORT]")
    parser.add_argument("command", metavar="COMMAND", nargs="*")
    parser.add_argument("--status", action="store_true", help="print everything the unit tells")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.add_argument("--user", help="log in; the password is asked for, or CRCP_PASSWORD")
    parser.add_argument("--account", help="for units that ask for one")
    parser.add_argument("--tls", action="store_true", help="encrypt from the first byte on")
    parser.add_argument("--ca", metavar="FILE", help="with --tls: trust certificates of this one")
    parser.add_argument("--insecure", action="store_true", help="with --tls: trust any certificate")
    parser.add_argument("--udp", action="store_true", help="one way, signed when --user is given")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to put what a URL names")
    parser.add_argument(
        "--keep-alive",
        type=float,
        default=KEEP_ALIVE,
        metavar="SECONDS",
        help="how often the prompt says that it is still there (default: %(default)g)",
    )
    parser.add_argument("--payload-type", type=int, default=33, help="default: %(default)s")
    return parser.parse_args()


def where(text: str) -> Url:
    """Read HOST, HOST:PORT or a URL."""
    scheme, found, _ = text.partition("://")
    if found and scheme.lower() not in SCHEMES:
        raise Failed(f"{scheme} is not the scheme of a CRCP unit; that is cccp")
    with suppress(ValueError):  # an address of IPv6 as it is, which a URL puts in brackets
        text = f"[{IPv6Address(text)}]"
    try:
        return parse_url(text if found else f"cccp://{text}")
    except ValueError as error:
        raise Failed(str(error)) from None


def credentials_of(url: Url, arguments: argparse.Namespace) -> Credentials | None:
    """Who to log in as; the password may come from the URL, the environment or the keyboard."""
    user = arguments.user or url.user
    if not user:
        return None
    password = url.password
    if password is None:
        password = os.environ.get("CRCP_PASSWORD")
    if password is None:
        password = getpass.getpass(f"password of {user}: ") if sys.stdin.isatty() else ""
    return Credentials(user, password, arguments.account)


def tls_of(arguments: argparse.Namespace) -> ssl.SSLContext | None:
    """How to encrypt, if at all."""
    if not arguments.tls:
        return None
    context = ssl.create_default_context(cafile=arguments.ca)
    if arguments.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def run(arguments: argparse.Namespace) -> bool:
    """Do what the command line says; whether every reply was a success."""
    url = where(arguments.host)
    credentials = credentials_of(url, arguments)
    if arguments.udp:
        return await send_one_way(url, arguments.command, credentials)
    async with await Controller.connect(
        url.host, url.port, credentials=credentials, tls=tls_of(arguments)
    ) as controller:
        if arguments.status or arguments.json:
            state = await controller.survey()
            print(json.dumps(as_json(state))) if arguments.json else print_status(state)
            for subunit, refused in state.refused.items():
                print(f"crcp: {subunit}: {printable(str(refused))}", file=sys.stderr)
            return not state.refused
        for folder in url.folders:
            await controller.change_directory(folder or "/")
        if url.name or url.type != "i":
            return await fetch(controller, url, arguments)
        if not arguments.command:
            return await prompt(controller, url.host, arguments.keep_alive)
        return all([await send_line(controller, line) for line in arguments.command])


def main() -> int:
    """Run, and say in words what went wrong."""
    arguments = parse_arguments()
    try:
        success = asyncio.run(run(arguments))
    except (CrcpError, Failed, OSError) as error:
        print(f"crcp: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if not arguments.command and sys.stdin.isatty():
            save_history()
    return 0 if success else 1


if __name__ == "__main__":
    sys.exit(main())
