"""Which picture came, and what keeps pictures out, in Home Assistant's logbook.

By itself it tells of a camera's event entity that something was imported, and not what. So each
state of that has an event of ours for its cause, and the cause's name is shown beside it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN, EVENT_PHOTO

_TEXT: Final = f"component.{DOMAIN}.common.logbook_"

type Describe = Callable[[Event], dict[str, str]]


@callback
def async_describe_events(
    hass: HomeAssistant, async_describe_event: Callable[[str, str, Describe], None]
) -> None:
    """Say how our events are told."""

    @callback
    def describe(event: Event) -> dict[str, str]:
        about: Mapping[str, Any] = event.data
        # One that an earlier version fired, or that has no words, is told by its type.
        texts = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)
        text = texts.get(f"{_TEXT}{about['type']}", str(about["type"]))
        text = text.format_map(about)
        if "file_name" in about:
            return {LOGBOOK_ENTRY_NAME: about["file_name"], LOGBOOK_ENTRY_MESSAGE: text}
        return {LOGBOOK_ENTRY_NAME: text}

    async_describe_event(DOMAIN, EVENT_PHOTO, describe)
