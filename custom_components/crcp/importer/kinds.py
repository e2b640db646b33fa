"""What kind of file a photo is, by its extension, and which files belong to one shot. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

#: The parts of one shot are dated alike; a movie that goes with a picture begins a little earlier.
ONE_SHOT: Final = timedelta(seconds=10)


class Kind(StrEnum):
    """What a person would call it."""

    PHOTO = "photo"
    RAW = "raw"
    VIDEO = "video"
    SIDECAR = "sidecar"


_RAW: Final = frozenset(
    "3fr arw cr2 cr3 crw dng erf fff iiq k25 kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 "
    "srf srw x3f".split()
)
_VIDEO: Final = frozenset(
    "3gp avi crm m2ts m4v mkv mov mp4 mpeg mpg mts mxf nev r3d ts wmv".split()
)
#: The RAW files that cameras with PTP/IP write, as DCF spells them.
_USUAL_RAW: Final = frozenset({".ARW", ".CR2", ".CR3", ".DNG", ".NEF", ".ORF", ".RAF", ".RW2"})
_SIDECAR: Final = frozenset("aae cpi ctg dop lrv ndf pp3 thm wav xml xmp".split())


def kind_of(filename: str) -> Kind:
    """The kind of a file; what nobody knows is taken for a photo, so that nothing is left behind."""
    extension = PurePosixPath(filename).suffix.removeprefix(".").lower()
    if extension in _RAW:
        return Kind.RAW
    if extension in _VIDEO:
        return Kind.VIDEO
    return Kind.SIDECAR if extension in _SIDECAR else Kind.PHOTO


def endings_of_shots(names: Iterable[str]) -> set[str]:
    """The endings that the files of one shot may have, on a card with these names.

    RAW and JPEG of it may come in two runs, so they are among them when the first has none of one:
    in lower case where all that the camera wrote is.
    """
    endings = {PurePosixPath(name).suffix for name in names}
    folded = {ending.casefold() for ending in endings}
    has_raw = any(kind_of(f"x{ending}") is Kind.RAW for ending in folded)
    later = {".JPG"} if has_raw else {".JPG"} | _USUAL_RAW
    if endings and endings == folded:
        later = {ending.casefold() for ending in later}
    return endings | {ending for ending in later if ending.casefold() not in folded}


def stem_of(filename: str) -> str:
    """What the files of one shot share: the name without extension, in one case."""
    return PurePosixPath(filename).stem.casefold()


def is_one_shot(
    name: str, folder: str, taken: datetime | None, other: tuple[str, str, datetime | None]
) -> bool:
    """Whether two files with the same stem come from one press of the shutter.

    other: its name, folder and date. Numbers wrap and repeat, so their dates must agree; in
    whatever folder they are, because RAW and JPEG may go to two cards. What was written about a
    picture lies beside it, and may be much younger.
    """
    other_name, other_folder, other_taken = other
    if Kind.SIDECAR in (kind_of(name), kind_of(other_name)):
        return folder == other_folder
    if taken is None or other_taken is None:
        return taken is other_taken and folder == other_folder
    return abs(taken.replace(tzinfo=None) - other_taken.replace(tzinfo=None)) <= ONE_SHOT
