"""Photos that the ledger seems to know, and that may be others all the same.

A clock that was lost dates every picture alike, uncompressed pictures are all of one size, and
numbers begin anew on a card that was formatted. So name, size and date may be those of another
photo: what a photo is whose date is no proof, its first and last bytes say. The ledger has their
hash since it was imported, or passed over. The same goes for objects of one card that are alike in
all that is told of them. All others are known by name, size and date alone.

Not each is read in each session. A camera gives a new file a higher number than all that are in the
folder, so a picture that is still there shows that no lower number was given anew since. What was
seen on a card at once is a look; when the last picture of a look is what it was, the others are.
Not every camera counts so, and a card may be changed in a computer: what has another handle than it
had, or another place in the order of the handles where a camera numbers anew, is read all the same,
and so is what an event tells of. Of the rest, those that were read longest ago get their turn: so
each of n pictures of a folder is read within n / TURN sessions, rounded up.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
import hashlib
from pathlib import Path, PurePosixPath
import re
from typing import Final
from weakref import ReferenceType, ref

from .ends import Ends, Seen, places
from .errors import ImporterError, PhotoRefused
from .executor import RunBlocking, to_its_end
from .ledger import Ledger
from .reading import ends_of, sha256_of
from .run import Plan
from .source import Photo, PhotoSource

#: DCF's file names: four characters, then the number.
_NUMBERED: Final = re.compile(r"(\w{4})(\d{4})(\.\w*)?", re.ASCII)

#: So many that need not be read are, of each series in each session: a card of thousands costs a
#: second or two, and has been read as a whole after some hundred sessions at most.
TURN: Final = 16

_NONE_ALIKE: Final[frozenset[Photo]] = frozenset()
_NOTHING_TOLD: Final[frozenset[int]] = frozenset()


class Doubts:
    """Looks at the photos of one camera that may be others than those which were imported."""

    def __init__(self, ledger: Ledger, library: Path, run_blocking: RunBlocking) -> None:
        """Nothing is settled yet."""
        self._ends = Ends(ledger.database)
        self._library = library
        self._run_blocking = run_blocking
        self._session: ReferenceType[PhotoSource] | None = None
        self._settled: set[int] = set()

    async def settled(
        self, source: PhotoSource, plan: Plan, told: Collection[int] = _NOTHING_TOLD
    ) -> Plan:
        """A plan in which what only seemed to be known is fetched, and what only seemed new is not.

        told: as for others.
        """
        alike = [photo for photo in plan.ready if photo in plan.alike]
        found = await self.others(source, alike + plan.known, plan.alike, told)
        others = {photo.handle for photo in found}
        old = {photo.handle for photo in alike} - others
        return replace(
            plan,
            ready=[photo for photo in plan.ready if photo.handle not in old]
            + [photo for photo in plan.known if photo.handle in others],
            known=[photo for photo in plan.known if photo.handle not in others]
            + [photo for photo in plan.ready if photo.handle in old],
        )

    async def others(
        self,
        source: PhotoSource,
        known: Iterable[Photo],
        alike: Collection[Photo] = _NONE_ALIKE,
        told: Collection[int] = _NOTHING_TOLD,
    ) -> list[Photo]:
        """Those of the known photos of a session that have other bytes than what was imported.

        alike: of which there are more on the cards than the ledger knows. Where it cannot be seen,
        these are others, and the rest is what it seems: the camera gives no parts.
        told: the handles of what the camera has announced, which is read whatever it seems to be.
        """
        if self._session is None or self._session() is not source:
            self.unsettle()
            self._session = ref(source)
        self._settled.difference_update(told)
        doubtful = [
            photo
            for photo in known
            if (not photo.is_dated or photo in alike) and photo.handle not in self._settled
        ]
        if not doubtful:
            return []
        rows = await self._blocking(self._ends.of, doubtful)
        others = []
        for series, is_numbered in _in_series(doubtful, alike):
            look = _Look(self, source, rows, alike, told if is_numbered else None)
            others += await look.others(series)
        handles = {photo.handle for photo in others}
        self._settled |= {photo.handle for photo in doubtful} - handles
        return others

    def unsettle(self) -> None:
        """Take nothing for settled any more: the cards may be other ones."""
        self._settled.clear()

    async def is_other(self, source: PhotoSource, photo: Photo) -> bool:
        """Whether a photo that the camera has just told of is another one than its identity says."""
        return bool(await self.others(source, [photo], told=[photo.handle]))

    async def ends(self, source: PhotoSource, photos: Sequence[Photo]) -> dict[int, str]:
        """The ends of those of the photos that need them to be known, by their handles."""
        equal = Counter(photos)
        return {
            photo.handle: ends
            for photo in photos
            if (not photo.is_dated or equal[photo] > 1) and (ends := await self.read(source, photo))
        }

    async def read(self, source: PhotoSource, photo: Photo) -> str | None:
        """The hash of a photo's ends; None where the camera does not give them."""
        digest = hashlib.sha256()
        for place in places(photo.size):
            try:
                sample = await source.sample(photo, *place)
            except PhotoRefused:
                return None  # the photo's trouble is told by who fetches
            if sample is None:
                return None
            digest.update(sample)
        return digest.hexdigest()

    async def row_of(
        self, photo: Photo, rows: Sequence[Seen], ends: str, *, is_alike: bool
    ) -> Seen | None:
        """The row that a photo with these ends is, with the ends in it; None for another photo."""
        for row in rows:
            if row.ends == ends:
                return row
        bare = [replace(row, ends=ends) for row in rows if not row.ends]
        return await self._blocking(self._row_of, photo, bare, is_alike) if bare else None

    async def note(self, seen: Mapping[int, Seen], read: Collection[int]) -> None:
        """Remember what was seen on one card at once, and what of it was read, by handles."""
        await self._blocking(self._ends.note, seen, read)

    def _row_of(self, photo: Photo, bare: Sequence[Seen], is_alike: bool) -> Seen | None:
        """The same for rows of an older ledger, whose files are all that can be compared.

        A file that its owner moved or changed tells nothing. Then the photo is taken for what it
        seems to be, as it always was, and known by its ends from now on.
        """
        untold = []
        for row in bare:
            here = self._of_file(row, lambda at, path: ends_of(at, path, photo.size))
            if here == row.ends:
                return row
            if here is None or self._of_file(row, sha256_of) != row.sha256:
                untold.append(row)
        return untold[0] if untold and not is_alike else None

    def _of_file(self, row: Seen, read: Callable[[Path, PurePosixPath], str | None]) -> str | None:
        """Read a row's file; None where there is none."""
        if row.path is None:
            return None
        try:
            return read(row.library or self._library, row.path)
        except ImporterError:
            return None  # the library's trouble is told by who writes

    async def _blocking[*Args, Result](
        self, func: Callable[[*Args], Result], *args: *Args
    ) -> Result:
        return await to_its_end(self._run_blocking(func, *args))


