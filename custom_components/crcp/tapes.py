"""What Home Assistant knows of a tape beyond its status: its speed, its title, who may record."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from .protocols.crcp.commands import DEFAULT_WINDING_SPEED
from .protocols.crcp.messages import Motion
from .protocols.crcp.status import Bounds, TapeStatus

#: What a tape does that nobody has told and that cannot be asked.
UNKNOWN: Final = ""

#: Two positions closer together than this, in seconds, tell no speed.
LEAST_INTERVAL: Final = 0.4


class Transport(StrEnum):
    """What a tape does, as a person would say it."""

    PAUSED = "paused"
    PLAYING = "playing"
    REVERSE = "reverse"
    RECORDING = "recording"
    FAST_FORWARD = "fast_forward"
    REWIND = "rewind"


#: A reading this near to the position that everybody has counted on to is no news, in seconds.
TOLERANCE: Final = 1.0


@dataclass(slots=True)
class Tape:
    """One tape as this Home Assistant drives it.

    chosen_speed: how fast play plays. may_record: the guard. title: the name that was loaded from
    here. resume: what a seek goes on with. is_lent: a clip needs it, so nobody else is to move it.
    position and read_at: the last reading, and the event loop's time of it.
    """

    chosen_speed: float = 1.0
    may_record: bool = False
    title: str | None = None
    names: list[str] = field(default_factory=list)
    resume: Motion | None = None
    is_lent: bool = False
    operation: str = "PAUS"
    position: float | None = None
    read_at: float = 0.0
    _commanded: tuple[str, float] | None = None
    _estimate: float | None = None

    @property
    def speed(self) -> float:
        """The signed speed of what the tape does now; 0 while it stands.

        STAT does not tell it: it is that of the last command, or that of the last two positions.
        """
        if self.operation in ("PAUS", UNKNOWN):
            return 0.0
        if self._commanded and self._commanded[0] == self.operation:
            return self._commanded[1]
        if self._estimate is not None:
            return self._estimate
        return DEFAULT_WINDING_SPEED if self.operation == "FF" else 1.0

    @property
    def transport(self) -> Transport | None:
        """What the tape does, as a person would say it; None where nobody knows."""
        backward = self.speed < 0
        match self.operation:
            case "PLAY":
                return Transport.REVERSE if backward else Transport.PLAYING
            case "FF":
                return Transport.REWIND if backward else Transport.FAST_FORWARD
            case "RECO":
                return Transport.RECORDING
            case "":
                return None
            case _:
                return Transport.PAUSED

    def commanded(self, name: str, speed: float | None) -> None:
        """Remember a command that the unit has taken; without a speed it will show."""
        self.resume = None
        self._estimate = None
        self._commanded = None if speed is None else (name, speed)

    def read(self, status: TapeStatus, now: float) -> None:
        """Take a reading."""
        if status.operation == self.operation != "PAUS":
            self._estimate_speed(status.position, now)
        elif status.operation == "PAUS":
            self._commanded = self._estimate = None
        else:
            self._estimate = None
        self.operation, self.position, self.read_at = status.operation, status.position, now

    def _estimate_speed(self, position: float | None, now: float) -> None:
        if position is None or self.position is None or now - self.read_at < LEAST_INTERVAL:
            return
        if speed := round((position - self.position) / (now - self.read_at), 1):
            self._estimate = speed


class Counter:
    """The position of a tape as dashboards are told it. at: when it was there; None if unknown.

    Whoever shows a player counts its position on by a second each second while it plays. At speed
    1 that is true, and the position is told anew only when it is not. At any other speed, and
    backwards, it is told with every reading, each second.
    """

    def __init__(self) -> None:
        self.position: float | None = None
        self.at: datetime | None = None

    def follow(self, tape: Tape, read_at: datetime) -> None:
        """Take a reading, unless the tape is where everybody has counted on to."""
        if tape.position is None:
            self.position = self.at = None
        elif not self._is_expected(tape.speed, tape.position, read_at):
            self.position, self.at = tape.position, read_at

    def _is_expected(self, speed: float, position: float, read_at: datetime) -> bool:
        if self.position is None or self.at is None or speed not in (0, 1):
            return False
        counted = (read_at - self.at).total_seconds() if speed else 0.0
        return abs(self.position + counted - position) < (TOLERANCE if speed else 0.001)


def speeds(status: TapeStatus | None, name: str) -> Bounds:
    """The speeds that a unit lists for a tape command."""
    ability = status.abilities.get(name) if status else None
    return (ability.speed if ability else None) or Bounds()


def fastest(status: TapeStatus | None, direction: int) -> float | None:
    """The fastest winding in a direction, 1 or -1; None where the tape cannot."""
    if status is None or "FF" not in status.abilities:
        return None
    bounds = speeds(status, "FF")
    limit = bounds.maximum if direction > 0 else bounds.minimum
    if limit is None:
        return direction * DEFAULT_WINDING_SPEED
    return limit if limit * direction > 0 else None
