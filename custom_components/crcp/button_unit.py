"""What a unit does at a touch: tape commands, small steps of the camera, and its stop."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .camera_moves import stop_camera
from .coordinator import UnitConfigEntry, UnitCoordinator
from .entity import SubunitEntity, add_as_found, command
from .entity_parameter import ParameterEntity, has_range, listed_parameters
from .entity_tape import TapeEntity, TapeVerb
from .parameter_words import WORDS
from .protocols.crcp.commands import Commands
from .protocols.crcp.messages import Step, Subunit
from .protocols.crcp.status import TapeStatus
from .tapes import fastest, speeds


@dataclass(frozen=True, kw_only=True)
class TapeButtonDescription(ButtonEntityDescription):
    """A button of a tape: what it does, and the command that the unit has to list."""

    press: TapeVerb
    needs: str
    backward: bool = False
    extra: bool = True


TAPE_BUTTONS: Final = (
    TapeButtonDescription(
        key="record", needs="RECO", press=lambda tape: tape.record(), extra=False
    ),
    TapeButtonDescription(key="fast_forward", needs="FF", press=lambda tape: tape.wind(1)),
    TapeButtonDescription(
        key="rewind", needs="FF", backward=True, press=lambda tape: tape.wind(-1)
    ),
    TapeButtonDescription(
        key="step_forward", needs="PLAY", press=lambda tape: tape.step_picture(1)
    ),
    TapeButtonDescription(
        key="step_backward", needs="PLAY", backward=True, press=lambda tape: tape.step_picture(-1)
    ),
)


@callback
def add_unit_buttons(
    entry: UnitConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of a unit."""
    add_as_found(entry, async_add_entities, _tape_buttons, lambda c, key: TapeButton(c, *key))
    add_as_found(entry, async_add_entities, _steps, lambda c, key: StepButton(c, *key))
    add_as_found(entry, async_add_entities, lambda c: c.data.cameras, StopButton)


class TapeButton(TapeEntity, ButtonEntity):
    """One thing that a tape does at a touch."""

    entity_description: TapeButtonDescription

    def __init__(
        self, coordinator: UnitCoordinator, subunit: Subunit, description: TapeButtonDescription
    ) -> None:
        self.extra = description.extra
        super().__init__(coordinator, subunit, description.key)
        self.entity_description = description

    @override
    @command
    async def async_press(self) -> None:
        """Do it."""
        await self.entity_description.press(self)


class StepButton(ParameterEntity, ButtonEntity):
    """A small step of one parameter: how small, the unit knows (section 9 of the draft)."""

    extra = True

    def __init__(
        self, coordinator: UnitCoordinator, subunit: Subunit, name: str, direction: int
    ) -> None:
        words = WORDS[name]
        super().__init__(coordinator, subunit, name, words.up if direction > 0 else words.down)
        if words.rare:
            self._attr_entity_registry_enabled_default = False
        self._direction = direction

    @override
    @command
    async def async_press(self) -> None:
        """Take the step."""

        async def step(controller: Commands) -> None:
            amount = Step(self._direction)
            await self.coordinator.endings.send(
                self.key, lambda: controller.set_parameter(*self.key, amount), adds=True
            )

        self.coordinator.targets.forget(self.subunit, (self.name_on_the_wire,))
        await self.coordinator.async_command(self.subunit, step)


class StopButton(SubunitEntity, ButtonEntity):
    """Stops whatever moves at a camera."""

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit) -> None:
        super().__init__(coordinator, subunit, "stop")

    @override
    @command
    async def async_press(self) -> None:
        """Stop."""
        await stop_camera(self.coordinator, self.subunit)


def _tape_buttons(
    coordinator: UnitCoordinator,
) -> Iterator[tuple[Subunit, TapeButtonDescription]]:
    for subunit, status in coordinator.data.tapes.items():
        for description in TAPE_BUTTONS:
            if _can(status, description):
                yield subunit, description


def _can(status: TapeStatus, button: TapeButtonDescription) -> bool:
    if button.needs not in status.abilities:
        return False
    if not button.backward:
        return True
    if button.needs == "FF":
        return fastest(status, -1) is not None
    return (speeds(status, "PLAY").minimum or 0) < 0


def _steps(coordinator: UnitCoordinator) -> Iterator[tuple[Subunit, str, int]]:
    """Steps where people want them, and wherever there is no number to set instead.

    Not in datagrams that nothing tells apart: one that the network doubles would step twice.
    """
    if not coordinator.tells_twins_apart:
        return
    for subunit, parameter in listed_parameters(coordinator):
        stepped = parameter.name in ("PAN", "TILT", "ZOOM", "ROLL", "FOCU", "IRIS")
        if stepped or not has_range(parameter):
            yield subunit, parameter.name, -1
            yield subunit, parameter.name, 1
