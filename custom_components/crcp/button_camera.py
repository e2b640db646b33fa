"""What can be asked of a camera and of its import, as buttons."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .camera_facts import CameraFacts
from .coordinator_camera import CameraConfigEntry, CameraCoordinator
from .entity import CameraEntity, add_as_known


@dataclass(frozen=True, kw_only=True)
class CameraButtonDescription(ButtonEntityDescription):
    """A button and what it does."""

    press: Callable[[CameraCoordinator], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class AbilityButtonDescription(CameraButtonDescription):
    """A button that only some cameras have, and whether this one is of them."""

    has: Callable[[CameraFacts], bool]


def _take_picture(camera: CameraCoordinator) -> Awaitable[None]:
    return camera.desk.async_capture()


def _set_clock(camera: CameraCoordinator) -> Awaitable[None]:
    return camera.desk.async_set_clock()


ABILITIES: Final = (
    AbilityButtonDescription(
        key="take_picture", press=_take_picture, has=lambda facts: facts.can_capture
    ),
    AbilityButtonDescription(
        key="set_clock",
        press=_set_clock,
        has=lambda facts: facts.has_clock,
        entity_category=EntityCategory.CONFIG,
    ),
)

BUTTONS: Final = (
    CameraButtonDescription(key="import_now", press=CameraCoordinator.async_import_now),
    CameraButtonDescription(key="pause", press=CameraCoordinator.async_pause),
)


@callback
def add_camera_buttons(
    entry: CameraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of a photo camera."""
    async_add_entities(CameraButton(entry.runtime_data, description) for description in BUTTONS)
    add_as_known(entry, async_add_entities, _abilities, AbilityButton)


def _abilities(facts: CameraFacts) -> list[AbilityButtonDescription]:
    return [description for description in ABILITIES if description.has(facts)]


class CameraButton(CameraEntity, ButtonEntity):
    """One button of a camera."""

    entity_description: CameraButtonDescription

    def __init__(
        self, coordinator: CameraCoordinator, description: CameraButtonDescription
    ) -> None:
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @override
    async def async_press(self) -> None:
        """Do it."""
        await self.entity_description.press(self.coordinator)


class AbilityButton(CameraButton):
    """One button of a camera that has to be there for it."""

    @property
    @override
    def available(self) -> bool:
        """Whether the camera is connected."""
        return super().available and self.coordinator.data.connected
