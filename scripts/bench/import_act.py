"""The importer's process: import_act.py ACT PORT FOLDER SHOTS. It opens what a host opens, and acts."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
import json
from pathlib import Path
import sys
import time
from typing import Any, Final

from crcp.importer.importer import Importer
from crcp.importer.ledger import Ledger
from crcp.importer.ptp import PtpSource
from crcp.importer.room import Reserve
from crcp.importer.run import Imported
from crcp.protocols.ptpip.client import Initiator
from crcp.protocols.ptpip.codes import EventCode
from memory import peak, resident

GUID: Final = bytes(range(16))

type Told = asyncio.Queue[tuple[float, Imported]]
type Act = Callable[[Importer, Initiator, PtpSource, Told, int], Awaitable[dict[str, Any]]]


async def run(act: Act, port: int, folder: Path, shots: int) -> dict[str, Any]:
    """Open a thread, a ledger, a library and a session, and act."""
    library = folder / "media"
    library.mkdir(exist_ok=True)
    with ThreadPoolExecutor(1) as executor, Ledger(folder / "ledger.sqlite") as ledger:

        def blocking(func: Any, /, *args: Any) -> Any:
            return asyncio.get_running_loop().run_in_executor(executor, func, *args)

        told: Told = asyncio.Queue()
        importer = Importer(
            ledger,
            library,
            "Bench",
            run_blocking=blocking,
            clock=lambda: datetime.now(UTC),
            on_imported=lambda imported: told.put_nowait((time.monotonic(), imported)),
            reserve=Reserve(least=0, share=0.0),
        )
        async with await Initiator.connect(
            "127.0.0.1", port, guid=GUID, friendly_name="bench"
        ) as initiator:
            info = await initiator.begin()
            source = PtpSource(initiator, info.serial_number)
            return await act(importer, initiator, source, told, shots)


async def copy(
    importer: Importer, _initiator: Initiator, source: PtpSource, _told: Told, _shots: int
) -> dict[str, Any]:
    """Import everything."""
    before, began = resident(), time.monotonic()
    report = await importer.run(source)
    seconds = time.monotonic() - began
    return {
        "bytes": report.size,
        "known": report.known,
        "seconds": seconds,
        "peak": peak(),
        "grown": peak() - before,
    }


async def known(
    importer: Importer, initiator: Initiator, source: PtpSource, told: Told, shots: int
) -> dict[str, Any]:
    """Let everything be known, then, at a word, look at it again."""
    await importer.pass_over(source)
    print("passed", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return await copy(importer, initiator, source, told, shots)


async def shoot(
    importer: Importer, initiator: Initiator, source: PtpSource, told: Told, shots: int
) -> dict[str, Any]:
    """Import what is announced; each time measure the bare transfer of the same."""
    events = initiator.events()
    await importer.run(source)
    print("listening", flush=True)
    seen = 0
    async for event in events:
        if event.code != EventCode.OBJECT_ADDED:
            continue
        photo = await source.photo(event.parameters[0])
        if photo and await importer.import_photo(source, photo):
            moment, _ = await told.get()
            began = time.monotonic()
            await source.fetch(photo, _away)
            bare = time.monotonic() - began
            print(json.dumps({"at": moment, "bare": bare}), flush=True)
            seen += 1
        if seen == shots:
            break
    return {}


async def _away(_: memoryview) -> None:
    pass


ACTS: Final[dict[str, Act]] = {"copy": copy, "known": known, "shoot": shoot}

if __name__ == "__main__":
    said = asyncio.run(
        run(ACTS[sys.argv[1]], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    )
    print(json.dumps(said))
