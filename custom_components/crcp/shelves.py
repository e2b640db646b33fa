"""What can be loaded into a tape: the listings of the FILE subunit that belongs to it."""

from dataclasses import dataclass
import re
from typing import Final

from homeassistant.components.media_player import BrowseMedia, MediaClass, MediaType

from .protocols.crcp.client import Controller
from .protocols.crcp.commands import text_command
from .protocols.crcp.errors import Refused
from .protocols.crcp.messages import Command, Subunit
from .protocols.crcp.status import UnitStatus
from .protocols.crcp.subunits import FILE, STREAM

#: A line as "ls -l" writes it: rights, links, owner, group, size, date in three words, name.
_LINE: Final = re.compile(r"([-dl])\S{9}\S*\s+\d+\s+\S+\s+\S+\s+\d+\s+\S+\s+\d+\s+[\d:]+\s(.+)")

#: So many names make a list that a person can still choose from.
MAX_SOURCES: Final = 200


@dataclass(frozen=True, slots=True)
class Listing:
    """One directory: the names of its directories and of its tapes."""

    directories: list[str]
    tapes: list[str]


def has_shelf(unit: UnitStatus, tape: Subunit) -> bool:
    """Whether a tape's own FILE subunit is there, and the stream that its listings come through."""
    own = Subunit(FILE, tape.number) in unit.spellings
    return own and any(subunit.kind == STREAM for subunit in unit.spellings)


async def list_directory(controller: Controller, path: str) -> Listing:
    """List a directory. Raises one of CRCP's errors."""
    try:
        lines = [_LINE.fullmatch(line) for line in await controller.list_names(path, details=True)]
    except Refused:
        lines = []
    found = [(line[1], line[2].strip()) for line in lines if line]
    if not found:
        # Lines of another shape, or none at all: the bare names will do.
        return Listing([], await controller.list_names(path))
    safe = [(kind, name) for kind, name in found if "/" not in name and name not in (".", "..")]
    directories = [name for kind, name in safe if kind == "d"]
    return Listing(directories, [name for kind, name in safe if kind != "d"])


def browse_directory(path: str, listing: Listing, unit: str) -> BrowseMedia:
    """Show a directory in the media browser; the uppermost is called after the unit."""
    prefix = f"{path}/" if path else ""
    children = [
        *(_directory(name, f"{prefix}{name}") for name in listing.directories),
        *(_recording(name, f"{prefix}{name}") for name in listing.tapes),
    ]
    return _directory(path.rpartition("/")[2] or unit, path, children)


def load(tape: Subunit, name: str) -> Command:
    """The command that loads a tape by its name (SMNT). Raises Refused for what no line holds."""
    return text_command("SMNT", Subunit(FILE, tape.number), name)


def _directory(title: str, path: str, children: list[BrowseMedia] | None = None) -> BrowseMedia:
    return BrowseMedia(
        media_class=MediaClass.DIRECTORY,
        media_content_id=path,
        media_content_type="directory",
        title=title,
        can_play=False,
        can_expand=True,
        children=children,
    )


def _recording(title: str, path: str) -> BrowseMedia:
    return BrowseMedia(
        media_class=MediaClass.VIDEO,
        media_content_id=path,
        media_content_type=MediaType.VIDEO,
        title=title,
        can_play=True,
        can_expand=False,
    )
