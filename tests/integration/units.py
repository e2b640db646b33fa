"""What the tests of units share: a unit of any personality in a Home Assistant, acted on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.const import CONF_KIND, DOMAIN, Kind
from custom_components.crcp.protocols.crcp.messages import Command, Reply, Subunit
from custom_components.crcp.virtual.handlers import HANDLERS
from custom_components.crcp.virtual.unit import VirtualUnit
from custom_components.crcp.virtual.visitor import Visitor

type SetUp = Callable[..., Awaitable[MockConfigEntry]]


async def act(hass: HomeAssistant, action: str, entity_id: str | None = None, **data: Any) -> None:
    """Call an action, for an entity or as it is."""
    domain, service = action.split(".")
    target = {"entity_id": entity_id} if entity_id else {}
    await hass.services.async_call(domain, service, {**target, **data}, blocking=True)


def state(hass: HomeAssistant, entity_id: str) -> str:
    """The state of an entity; "gone" without one."""
    found = hass.states.get(entity_id)
    return found.state if found else "gone"


def attribute(hass: HomeAssistant, entity_id: str, name: str) -> Any:
    """An attribute of an entity."""
    found = hass.states.get(entity_id)
    assert found
    return found.attributes.get(name)


def entry_for(unit: VirtualUnit, **data: Any) -> MockConfigEntry:
    """The entry that the dialogue makes for a unit."""
    options, title = data.pop("options", {}), data.pop("title", "Attic")
    return MockConfigEntry(
        domain=DOMAIN,
        title=title,
        unique_id=f"crcp:{unit.unit_id}",
        data={CONF_KIND: Kind.UNIT, CONF_HOST: "127.0.0.1", CONF_PORT: unit.port, **data},
        options=options,
    )


async def add(
    hass: HomeAssistant, unit: VirtualUnit, *, works: bool = True, **data: Any
) -> MockConfigEntry:
    """Set up an entry for a unit that runs."""
    entry = entry_for(unit, **data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id) is works
    await hass.async_block_till_done()
    return entry


def drop(unit: VirtualUnit) -> None:
    """Reset the controller's connection, as a network does."""
    assert unit._connection
    assert unit._connection._transport
    unit._connection._transport.abort()


@pytest.fixture
async def start(socket_enabled: None) -> AsyncIterator[Callable[[VirtualUnit], Awaitable[None]]]:
    """Start units, which are stopped at the end."""
    units: list[VirtualUnit] = []

    async def start_unit(unit: VirtualUnit) -> None:
        await unit.start()
        units.append(unit)

    yield start_unit
    for unit in units:
        await unit.stop()


@pytest.fixture
async def put(hass: HomeAssistant, start: Callable[[VirtualUnit], Awaitable[None]]) -> SetUp:
    """Start a unit and put it into the house."""

    async def put_unit(unit: VirtualUnit, **data: Any) -> MockConfigEntry:
        await start(unit)
        return await add(hass, unit, **data)

    return put_unit


@pytest.fixture
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit that cannot tell whether it is on, as the draft has it."""
    real = HANDLERS[None, "STAT"]

    def answer(unit: VirtualUnit, visitor: Visitor, command: Command) -> Reply | Awaitable[Reply]:
        if command.argument == Subunit("POWER"):
            return Reply(501, ("No status",))
        return real(unit, visitor, command)

    monkeypatch.setitem(HANDLERS, (None, "STAT"), answer)
