"""What cameras say of themselves before anybody connects. PTP-IP itself finds nobody.

These are readers of announcements only. Connecting to find out is not harmless: a Sony spends its one
session on it, Canon and Nikon show an error or stop listening for seconds. What announces another
protocol, such as pictures over HTTP, is no camera here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final
from urllib.parse import urlsplit

from .packets import PORT

#: DNS-SD service of PTP-IP: Nikon, some Canon, some Ricoh Theta.
PTP_SERVICE: Final = "_ptp._tcp.local."
NIKON_SERVICE: Final = "_nikon._tcp.local."

#: Key of the TXT record.
TXT_GUID: Final = "guid"

_CANON: Final = "urn:schemas-canon-com:service:"
_SONY: Final = "urn:schemas-sony-com:service:"

#: Whose cameras answer to a search target (NT, ST).
SSDP: Final[dict[str, str]] = {
    f"{_CANON}ICPO-SmartPhoneEOSSystemService:1": "Canon",
    f"{_CANON}ICPO-WFTEOSSystemService:1": "Canon",
    f"{_CANON}MobileConnectedCameraService:1": "Canon",
    "urn:microsoft-com:service:MtpNullService:1": "Sony",
    "urn:microsoft-com:device:mtp:1": "Sony",
    f"{_SONY}DigitalImaging:1": "Sony",
}

_UUID: Final = re.compile(r"uuid:([0-9a-f-]{36})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Announcement:
    """A camera that announced itself. identity: tells it from others, "" where nothing does."""

    host: str
    port: int
    manufacturer: str
    name: str
    identity: str


def from_mdns(
    service: str, instance: str, host: str, port: int | None, txt: Mapping[str, str | None]
) -> Announcement | None:
    """Read a DNS-SD announcement; None for what is no camera."""
    if service not in (PTP_SERVICE, NIKON_SERVICE):
        return None
    name = instance.removesuffix(f".{service}")
    return Announcement(
        host=host,
        port=port or PORT,
        manufacturer="Nikon" if service == NIKON_SERVICE or txt.get("apps") == "NCWC" else "",
        name=name.replace("_", " "),
        identity=txt.get(TXT_GUID) or name,
    )


def from_ssdp(headers: Mapping[str, str]) -> Announcement | None:
    """Read the headers of a NOTIFY, or of an answer to M-SEARCH; None for what is no camera."""
    known = {name.lower(): value for name, value in headers.items()}
    manufacturer = SSDP.get(known.get("nt") or known.get("st") or "")
    if manufacturer is None:
        return None
    uuid = _UUID.search(known.get("usn", ""))
    return Announcement(
        host=_host(known.get("location", "")),
        port=PORT,
        manufacturer=manufacturer,
        name=manufacturer,
        identity=uuid[1].lower() if uuid else "",
    )


def is_fujifilm(name: str) -> bool:
    """Whether a camera calls itself one of Fujifilm's, whose protocol is not spoken here."""
    return re.search(r"\b(?:fuji\w*|X-[A-Z]\d)", name, re.IGNORECASE) is not None


def _host(location: str) -> str:
    try:
        return urlsplit(location).hostname or ""
    except ValueError:
        return ""
