"""What takes real seconds: a unit that is away for a while, and a picture that nobody watches.

Both at once, on two units, because waiting is all that is done.
"""

from homeassistant.core import HomeAssistant

from custom_components.crcp.live.feed import LINGER
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.footage import Footage
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.test_live_picture import Start, count, entity, hang_up, player, watching
from tests.integration.units import SetUp, state
from tests.virtual.watching import footage

__all__ = ["footage", "player"]

OTHER = "camera.cellar_picture"

#: Seconds without the unit, which is longer than any player buffers.
AWAY = 20

#: So many seconds after the last viewer nothing is sent any more.
OVER = 15


def camera(footage: Footage, **options: object) -> VirtualUnit:
    unit = scenes.camera(**options)
    scenes.show(unit, footage)
    return unit


async def nobody_watches(hass: HomeAssistant, unit: VirtualUnit, put: SetUp) -> float:
    """Watch a picture, and tell how long after that the unit is told to end it."""
    await put(unit, title="Cellar")
    async with watching(hass, OTHER) as content:
        await content.readexactly(188)
    left = hass.loop.time()
    assert count(unit, "RETR") == 1
    await until(lambda: count(unit, "ABOR") == 1, within=60)
    return hass.loop.time() - left


async def test_twenty_seconds_without_the_unit_and_fifteen_without_a_viewer(
    hass: HomeAssistant, put: SetUp, start: Start, footage: Footage
) -> None:
    unit, other = camera(footage), camera(footage, unit_id="cellar-1")
    entry = await put(unit)
    stream = await entity(hass).async_create_stream()
    assert stream
    output = stream.add_provider("hls")
    await stream.start()
    await until(lambda: output.last_segment and output.last_segment.parts)
    port = unit.port
    await unit.stop()
    away = hass.loop.time()
    lasted = await nobody_watches(hass, other, put)
    assert LINGER - 1 < lasted < OVER
    await until(lambda: hass.loop.time() - away > AWAY, within=2 * AWAY)
    assert entity(hass).feed.viewers == 1
    before = output.last_segment.sequence
    unit = camera(footage, port=port)
    await start(unit)
    entry.runtime_data.async_sighted()
    # The same player goes on by itself, with segments of another clock.
    await until(lambda: output.last_segment.sequence > before, within=60)
    await until(lambda: output.last_segment.stream_id > 0 and output.last_segment.parts, within=60)
    assert state(hass, "camera.attic_picture") == "streaming"
    await hang_up(hass)
