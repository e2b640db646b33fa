"""Who we are to a camera."""

import pytest

from custom_components.crcp.protocols.ptpip.errors import Misuse
from custom_components.crcp.protocols.ptpip.identity import (
    ANY_MAC,
    DEFAULT_NAME,
    Identity,
    friendly_name,
    parse_mac,
)


def test_a_new_identity_is_nobody_elses() -> None:
    one, other = Identity.new("Home"), Identity.new("Home")
    assert one.guid != other.guid
    assert len(one.guid) == 16
    assert one.friendly_name == "Home"


def test_after_a_refusal_one_can_be_somebody_else_of_the_same_name() -> None:
    refused = Identity.new("Home")
    renewed = refused.renewed()
    assert renewed.guid != refused.guid
    assert renewed.friendly_name == "Home"


def test_a_sony_wants_to_see_a_mac_address() -> None:
    identity = Identity.new().with_mac(parse_mac("02:00:5E:10:00:ff"))
    assert identity.guid.hex(" ") == "00 00 00 00 00 00 00 00 ff ff 02 00 5e 10 00 ff"
    assert Identity.new().with_mac(ANY_MAC).guid.hex() == 16 * "0" + "ffff" + 12 * "0"


@pytest.mark.parametrize("text", ["02:00:5e:10:00:ff", "02-00-5E-10-00-FF", " 02005e1000ff "])
def test_a_mac_address_is_read_as_people_write_it(text: str) -> None:
    assert parse_mac(text) == bytes.fromhex("02005e1000ff")


@pytest.mark.parametrize("text", ["", "02:00:5e:10:00", "02:00:5e:10:00:fg", "ff" * 7])
def test_what_is_no_mac_address_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="no MAC address"):
        parse_mac(text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Home Assistant", "Home Assistant"),
        ("Café Müller", "Cafe Muller"),
        ("家", DEFAULT_NAME),
        ("", DEFAULT_NAME),
        ("a\nb\x1b", "ab"),
        (60 * "x", 39 * "x"),
    ],
)
def test_a_name_is_one_that_a_camera_can_show(name: str, shown: str) -> None:
    assert friendly_name(name) == shown


def test_what_does_not_fit_into_a_packet_is_misuse() -> None:
    with pytest.raises(Misuse):
        Identity(bytes(15), "Home")
    with pytest.raises(Misuse):
        Identity(bytes(16), 40 * "x")