class _Look:
    """One look at photos. told: as for Doubts.others; None where no number tells which are later."""

    def __init__(
        self,
        doubts: Doubts,
        source: PhotoSource,
        rows: dict[int, list[Seen]],
        alike: Collection[Photo],
        told: Collection[int] | None,
    ) -> None:
        self._doubts = doubts
        self._source = source
        self._rows = rows
        self._alike = alike
        self._told = told
        self._seen: dict[int, Seen] = {}
        self._read: set[int] = set()
        self._agreed: set[int] = set()
        #: The handle that the last one of the looks has, and the one that it had.
        self._above = 0, 0

    async def others(self, series: Sequence[Photo]) -> list[Photo]:
        """Those of a series, its last photo first, that are not what was imported."""
        try:
            others, unread = [], []
            for photo in series:
                if self._was_seen_with_others(photo):
                    unread.append(photo)
                elif await self._is_other(photo):
                    others.append(photo)
            unread.sort(key=lambda photo: self._seen[photo.handle].turn)
            turn, rest = unread[:TURN], unread[TURN:]
            found = [photo for photo in turn if await self._is_other(photo)]
            if found:
                found += [photo for photo in rest if await self._is_other(photo)]
            return others + found
        finally:
            # What was read is not read again, also where the link is lost before the end.
            await self._doubts.note(self._seen, self._read)

    def _was_seen_with_others(self, photo: Photo) -> bool:
        """Whether a photo was on the card when one was that is still there, with a higher number."""
        if self._told is None or photo.handle in self._told:
            return False
        for row in self._rows[photo.handle]:
            if row.look in self._agreed and self._is_in_its_place(photo, row):
                self._seen[photo.handle] = row
                self._above = photo.handle, row.handle
                return True
        return False

    def _is_in_its_place(self, photo: Photo, row: Seen) -> bool:
        """Whether a photo has its handle still; or, as the one above it, a new one in the old order."""
        now, noted = self._above
        return photo.handle == row.handle or (
            now != noted and (photo.handle < now) == (row.handle < noted)
        )

    async def _is_other(self, photo: Photo) -> bool:
        """Read a photo's ends."""
        is_alike = photo in self._alike
        self._seen.pop(photo.handle, None)
        ends = await self._doubts.read(self._source, photo)
        if ends is None:
            return is_alike
        rows = self._rows[photo.handle]
        row = await self._doubts.row_of(photo, rows, ends, is_alike=is_alike)
        if row is None:
            return True
        self._seen[photo.handle] = row
        self._read.add(photo.handle)
        if row.look:
            self._agreed.add(row.look)
            self._above = photo.handle, row.handle
        return False


def _in_series(
    photos: Iterable[Photo], alike: Collection[Photo]
) -> Iterator[tuple[list[Photo], bool]]:
    """Photos by folder and kind of name, the highest number first; then those without a number."""
    series: dict[tuple[str | None, ...], list[tuple[int, Photo]]] = {}
    others = []
    for photo in photos:
        named = _NUMBERED.fullmatch(photo.filename)
        if named and photo not in alike:
            key = photo.storage, photo.folder, named[1], named[3]
            series.setdefault(key, []).append((int(named[2]), photo))
        else:
            others.append(photo)
    for each in series.values():
        yield [photo for _, photo in sorted(each, key=lambda one: -one[0])], True
    yield others, False
