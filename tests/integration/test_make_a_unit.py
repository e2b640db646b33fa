"""The unit of docs/make-a-unit.md, run as its reader runs it, in the house like any other."""

from collections.abc import AsyncIterator
from pathlib import Path
import re
import socket
import subprocess
import sys

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.messages import Subunit
from tests.helpers import until
from tests.integration.flows import begin, give
from tests.integration.units import act, attribute, state

PAGE = Path(__file__).parents[2] / "docs" / "make-a-unit.md"
CAMERA = Subunit("CAMERA")


def program() -> str:
    """The program, as it stands on the page."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    return found[1]


def start(file: Path, port: int) -> subprocess.Popen[bytes]:
    """Run a program as its reader does."""
    return subprocess.Popen([sys.executable, str(file), str(port)], stderr=subprocess.PIPE)


@pytest.fixture
async def port(tmp_path: Path, socket_enabled: None) -> AsyncIterator[int]:
    """The unit, running; its port."""
    (tmp_path / "unit.py").write_text(program())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start(tmp_path / "unit.py", port)
    await until(lambda: _listens(port))
    yield port
    process.terminate()
    _, complaints = process.communicate(timeout=20)
    assert b"Traceback" not in complaints


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_keeps_its_promise_of_50_lines() -> None:
    lines = [line for line in program().splitlines() if line.strip()]
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 100


async def test_our_controller_gets_along_with_it(port: int) -> None:
    async with await Controller.connect("127.0.0.1", port) as controller:
        status = await controller.unit_status()
        assert [str(each) for each in status.subunits] == ["POWER0", "CAMERA0"]
        await controller.set_power(Subunit("POWER"), on=False)
        assert await controller.power_status(Subunit("POWER")) is False
        await controller.set_value(CAMERA, "PAN", 200)
        await controller.set_value(CAMERA, "TILT", 999)
        parameters = (await controller.camera_status(CAMERA)).parameters
        assert {name: each.current for name, each in parameters.items()} == {
            "PAN": 200,
            "TILT": 120,
            "ZOOM": 1,
        }


async def test_it_answers_as_the_page_shows(port: int) -> None:
    said = re.search(r"```\n(> STAT\n.*?)```", PAGE.read_text(), re.DOTALL)
    assert said
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        replies = link.makefile("r", newline="\r\n")
        replies.readline()
        for line in said[1].splitlines():
            if line.startswith("> "):
                link.sendall(f"{line.removeprefix('> ')}\r\n".encode())
            else:
                assert replies.readline().removesuffix("\r\n") == line


@pytest.mark.parametrize("command", ["CAMERA0 PAN nan", "CAMERA0 PAN AUTO", "CAMERA0 ROLL 1", "é"])
async def test_nonsense_is_refused_or_does_no_harm(port: int, command: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        replies = link.makefile("r", newline="\r\n")
        replies.readline()
        link.sendall(f"{command}\r\nQUIT\r\n".encode("latin-1"))
        assert replies.readline()[0] in "25"
        assert replies.readline().startswith("221")


async def test_it_is_added_to_the_house_and_obeys(hass: HomeAssistant, port: int) -> None:
    result = await give(hass, await begin(hass, "unit"), port, channel="tcp", verify_ssl=False)
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "My unit")
    await hass.async_block_till_done()
    assert state(hass, "switch.my_unit_power") == "on"
    await act(hass, "number.set_value", "number.my_unit_camera_zoom", value=7)
    await until(lambda: state(hass, "number.my_unit_camera_zoom") == "7.0")
    assert attribute(hass, "number.my_unit_camera_pan", "max") == 340
    await act(hass, "switch.turn_off", "switch.my_unit_power")
    await until(lambda: state(hass, "switch.my_unit_power") == "off")
    await hass.config_entries.async_unload(result["result"].entry_id)
