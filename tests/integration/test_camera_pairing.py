"""Pairing with a camera: progress, refusals, a new identity, a Nikon's verdict, a Sony's computer."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import override

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.protocols.ptpip.vendors.nikon import NikonOperation
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.personalities import NIKON, SONY
from tests.helpers import until
from tests.integration.flows import answer, begin, connect, give, wait

CONNECTED = "binary_sensor.field_camera_connection"

#: Eight zeros, two bytes of ones, and a MAC address (ptp-ip.md 21).
ANYBODY = bytes(8) + b"\xff\xff" + bytes(6)
REGISTERED = bytes(8) + b"\xff\xff" + bytes.fromhex("001a2b3c4d5e")


class AllBut(set[bytes]):
    """Everybody but some, who were refused for ever."""

    @override
    def __contains__(self, guid: object) -> bool:
        return not super().__contains__(guid)


@pytest.fixture
async def nikon(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera(model="Field camera", serial_number="N-1", personality=NIKON)
    camera.faults.hollow = 1
    await camera.start()
    yield camera
    await camera.stop()


async def choose(hass: HomeAssistant, menu: ConfigFlowResult, step: str) -> ConfigFlowResult:
    flow = await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": step})
    return await wait(hass, flow)


def connected(hass: HomeAssistant) -> bool:
    found = hass.states.get(CONNECTED)
    return bool(found) and found.state == "on"


async def test_the_wait_says_what_to_press_on_this_make(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    flow = await give(hass, await begin(hass, "camera"), camera.port, make="canon")
    assert (flow["type"], flow["progress_action"]) == (
        FlowResultType.SHOW_PROGRESS,
        "connect_canon",
    )
    assert flow["description_placeholders"]["identity"] == "Home Assistant"
    flow = await wait(hass, flow)
    assert flow["step_id"] == "camera_start"


async def test_a_camera_that_refused_is_asked_again_and_then_as_somebody_new(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    camera.paired = set()
    flow = await connect(hass, await begin(hass, "camera"), camera.port)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.MENU, "camera_not_paired")
    assert "REJECTED_INITIATOR" in flow["description_placeholders"]["detail"]
    flow = await choose(hass, flow, "camera_again")
    assert flow["step_id"] == "camera_not_paired"
    refused = hass.config_entries.flow._progress[flow["flow_id"]].identity.guid
    camera.paired = None
    flow = await choose(hass, flow, "camera_new_identity")
    result = await answer(hass, flow, start="all")
    assert result["data"]["guid"] not in ("", refused.hex())


async def test_a_nikon_that_does_not_know_us_shows_a_code_and_is_approved(
    hass: HomeAssistant, nikon: VirtualCamera, media: Path
) -> None:
    flow = await give(hass, await begin(hass, "camera"), nikon.port, make="nikon")
    seen = set()
    while flow["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
        seen.add((flow["progress_action"], flow["description_placeholders"]["code"]))
        handler = hass.config_entries.flow._progress[flow["flow_id"]]
        await until((handler._approval or handler._work).done)
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert ("approve", "3141") in seen
    result = await answer(hass, flow, start="all")
    asked = [request.code for request in nikon.requests]
    assert NikonOperation.REQUEST_APPROVAL in asked
    assert nikon.brought == (NikonOperation.SEND_PAIRING_CODE, bytes([3, 1, 4, 1]))
    await until(lambda: connected(hass))
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_no_other_nikon_is_paired_in_the_place_of_an_entrys(
    hass: HomeAssistant, nikon: VirtualCamera, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: connected(hass))
    flow = await connect(hass, await camera_entry.start_reconfigure_flow(hass), nikon.port)
    assert (flow["step_id"], flow["errors"]) == ("camera_reconfigure", {"base": "another_camera"})
    assert camera_entry.data["port"] == camera.port
    # Nobody was asked to approve of it.
    asked = {request.code for request in nikon.requests}
    assert not asked & {NikonOperation.GET_PAIRING_CODE, NikonOperation.REQUEST_APPROVAL}
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await hass.async_block_till_done()
    await until(lambda: connected(hass))


async def test_a_sony_is_met_as_anybody_and_then_as_its_registered_computer(
    hass: HomeAssistant, media: Path, socket_enabled: None
) -> None:
    camera = VirtualCamera(model="Field camera", personality=SONY, paired={REGISTERED})
    await camera.start()
    flow = await connect(hass, await begin(hass, "camera"), camera.port, make="sony")
    assert flow["step_id"] == "camera_mac"
    assert hass.config_entries.flow._progress[flow["flow_id"]].identity.guid == ANYBODY
    flow = await answer(hass, flow, mac="no address")
    assert flow["errors"] == {"mac": "not_a_mac"}
    flow = await wait(hass, await answer(hass, flow, mac="00:1A:2B:3C:4D:5E"))
    result = await answer(hass, flow, start="all")
    assert bytes.fromhex(result["data"]["guid"]) == REGISTERED
    await hass.config_entries.async_unload(result["result"].entry_id)
    await camera.stop()


async def test_a_fujifilm_is_declined_in_plain_words(
    hass: HomeAssistant, camera: VirtualCamera
) -> None:
    camera.faults.init_fail = 0x2019  # "not paired", in Fujifilm's own numbers
    flow = await connect(hass, await begin(hass, "camera"), camera.port)
    assert (flow["step_id"], flow["errors"]) == ("camera", {"base": "refused"})
    assert "memory card" in flow["description_placeholders"]["detail"]


async def test_a_dialogue_that_is_closed_lets_the_camera_go(
    hass: HomeAssistant, camera: VirtualCamera
) -> None:
    flow = await connect(hass, await begin(hass, "camera"), camera.port)
    assert (flow["step_id"], len(camera.connections)) == ("camera_start", 1)
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await until(lambda: not camera.connections)


async def test_a_camera_that_leaves_while_a_person_chooses_is_connected_anew(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    flow = await connect(hass, await begin(hass, "camera"), camera.port)
    handler = hass.config_entries.flow._progress[flow["flow_id"]]
    camera.hang_up()
    await until(lambda: handler.initiator.closed)
    flow = await wait(hass, await answer(hass, flow, start="all"))
    assert flow["step_id"] == "camera_start"
    result = await answer(hass, flow, start="all")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await until(lambda: len(list(media.rglob("*.JPG"))) == 3)
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_camera_that_has_an_entry_is_paired_anew_and_followed(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: connected(hass))
    camera.paired = set()
    known = camera_entry.data["guid"]
    flow = await camera_entry.start_reconfigure_flow(hass)
    assert flow["step_id"] == "camera_reconfigure"
    flow = await connect(hass, flow, camera.port)
    assert flow["step_id"] == "camera_not_paired"
    camera.paired = None
    flow = await choose(hass, flow, "camera_new_identity")
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "camera_paired")
    assert camera_entry.data["guid"] != known
    await until(lambda: connected(hass), within=20)


async def test_a_camera_that_turns_its_entry_away_asks_to_be_paired_anew(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: connected(hass))
    known = camera_entry.data["guid"]
    camera.paired = AllBut({bytes.fromhex(known)})
    camera.hang_up()
    await until(hass.config_entries.flow.async_progress, within=20)
    (asked,) = hass.config_entries.flow.async_progress()
    assert (asked["context"]["source"], asked["step_id"]) == ("reauth", "camera_reauth")
    form = await hass.config_entries.flow.async_configure(asked["flow_id"])
    assert form["description_placeholders"]["host"] == "127.0.0.1"
    flow = await wait(hass, await answer(hass, asked))
    assert flow["step_id"] == "camera_not_paired"
    # Nobody may come back to this dialogue, so the entry goes on, and asks no second time.
    await until(lambda: camera_entry.state is ConfigEntryState.LOADED)
    await until(lambda: camera_entry.runtime_data.data.refusal)
    assert len(hass.config_entries.flow.async_progress()) == 1
    flow = await choose(hass, flow, "camera_new_identity")
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "camera_paired")
    assert camera_entry.data["guid"] != known
    await until(lambda: connected(hass), within=20)
    assert not hass.config_entries.flow.async_progress()
    assert not ir.async_get(hass).issues


async def test_a_change_that_is_given_up_gives_the_entry_its_camera_back(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: connected(hass))
    camera.paired = set()
    flow = await camera_entry.start_reconfigure_flow(hass)
    flow = await connect(hass, flow, camera.port)
    assert camera_entry.state is ConfigEntryState.NOT_LOADED
    camera.paired = None
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await until(lambda: connected(hass), within=20)


async def test_another_camera_is_not_taken_for_the_one_of_the_entry(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: connected(hass))
    other = VirtualCamera(model="Field camera", serial_number="F-0043")
    await other.start()
    flow = await connect(hass, await camera_entry.start_reconfigure_flow(hass), other.port)
    assert (flow["step_id"], flow["errors"]) == (
        "camera_reconfigure",
        {"base": "another_camera"},
    )
    await until(lambda: not other.connections)
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await until(lambda: connected(hass), within=20)
    await other.stop()
