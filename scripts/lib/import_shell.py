"""Import a camera's pictures into a folder, each once and whole, without Home Assistant.

What was imported is remembered in a ledger, so the next run fetches what is new, and goes on inside
a file where this one was stopped. Ctrl-C stops at any time. The exit status is 0 only when every
picture that was chosen is in the folder; 1 when not; 2 for a wrong command; 130 when stopped.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
import hashlib
import json
import os
from pathlib import Path
import signal
import sys
import uuid

from crcp.importer.choice import Choice
from crcp.importer.errors import ImporterError
from crcp.importer.executor import RunBlocking
from crcp.importer.importer import Importer
from crcp.importer.kinds import Kind
from crcp.importer.ledger import Ledger
from crcp.importer.ptp import PtpSource
from crcp.importer.records import Record
from crcp.importer.recovery import open_ledger
from crcp.importer.room import Reserve, Room
from crcp.importer.run import Imported, Report
from crcp.importer.source import Photo
from crcp.importer.template import DEFAULT, FIELDS, TELLING, Template, TemplateError
from crcp.protocols.ptpip.client import Initiator
from crcp.protocols.ptpip.errors import Busy, NotAuthorised, PtpIpError, Refused
from crcp.protocols.ptpip.packets import PORT
from import_bar import MEBI, Bar

STATE = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state"), "crcp")

#: More names than this help nobody.
MANY = 10

#: How long to wait before a lost connection is made again; a camera frees its old one first.
AGAIN_AFTER = (1.0, 2.0, 5.0, 10.0)


class Failed(Exception):
    """Something that the user has to hear; the exit status is 1."""


# -- the import ------------------------------------------------------------------------------------


@dataclass
class Total:
    """What all tries together did."""

    imported: int = 0
    size: int = 0
    deleted: int = 0
    passed_over: int | None = None
    absent: list[str] = field(default_factory=list)
    last: Report | None = None

    @property
    def complete(self) -> bool:
        """Whether every chosen picture is in the folder."""
        return self.last is not None and not self.last.unfinished and not self.absent

    @property
    def known(self) -> int | None:
        """How many were known before; to a try that lost its link, what it imported is none."""
        if self.last is None:
            return None
        return self.last.known - (self.imported - self.last.imported)

    @property
    def failed(self) -> list[tuple[str | None, str]]:
        """Names and reasons of what is not here; no name where the camera did not tell it."""
        if self.last is None:
            return []
        named = [(each.photo.filename, str(each.error)) for each in self.last.failed]
        return [*named, *((None, str(each)) for each in self.last.left_out)]

    def count(self, imported: Imported) -> None:
        """Count a picture."""
        self.imported += 1
        self.size += imported.size

    def as_json(self) -> dict[str, object]:
        """The counts."""
        last = self.last
        return {
            "complete": self.complete,
            "imported": self.imported,
            "bytes": self.size,
            "known": self.known,
            "absent": len(self.absent),
            "not_chosen": last.not_chosen if last else None,
            "deleted": self.deleted,
            "failed": [{"file": name, "reason": reason} for name, reason in self.failed],
        }


async def run(arguments: argparse.Namespace, total: Total) -> None:
    """Import, connecting again where the link is lost while pictures still come."""
    executor = ThreadPoolExecutor(1)

    def blocking[*Args, Result](
        func: Callable[[*Args], Result], /, *args: *Args
    ) -> Awaitable[Result]:
        return asyncio.get_running_loop().run_in_executor(executor, func, *args)

    bar = Bar(shown=sys.stderr.isatty() and not arguments.quiet)
    with executor, open_books(arguments) as ledger:
        tries, met = 0, False
        while True:
            before = total.imported
            try:
                async with await connect(arguments) as camera:
                    met = True
                    await one_session(arguments, camera, ledger, blocking, bar, total)
                return
            except NotAuthorised:
                raise
            except PtpIpError as error:
                tries = 0 if total.imported > before else tries
                if not is_worth_a_try(error, met) or tries >= arguments.tries:
                    raise
                bar.clear()
                print(f"import: {error}; trying again", file=sys.stderr)
                await asyncio.sleep(AGAIN_AFTER[min(tries, len(AGAIN_AFTER) - 1)])
                tries += 1
            finally:
                bar.clear()


def is_worth_a_try(error: PtpIpError, met: bool) -> bool:
    """Whether to connect again; met: a camera has answered before.

    A busy one will be ready; where none ever answered there is nothing to wait for.
    """
    return isinstance(error, Busy) or (met and not isinstance(error, Refused))


async def connect(arguments: argparse.Namespace) -> Initiator:
    """Connect, under a name and a number that are this machine's."""
    guid = hashlib.sha256(f"crcp {uuid.getnode():x}".encode()).digest()[:16]
    host, port = arguments.camera
    return await Initiator.connect(host, port, guid=guid, friendly_name="crcp import")


