"""What a person chose for a unit's picture: how it comes, what becomes of it, where clips go."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from .live.transfer import Wish
from .protocols.crcp.messages import MAX_TS_PACKETS, Subunit, TransferMode

CONF_WAY: Final = "way"
CONF_PACKETS: Final = "packets"
CONF_CONVERT: Final = "convert"
CONF_CLIP_DIR: Final = "clip_dir"

TRANSPORT_STREAM: Final = 33


class Way(StrEnum):
    """How media come: MODE S, MODE P to us, MODE P to a group that the unit names."""

    CONNECTION = "connection"
    DATAGRAMS = "datagrams"
    GROUP = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """The options of a unit's entry. packets: in a datagram, 1..7. clip_dir: "" for the usual."""

    way: Way = Way.CONNECTION
    packets: int = MAX_TS_PACKETS
    convert: bool = False
    clip_dir: str = ""

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> Self:
        """Read an entry's options."""
        return cls(
            way=Way(options.get(CONF_WAY, Way.CONNECTION)),
            packets=int(options.get(CONF_PACKETS, MAX_TS_PACKETS)),
            convert=options.get(CONF_CONVERT, False),
            clip_dir=options.get(CONF_CLIP_DIR, ""),
        )

    def wish(self, stream: Subunit, payload_type: int) -> Wish:
        """What is asked of a unit."""
        mode = TransferMode()
        if self.way is not Way.CONNECTION:
            # Of other types a datagram holds one packet, whatever was asked for (section 7).
            mode = TransferMode(self.packets if payload_type == TRANSPORT_STREAM else 1)
        return Wish(stream, payload_type, mode, multicast=self.way is Way.GROUP)
