"""What a person chose for one camera's pictures: which of them come, to where, and what then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from .importer.choice import Choice
from .importer.kinds import Kind as FileKind
from .importer.template import DEFAULT, FIELDS, TELLING, Template, TemplateError

CONF_MEDIA_DIR: Final = "media_dir"
CONF_TEMPLATE: Final = "template"
CONF_KINDS: Final = "kinds"
CONF_SLOTS: Final = "slots"
CONF_START: Final = "start"
CONF_PROTECTED_ONLY: Final = "protected_only"
CONF_DELETE: Final = "delete"
CONF_AUTO: Final = "auto_import"

#: Whether the pictures that are on the cards now are still to be taken for known.
CONF_SKIP_PRESENT: Final = "skip_present"

#: With which pictures the import begins: with all on the cards, or with those taken from now on.
START_ALL: Final = "all"
START_NEW: Final = "new"

#: What can be chosen: sidecars come with what they belong to.
KINDS: Final = (FileKind.PHOTO.value, FileKind.RAW.value, FileKind.VIDEO.value)
SLOTS: Final = ("1", "2")

DEFAULT_TEMPLATE: Final = DEFAULT.text
TEMPLATE_FIELDS: Final = ", ".join(f"{{{field}}}" for field in FIELDS)
TELLING_FIELDS: Final = ", ".join(f"{{{field}}}" for field in TELLING)

__all__ = ["TemplateError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoOptions:
    """The options of a camera's entry. media_dir: "" for the usual one."""

    media_dir: str
    template: Template
    choice: Choice
    new_only: bool
    skip_present: bool
    delete: bool
    auto: bool

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> Self:
        """Read an entry's options. Raises TemplateError for a template that cannot be used."""
        return cls(
            media_dir=options.get(CONF_MEDIA_DIR, ""),
            template=Template(options.get(CONF_TEMPLATE, DEFAULT_TEMPLATE)),
            choice=choice_of(
                options.get(CONF_KINDS, KINDS),
                options.get(CONF_SLOTS, ()),
                protected_only=options.get(CONF_PROTECTED_ONLY, False),
            ),
            new_only=options.get(CONF_START, START_ALL) == START_NEW,
            skip_present=options.get(CONF_SKIP_PRESENT, False),
            delete=options.get(CONF_DELETE, False),
            auto=options.get(CONF_AUTO, True),
        )


def choice_of(
    kinds: Iterable[str],
    slots: Iterable[str] = (),
    *,
    protected_only: bool = False,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Choice:
    """Say in the importer's words which pictures are wanted. slots: none of them means all."""
    chosen = frozenset(FileKind(kind) for kind in kinds)
    numbers = frozenset(int(slot) for slot in slots)
    return Choice(
        kinds=None if chosen.issuperset(KINDS) else chosen,
        slots=numbers or None,
        protected_only=protected_only,
        first_day=first_day,
        last_day=last_day,
    )


def tells_apart(template: str) -> bool:
    """Whether pictures get names of their own by a template. Raises TemplateError."""
    return Template(template).tells_apart


def preview(template: str, camera_name: str) -> str:
    """Where a picture would lie by a template. Raises TemplateError."""
    return str(Template(template).preview(camera_name))
