"""Where data goes: the argument of PORT and the text of reply 227 (section 7), and 257's path.

FTP writes h1,h2,h3,h4,p1,p2. The draft wants a DNS name in place of the four numbers and gives no
syntax for it, so the name takes their place and the port stays: name,p1,p2.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
import re

from .codes import ReplyCode
from .errors import ProtocolError, Refused
from .grammar import BLANKS

_HOST = r"[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?\]?"
# Begins where a word does, or a long text without an address would be searched for one anew from
# each of its characters.
_COMMAS = re.compile(
    rf"(?<![\[A-Za-z0-9._:%-])([0-9]+,[0-9]+,[0-9]+,[0-9]+|{_HOST}),([0-9]+)(?:,([0-9]+))?"
)
_COLON = re.compile(rf"({_HOST}):([0-9]+)")
_BLANK = re.compile(rf"({_HOST})[ \t]+([0-9]+)")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


@dataclass(frozen=True, slots=True)
class Address:
    """A host, by name or number, and a port of 1 to 65535."""

    host: str
    port: int

    @property
    def number(self) -> IPv4Address | IPv6Address | None:
        """The host as a number; None for a name, which has to be looked up."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def is_multicast(self) -> bool:
        """Whether the host is a group; a name's is known only once it was looked up."""
        return self.number is not None and self.number.is_multicast


def parse_address(text: str) -> Address:
    """Read the argument of PORT, in any form that a controller may write. Raises Refused 501."""
    address = _read(text.strip(BLANKS), anywhere=False)
    if address is None:
        raise Refused(ReplyCode.BAD_ARGUMENT, "Syntax error in parameters or arguments")
    return address


def format_address(address: Address) -> str:
    """Write the argument of PORT: six numbers for IPv4, else the name or literal and the port."""
    host = address.host.replace(".", ",") if _is_ipv4(address) else address.host
    return f"{host},{address.port >> 8},{address.port & 255}"


def parse_passive(text: str) -> Address:
    """Find the address in the text of reply 227, with or without parentheses.

    Raises ProtocolError when there is none.
    """
    address = _read(text, anywhere=True)
    if address is None:
        raise ProtocolError("the reply to PASV holds no address")
    return address


def parse_path(text: str) -> str:
    """Find the path in the text of reply 257, where a quote is doubled. Raises ProtocolError."""
    found = _QUOTED.search(text)
    if not found:
        raise ProtocolError("the reply to PWD holds no path")
    return found[1].replace('""', '"')


def format_path(path: str) -> str:
    """Write a path as reply 257 does."""
    return '"{}"'.format(path.replace('"', '""'))


def _read(text: str, *, anywhere: bool) -> Address | None:
    if anywhere:
        found = _COMMAS.search(text)
        return _address(*found.groups()) if found else None
    for form in (_COMMAS, _COLON, _BLANK):
        if found := form.fullmatch(text):
            return _address(*found.groups())
    return None


def _address(host: str, high: str, low: str | None = None) -> Address | None:
    """Put an address together; None when a number is out of its range."""
    numbers = [int(number) for number in (high, low) if number and len(number) <= 5]
    if low is not None:
        port = numbers[0] * 256 + numbers[1] if len(numbers) == 2 and max(numbers) < 256 else 0
    else:
        port = numbers[0] if numbers else 0
    if "," in host:
        if any(len(part) > 3 or int(part) > 255 for part in host.split(",")):
            return None
        host = ".".join(str(int(part)) for part in host.split(","))
    return Address(host.strip("[]"), port) if 0 < port < 65536 else None


def _is_ipv4(address: Address) -> bool:
    return isinstance(address.number, IPv4Address)
