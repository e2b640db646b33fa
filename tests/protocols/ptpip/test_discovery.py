"""What cameras announce, typed from the collected facts."""

import pytest

from custom_components.crcp.protocols.ptpip.discovery import (
    PTP_SERVICE,
    SSDP,
    Speaks,
    declined_by_name,
    from_description,
    from_mdns,
    from_ssdp,
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
    assert (found.host, found.port, found.declined) == ("192.0.2.6", 15740, None)


def test_a_camera_without_a_guid_is_known_by_its_instance_name() -> None:
    found = from_mdns(PTP_SERVICE, f"THETA.{PTP_SERVICE}", "192.0.2.6", None, {})
    assert found
    assert (found.identity, found.port) == ("THETA", 15740)


def test_a_canon_announces_itself_by_ssdp() -> None:
    found = from_ssdp(CANON)
    assert found
    assert (found.host, found.port, found.manufacturer) == ("192.0.2.7", 15740, "Canon")
    assert found.identity == "00000000-0000-0000-0001-02005e1000ff"
    assert not found.leaving
    assert not found.single_session
    goodbye = from_ssdp({**CANON, "NTS": "ssdp:byebye"})
    assert goodbye
    assert goodbye.leaving


def test_a_sony_may_be_connected_to_once_only() -> None:
    found = from_ssdp(SONY)
    assert found
    assert (found.manufacturer, found.single_session, found.declined) == ("Sony", True, None)


@pytest.mark.parametrize(
    "target",
    [
        "urn:schemas-canon-com:service:ICPO-CameraControlAPIService:1",
        "urn:schemas-sony-com:service:ScalarWebAPI:1",
    ],
)
def test_a_camera_that_only_speaks_http_is_declined_in_words(target: str) -> None:
    found = from_ssdp({"nt": target})
    assert found
    assert found.speaks is Speaks.HTTP
    assert found.declined
    assert "HTTP" in found.declined


def test_a_fujifilm_is_declined_in_words() -> None:
    for name in ("FUJIFILM", "Fujifilm X-T4", "X-T30"):
        assert "Fujifilm" in (declined_by_name(name) or "")
    for name in ("Canon EOS R5", "NIKON Z 6", "EX-ZR100"):
        assert declined_by_name(name) is None


def test_others_are_no_cameras() -> None:
    assert from_ssdp({"nt": "upnp:rootdevice"}) is None
    assert from_ssdp({}) is None
    assert from_mdns("_http._tcp.local.", "x", "192.0.2.1", 80, {}) is None


def test_rubbish_in_an_announcement_does_no_harm() -> None:
    found = from_ssdp({**CANON, "Location": "http://[::1", "USN": "\x00"})
    assert found
    assert (found.host, found.identity) == ("", "")


def test_every_search_target_is_known_once() -> None:
    assert len({matcher.target for matcher in SSDP}) == len(SSDP)


@pytest.mark.parametrize(
    "target",
    [
        "urn:microsoft-com:service:MtpNullService:1",
        "URN:Microsoft-com:service:MTPNullService:1",
        "urn:microsoft-com:device:mtp:1",
        "urn:schemas-sony-com:service:DigitalImaging:1",
    ],
)
def test_whatever_a_sony_announces_is_one_session(target: str) -> None:
    found = from_ssdp({"st": target})
    assert found
    assert found.single_session


CANON_XML = """<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"
 xmlns:ns="urn:schemas-canon-com:schema-upnp"><device>
<manufacturer>Canon</manufacturer><modelName>Canon EOS 70D</modelName>
<serialNumber>4711</serialNumber><ns:X_onService>1</ns:X_onService>
<ns:X_targetId>uuid:00000000-0000-0000-0001-02005E1000AA</ns:X_targetId></device></root>"""


def test_a_canons_description_says_whose_it_is_and_whether_it_is_free() -> None:
    said = from_description(CANON_XML)
    assert (said.manufacturer, said.model, said.serial_number) == ("Canon", "Canon EOS 70D", "4711")
    assert (said.paired_with, said.taken) == ("uuid:00000000-0000-0000-0001-02005E1000AA", True)
    free = CANON_XML.replace("00000000-0000-0000-0001-02005E1000AA", "F" * 8 + "-FFFF" * 3)
    said = from_description(free.replace("Service>1<", "Service>0<"))
    assert (said.paired_with, said.taken, said.port) == ("", False, 15740)


@pytest.mark.parametrize(
    ("port", "found"), [("15741", 15741), ("0", 15740), ("x", 15740), ("9" * 9000, 15740)]
)
def test_a_panasonic_says_its_port(port: str, found: int) -> None:
    said = from_description(f"<device><pana:X_PTPPortNo>{port}</pana:X_PTPPortNo></device>")
    assert said.port == found


def test_rubbish_for_a_description_does_no_harm() -> None:
    for text in ("", "<", "<manufacturer>", "<manufacturer>x" * 10_000, "<x:" * 100_000):
        assert from_description(text).port == 15740
