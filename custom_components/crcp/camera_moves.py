"""Several parameters of a camera at once: to values, by differences, to a preset, to a stop."""

from collections.abc import Awaitable, Iterable, Mapping
from functools import partial

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
        def move_one(name: str) -> Awaitable[None]:
            if not relative:
                return controller.set_value(camera, name, values[name])
            return controller.set_parameter(camera, name, Amount(values[name], relative=True))

        keys = [(camera, name) for name in values]
        with coordinator.endings.order(keys, seconds, adds=relative) as send:
            names = list(values) if relative else await controller.in_order(camera, values)
            for name in names:
                await send((camera, name), partial(move_one, name))

    _aim(coordinator, camera, targets)
    try:
        await coordinator.async_command(camera, move)
    except BaseException:
        coordinator.targets.forget(camera, values)
        raise


async def recall_preset(coordinator: UnitCoordinator, preset: Preset) -> None:
    """Bring a camera back to a preset. Raises one of DEVICE_ERRORS."""
    camera = preset.camera

    async def recall(controller: Commands) -> None:
        async def give_away(name: str) -> None:
            await controller.set_auto(camera, name)
            coordinator.targets.automatic.add((camera, name))

        keys = [(camera, name) for name in (*preset.values, *preset.automatic)]
        with coordinator.endings.order(keys) as send:
            for name in await controller.in_order(camera, preset.values):
                value = preset.values[name]
                await send((camera, name), partial(controller.set_value, camera, name, value))
            for name in preset.automatic:
                await send((camera, name), partial(give_away, name))

    coordinator.targets.forget(camera, preset.automatic)
    _aim(coordinator, camera, preset.values)
    try:
        await coordinator.async_command(camera, recall)
    except BaseException:
        coordinator.targets.forget(camera)
        raise


async def stop_camera(coordinator: UnitCoordinator, camera: Subunit) -> None:
    """Stop whatever moves at a camera. Raises one of DEVICE_ERRORS."""
    status = coordinator.data.cameras.get(camera)
    parameters = status.parameters.values() if status else ()
    # "+0" also ends automatic control, which is not what a person means by stop.
    names = [p.name for p in parameters if p.name in MOVING_PARTS and not p.automatic]

    async def stop(controller: Commands) -> None:
        with coordinator.endings.order([(camera, name) for name in names]) as send:
            for name in names:
                await send((camera, name), partial(controller.stop_motion, camera, name))

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