async def one_session(
    arguments: argparse.Namespace,
    camera: Initiator,
    ledger: Ledger,
    blocking: RunBlocking,
    bar: Bar,
    total: Total,
) -> None:
    """Import what is there, and see that it is in the folder."""
    info = await camera.begin()
    source = Remembering(camera, info.serial_number)
    importer = Importer(
        ledger,
        arguments.folder,
        arguments.name or info.model or "Camera",
        run_blocking=blocking,
        clock=lambda: datetime.now(UTC).astimezone(),
        on_imported=total.count,
        on_progress=bar,
        on_listed=bar.listing,
        template=arguments.template,
        choice=arguments.choice,
        reserve=arguments.reserve,
        delete=arguments.delete,
        newest_first=True,
    )
    # Once: after a lost connection, what was taken meanwhile is wanted.
    if arguments.from_now_on and total.passed_over is None:
        total.passed_over = await importer.pass_over(source)
        bar.clear()
        print(f"{total.passed_over} pictures that are there are not imported", file=sys.stderr)
    total.last = await importer.run(source)
    total.deleted += total.last.deleted
    chosen = [photo for photo in source.listed if arguments.choice.wants(photo)]
    total.absent = await blocking(absent, ledger, arguments.folder, chosen)


class Remembering(PtpSource):
    """A camera whose last listing is remembered."""

    listed: list[Photo]

    async def photos(self) -> AsyncIterator[Photo]:
        """Give every photo, and remember it."""
        self.listed = []
        async for photo in super().photos():
            self.listed.append(photo)
            yield photo


def absent(ledger: Ledger, folder: Path, photos: list[Photo]) -> list[str]:
    """Where known pictures were that are no longer in the folder, or not all of one is.

    A person took it away, or a disk lost it.
    """
    records = [ledger.find(photo) for photo in photos]
    return [str(each.path) for each in records if each and not is_there(folder / each.path, each)]


def is_there(path: Path, record: Record) -> bool:
    """Whether a picture lies there, at its whole length."""
    try:
        return path.stat().st_size >= record.size
    except OSError:
        return False


