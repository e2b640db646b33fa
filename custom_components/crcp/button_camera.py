"""What can be asked of a camera's import, as buttons."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator_camera import CameraConfigEntry, CameraCoordinator
from .entity import CameraEntity


@dataclass(frozen=True, kw_only=True)
class CameraButtonDescription(ButtonEntityDescription):
    """A button and what it does."""

    press: Callable[[CameraCoordinator], Awaitable[None]]


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
