"""Imports that somebody asked for, by a button or an action, and what comes of them."""

import asyncio
from dataclasses import dataclass, field

from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .importer.choice import Choice
from .importer.run import Report
from .photo_progress import ImportedPhoto


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What came of an import that somebody asked for. failed: file names and reasons.

    The name is None where the camera did not tell it.
    """

    photos: tuple[ImportedPhoto, ...]
    known: int
    not_chosen: int
    deleted: int
    failed: tuple[tuple[str | None, str], ...]


@dataclass(slots=True, eq=False)
class Order:
    """An import that somebody asked for. afresh: also of what was passed over."""

    choice: Choice
    afresh: bool
    done: asyncio.Future[ImportResult] = field(default_factory=asyncio.Future)
    photos: list[ImportedPhoto] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Whoever presses a button does not wait for what comes of it."""
        self.done.add_done_callback(lambda done: done.cancelled() or done.exception())

    def answer(self, report: Report) -> None:
        """Tell whoever waits what came of it."""
        if not self.done.done():
            result = ImportResult(
                photos=tuple(self.photos),
                known=report.known,
                not_chosen=report.not_chosen,
                deleted=report.deleted,
                failed=(
                    *((each.photo.filename, str(each.error)) for each in report.failed),
                    *((None, str(each)) for each in report.left_out),
                ),
            )
            self.done.set_result(result)

    def fail(self, error: HomeAssistantError) -> None:
        """Tell whoever waits why nothing came of it."""
        if not self.done.done():
            self.done.set_exception(error)


def stopped() -> HomeAssistantError:
    """The error of an import that somebody stopped, or that the camera's going stopped."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="import_stopped")
