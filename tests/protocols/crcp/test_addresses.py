"""Where data goes: the parsing vectors of PORT, 227 and 257."""

import pytest

from custom_components.crcp.protocols.crcp.addresses import (
    Address,
    format_path,
    parse_address,
    parse_passive,
    parse_path,
)
from custom_components.crcp.protocols.crcp.errors import ProtocolError, Refused

PASSIVE = [
    ("Entering Passive Mode (192,0,2,5,106,138)", Address("192.0.2.5", 27274)),
    ("Entering Passive Mode (vcr.example.net,19,136)", Address("vcr.example.net", 5000)),
    ("=vcr.local,5000", Address("vcr.local", 5000)),
    ("Entering Passive Mode. 192,0,2,5,19,136", Address("192.0.2.5", 5000)),
    ("Entering Passive Mode (2001:db8::5,19,136)", Address("2001:db8::5", 5000)),
    ("Entering Passive Mode ([2001:db8::5],19,136)", Address("2001:db8::5", 5000)),
    ("(239,1,2,3,19,136)", Address("239.1.2.3", 5000)),
]

PORTS = [
    ("192,0,2,5,19,136", Address("192.0.2.5", 5000)),
    ("host.example,19,136", Address("host.example", 5000)),
    ("host.example,5000", Address("host.example", 5000)),
    ("host.example 5000", Address("host.example", 5000)),
    ("host.example:5000", Address("host.example", 5000)),
    ("[2001:db8::5]:5000", Address("2001:db8::5", 5000)),
    ("2001:db8::5,19,136", Address("2001:db8::5", 5000)),
    ("0,0,0,0,19,136", Address("0.0.0.0", 5000)),
]


@pytest.mark.parametrize(("text", "address"), PASSIVE)
def test_the_address_in_a_227_is_found(text: str, address: Address) -> None:
    assert parse_passive(text) == address


@pytest.mark.parametrize(("text", "address"), PORTS)
def test_a_port_is_read_in_every_form(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "host.example", "10,0,0,7,300,1", "a b c", "host,0", "h,70000"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_address(text)
    assert refused.value.code == 501
    with pytest.raises(ProtocolError):
        parse_passive(text)


def test_a_quote_in_a_path_is_doubled() -> None:
    assert parse_path('"/a ""b""" ok') == '/a "b"'
    assert format_path('/a "b"') == '"/a ""b"""'
    with pytest.raises(ProtocolError):
        parse_path("/a is the current directory")
