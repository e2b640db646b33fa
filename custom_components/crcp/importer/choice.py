"""Which of a camera's photos are wanted. Pure."""

from dataclasses import dataclass
from datetime import date

from .kinds import Kind, kind_of
from .source import Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a photo must be to be imported; without arguments, every photo is.

    photos: these and no others; None for all. kinds: None for all; sidecars come whatever is chosen,
    because they belong to what is. slots: by number, from 1; None for all. first_day, last_day: both
    included; a photo without a date is in no such range. Whether a photo is new is not decided here,
    and by no clock: see the ledger.
    """

    photos: frozenset[Photo] | None = None
    kinds: frozenset[Kind] | None = None
    slots: frozenset[int] | None = None
    protected_only: bool = False
    first_day: date | None = None
    last_day: date | None = None

    def wants(self, photo: Photo) -> bool:
        """Whether a photo is one of those."""
        return (
            (self.photos is None or photo in self.photos)
            and self._has_kind(photo)
            and (self.slots is None or photo.slot in self.slots)
            and (photo.is_protected or not self.protected_only)
            and self._is_in_range(photo)
        )

    def _has_kind(self, photo: Photo) -> bool:
        kind = kind_of(photo.filename)
        return self.kinds is None or kind is Kind.SIDECAR or kind in self.kinds

    def _is_in_range(self, photo: Photo) -> bool:
        if self.first_day is None and self.last_day is None:
            return True
        if photo.capture_date is None:
            return False
        day = photo.capture_date.date()
        return (self.first_day or day) <= day <= (self.last_day or day)
