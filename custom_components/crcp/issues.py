"""What only a person can put right about a camera, as repair issues: there while their cause is."""

from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

#: Issues that have a dialogue in repairs.py.
FIXABLE: Final = frozenset({"other_folder"})


class Issues:
    """The issues of one config entry. camera: what its owner calls it."""

    def __init__(self, hass: HomeAssistant, entry_id: str, camera: str) -> None:
        self._hass = hass
        self._entry_id = entry_id
        self._camera = camera
        self._shown: dict[str, dict[str, str]] = {}

    def show(self, wanted: Mapping[str, Mapping[str, str]]) -> None:
        """Let there be these and no others: by translation key, with the placeholders' values."""
        for key in self._shown.keys() - wanted.keys():
            ir.async_delete_issue(self._hass, DOMAIN, self._id(key))
            del self._shown[key]
        for key, facts in wanted.items():
            if key not in self._shown:
                self._shown[key] = {"camera": self._camera, **facts}
                self._create(key)

    def _create(self, key: str) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._id(key),
            data={"entry_id": self._entry_id},
            is_fixable=key in FIXABLE,
            is_persistent=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders=self._shown[key],
        )

    def _id(self, key: str) -> str:
        return f"{key}_{self._entry_id}"
