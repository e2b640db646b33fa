"""Commands and replies as values that validate themselves."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, override

from .addresses import Address
from .codes import COMPLETION, INTERMEDIATE, PERMANENT_NEGATIVE, PRELIMINARY, TRANSIENT_NEGATIVE
from .grammar import CONTROL, FORBIDDEN, INTEGRAL_ABOVE, INTEGRAL_BELOW

#: So many MPEG-TS packets and an RTP header are the most that fits an Ethernet frame.
MAX_TS_PACKETS = 7

#: Text shown to a person or a log is cut here; a unit may send 64 KiB.
SHOWN_TEXT_LIMIT = 200


@dataclass(frozen=True, slots=True, order=True)
class Subunit:
    """One subunit of a unit (section 2): its type in capitals and its number, 0 by default."""

    kind: str
    number: int = 0

    @override
    def __str__(self) -> str:
        return f"{self.kind}{self.number}"


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as sections 8 and 9 write it: absolute, or relative to the present value.

    An absolute amount is never negative on the wire, because a sign makes it relative; the
    value keeps its sign otherwise. Its integral part fits 32 bits signed, else ValueError.
    """

    value: float
    relative: bool = False

    def __post_init__(self) -> None:
        if not INTEGRAL_ABOVE < self.value < INTEGRAL_BELOW:
            raise ValueError(f"{self.value} does not fit 32 bits")
        if not self.relative and self.value < 0:
            raise ValueError(f"{self.value} is negative and cannot be written as an absolute value")


@dataclass(frozen=True, slots=True)
class Step:
    """Section 9: "+" or "-" alone, "some meaningful small amount toward the direction"."""

    direction: int

    def __post_init__(self) -> None:
        if self.direction not in (-1, 1):
            raise ValueError(f"a step goes +1 or -1, not {self.direction}")


class Auto(Enum):
    """Section 9: the keyword AUTO."""

    AUTO = "AUTO"


AUTO: Final = Auto.AUTO

type Setting = Amount | Step | Auto


@dataclass(frozen=True, slots=True)
class Motion:
    """Section 8: how a tape moves: signed speed (1 is normal), and where it stops, in seconds."""

    speed: float | None = None
    stop: Amount | None = None

    def __post_init__(self) -> None:
        if self.speed is None and self.stop is not None:
            raise ValueError("a stop position can only follow a speed")
        if self.speed is not None and not INTEGRAL_ABOVE < self.speed < INTEGRAL_BELOW:
            raise ValueError(f"a tape cannot run at {self.speed}")


@dataclass(frozen=True, slots=True)
class Representation:
    """The argument of TYPE (section 7): what is sent over the data connection.

    payload_types: RTP payload types, 0..127; empty means the unit's default, None plain ASCII,
    which serves listings only.
    """

    payload_types: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class TransferMode:
    """The argument of MODE (section 7): None for S, a TCP stream; n for P, UDP packets.

    n counts the MPEG-TS packets in a datagram, 1..7; for other payload types it means nothing.
    """

    packets: int | None = None

    def __post_init__(self) -> None:
        if self.packets is not None and not 1 <= self.packets <= MAX_TS_PACKETS:
            raise ValueError(f"{self.packets} packets do not go into one datagram")


type Argument = (
    str | Motion | Amount | Step | Auto | Subunit | Representation | TransferMode | Address | None
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command line: its canonical name ("PLAY"), the subunit it is for, its argument.

    STAT and HELP carry no subunit of their own; the one they ask about is their argument.
    """

    name: str
    subunit: Subunit | None = None
    argument: Argument = None

    def __post_init__(self) -> None:
        if isinstance(self.argument, str) and FORBIDDEN.search(self.argument):
            raise ValueError("a command cannot hold line ends or NUL")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply (RFC 959 section 4.2): code 100..599 and its lines of text, without line ends.

    One line: a single-line reply. More: the first line's text, the inner lines, the last text.
    """

    code: int
    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 100 <= self.code <= 599:
            raise ValueError(f"{self.code} is not a reply code")
        if not self.lines:
            raise ValueError("a reply has at least one line")
        for line in self.lines:
            if "\r" in line or "\n" in line:
                raise ValueError("a line of a reply holds no line end")

    @property
    def text(self) -> str:
        """The text beside the code in the first line, as sent."""
        return self.lines[0]

    @property
    def inner(self) -> tuple[str, ...]:
        """The lines between the first and the last."""
        return self.lines[1:-1]

    @property
    def shown(self) -> str:
        """The text for a person: one line, no control characters, bounded."""
        return CONTROL.sub(" ", self.text)[:SHOWN_TEXT_LIMIT].strip()

    @property
    def preliminary(self) -> bool:
        """1yz: another reply to the same command follows."""
        return self.code // 100 == PRELIMINARY

    @property
    def done(self) -> bool:
        """2yz: the command succeeded."""
        return self.code // 100 == COMPLETION

    @property
    def wants_more(self) -> bool:
        """3yz: the unit waits for the next command of a sequence (PASS, ACCT)."""
        return self.code // 100 == INTERMEDIATE

    @property
    def failed(self) -> bool:
        """4yz or 5yz: the command did not happen."""
        return self.code // 100 in (TRANSIENT_NEGATIVE, PERMANENT_NEGATIVE)
