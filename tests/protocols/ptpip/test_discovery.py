"""What cameras announce, typed from the collected facts."""

import pytest

from custom_components.crcp.protocols.ptpip.discovery import (
    PTP_SERVICE,
    from_mdns,
    from_ssdp,
    is_fujifilm,
)

CANON = {
    "NT": "urn:schemas-canon-com:service:ICPO-SmartPhoneEOSSystemService:1",
    "NTS": "ssdp:alive",
    "Location": "http://192.0.2.7:49152/upnp/CameraDevDesc.xml",
    "Server": "Camera OS/1.0 UPnP/1.0 Canon Device Discovery/1.0",
    "USN": "uuid:00000000-0000-0000-0001-02005E1000FF::urn:schemas-canon-com:service:x",
}
SONY = {
    "ST": "urn:microsoft-com:service:MtpNullService:1",
    "LOCATION": "http://192.0.2.8:1900/DeviceDescription.xml",
    "USN": "uuid:00000000-0001-0010-8000-02005e1000fe::urn:microsoft-com:service:x",
}


def test_a_nikon_announces_itself_by_mdns() -> None:
    txt = {"guid": "abcd", "vid": "A", "pid": "450", "ver": "1", "apps": "NCWC", "grpn": "NX"}
    found = from_mdns(PTP_SERVICE, f"Z_6_5000784.{PTP_SERVICE}", "192.0.2.6", 15740, txt)
    assert found
    assert (found.name, found.identity, found.manufacturer) == ("Z 6 5000784", "abcd", "Nikon")
    assert (found.host, found.port) == ("192.0.2.6", 15740)


def test_a_camera_without_a_guid_is_known_by_its_instance_name() -> None:
    found = from_mdns(PTP_SERVICE, f"THETA.{PTP_SERVICE}", "192.0.2.6", None, {})
    assert found
    assert (found.identity, found.port) == ("THETA", 15740)


def test_a_canon_announces_itself_by_ssdp() -> None:
    found = from_ssdp(CANON)
    assert found
    assert (found.host, found.port, found.manufacturer) == ("192.0.2.7", 15740, "Canon")
    assert found.identity == "00000000-0000-0000-0001-02005e1000ff"


@pytest.mark.parametrize(
    "target",
    [
        "urn:microsoft-com:service:MtpNullService:1",
        "urn:microsoft-com:device:mtp:1",
        "urn:schemas-sony-com:service:DigitalImaging:1",
    ],
)
def test_a_sony_announces_itself_by_ssdp(target: str) -> None:
    found = from_ssdp({**SONY, "ST": target})
    assert found
    assert (found.host, found.manufacturer) == ("192.0.2.8", "Sony")


@pytest.mark.parametrize(
    "target",
    [
        "upnp:rootdevice",
        "urn:schemas-canon-com:service:ICPO-CameraControlAPIService:1",
        "urn:schemas-sony-com:service:ScalarWebAPI:1",
    ],
)
def test_what_speaks_http_only_is_no_camera_of_ours(target: str) -> None:
    assert from_ssdp({"nt": target}) is None


def test_a_fujifilm_is_known_by_its_name() -> None:
    for name in ("FUJIFILM", "Fujifilm X-T4", "X-T30"):
        assert is_fujifilm(name)
    for name in ("Canon EOS R5", "NIKON Z 6", "EX-ZR100"):
        assert not is_fujifilm(name)


def test_others_are_no_cameras() -> None:
    assert from_ssdp({}) is None
    for service in ("_http._tcp.local.", "_imink_http._tcp.local."):
        assert from_mdns(service, "x", "192.0.2.1", 80, {}) is None


def test_rubbish_in_an_announcement_does_no_harm() -> None:
    found = from_ssdp({**CANON, "Location": "http://[::1", "USN": "\x00"})
    assert found
    assert (found.host, found.identity) == ("", "")
