"""Adding a unit, and changing where it is and who we are to it."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp import link as link_module
from custom_components.crcp.const import DOMAIN
from custom_components.crcp.protocols.crcp.datagrams import Verifier
from custom_components.crcp.protocols.crcp.otp import Challenge
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.accounts import Account
from custom_components.crcp.virtual.certificates import self_signed
from custom_components.crcp.virtual.unit import DatagramRules, VirtualUnit
from tests.helpers import until
from tests.integration.flows import (
    FTP_SERVER,
    Start,
    answer,
    begin,
    confirm,
    discover,
    give,
    stranger,
)
from tests.integration.units import SetUp, drop, state

__all__ = ["stranger"]

CRCP = "_crcp._tcp.local."


async def test_a_unit_is_added_by_its_address(hass: HomeAssistant, unit: VirtualUnit) -> None:
    result = await give(hass, await begin(hass, "unit"), unit.port)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Attic deck"
    assert result["data"] == {
        "kind": "unit",
        "host": "127.0.0.1",
        "port": unit.port,
        "greeting": "Attic deck ready",
        "identity": f"crcp:127.0.0.1:{unit.port}",
    }
    await hass.async_block_till_done()
    assert hass.states.get("switch.attic_deck_power").state == "on"


async def test_a_discovered_unit_is_added_with_one_click(
    hass: HomeAssistant, unit: VirtualUnit
) -> None:
    flow = await discover(hass, "_crcp._tcp.local.", unit.port, id="attic-1", fn="Attic <b>VCR</b>")
    assert flow["step_id"] == "unit_confirm"
    assert flow["description_placeholders"]["name"] == "Attic b VCR /b"
    result = await confirm(hass, flow)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == "crcp:attic-1"


async def test_a_unit_that_is_there_is_not_offered_again(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    result = await discover(hass, "_crcp._tcp.local.", unit.port, id="attic-1")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    result = await give(hass, await begin(hass, "unit"), unit.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


@pytest.mark.parametrize(
    ("greeting", "answers", "error"),
    [
        (b"220 (vsFTPd 3.0.3)\r\n", FTP_SERVER, "not_a_unit"),
        (b"421 In use by another controller\r\n", {}, "in_use"),
        (b"220 ready\r\n", {b"STAT": b"502 No\r\n"}, "refused"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", {}, "not_understood"),
    ],
)
async def test_what_is_no_unit_is_told_in_words_and_can_be_mended(
    hass: HomeAssistant,
    unit: VirtualUnit,
    stranger: Start,
    greeting: bytes,
    answers: dict[bytes, bytes],
    error: str,
) -> None:
    flow = await give(hass, await begin(hass, "unit"), (await stranger(greeting, answers)).port)
    assert (flow["type"], flow["errors"]) == (FlowResultType.FORM, {"base": error})
    result = await give(hass, flow, unit.port)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_nothing_at_the_address_is_told_in_words(
    hass: HomeAssistant, unit: VirtualUnit
) -> None:
    port = unit.port
    await unit.stop()
    flow = await give(hass, await begin(hass, "unit"), port)
    assert flow["errors"] == {"base": "cannot_connect"}
    assert str(port) in flow["description_placeholders"]["detail"]
    flow = await discover(hass, "_crcp._tcp.local.", port, id="attic-1")
    assert (await confirm(hass, flow))["errors"] == {"base": "cannot_connect"}


@pytest.mark.parametrize("kind", ["unit", "camera"])
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1\r\nQUIT", "127.0.0.1 ", "", "a b", "http://attic", "attic\x00", "\u202eattic"],
)
async def test_what_can_be_no_host_is_told_in_words(
    hass: HomeAssistant, unit: VirtualUnit, kind: str, host: str
) -> None:
    flow = await answer(hass, await begin(hass, kind), host=host, port=unit.port)
    assert (flow["type"], flow["errors"]) == (FlowResultType.FORM, {"host": "not_a_host"})
    assert unit.commands == []


async def test_two_units_of_one_name_are_called_differently(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any]
) -> None:
    titles = []
    for name in ("Attic", "Attic", "", "", "ATTIC"):
        unit = scenes.studio(name=name)
        await start(unit)
        titles.append((await give(hass, await begin(hass, "unit"), unit.port))["title"])
    assert titles == ["Attic", "Attic 2", "CRCP unit", "CRCP unit 2", "ATTIC 3"]


async def test_a_unit_is_the_same_under_every_name(
    hass: HomeAssistant, unit: VirtualUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_knows(*_: object) -> None:
        raise OSError("unknown host")

    monkeypatch.setattr(hass.loop, "getaddrinfo", nobody_knows)
    # A host that has no address any more is in nobody's way.
    for host, name in (("gone.local", "crcp:gone"), ("attic.local", f"crcp:127.0.0.1:{unit.port}")):
        data = {"kind": "unit", "host": host, "port": unit.port}
        MockConfigEntry(domain=DOMAIN, unique_id=name, data=data).add_to_hass(hass)
    result = await give(hass, await begin(hass, "unit"), unit.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_announcement_changes_nothing_that_is_kept(
    hass: HomeAssistant, unit: VirtualUnit, host: str
) -> None:
    flow = await begin(hass, "unit")
    entry = (await answer(hass, flow, host=host, port=unit.port))["result"]
    await hass.async_block_till_done()
    before = entry.as_dict()
    for claimed in ("attic-1", "somebody-else"):
        result = await discover(hass, CRCP, unit.port, id=claimed, fn="Gotcha", md="X", su="TAPE9")
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
        await hass.async_block_till_done()
    assert entry.as_dict() == before


async def test_a_sighting_brings_a_lost_unit_back_at_once(
    hass: HomeAssistant,
    unit: VirtualUnit,
    unit_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # By itself it would come back after an hour.
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (3600.0,))
    port = unit.port
    await unit.stop()
    await until(lambda: hass.states.get("switch.attic_deck_power").state == "unavailable")
    again = VirtualUnit(name=unit.name, unit_id=unit.unit_id, port=port)
    await again.start()
    await discover(hass, "_crcp._tcp.local.", port, id="attic-1")
    await until(lambda: hass.states.get("switch.attic_deck_power").state == "on")
    await hass.config_entries.async_unload(unit_entry.entry_id)
    await again.stop()


# -- logins, encryption, datagrams -------------------------------------------------------------


LOGIN = {"username": "ha", "password": "secret", "plain": "unless_challenged"}


async def locked(start: Callable[[VirtualUnit], Any], **options: Any) -> VirtualUnit:
    unit = scenes.studio(unit_id="attic-1", **{"account": Account("ha", "secret"), **options})
    unit.penalty = 0
    await start(unit)
    return unit


async def test_a_unit_that_wants_a_password_asks_for_it(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any]
) -> None:
    unit = await locked(start)
    flow = await give(hass, await begin(hass, "unit"), unit.port)
    assert (flow["step_id"], flow["errors"]) == ("unit_login", {})
    flow = await answer(hass, flow, **{**LOGIN, "password": "wrong"})
    assert flow["errors"] == {"base": "not_authorised"}
    result = await answer(hass, flow, **LOGIN)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["password"] == "secret"
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


async def test_a_one_time_password_is_made_and_the_secret_stays_here(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account("ha", "This is a test.", challenge=Challenge("md5", 99, "TeSt"))
    passes: list[str] = []
    accepts = Account.accepts
    monkeypatch.setattr(
        Account, "accepts", lambda self, secret: passes.append(secret) or accepts(self, secret)
    )
    unit = await locked(start, account=account)
    flow = await discover(hass, CRCP, unit.port, id="attic-1", au="o")
    flow = await confirm(hass, flow)
    result = await answer(hass, flow, **{**LOGIN, "password": "This is a test."})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    assert passes[0] == "50FE1962C4965880"
    assert "This is a test." not in passes


async def test_a_login_to_an_ftp_server_is_told_apart(hass: HomeAssistant, stranger: Start) -> None:
    answers = {
        **FTP_SERVER,
        b"STAT": b"530 Please login with USER and PASS.\r\n",
        b"USER": b"331 Please specify the password.\r\n",
        b"PASS": b"230 Login successful.\r\n",
    }
    server = await stranger(b"220 (vsFTPd 3.0.3)\r\n", answers)
    flow = await give(hass, await begin(hass, "unit"), server.port)
    server.answers = {**answers, b"STAT": FTP_SERVER[b"STAT"]}
    flow = await answer(hass, flow, **LOGIN)
    assert flow["errors"] == {"base": "not_a_unit"}


async def test_an_encrypted_unit_is_added_with_one_click(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any]
) -> None:
    context, _ = self_signed()
    unit = scenes.studio(tls=context)
    await start(unit)
    flow = await discover(hass, CRCP, unit.port, id="attic-1", tls=str(unit.tls_port))
    result = await confirm(hass, flow)
    assert (result["data"]["port"], result["data"]["channel"]) == (unit.tls_port, "tls")
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


async def test_a_unit_that_offers_encryption_later_has_not_moved(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.studio(unit_id="attic-1", account=Account("ha", "secret"))
    entry = await put(unit, **LOGIN)
    port = unit.port
    await unit.stop()
    result = await discover(hass, CRCP, port, id="attic-1", tls="27273")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert entry.data["port"] == port


async def test_what_is_not_encrypted_is_told(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any]
) -> None:
    unit = scenes.studio()
    await start(unit)
    flow = await give(hass, await begin(hass, "unit"), unit.port, channel="tls", verify_ssl=True)
    assert flow["errors"] == {"base": "cannot_connect"}
    result = await give(hass, flow, unit.port, channel="tcp")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_unit_without_answers_is_described_by_its_owner(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any]
) -> None:
    rules = DatagramRules(Verifier({"ha": "secret"}))
    unit = scenes.studio(datagrams=rules, account=Account("ha", "secret"))
    await start(unit)
    flow = await discover(
        hass, "_crcp._udp.local.", unit.udp_port or 0, id="attic-1", su="POWER0,TAPE0", fn="Attic"
    )
    flow = await confirm(hass, flow)
    assert flow["step_id"] == "unit_one_way"
    given = {"username": "ha", "password": "secret", "parameters": ["pan"]}
    flow = await answer(hass, flow, **given, subunits=["POWER0", "VCR"])
    assert flow["errors"] == {"subunits": "not_a_subunit"}
    result = await answer(hass, flow, **given, subunits=["power", "CAMERA0"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["subunits"] == ["POWER0", "CAMERA0"]
    await hass.async_block_till_done()
    assert state(hass, "switch.attic_power") == "unknown"


async def test_a_unit_that_is_ignored_stays_ignored(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any]
) -> None:
    unit = await locked(start)
    await discover(hass, CRCP, unit.port, id="attic-1")
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": "crcp:attic-1", "title": "Attic"},
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    for port in (unit.port, 4711):
        again = await discover(hass, CRCP, port, id="attic-1")
        assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")


# -- another password --------------------------------------------------------------------------


async def test_a_wrong_password_asks_for_another_and_then_works(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.studio(account=Account("ha", "new"))
    unit.penalty = 0
    entry = await put(unit, works=False, **LOGIN)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert (flow["context"]["source"], flow["step_id"]) == ("reauth", "reauth_confirm")
    form = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert form["description_placeholders"]["name"] == "Attic"
    form = await answer(hass, flow, **LOGIN)
    assert form["errors"] == {"base": "not_authorised"}
    result = await answer(hass, flow, **{**LOGIN, "password": "new"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["password"] == "new"
    assert state(hass, "switch.attic_power") == "on"


async def test_a_password_that_is_changed_later_is_asked_for_once(
    hass: HomeAssistant, put: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.01,) * 6)
    unit = scenes.studio(account=Account("ha", "secret"))
    unit.penalty = 0
    await put(unit, **LOGIN)
    unit.account = Account("ha", "new")
    drop(unit)
    await until(hass.config_entries.flow.async_progress)
    (flow,) = hass.config_entries.flow.async_progress()
    assert state(hass, "switch.attic_power") == "unavailable"
    # Neither time nor an announcement makes it try the old password again.
    await discover(hass, CRCP, unit.port, id=unit.unit_id)
    with pytest.raises(TimeoutError):
        await until(lambda: [each.name for each in unit.commands].count("PASS") > 2, within=0.3)
    await answer(hass, flow, **{**LOGIN, "password": "new"})
    await hass.async_block_till_done()
    assert state(hass, "switch.attic_power") == "on"


# -- another address ---------------------------------------------------------------------------


async def test_a_unit_with_a_new_address_is_found_again(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any], put: SetUp
) -> None:
    old = scenes.studio(unit_id="attic-1")
    entry = await put(old, greeting="Virtual unit ready")
    await old.stop()
    await until(lambda: state(hass, "switch.attic_power") == "unavailable")
    new = scenes.studio(unit_id="attic-1")
    await start(new)
    before = entry.as_dict()
    flow = await discover(hass, CRCP, new.port, id="attic-1")
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "unit_moved")
    assert entry.as_dict() == before
    result = await confirm(hass, flow)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    await hass.async_block_till_done()
    assert entry.data["port"] == new.port
    assert state(hass, "switch.attic_power") == "on"


async def test_of_many_addresses_a_person_is_asked_about_the_latest(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any], put: SetUp
) -> None:
    old = scenes.studio(unit_id="attic-1")
    entry = await put(old, greeting="Virtual unit ready")
    await old.stop()
    await until(lambda: state(hass, "switch.attic_power") == "unavailable")
    claims = [scenes.studio(unit_id="attic-1") for _ in range(5)]
    for claim in claims:
        await start(claim)
        await discover(hass, CRCP, claim.port, id="attic-1")
    asked = hass.config_entries.flow.async_progress()
    assert {flow["context"]["unique_id"] for flow in asked} == {
        f"{entry.unique_id}@127.0.0.1:{claim.port}" for claim in claims[-3:]
    }


async def test_an_announcement_changes_nothing_while_the_unit_is_where_it_was(
    hass: HomeAssistant, put: SetUp, stranger: Start
) -> None:
    unit = scenes.studio(unit_id="attic-1")
    entry = await put(unit)
    liar = await stranger(b"220 Virtual unit ready\r\n")
    connection = unit._connection
    await discover(hass, CRCP, liar.port, id="attic-1")
    assert unit._connection is connection
    await hass.config_entries.async_unload(entry.entry_id)
    await discover(hass, CRCP, liar.port, id="attic-1")
    assert (entry.data["port"], liar.connections) == (unit.port, 0)
    # Whatever answers where it was, it is not for an announcement to say that it moved.
    other = await stranger(b"SSH-2.0-OpenSSH\r\n")
    hass.config_entries.async_update_entry(entry, data={**entry.data, "port": other.port})
    await discover(hass, CRCP, liar.port, id="attic-1")
    assert (entry.data["port"], liar.connections) == (other.port, 0)


@pytest.mark.parametrize(
    "stat",
    [
        b"530 Please login\r\n",
        b"211-status\r\n POWER0\r\n TAPE0\r\n211 end\r\n",
        b"nonsense\r\n",
    ],
)
async def test_a_spoofed_announcement_is_sent_no_password(
    hass: HomeAssistant, put: SetUp, stranger: Start, stat: bytes
) -> None:
    unit = scenes.studio(unit_id="attic-1", account=Account("ha", "secret"))
    entry = await put(unit, **LOGIN, greeting="Virtual unit ready")
    port = unit.port
    await unit.stop()
    await until(lambda: state(hass, "switch.attic_power") == "unavailable")
    liar = await stranger(
        b"220 Virtual unit ready\r\n",
        {
            b"STAT": stat,
            b"USER": b"331 Password please\r\n",
            b"PASS": b"230 Thank you\r\n",
            b"QUIT": b"221 bye\r\n",
        },
    )
    flow = await discover(hass, CRCP, liar.port, id="attic-1")
    await hass.async_block_till_done()
    assert entry.data["port"] == port
    assert liar.connections
    assert set(liar.heard.split()) <= {b"STAT", b"QUIT"}
    if flow["type"] is FlowResultType.FORM:
        # Only a person can send it there, by typing it.
        assert flow["step_id"] == "unit_moved_login"
        shown = flow["data_schema"].schema
        hints = {str(key): key.description for key in shown}
        assert "secret" not in str(hints)
        await answer(hass, flow, **{**LOGIN, "password": "typed"})
        assert b"secret" not in liar.heard


async def test_a_unit_that_moved_is_followed_after_a_new_login(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any], put: SetUp
) -> None:
    old = scenes.studio(unit_id="attic-1", account=Account("ha", "secret"))
    entry = await put(old, **LOGIN, greeting="Virtual unit ready")
    await old.stop()
    await until(lambda: state(hass, "switch.attic_power") == "unavailable")
    new = await locked(start)
    flow = await discover(hass, CRCP, new.port, id="attic-1")
    assert flow["step_id"] == "unit_moved_login"
    result = await answer(hass, flow, **LOGIN)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert (entry.data["port"], entry.unique_id) == (new.port, "crcp:attic-1")
    assert state(hass, "switch.attic_power") == "on"


async def test_ignoring_a_claim_ignores_the_address_and_not_the_unit(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any], put: SetUp
) -> None:
    old = scenes.studio(unit_id="attic-1", account=Account("ha", "secret"))
    entry = await put(old, **LOGIN, greeting="Virtual unit ready")
    await old.stop()
    await until(lambda: state(hass, "switch.attic_power") == "unavailable")
    new = await locked(start)
    flow = await discover(hass, CRCP, new.port, id="attic-1")
    (shown,) = hass.config_entries.flow.async_progress()
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": shown["context"]["unique_id"], "title": "Attic"},
    )
    assert entry.state is ConfigEntryState.LOADED
    again = await discover(hass, CRCP, new.port, id="attic-1")
    assert again["reason"] == "already_configured"
    assert flow["step_id"] == "unit_moved_login"


async def test_a_unit_is_reconfigured(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any], put: SetUp
) -> None:
    old = scenes.studio()
    entry = await put(old, greeting="Virtual unit ready")
    new = await locked(start)
    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure"
    form = await give(hass, form, new.port)
    assert form["step_id"] == "reconfigure_login"
    result = await answer(hass, form, **LOGIN)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert (entry.state, entry.data["port"]) == (ConfigEntryState.LOADED, new.port)
    assert entry.data["username"] == "ha"


async def test_reconfiguring_in_place_keeps_the_unit(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio()
    entry = await put(unit, greeting="Virtual unit ready")
    result = await give(hass, await entry.start_reconfigure_flow(hass), unit.port)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_another_unit_at_the_new_address_is_told_apart(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any], put: SetUp
) -> None:
    unit = scenes.studio()
    entry = await put(unit, **LOGIN, greeting="Virtual unit ready")
    other = scenes.studio(name="Cellar")
    await start(other)
    form = await give(hass, await entry.start_reconfigure_flow(hass), other.port)
    assert form["errors"] == {"base": "another_unit"}
    assert "Cellar ready" in form["description_placeholders"]["detail"]
    assert not [each for each in other.commands if each.name in ("USER", "PASS")]
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["port"] == unit.port


async def test_a_unit_known_by_its_address_is_known_by_its_new_one(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Any]
) -> None:
    old, new = scenes.studio(), scenes.studio()
    await start(old)
    await start(new)
    entry = (await give(hass, await begin(hass, "unit"), old.port))["result"]
    await hass.async_block_till_done()
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    await give(hass, flow, new.port)
    await hass.async_block_till_done()
    assert entry.unique_id == f"crcp:127.0.0.1:{new.port}"
    assert entry.state is ConfigEntryState.LOADED
