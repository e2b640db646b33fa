"""Who we are to a camera: cameras remember (GUID, friendly name) as the pairing."""

from dataclasses import dataclass
import re
import secrets
from typing import Final, Self
import unicodedata

from .errors import Misuse
from .packets import GUID_SIZE, MAX_FRIENDLY_NAME

#: Shown on the camera while it is paired, when nobody chose another name.
DEFAULT_NAME: Final = "Home Assistant"

#: Sony's form: eight zeros, two bytes of ones, and the MAC address of the registered computer.
_SONY_PREFIX: Final = bytes(8) + b"\xff\xff"

#: Many Sony bodies take a MAC address of zeros as anybody's.
ANY_MAC: Final = bytes(6)

_MAC: Final = re.compile(r"[0-9a-f]{2}(?:[:-]?[0-9a-f]{2}){5}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """A GUID and a friendly name, to be made once, stored, and sent for ever."""

    guid: bytes
    friendly_name: str

    def __post_init__(self) -> None:
        """Raise Misuse for what cannot be sent."""
        if len(self.guid) != GUID_SIZE or len(self.friendly_name) > MAX_FRIENDLY_NAME:
            raise Misuse("an identity that does not fit into an Init Command Request")

    @classmethod
    def new(cls, name: str = DEFAULT_NAME) -> Self:
        """Make a random identity."""
        return cls(secrets.token_bytes(GUID_SIZE), friendly_name(name))

    def renewed(self) -> Self:
        """Be somebody else of the same name: a GUID refused on the body is refused for ever."""
        return type(self)(secrets.token_bytes(GUID_SIZE), self.friendly_name)

    def with_mac(self, mac: bytes) -> Self:
        """Be the computer that a Sony was registered with, by the MAC address it wants to see."""
        return type(self)(_SONY_PREFIX + mac, self.friendly_name)


def parse_mac(text: str) -> bytes:
    """Read a MAC address as people write it. Raises ValueError."""
    if not _MAC.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no MAC address")
    return bytes.fromhex(re.sub("[^0-9a-fA-F]", "", text))


def friendly_name(text: str) -> str:
    """Say a name in plain ASCII, short enough for a camera's screen."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    shown = "".join(character for character in plain if character.isprintable()).strip()
    return shown[:MAX_FRIENDLY_NAME].strip() or DEFAULT_NAME
