"""What cameras say of themselves before anybody connects. PTP-IP itself finds nobody.

These are matchers and readers of announcements only. Connecting to find out is not harmless: a Sony
spends its one session on it, Canon and Nikon show an error or stop listening for seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
import re
from typing import Final
from urllib.parse import urlsplit

from .errors import FUJIFILM
from .packets import PORT

#: DNS-SD service of PTP-IP: Nikon, some Canon, some Ricoh Theta.
PTP_SERVICE: Final = "_ptp._tcp.local."
NIKON_SERVICE: Final = "_nikon._tcp.local."
CANON_HTTP_SERVICE: Final = "_imink_http._tcp.local."

#: Keys of the TXT record.
TXT_GUID, TXT_VENDOR, TXT_PRODUCT = "guid", "vid", "pid"

#: A device description is a page of XML; more of it is not looked at.
MAX_DESCRIPTION: Final = 64 << 10

#: Canon: paired with nobody.
_NOBODY: Final = re.compile(r"(?:uuid:)?[f-]*", re.IGNORECASE)

HTTP_ONLY: Final = (
    "this camera speaks HTTP and not PTP-IP, so its pictures cannot be imported from here; if its "
    "menu offers a connection to a computer, choose that one"
)


class Speaks(Enum):
    """What an announcement is of."""

    PTP_IP = auto()
    HTTP = auto()
    FUJIFILM = auto()


@dataclass(frozen=True, slots=True)
class SsdpMatcher:
    """A search target (NT, ST) and what answers to it. once: it serves one connection only."""

    target: str
    manufacturer: str
    speaks: Speaks = Speaks.PTP_IP
    once: bool = False


_CANON: Final = "urn:schemas-canon-com:service:"
_SONY: Final = "urn:schemas-sony-com:service:"

SSDP: Final = (
    SsdpMatcher(f"{_CANON}ICPO-SmartPhoneEOSSystemService:1", "Canon"),
    SsdpMatcher(f"{_CANON}ICPO-WFTEOSSystemService:1", "Canon"),
    SsdpMatcher(f"{_CANON}MobileConnectedCameraService:1", "Canon"),
    SsdpMatcher(f"{_CANON}ICPO-CameraControlAPIService:1", "Canon", Speaks.HTTP),
    SsdpMatcher("urn:microsoft-com:service:MtpNullService:1", "Sony", once=True),
    SsdpMatcher("urn:microsoft-com:device:mtp:1", "Sony", once=True),
    SsdpMatcher(f"{_SONY}ScalarWebAPI:1", "Sony", Speaks.HTTP, once=True),
    SsdpMatcher(f"{_SONY}DigitalImaging:1", "Sony", once=True),
)

MDNS: Final[dict[str, Speaks]] = {
    PTP_SERVICE: Speaks.PTP_IP,
    NIKON_SERVICE: Speaks.PTP_IP,
    CANON_HTTP_SERVICE: Speaks.HTTP,
}

_UUID: Final = re.compile(r"uuid:([0-9a-f-]{36})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Announcement:
    """A camera that announced itself.

    identity: tells it from others, "" where nothing does. single_session: connect only to import.
    leaving: it says goodbye.
    """

    host: str
    port: int
    manufacturer: str
    name: str
    identity: str
    speaks: Speaks
    single_session: bool = False
    leaving: bool = False

    @property
    def declined(self) -> str | None:
        """Why it cannot be used, in words for a person; None where it can."""
        match self.speaks:
            case Speaks.HTTP:
                return HTTP_ONLY
            case Speaks.FUJIFILM:
                return FUJIFILM
            case _:
                return None


def from_mdns(
    service: str, instance: str, host: str, port: int | None, txt: Mapping[str, str | None]
) -> Announcement | None:
    """Read a DNS-SD announcement; None for what is no camera."""
    speaks = MDNS.get(service)
    if speaks is None:
        return None
    name = instance.removesuffix(f".{service}")
    return Announcement(
        host=host,
        port=port or PORT,
        manufacturer="Nikon" if service == NIKON_SERVICE or txt.get("apps") == "NCWC" else "",
        name=name.replace("_", " "),
        identity=txt.get(TXT_GUID) or name,
        speaks=speaks,
    )


def from_ssdp(headers: Mapping[str, str]) -> Announcement | None:
    """Read the headers of a NOTIFY, or of an answer to M-SEARCH; None for what is no camera."""
    known = {name.lower(): value for name, value in headers.items()}
    target = known.get("nt") or known.get("st") or ""
    matcher = next((each for each in SSDP if each.target.lower() == target.lower()), None)
    if matcher is None:
        return None
    uuid = _UUID.search(known.get("usn", ""))
    return Announcement(
        host=_host(known.get("location", "")),
        port=PORT,
        manufacturer=matcher.manufacturer,
        name=matcher.manufacturer,
        identity=uuid[1].lower() if uuid else "",
        speaks=matcher.speaks,
        single_session=matcher.once,
        leaving=known.get("nts") == "ssdp:byebye",
    )


@dataclass(frozen=True, slots=True)
class Description:
    """What a camera's device description says beside its name; it costs the camera no session.

    paired_with: the uuid of the computer that a Canon is paired with, "" for nobody. taken: whether
    somebody is connected to it. port: where it speaks PTP-IP, as a Panasonic says.
    """

    manufacturer: str
    model: str
    serial_number: str
    paired_with: str
    taken: bool
    port: int


def from_description(text: str) -> Description:
    """Read a UPnP device description, as far as it is known; nothing in it is believed to be XML."""
    text = text[:MAX_DESCRIPTION]
    target, port = _element(text, "X_targetId"), _element(text, "X_PTPPortNo")
    sound = port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 1 << 16
    return Description(
        manufacturer=_element(text, "manufacturer"),
        model=_element(text, "modelName"),
        serial_number=_element(text, "serialNumber"),
        paired_with="" if _NOBODY.fullmatch(target) else target,
        taken=_element(text, "X_onService") == "1",
        port=int(port) if sound and len(port) < 6 else PORT,
    )


def _element(text: str, name: str) -> str:
    """The text of the first element of a name, whatever its prefix; "" where there is none."""
    found = re.search(rf"<(?:\w{{1,32}}:)?{name}>([^<]*)<", text)
    return found[1].strip() if found else ""


def declined_by_name(text: str) -> str | None:
    """Why a camera of this manufacturer or model cannot be used; None where it might."""
    return FUJIFILM if re.search(r"\b(?:fuji\w*|X-[A-Z]\d)", text, re.IGNORECASE) else None


def _host(location: str) -> str:
    try:
        return urlsplit(location).hostname or ""
    except ValueError:
        return ""
