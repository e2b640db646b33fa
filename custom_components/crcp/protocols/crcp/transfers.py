"""Which of the transfers under way a reply belongs to, for a controller.

The final reply of a transfer comes at any time, also between a command and its reply, and looks
the same as an answer to ABOR or to a listing. These rules tell them apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import re
from typing import Final

from .codes import ReplyCode
from .grammar import fold
from .messages import Command, Reply, Subunit
from .subunits import TRANSFERS

#: Replies that end a transfer while some other command waits for its own.
_ENDS: Final = frozenset(
    {
        ReplyCode.TRANSFER_COMPLETE,
        ReplyCode.ACTION_OKAY,
        ReplyCode.NO_DATA_CONNECTION,
        ReplyCode.TRANSFER_BROKEN,
        ReplyCode.LOCAL_ERROR,
        ReplyCode.NO_SPACE_LEFT,
        551,
    }
)

#: What only ABOR or a transfer is answered with.
_STRAYS: Final = frozenset(
    {ReplyCode.NOTHING_TO_ABORT, ReplyCode.TRANSFER_COMPLETE, ReplyCode.TRANSFER_BROKEN}
)

#: 250 is the answer to these, whatever else is under way.
_ANSWERED_BY_250: Final = frozenset({"CWD", "CDUP", "SMNT"})

#: A transfer that waits for its 1yz is refused with these.
_REFUSALS: Final = frozenset({ReplyCode.NO_DATA_CONNECTION, ReplyCode.LOCAL_ERROR})


@dataclass(slots=True, eq=False)
class OpenTransfer:
    """A transfer that was started: by which command, and whether its data connection has ended."""

    command: Command
    data_ended: bool = False

    @property
    def is_listing(self) -> bool:
        """Whether this is a listing and not media."""
        return self.command.name in ("LIST", "NLST")

    @property
    def hint(self) -> str:
        """What our own unit writes in the final reply, so that it can be told."""
        name = self.command.name
        return name if self.is_listing else f"{name} {self.command.subunit}"


class OpenTransfers:
    """The transfers under way on one control connection, oldest first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: list[OpenTransfer] = []
        #: Its final reply did not come in time, and may come yet.
        self._given_up: OpenTransfer | None = None

    def __iter__(self) -> Iterator[OpenTransfer]:
        """The transfers, oldest first."""
        return iter(self._open)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._open)

    def start(self, command: Command) -> OpenTransfer:
        """Note that a transfer was started."""
        transfer = OpenTransfer(command)
        self._open.append(transfer)
        # A unit that has begun another will say no more of the last; or it would take its end.
        self._given_up = None
        return transfer

    def forget(self, transfer: OpenTransfer) -> None:
        """Wait no longer for the end of a transfer."""
        if transfer in self._open:
            self._open.remove(transfer)

    def give_up(self, transfer: OpenTransfer) -> None:
        """Wait no longer for the end of a transfer, which may still come before the next."""
        if transfer in self._open:
            self._open.remove(transfer)
            self._given_up = transfer

    def ended_by(self, reply: Reply, pending: Command | None) -> OpenTransfer | None:
        """The transfer that a reply ends; None when it belongs to the pending command."""
        if reply.code not in _ENDS or _is_for(reply, pending):
            return None
        if not self._open:
            late, self._given_up = self._given_up, None
            return late
        text = fold(reply.text)
        hinted = [each for each in self._open if _mentions(text, each.hint)]
        data_ended = [each for each in self._open if each.data_ended]
        # The end of the data may not have been read yet. A listing is short, media are long.
        listings = [each for each in self._open if each.is_listing]
        return (hinted or data_ended or listings or self._open)[0]

    def is_stray(self, reply: Reply, pending: Command | None) -> bool:
        """Whether a reply can only belong to a transfer, or an ABOR, that is given up already."""
        expected = pending and (pending.name == "ABOR" or pending.name in TRANSFERS)
        return reply.code in _STRAYS and not expected


def _mentions(text: str, hint: str) -> bool:
    """Whether a hint stands in a text, and not only as the beginning of another number."""
    return re.search(rf"\b{re.escape(hint)}\b", text) is not None


def _is_for(reply: Reply, pending: Command | None) -> bool:
    """Whether a reply that could end a transfer answers the pending command all the same."""
    if pending is None:
        return False
    if pending.name == "ABOR":
        # A unit that says ABOR in it has said which of its two replies this is.
        return "ABOR" in fold(reply.text) and "ABORTED" not in fold(reply.text)
    if pending.name in TRANSFERS and reply.code in _REFUSALS:
        text = fold(reply.text)
        return _mentions(text, f"{pending.name} {pending.subunit or Subunit('STREAM')}") or (
            not any(other in text for other in TRANSFERS)
        )
    return reply.code == ReplyCode.ACTION_OKAY and pending.name in _ANSWERED_BY_250
