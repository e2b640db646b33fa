"""STAT's replies: the shapes of the draft, and those that other units may send."""

import pytest

from custom_components.crcp.protocols.crcp.codec import format_reply
from custom_components.crcp.protocols.crcp.messages import Reply, Subunit
from custom_components.crcp.protocols.crcp.status import (
    Bounds,
    CameraStatus,
    Parameter,
    TapeAbility,
    TapeStatus,
    format_camera_status,
    format_tape_status,
    parse_camera_status,
    parse_power_status,
    parse_tape_status,
    parse_unit_status,
)

# Section 8.2 of the reference, transcript T6.
TAPE_WIRE = (
    b"211-PLAY 83.48\r\n PLAY -2,2 0,5400\r\n PAUS\r\n RECO 1,1 0,7200\r\n FF -16,16 0,5400\r\n"
    b"211 end\r\n"
)
TAPE_STATUS = TapeStatus(
    "PLAY",
    83.48,
    {
        "PLAY": TapeAbility("PLAY", Bounds(-2, 2), Bounds(0, 5400)),
        "PAUS": TapeAbility("PAUS"),
        "RECO": TapeAbility("RECO", Bounds(1, 1), Bounds(0, 7200)),
        "FF": TapeAbility("FF", Bounds(-16, 16), Bounds(0, 5400)),
    },
    reported="PLAY",
)


def _reply(*lines: str) -> Reply:
    return Reply(211, lines)


def test_the_status_of_a_tape_is_written_as_the_draft_says() -> None:
    assert format_reply(format_tape_status(TAPE_STATUS)) == TAPE_WIRE


def test_the_status_of_a_tape_is_read() -> None:
    lines = [line.removeprefix(" ") for line in TAPE_WIRE.decode().split("\r\n")[1:-2]]
    status = parse_tape_status(_reply("PLAY 83.48", *lines, "end"))
    assert status == TAPE_STATUS
    assert status.length == 5400


@pytest.mark.parametrize(
    ("lines", "operation", "position"),
    [
        (("PLAY 12", "end"), "PLAY", 12),
        (("status", "play 12", "play -1, 1", "paus", "ok"), "PLAY", 12),
        (("PLAY", "PLAY 0,5", "end"), "PLAY", None),
        (("STOP 30", "PLAY", "end"), "PAUS", 30),
        (("EJECT", "PLAY", "end"), "PAUS", None),
        (("REC 7 extra tokens", "end"), "RECO", 7),
        (("", "end"), "PAUS", None),
    ],
)
def test_the_state_of_a_tape_may_stand_on_either_line(
    lines: tuple[str, ...], operation: str, position: float | None
) -> None:
    status = parse_tape_status(_reply(*lines))
    assert (status.operation, status.position) == (operation, position)


@pytest.mark.parametrize(
    ("line", "ability"),
    [
        ("PLAY -1, 1", TapeAbility("PLAY", speed=Bounds(-1, 1))),
        ("PLAY 0,5400", TapeAbility("PLAY", position=Bounds(0, 5400))),
        ("play -2,2 0 , 90", TapeAbility("PLAY", Bounds(-2, 2), Bounds(0, 90))),
        ("PLAY ,2", TapeAbility("PLAY", speed=Bounds(None, 2))),
        ("PLAY", TapeAbility("PLAY")),
    ],
)
def test_one_pair_is_a_speed_unless_it_reaches_too_far(line: str, ability: TapeAbility) -> None:
    assert parse_tape_status(_reply("PAUS 0", line, "end")).abilities["PLAY"] == ability


@pytest.mark.parametrize(
    ("line", "parameter"),
    [
        ("PAN -170,12.5,170", Parameter("PAN", "PAN", -170, 12.5, 170, None, 1)),
        ("FOCU 0,35.5,100 AUTO", Parameter("FOCU", "FOCU", 0, 35.5, 100, True, 1)),
        ("WHIT 2500,4600,9000 MAN", Parameter("WHIT", "WHIT", 2500, 4600, 9000, False)),
        ("FOCU 0,AUTO,100", Parameter("FOCU", "FOCU", 0, None, 100, True)),
        ("ZOOM ,3,", Parameter("ZOOM", "ZOOM", None, 3, None)),
        ("IRIS 16,4,0", Parameter("IRIS", "IRIS", 0, 4, 16)),
        ("IRIS 0,16", Parameter("IRIS", "IRIS", 0, None, 16)),
        ("IRIS 4", Parameter("IRIS", "IRIS", None, 4, None)),
        ("white balance 2500 , 4600 , 9000", Parameter("WHIT", "WHITE BALANCE", 2500, 4600, 9000)),
        ("PAN", Parameter("PAN", "PAN")),
        ("PAN " + "0." + "0" * 40, Parameter("PAN", "PAN", None, 0, None, decimals=6)),
        ("PAN x,y,z", Parameter("PAN", "PAN")),
    ],
)
def test_a_parameter_is_read_in_every_shape(line: str, parameter: Parameter) -> None:
    assert parse_camera_status(_reply("OK", line, "end")).parameters == {parameter.name: parameter}


def test_the_order_of_motions_is_kept_and_strangers_are_kept_apart() -> None:
    status = parse_camera_status(_reply("some text", "HORI 0,1,4", "GAIN 1", "PAN 0,90,180", "end"))
    assert list(status.parameters) == ["HORI", "PAN"]
    assert status.unknown == ("GAIN",)


