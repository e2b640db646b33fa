"""What is known of a camera beside its pictures; it stays known while the camera sleeps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from .protocols.ptpip.datasets import StorageInfo
from .protocols.ptpip.settings import Control

#: A card with less room than this, in bytes, takes no more pictures worth the name.
NO_ROOM: Final = 16 << 20

#: In StorageInfo: the camera does not count them.
_NOT_COUNTED: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A card's room. free: bytes. pictures_left: None where the camera does not count them."""

    free: int
    pictures_left: int | None = None

    @classmethod
    def of(cls, info: StorageInfo) -> Self:
        """What a StorageInfo says."""
        left = info.free_space_in_images
        return cls(
            free=info.free_space_in_bytes, pictures_left=None if left == _NOT_COUNTED else left
        )

    @property
    def is_full(self) -> bool:
        """Whether the next picture has no room."""
        return self.free < NO_ROOM if self.pictures_left is None else not self.pictures_left


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """A setting: what it is, and what it can be. One with choices has a name, else a number.

    writable: whether it can be set in the mode that the camera is in.
    """

    value: str | float | None
    writable: bool
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None

    @classmethod
    def of(cls, control: Control) -> Self:
        """What a control says."""
        low, high, step = control.bounds or (None, None, None)
        return cls(
            value=control.value,
            writable=control.writable,
            choices=tuple(control.choices),
            low=low,
            high=high,
            step=step,
        )

    def after(self, before: Knob | None) -> Knob:
        """This knob, with what it could be before where it cannot be set in this mode."""
        if before is None or self.writable or not (before.choices or before.low is not None):
            return self
        return replace(
            self, choices=before.choices, low=before.low, high=before.high, step=before.step
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFacts:
    """All of it. battery: percent. slots: by number, from 1. knobs: by setting.

    turnable: the settings that could be set in some mode, now or earlier.
    """

    battery: int | None = None
    slots: Mapping[int, Slot] = field(default_factory=dict)
    knobs: Mapping[str, Knob] = field(default_factory=dict)
    turnable: frozenset[str] = frozenset()
    can_capture: bool = False
    has_clock: bool = False
    has_live_view: bool = False

    def with_knobs(self, knobs: Mapping[str, Knob]) -> CameraFacts:
        """These facts with some knobs read anew."""
        merged = {key: knob.after(self.knobs.get(key)) for key, knob in knobs.items()}
        turnable = self.turnable | {key for key, knob in knobs.items() if knob.writable}
        return replace(self, knobs={**self.knobs, **merged}, turnable=turnable)

    def as_dict(self) -> dict[str, Any]:
        """What is kept over a restart."""
        return {**asdict(self), "turnable": sorted(self.turnable)}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Read what as_dict gave, and JSON made of it."""
        return cls(
            battery=kept["battery"],
            slots={int(number): Slot(**slot) for number, slot in kept["slots"].items()},
            knobs={key: _knob(knob) for key, knob in kept["knobs"].items()},
            turnable=frozenset(kept["turnable"]),
            can_capture=kept["can_capture"],
            has_clock=kept["has_clock"],
            has_live_view=kept["has_live_view"],
        )


def _knob(kept: Mapping[str, Any]) -> Knob:
    return Knob(**{**kept, "choices": tuple(kept["choices"])})
