"""Several parameters of a camera at once: to values, by differences, to a preset, to a stop."""

from collections.abc import Iterable, Mapping

from .coordinator import UnitCoordinator
from .entity_parameter import MOVING_PARTS
from .presets import Preset
from .protocols.crcp.commands import Commands
from .protocols.crcp.messages import Amount, Subunit
from .protocols.crcp.status import Parameter


async def move_camera(
    coordinator: UnitCoordinator,
    camera: Subunit,
    values: Mapping[str, float],
    *,
    relative: bool = False,
    seconds: float | None = None,
) -> None:
    """Bring parameters to values, or on by differences, in the unit's order of motions.

    seconds: so long after it was sent off each stops where it is, whether it has arrived or not.
    Raises one of DEVICE_ERRORS.
    """
    targets = _targets(coordinator, camera, values, relative=relative)

    async def move(controller: Commands) -> None:
        names = list(values) if relative else await controller.in_order(camera, values)
        for name in names:
            async with coordinator.endings.sending((camera, name), seconds):
                if relative:
                    setting = Amount(values[name], relative=True)
                    await controller.set_parameter(camera, name, setting)
                else:
                    await controller.set_value(camera, name, values[name])

    _aim(coordinator, camera, targets)
    try:
        await coordinator.async_command(camera, move)
    except BaseException:
        coordinator.targets.forget(camera, values)
        raise


async def recall_preset(coordinator: UnitCoordinator, preset: Preset) -> None:
    """Bring a camera back to a preset. Raises one of DEVICE_ERRORS."""

    async def recall(controller: Commands) -> None:
        for name in await controller.in_order(preset.camera, preset.values):
            async with coordinator.endings.sending((preset.camera, name)):
                await controller.set_value(preset.camera, name, preset.values[name])
        for name in preset.automatic:
            async with coordinator.endings.sending((preset.camera, name)):
                await controller.set_auto(preset.camera, name)
            coordinator.targets.automatic.add((preset.camera, name))

    coordinator.targets.forget(preset.camera, preset.automatic)
    _aim(coordinator, preset.camera, preset.values)
    try:
        await coordinator.async_command(preset.camera, recall)
    except BaseException:
        coordinator.targets.forget(preset.camera)
        raise


async def stop_camera(coordinator: UnitCoordinator, camera: Subunit) -> None:
    """Stop whatever moves at a camera. Raises one of DEVICE_ERRORS."""
    status = coordinator.data.cameras.get(camera)
    parameters = status.parameters.values() if status else ()
    # "+0" also ends automatic control, which is not what a person means by stop.
    names = [p.name for p in parameters if p.name in MOVING_PARTS and not p.automatic]

    async def stop(controller: Commands) -> None:
        for name in names:
            async with coordinator.endings.sending((camera, name)):
                await controller.stop_motion(camera, name)

    coordinator.targets.forget(camera)
    await coordinator.async_command(camera, stop)


def _aim(coordinator: UnitCoordinator, camera: Subunit, targets: Mapping[str, float]) -> None:
    for name, value in targets.items():
        coordinator.targets.set((camera, name), value)
    coordinator.async_update_listeners()


def _targets(
    coordinator: UnitCoordinator, camera: Subunit, values: Mapping[str, float], *, relative: bool
) -> dict[str, float]:
    """Where parameters are going, as far as it is known; a unit goes no further than its range."""
    status = coordinator.data.cameras.get(camera)
    targets: dict[str, float] = {}
    for name, value in values.items():
        parameter = status.parameters.get(name) if status else None
        start = coordinator.targets.get((camera, name))
        if start is None and parameter:
            start = parameter.current
        if not relative:
            targets[name] = _clamp(value, parameter)
        elif start is not None:
            targets[name] = _clamp(start + value, parameter)
    return targets


def _clamp(value: float, parameter: Parameter | None) -> float:
    bounds: Iterable[float | None] = (parameter.minimum, parameter.maximum) if parameter else ()
    low, high = tuple(bounds) or (None, None)
    value = value if low is None else max(value, low)
    return value if high is None else min(value, high)
