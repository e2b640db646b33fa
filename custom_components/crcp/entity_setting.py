"""What the entities of a camera's settings share: which settings there are, and their names."""

from typing import Final, override

from .camera_facts import CameraFacts, Knob
from .coordinator_camera import CameraCoordinator
from .entity import CameraEntity
from .protocols.ptpip.settings import Setting

#: The settings by the keys of their texts, and whether most people want to see them.
SETTINGS: Final[dict[str, bool]] = {
    "white_balance": True,
    "f_number": True,
    "exposure_time": True,
    "exposure_index": True,
    "exposure_bias_compensation": True,
    "exposure_program_mode": True,
    "image_size": False,
    "focal_length": False,
    "focus_mode": False,
    "exposure_metering_mode": False,
    "flash_mode": False,
    "capture_delay": False,
    "still_capture_mode": False,
}


class SettingEntity(CameraEntity):
    """A setting of the camera, which can be told and set only while the camera is there."""

    def __init__(self, coordinator: CameraCoordinator, key: str) -> None:
        super().__init__(coordinator, key)
        self.setting = Setting(key)
        self._attr_entity_registry_enabled_default = SETTINGS[key]

    @property
    @override
    def available(self) -> bool:
        """Whether the camera is connected: asleep it could have been turned to anything."""
        return super().available and self.coordinator.data.connected

    @property
    def knob(self) -> Knob:
        """The setting as it is known."""
        return self.coordinator.data.facts.knobs[self.setting]


def settings_with_choices(facts: CameraFacts) -> list[str]:
    """The settings that can be set to one of some values."""
    return [key for key in _known(facts) if key in facts.turnable and facts.knobs[key].choices]


def settings_with_range(facts: CameraFacts) -> list[str]:
    """The settings that can be set to a number."""
    return [
        key for key in _known(facts) if key in facts.turnable and facts.knobs[key].low is not None
    ]


def settings_to_read(facts: CameraFacts) -> list[str]:
    """The settings that can only be read."""
    return [key for key in _known(facts) if key not in facts.turnable]


def _known(facts: CameraFacts) -> list[str]:
    return [key for key in SETTINGS if key in facts.knobs]