def open_books(arguments: argparse.Namespace) -> Ledger:
    """Open the ledger."""
    if not arguments.folder.is_dir():
        raise Failed(f"{arguments.folder} is no folder; it is never made, as it may be a mount")
    arguments.folder = arguments.folder.resolve()
    path = arguments.ledger or ledger_of(arguments.folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    ledger = open_ledger(path, arguments.folder)
    others = {library for library in ledger.libraries() if library.resolve() != arguments.folder}
    if others and arguments.folder not in ledger.libraries() and not arguments.moved:
        ledger.close()
        where = ", ".join(map(str, sorted(others)))
        raise Failed(
            f"{path} is the ledger of {where}; if those pictures are here now, add --moved"
        )
    if arguments.moved:
        Room(arguments.folder, ledger, Reserve()).accept()
    return ledger


def ledger_of(folder: Path) -> Path:
    """The ledger of a folder: each has its own, so that no picture is missing where another has it."""
    return STATE / f"photos-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}.sqlite"


def choice_of(arguments: argparse.Namespace) -> Choice:
    """What the filters say."""
    return Choice(
        kinds=frozenset(map(Kind, arguments.kind)) if arguments.kind else None,
        slots=frozenset(arguments.slot) if arguments.slot else None,
        protected_only=arguments.protected_only,
        first_day=arguments.since,
        last_day=arguments.until,
    )


# -- the command line ------------------------------------------------------------------------------


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    fields = "\n".join(f"  {{{name}}}".ljust(14) + text for name, text in FIELDS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/import",
        description=__doc__,
        epilog=f"Fields of a template; the extension is the camera's:\n{fields}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("camera", metavar="HOST[:PORT]", type=where, nargs="?")
    parser.add_argument("folder", metavar="FOLDER", type=Path, nargs="?")
    parser.add_argument(
        "--ledger", type=Path, metavar="FILE", help=f"default: one for each folder, in {STATE}"
    )
    parser.add_argument("--moved", action="store_true", help="FOLDER was elsewhere before")
    parser.add_argument("--name", help="the camera's name in the template; default: its model")
    parser.add_argument("--template", type=template, default=DEFAULT, help=f"now: {DEFAULT.text}")
    parser.add_argument("--preview", action="store_true", help="say where a picture would lie")
    parser.add_argument("--kind", action="append", choices=[kind.value for kind in Kind])
    parser.add_argument("--slot", action="append", type=int, choices=(1, 2))
    parser.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--protected-only", action="store_true")
    parser.add_argument(
        "--from-now-on", action="store_true", help="take what is on the cards now for known"
    )
    parser.add_argument(
        "--delete", action="store_true", help="delete on the camera what is safe in the folder"
    )
    parser.add_argument(
        "--reserve",
        type=reserve,
        default=Reserve(),
        metavar="GIB",
        help="stays free; default: 1, or 5 %% of the disk if that is more",
    )
    parser.add_argument("--tries", type=int, default=5, metavar="N", help="after a lost connection")
    parser.add_argument("--json", action="store_true", help="end with the counts as JSON")
    parser.add_argument("--quiet", action="store_true", help="without the moving line")
    arguments = parser.parse_args()
    if not arguments.preview and arguments.folder is None:
        parser.error("HOST[:PORT] and FOLDER are needed, except for --preview")
    if arguments.since and arguments.until and arguments.since > arguments.until:
        parser.error("--since is after --until")
    arguments.choice = choice_of(arguments)
    return arguments


def where(text: str) -> tuple[str, int]:
    """Read HOST, HOST:PORT or [HOST]:PORT."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not host.startswith("[")):
        return text.strip("[]"), PORT
    if not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise argparse.ArgumentTypeError(f"{port!r} is no port")
    return host.strip("[]"), int(port)


def reserve(text: str) -> Reserve:
    """Read so many GiB; there is no share of the disk then."""
    size = float(text)
    if not 0 <= size < 1 << 30:  # which leaves "nan" out as well
        raise argparse.ArgumentTypeError(f"{text!r} is no size")
    return Reserve(least=int(size * (1 << 30)), share=0.0)


def template(text: str) -> Template:
    """Read a template."""
    try:
        read = Template(text)
    except TemplateError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not read.tells_apart:
        fields = ", ".join(f"{{{field}}}" for field in TELLING)
        raise argparse.ArgumentTypeError(f"many pictures would have one name; add one of {fields}")
    return read


def report(arguments: argparse.Namespace, total: Total, problem: str | None) -> None:
    """Say what was done."""
    if arguments.json:
        print(json.dumps(total.as_json() | {"problem": problem}))
        return
    for name, reason in total.failed:
        what = "something" if name is None else repr(name.encode("ascii", "replace").decode())
        print(f"import: {what} is not imported: {reason}", file=sys.stderr)
    for place in total.absent[:MANY]:
        print(f"import: {place!r} was imported, and taken away or cut short since", file=sys.stderr)
    if len(total.absent) > MANY:
        print(f"import: and so were {len(total.absent) - MANY} more", file=sys.stderr)
    known = total.known or 0
    print(f"{total.imported} imported ({total.size / MEBI:.1f} MiB), {known} known before")


async def until_signal(work: Awaitable[None]) -> None:
    """Run work; SIGTERM stops it as Ctrl-C does, cleanly."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await task


def main() -> int:
    """Run, and say in words what went wrong."""
    arguments = parse_arguments()
    if arguments.preview:
        print(arguments.template.preview(arguments.name or "Camera"))
        return 0
    total, problem, status = Total(), None, 1
    try:
        asyncio.run(until_signal(run(arguments, total)))
    except (PtpIpError, ImporterError, Failed, OSError) as error:
        problem = str(error)
    except KeyboardInterrupt, asyncio.CancelledError:
        problem, status = "stopped; the next run goes on from here", 130
    report(arguments, total, problem)
    if problem:
        print(f"import: {problem}", file=sys.stderr)
        return status
    return 0 if total.complete else 1


if __name__ == "__main__":
    sys.exit(main())
