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
import time
import uuid

from crcp.importer.choice import Choice
from crcp.importer.errors import ImporterError
from crcp.importer.executor import RunBlocking
from crcp.importer.importer import Imported, Importer, Progress, Report
from crcp.importer.kinds import Kind
from crcp.importer.ledger import Ledger
from crcp.importer.ptp import PtpSource
from crcp.importer.recovery import open_ledger
from crcp.importer.room import Reserve, Room
from crcp.importer.source import Photo
from crcp.importer.template import DEFAULT, FIELDS, Template, TemplateError
from crcp.protocols.ptpip.client import Initiator
from crcp.protocols.ptpip.errors import NotAuthorised, PtpIpError, Refused
from crcp.protocols.ptpip.packets import PORT

STATE = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state"), "crcp")

#: How often the line is drawn, in seconds, and over how long the rate is taken.
REDRAW = 0.1
RATE_OVER = 3.0

MEBI = 1 << 20

#: More names than this help nobody.
MANY = 10

#: How long to wait before a lost connection is made again; a camera frees its old one first.
AGAIN_AFTER = (1.0, 2.0, 5.0, 10.0)


class Failed(Exception):
    """Something that the user has to hear; the exit status is 1."""


# -- the line --------------------------------------------------------------------------------------


@dataclass
class Bar:
    """One line that shows how far the import is; nothing where nobody looks."""

    shown: bool
    drawn: float = 0.0
    marks: list[tuple[float, int]] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        """Draw, if it is time."""
        now = time.monotonic()
        if not self.shown or now - self.drawn < REDRAW:
            return
        self.drawn = now
        done = progress.done + progress.received
        self.marks = [m for m in self.marks if now - m[0] < RATE_OVER and m[1] <= done]
        self.marks.append((now, done))
        print("\r\x1b[K" + self.line(progress, self.rate()), end="", file=sys.stderr, flush=True)

    def listing(self, count: int) -> None:
        """Say how many pictures the camera has described so far."""
        if self.shown:
            self.drawn = time.monotonic()
            print(f"\r\x1b[K{count} listed", end="", file=sys.stderr, flush=True)

    def line(self, progress: Progress, rate: float) -> str:
        """What the line says."""
        done = progress.done + progress.received
        name = "".join(c if c.isprintable() else "?" for c in progress.photo.filename)[:32]
        share = min(1.0, done / progress.total) if progress.total else 0.0
        bar = ("#" * int(20 * share)).ljust(20, ".")
        left = f"{clock((progress.total - done) / rate)} left" if rate else ""
        count = f"{progress.number}/{progress.count}"
        return f"[{bar}] {share:4.0%} {count} {name} {rate / MEBI:.1f} MiB/s {left}".rstrip()

    def rate(self) -> float:
        """Bytes a second, of late."""
        (first, before), (last, now) = self.marks[0], self.marks[-1]
        return (now - before) / (last - first) if last > first else 0.0

    def clear(self) -> None:
        """Make room for something else."""
        if self.shown and self.drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Minutes and seconds, or hours before them."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


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
        done = self.last is not None and not self.last.failed and not self.last.waiting
        return done and not self.absent

    @property
    def known(self) -> int | None:
        """How many were known before; to a try that lost its link, what it imported is none."""
        if self.last is None:
            return None
        return self.last.known - (self.imported - self.last.imported)

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
            "failed": [
                {"file": each.photo.filename, "reason": str(each.error)}
                for each in (last.failed if last else ())
            ],
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
                # Where no camera ever answered there is nothing to wait for.
                if isinstance(error, Refused) or not met or tries >= arguments.tries:
                    raise
                bar.clear()
                print(f"import: {error}; trying again", file=sys.stderr)
                await asyncio.sleep(AGAIN_AFTER[min(tries, len(AGAIN_AFTER) - 1)])
                tries += 1
            finally:
                bar.clear()


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
        reserve=Reserve(least=int(arguments.reserve * (1 << 30)), share=0.0),
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
    """Where known pictures were that are no longer in the folder: a person took them away."""
    records = [ledger.find(photo) for photo in photos]
    places = [str(record.path) for record in records if record]
    return [place for place in places if not os.path.lexists(folder / place)]


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
    parser.add_argument("camera", metavar="HOST[:PORT]", type=where)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument(
        "--ledger", type=Path, metavar="FILE", help=f"default: one for each folder, in {STATE}"
    )
    parser.add_argument("--moved", action="store_true", help="FOLDER was elsewhere before")
    parser.add_argument("--name", help="the camera's name in the template; default: its model")
    parser.add_argument("--template", type=template, default=DEFAULT, help=f"now: {DEFAULT.text}")
    parser.add_argument("--preview", action="store_true", help="say where a picture would lie")
    parser.add_argument("--kind", action="append", choices=[kind.value for kind in Kind])
    parser.add_argument("--slot", action="append", type=int, metavar="N")
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
        "--reserve", type=float, default=1.0, metavar="GIB", help="stays free; default: %(default)s"
    )
    parser.add_argument("--tries", type=int, default=5, metavar="N", help="after a lost connection")
    parser.add_argument("--json", action="store_true", help="end with the counts as JSON")
    parser.add_argument("--quiet", action="store_true", help="without the moving line")
    arguments = parser.parse_args()
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


def template(text: str) -> Template:
    """Read a template."""
    try:
        return Template(text)
    except TemplateError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def report(arguments: argparse.Namespace, total: Total, problem: str | None) -> None:
    """Say what was done."""
    if arguments.json:
        print(json.dumps(total.as_json() | {"problem": problem}))
        return
    for failure in total.last.failed if total.last else ():
        name = failure.photo.filename.encode("ascii", "replace").decode()
        print(f"import: {name!r} is not imported: {failure.error}", file=sys.stderr)
    for place in total.absent[:MANY]:
        print(f"import: {place!r} was imported, and taken away since", file=sys.stderr)
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
