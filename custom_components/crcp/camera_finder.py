"""What a photo camera's finder shows, as a camera: picture after picture, while somebody looks."""

from typing import override

from homeassistant.components.camera import Camera
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .camera_facts import CameraFacts
from .coordinator_camera import CameraConfigEntry, CameraCoordinator
from .entity import CameraEntity, add_as_known


@callback
def add_finder(
    entry: CameraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the finder of a photo camera that has live view."""
    add_as_known(entry, async_add_entities, _finders, FinderCamera)


def _finders(facts: CameraFacts) -> list[str]:
    return ["finder"] if facts.has_live_view else []


class FinderCamera(CameraEntity, Camera):
    """The finder. Off until somebody wants it: each look switches live view on for a while."""

    _attr_entity_registry_enabled_default = False
    _attr_frame_interval = 0.3

    def __init__(self, coordinator: CameraCoordinator, key: str) -> None:
        super().__init__(coordinator, key)
        Camera.__init__(self)

    @property
    @override
    def available(self) -> bool:
        """Whether the camera is connected."""
        return super().available and self.coordinator.data.connected

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """The picture in the finder; None while pictures are imported."""
        return await self.coordinator.desk.async_finder()
