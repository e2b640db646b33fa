"""Whether a camera's pictures come by themselves, as a switch."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity

from .entity import CameraEntity


class AutoImportSwitch(CameraEntity, SwitchEntity):
    """Whether pictures come by themselves. Off is a pause, which outlasts a restart."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether they do."""
        return self.coordinator.data.photos.auto

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Go on."""
        await self.coordinator.async_set_auto(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Pause; what has come of the picture in hand stays, and is gone on from."""
        await self.coordinator.async_set_auto(False)
