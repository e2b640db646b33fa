"""Where a camera's photos go, and under which name: the files of one shot under one stem."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
import os
from pathlib import Path, PurePosixPath
import stat

from .kinds import endings_of_shots
from .ledger import Ledger
from .naming import first_free, numbered
from .reading import Hashes
from .records import Begun
from .room import Room
from .source import Photo
from .template import Template


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder, what names the camera and the files there, and the books.

    endings: of what may belong to one shot, by the names on this camera's cards.
    """

    ledger: Ledger
    library: Path
    camera_name: str
    template: Template
    room: Room
    hashes: Hashes = field(default_factory=Hashes)
    endings: set[str] = field(default_factory=lambda: endings_of_shots(()))

    def know_names(self, names: Iterable[str]) -> None:
        """Learn which endings this camera writes, from all that is on its cards."""
        self.endings.clear()
        self.endings.update(endings_of_shots(names))

    def place_for(self, photo: Photo, arrived: datetime) -> Begun:
        """Beside the other files of the shot; else where the template says, under a free stem."""
        sibling = self.ledger.sibling(photo)
        if sibling:
            ending = self._template_path(photo, arrived, 0).suffix
            return self._at(sibling.path.with_suffix(ending), sibling.counter)
        counter = self.ledger.next_counter(photo.serial) if self.template.counts else 0
        wanted = self._template_path(photo, arrived, counter)
        free = first_free(lambda number: self._is_stem_taken(_numbered(wanted, number), photo))
        return self._at(_numbered(wanted, free or 0), counter)  # storing it says if all are taken

    def _is_stem_taken(self, path: PurePosixPath, photo: Photo) -> bool:
        """Whether another shot's file has this name, or would be in the way of this one's others.

        A stranger's file under the very name of this one is no matter: it may be this one. Where it
        has this one's size too, what lies beside it is taken for the shot's own. (Many shares take
        x.jpg for x.JPG.)
        """
        if self.ledger.is_stem_taken(path, photo, self.library):
            return True
        size = _size_of(self.library / path)
        if size is not None and photo.size in {size, None}:
            return False
        others = (path.with_suffix(ending) for ending in self.endings if ending != path.suffix)
        return any(os.path.lexists(self.library / other) for other in others)

    def _at(self, path: PurePosixPath, counter: int) -> Begun:
        return Begun(path=path, counter=counter, library=self.library)

    def _template_path(self, photo: Photo, arrived: datetime, counter: int) -> PurePosixPath:
        return self.template.path(self.camera_name, photo, arrived, counter)


def _numbered(path: PurePosixPath, number: int) -> PurePosixPath:
    return path.with_name(numbered(path.name, number))


def _size_of(path: Path) -> int | None:
    """The size of a plain file; None where there is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