def test_the_status_of_a_camera_is_written_as_the_draft_says() -> None:
    status = CameraStatus(
        {
            "PAN": Parameter("PAN", "PAN", 0, 170, 340),
            "FOCU": Parameter("FOCU", "FOCU", 0, 35.5, 100, True),
            "IRIS": Parameter("IRIS", "IRIS", 0, 4, 16, False),
        }
    )
    assert format_reply(format_camera_status(status)) == (
        b"211-OK\r\n PAN 0,170,340\r\n FOCU 0,35.5,100 AUTO\r\n IRIS 0,4,16 MAN\r\n211 end\r\n"
    )


@pytest.mark.parametrize(
    ("lines", "power"),
    [(("ON", "OFF", "end"), True), (("OFF",), False), (("status",), None), (("",), None)],
)
def test_power_is_told_by_the_first_word(lines: tuple[str, ...], power: bool | None) -> None:
    assert parse_power_status(_reply(*lines)) is power


@pytest.mark.parametrize(
    "lines",
    [
        ("status response", "TAPE0", "TAPE2", "TUNER0", "status response"),
        ("x", "  tape0  ", "TAPE0", "tape2", "Tuner0 (FM)", "x"),
    ],
)
def test_subunits_may_have_gaps_repeats_and_strangers(lines: tuple[str, ...]) -> None:
    status = parse_unit_status(_reply(*lines))
    assert status.subunits == (Subunit("TAPE", 0), Subunit("TAPE", 2), Subunit("TUNER", 0))
    assert status.is_unit


def test_subunits_may_stand_on_one_line_in_the_units_spelling() -> None:
    status = parse_unit_status(_reply("Tape Camera"))
    assert status.spellings == {Subunit("TAPE"): "TAPE", Subunit("CAMERA"): "CAMERA"}


def test_the_list_of_subunits_has_an_end() -> None:
    lines = [f" CAMERA{number}" for number in range(500)]
    status = parse_unit_status(_reply("status", *lines, "end"))
    assert (len(status.subunits), status.left_out) == (32, 468)


def test_the_status_of_an_ftp_server_lists_no_subunit() -> None:
    # vsftpd's and pyftpdlib's own texts.
    assert not parse_unit_status(
        _reply("FTP server status:", "    Logged in as ha", "    TYPE: ASCII", "End of status")
    ).is_unit
    assert not parse_unit_status(
        _reply("FTP server", "TYPE: ASCII; STRUcture: File; MODE: Stream", "end")
    ).is_unit


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("x", "POWER0 TAPE0 TUNER0", "end"), "POWER0 TAPE0 TUNER0"),
        (("status: POWER0 TAPE0",), "POWER0 TAPE0"),
        (("POWER TAPE CAMERA",), "POWER TAPE CAMERA"),
        (("x", "CAMERA the one in the attic", "end"), "CAMERA"),
        (("x", "tape0 a reel", "end"), "TAPE0"),
    ],
)
def test_several_subunits_may_stand_on_a_line(lines: tuple[str, ...], found: str) -> None:
    status = parse_unit_status(_reply(*lines))
    assert list(status.spellings.values()) == found.split()
    assert status.is_unit


@pytest.mark.parametrize("line", ["Power on since Monday", "Stream mode", "Tape is full of files"])
def test_the_prose_of_an_ftp_server_names_no_subunit(line: str) -> None:
    assert not parse_unit_status(_reply("Status of Server", line, "end")).is_unit
    assert not parse_unit_status(_reply(line)).is_unit


@pytest.mark.parametrize(
    ("lines", "operation", "reported"),
    [
        (("FAST FORWARD 12.5",), "FF", "FAST FORWARD"),
        (("ok", "fast forward 12.5", "end"), "FF", "FAST FORWARD"),
        (("Record 12.5",), "RECO", "RECORD"),
    ],
)
def test_the_operation_may_have_its_long_name(
    lines: tuple[str, ...], operation: str, reported: str
) -> None:
    status = parse_tape_status(_reply(*lines))
    assert (status.operation, status.position, status.reported) == (operation, 12.5, reported)


def test_a_long_name_without_a_place_is_an_operation_too() -> None:
    status = parse_tape_status(_reply("FAST FORWARD", "PLAY 1,1", "end"))
    assert (status.operation, status.position, status.reported) == ("FF", None, "FAST FORWARD")


@pytest.mark.parametrize(
    ("pair", "ability"),
    [
        ("0,256", TapeAbility("FF", Bounds(0, 256))),
        ("0,257", TapeAbility("FF", None, Bounds(0, 257))),
    ],
)
def test_one_pair_is_a_position_beyond_256(pair: str, ability: TapeAbility) -> None:
    status = parse_tape_status(_reply("PAUS 0", f"FF {pair}", "end"))
    assert status.abilities == {"FF": ability}


def test_the_length_is_that_of_play_else_of_winding_else_of_recording() -> None:
    lines = ["RECO 1,1 0,300", "FF 1,16 0,200", "PLAY 1,1 0,100"]
    lengths = []
    while lines:
        lengths.append(parse_tape_status(_reply("PAUS 0", *lines, "end")).length)
        lines.pop()
    assert lengths == [100, 200, 300]
