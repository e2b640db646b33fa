"""What can go wrong while photos are imported: whose fault it is, and the facts as attributes.

What a source's link raises is not here: it passes through the importer as it is.
"""

import errno
from pathlib import PurePath
from typing import ClassVar, Final, override


class ImporterError(Exception):
    """Anything that keeps a photo from being imported."""


class PhotoError(ImporterError):
    """This one photo cannot be imported now; the others can."""


class LibraryError(ImporterError):
    """The library cannot take photos; the run ends.

    path: the library, or the place in it. code: the errno, text: what the system calls it.
    """

    def __init__(self, path: PurePath, code: int, text: str) -> None:
        super().__init__(path, code, text)
        self.path = path
        self.code = code
        self.text = text

    @override
    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class LedgerError(ImporterError):
    """The ledger cannot be read or written; the run ends. path: its file. text: why."""

    def __init__(self, path: PurePath, text: str) -> None:
        super().__init__(path, text)
        self.path = path
        self.text = text

    @override
    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class Stopped(Exception):
    """Somebody asked for an end; what has come of the photo in hand stays. Nobody failed."""


# -- the photo -------------------------------------------------------------------------------------


class PhotoRefused(PhotoError):
    """The camera will not give this photo, or not now. text: what it says."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class WrongLength(PhotoError):
    """What came is not as long as announced. announced: None for "4 GiB - 1 or more"."""

    def __init__(self, announced: int | None, received: int) -> None:
        super().__init__(announced, received)
        self.announced = announced
        self.received = received

    @override
    def __str__(self) -> str:
        return f"{self.received} bytes came, {self.announced or 'over 4 GiB'} were announced"


class Changed(PhotoError):
    """The camera's file is another one than it was before: it is still being recorded, perhaps."""

    def __init__(self) -> None:
        super().__init__("the file changed on the camera while it was read")


class NotStorable(PhotoError):
    """The library's file system cannot hold this file: too long, or such a name.

    path: where it was to lie. code and text: as the system says it.
    """

    def __init__(self, path: PurePath, code: int, text: str) -> None:
        super().__init__(path, code, text)
        self.path = path
        self.code = code
        self.text = text

    @override
    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class PlaceRefused(PhotoError):
    """A photo cannot lie where it was to lie. path: that place."""

    why: ClassVar[str]

    def __init__(self, path: PurePath) -> None:
        super().__init__(path)
        self.path = path

    @override
    def __str__(self) -> str:
        return f"{self.path} {self.why}"


class UnsafePath(PlaceRefused):
    """Something that is no folder, a symbolic link say, is where a folder should be."""

    why = "leads through something that is no folder, a link or a file"


class BeingImported(PlaceRefused):
    """Another importer of the same camera has this photo in hand."""

    why = "is being imported already"


class NameTaken(PlaceRefused):
    """Every name that this photo could have is another file's. path: the first of them."""

    why = "and all its numbered names are taken"


# -- the library and the ledger --------------------------------------------------------------------


class LibraryMissing(LibraryError):
    """The library's folder is not there: a disk or a share that is not mounted, perhaps."""


class LibraryFull(LibraryError):
    """No space left, or less than what is to stay free, or the quota is used up."""


class NoRoomForPhoto(LibraryFull):
    """There is no room for one photo; a smaller one may find some."""


class AnotherLibrary(LibraryMissing):
    """Something else is mounted where the library was, or its share is not."""


class NotWritable(LibraryError):
    """The library may not be written: permissions, or a read-only file system."""


class LedgerDamaged(LedgerError):
    """What is there is no ledger, or no whole one."""


class LedgerTooNew(LedgerError):
    """A newer version wrote this ledger. version: its schema; supported: the newest known here."""

    def __init__(self, path: PurePath, version: int, supported: int) -> None:
        super().__init__(
            path,
            f"this ledger was written by a newer version (schema {version}, supported: {supported})",
        )
        self.version = version
        self.supported = supported


_LIBRARY_ERRORS: Final[dict[int, type[LibraryError]]] = {
    errno.ENOSPC: LibraryFull,
    errno.EDQUOT: LibraryFull,
    errno.EACCES: NotWritable,
    errno.EPERM: NotWritable,
    errno.EROFS: NotWritable,
    errno.ENOENT: LibraryMissing,
    errno.ENODEV: LibraryMissing,
    errno.ENOTCONN: LibraryMissing,
    errno.EHOSTDOWN: LibraryMissing,
    errno.ESTALE: LibraryMissing,
}

#: The file system's own limits: FAT32 ends at 4 GiB, encrypting ones want shorter names, and some
#: have no such characters.
_LIMITS: Final = frozenset({errno.EFBIG, errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL})

_NO_FOLDER: Final = frozenset({errno.ELOOP, errno.ENOTDIR})


def storage_error(path: PurePath, error: OSError) -> ImporterError:
    """The error that a refused file operation on path is."""
    code = error.errno or 0
    text = error.strerror or str(error)
    if code in _NO_FOLDER:
        return UnsafePath(path)
    if code in _LIMITS:
        return NotStorable(path, code, text)
    return _LIBRARY_ERRORS.get(code, LibraryError)(path, code, text)
