"""Fetching a camera's objects into a folder: each one once and whole, none over another.

An object is written under a name of its own and gets its final one when it is whole. A file that is
there already under that name is held against the object, not only by its name: cameras number from
the beginning again, and two cards hold the same names.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
import filecmp
from functools import partial
import os
from pathlib import Path
from typing import Final

from crcp.importer.errors import PhotoRefused
from crcp.importer.executor import Sink
from crcp.importer.naming import MAX_NUMBER, numbered, part_name, safe_name
from crcp.importer.ptp import PtpSource
from crcp.importer.source import Photo
from crcp.protocols.ptpip.errors import Refused

#: So much of the beginning and of the end is compared before anything is fetched.
SAMPLE: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where an object is now. there: it was there already. resumed: from how far in it was read."""

    path: Path
    size: int
    there: bool = False
    resumed: int = 0


async def fetch(source: PtpSource, photo: Photo, wanted: Path) -> Fetched:
    """Fetch an object to the wanted path, or to the next number of it that is free.

    photo: with its true size, or None where nobody can say it. Raises PhotoRefused for what costs
    this object only, OSError, and what ends the connection.
    """
    for path in _numbers(wanted):
        if not path.exists():
            return await _fetch(source, photo, wanted, path)
        if await _is_same(source, photo, path, photo.size):
            return Fetched(path, path.stat().st_size, there=True)
    raise FileExistsError(f"{wanted}: there are {MAX_NUMBER} files of this name")


def place(folder: Path, path: str) -> Path:
    """Where an object of this path on the camera belongs: safe names, all below folder."""
    return folder.joinpath(*(safe_name(name) for name in path.split("/") if name))


def _numbers(path: Path) -> Iterator[Path]:
    for number in range(MAX_NUMBER + 1):
        yield path.with_name(numbered(path.name, number))


async def _fetch(source: PtpSource, photo: Photo, wanted: Path, free: Path) -> Fetched:
    free.parent.mkdir(parents=True, exist_ok=True)
    part = wanted.with_name(part_name(wanted.name, photo))
    offset = part.stat().st_size if part.exists() else 0
    if not offset or not await _is_same(source, photo, part, offset):
        offset = 0
    if offset != photo.size or not offset:
        try:
            await _read(source, photo, part, offset)
        finally:
            if photo.size:
                _drop_if_empty(part)
    size = part.stat().st_size
    twin = _twin(part, wanted)
    if twin:
        part.unlink()
        return Fetched(twin, size, there=True)
    if photo.capture_date:
        date = photo.capture_date.timestamp()
        os.utime(part, (date, date))
    part.rename(free)
    return Fetched(free, size, resumed=offset)


async def _read(source: PtpSource, photo: Photo, part: Path, offset: int) -> None:
    """Read an object's bytes from offset on into its part file, and have them on the disk."""
    with part.open("r+b" if offset else "wb") as file:
        file.seek(offset)
        sink = Sink(partial(_write_all, file.fileno()), asyncio.to_thread)
        try:
            await source.fetch(photo, sink.write, offset)
        finally:
            # What came before a failure is where the next time begins.
            await sink.finish()
        file.truncate(os.lseek(file.fileno(), 0, os.SEEK_CUR))
        os.fsync(file.fileno())


def _drop_if_empty(part: Path) -> None:
    """Nothing came, so there is nothing to go on with."""
    if part.exists() and not part.stat().st_size:
        part.unlink()


def _write_all(file: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(file, piece) :]


async def _is_same(source: PtpSource, photo: Photo, path: Path, end: int | None) -> bool:
    """Whether a file is an object's first bytes up to end, by what lies at both ends of them.

    False where the camera gives no parts: then it is read again, and compared whole.
    """
    if photo.size is None or end is None or end > photo.size:
        return False
    ends = _ends(path, end)
    if ends is None:
        return False
    try:
        for offset, ours in ends:
            if await source.sample(photo, offset, len(ours)) != ours:
                return False
    except PhotoRefused, Refused:
        return False
    return True


def _ends(path: Path, size: int) -> list[tuple[int, bytes]] | None:
    """What lies at the beginning and the end of a file; None for one of another size."""
    if path.stat().st_size != size:
        return None
    sample = min(SAMPLE, size)
    with path.open("rb") as file:
        places = {0, size - sample} if sample else set()
        return [(place, os.pread(file.fileno(), sample, place)) for place in sorted(places)]


def _twin(part: Path, wanted: Path) -> Path | None:
    """A file of this name, or a number of it, with the very same bytes."""
    for path in _numbers(wanted):
        if not path.exists():
            return None
        if path.is_file() and filecmp.cmp(part, path, shallow=False):
            return path
    return None


def sized(photo: Photo, size: int | None) -> Photo:
    """An object whose size is now known, or still is not."""
    return photo if photo.size is not None else replace(photo, size=size)
