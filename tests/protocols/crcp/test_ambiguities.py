"""The ambiguity register: where the draft can be read in several ways, which way we read it.

A test per row, named after it. Each pins the reading adopted, by the unit or the controller that
the row speaks of, and what else is accepted from others. A unit is asked over a bare socket; a
controller talks to a unit that answers from a table.
"""

import asyncio
import hashlib

import pytest

from custom_components.crcp.protocols.crcp.addresses import Address, parse_address, parse_passive
from custom_components.crcp.protocols.crcp.client import OneWayController
from custom_components.crcp.protocols.crcp.codec import format_command, parse_command
from custom_components.crcp.protocols.crcp.errors import (
    Busy,
    LinkError,
    NotAuthorised,
    ProtocolError,
)
from custom_components.crcp.protocols.crcp.login import Credentials
from custom_components.crcp.protocols.crcp.messages import (
    Amount,
    Command,
    Motion,
    Step,
    Subunit,
    TransferMode,
)
from custom_components.crcp.protocols.crcp.rtp import Deframer, Framing, RtpPacket
from custom_components.crcp.protocols.crcp.status import Bounds
from custom_components.crcp.protocols.crcp.subunits import COMMANDS
from custom_components.crcp.virtual.accounts import Account
from custom_components.crcp.virtual.clips import NULL_PACKET, Clip
from custom_components.crcp.virtual.deck import Deck
from custom_components.crcp.virtual.unit import DatagramRules
from tests.helpers import until

from .dialogue import Wire, small_picture
from .house import House, codes, passive, port_argument, received, refusal, udp_port

POWER, TAPE, CAMERA, STREAM = (Subunit(kind) for kind in ("POWER", "TAPE", "CAMERA", "STREAM"))
EVERYTHING = [Subunit(kind) for kind in COMMANDS]
OKAY = "200 Command okay"
LIST = "211-status response\n POWER0\n TAPE0\n CAMERA0\n211 status response"

pytestmark = pytest.mark.usefixtures("loopback")


# -- dialogue --------------------------------------------------------------------------------------


async def test_a01_a_greeting_is_sent_and_none_a_late_one_and_120_are_borne(house: House) -> None:
    unit = await house.unit()
    wire = await Wire.connect(unit.port)
    assert (await wire.hear())[0].startswith("220 ")
    await wire.close()
    for greeting, first in (("", LIST), ("", f"220 late\n{LIST}"), ("120 wait\n220 now", LIST)):
        controller, _ = await house.answering({"STAT": first}, greeting=greeting)
        assert (await controller.unit_status()).is_unit


def test_a02_names_and_credentials_are_the_rest_of_the_line() -> None:
    for name in "USER PASS ACCT CWD SMNT RETR STOR LIST NLST".split():
        assert parse_command(f"{name}  two  words ", EVERYTHING).argument == "two  words "


async def test_a03_lines_at_once_are_queued_and_never_sent(house: House) -> None:
    wire = await house.wired()
    wire.say("TAPE0 PLAY\r\nSTAT POWER0\r\nNOOP")
    assert [(await wire.hear())[0][:3] for _ in range(3)] == ["200", "211", "502"]
    controller, unit = await house.answering({"STAT": "", "HELP": "214 x"})
    both = [asyncio.create_task(controller.exchange(Command(name))) for name in ("STAT", "HELP")]
    await until(lambda: unit.heard)
    assert unit.heard == ["STAT"]
    assert unit.writer
    unit.writer.write(LIST.replace("\n", "\r\n").encode() + b"\r\n")
    await asyncio.gather(*both)
    assert unit.heard == ["STAT", "HELP"]


async def test_a04_there_is_no_noop_and_stat_keeps_a_connection_alive(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "NOOP", "STAT") == [502, 211]


def test_a05_long_and_short_names_are_read_in_any_case_and_short_ones_sent() -> None:
    arguments = {
        "SETTING": "3",
        "TEXT": "x",
        "ADDRESS": "h,1,2",
        "MODE": "S",
        "REPRESENTATION": "A",
    }
    for kind, forms in COMMANDS.items():
        for form in forms:
            argument = arguments.get(form.takes.name, "")
            for title in form.titles:
                line = f"{kind} {title} {argument}".rstrip().lower()
                command = parse_command(line, EVERYTHING)
                assert command.name == form.name
                assert f" {form.name} " in f" {format_command(command)} "


async def test_a06_recording_is_reco_or_rec_as_the_unit_lists_it(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "TAPE RECO", "TAPE REC", "TAPE RECORD") == [200] * 3
    status = "211-PAUS 0\n REC 1,1 0,60\n211 end"
    controller, unit = await house.answering({"STAT TAPE0": status, "TAPE0 REC": OKAY})
    await controller.tape_status(TAPE)
    await controller.move_tape(TAPE, "RECO", Motion())
    assert unit.heard == ["STAT TAPE0", "TAPE0 REC"]
    controller, unit = await house.answering({"TAPE0 REC": OKAY})
    for _ in range(2):
        await controller.move_tape(TAPE, "RECO", Motion())
    assert unit.heard == ["TAPE0 RECO", "TAPE0 REC", "TAPE0 REC"]


async def test_a07_value_out_of_range_is_clamped(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    assert await codes(wire, "CAMERA0 PAN 9999", "TAPE0 PLAY 99") == [200, 200]
    house.clock.now += 10
    assert " PAN 0,340,340" in await wire.ask("STAT CAMERA0")
    assert unit.decks[0].position == 20
    controller, _ = await house.answering({"CAMERA0 PAN 9999": "501 too far"})
    assert await refusal(controller.set_value(CAMERA, "PAN", 9999)) == 501
    assert controller.unsupported == set()


async def test_a08_other_codes_say_something_truer_and_all_of_4yz_and_5yz_fail(
    house: House,
) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    unit.decks[0].writable = False
    unit.powers[0] = True
    assert await codes(wire, "TAPE0 RECO", "POWER0 OFF", "TAPE0 PLAY") == [550, 200, 503]
    replies = ["452 full", "450 busy", "599 what", "503 later", "502 never"]
    controller, _ = await house.answering({"TAPE0 PLAY": replies})
    for reply in replies.copy():
        assert await refusal(controller.move_tape(TAPE, "PLAY", Motion())) == int(reply[:3])
        assert bool(controller.unsupported) == reply.startswith("502")


async def test_a09_a_login_is_made_only_where_asked_for(house: House) -> None:
    controller, unit = await house.answering({"STAT": ["530 no", "331 who?", LIST]})
    for _ in range(2):
        with pytest.raises(NotAuthorised):
            await controller.unit_status()
    await controller.unit_status()
    assert unit.heard == ["STAT"] * 3
    locked = await house.unit(account=Account("ha", "secret"))
    wire = await house.wire(locked)
    assert await codes(wire, "STAT", "HELP", "USER ha", "PASS secret", "STAT") == [
        530,
        214,
        331,
        230,
        211,
    ]


async def test_a10_a_challenge_is_rfc_2289s_and_never_answered_with_the_secret(
    house: House,
) -> None:
    # RFC 2289, appendix C: the same phrase and seed by MD5 and by MD4.
    by_md5, by_md4 = "PASS 50FE1962C4965880", "PASS C5E612776E6C237A"
    challenges = {"otp-md5 99 TeSt ext": by_md5, "Welcome [OTP-MD5 99 TeSt]": by_md5}
    if "md4" in hashlib.algorithms_available:
        challenges["s/key 99 TeSt"] = by_md4
    me = Credentials("ha", "This is a test.")
    for text, answer in challenges.items():
        controller, unit = await house.answering({"USER ha": f"331 {text}", answer: "230 in"})
        await controller.log_in(me)
        assert unit.heard == ["USER ha", answer]
    controller, unit = await house.answering({"USER ha": "331 otp-sha512 99 TeSt"})
    with pytest.raises(NotAuthorised, match="not supported"):
        await controller.log_in(me)
    assert unit.heard == ["USER ha"]


# -- FILE, POWER and STAT --------------------------------------------------------------------------


async def test_a11_a_listing_is_plain_text(house: House) -> None:
    wire = await house.wired()
    where = await passive(wire)
    assert await codes(wire, "LIST") == [150]
    reader, writer = await asyncio.open_connection(*where)
    assert await reader.read() == (
        b"-rw-r--r-- 1 crcp crcp     112800 Mar 20  1998 a.ts\r\n"
        b"-rw-r--r-- 1 crcp crcp     112800 Mar 20  1998 b.ts\r\n"
    )
    writer.close()
    assert (await wire.hear())[0].startswith("226 ")


async def test_a12_while_off_power_stat_help_and_connection_work(house: House) -> None:
    wire = await house.wired(powers={0: False})
    working = ("STAT", "STAT TAPE0", "STAT CAMERA0", "HELP", "USER x", "PASS x", "POWER0 OFF")
    assert await codes(wire, *working) == [211, 211, 211, 214, 230, 230, 200]
    resting = ("TAPE0 PLAY", "CAMERA0 PAN 1", "PASV", "RETR live", "PWD", "LIST")
    assert await codes(wire, *resting) == [503] * 6


async def test_a13_power_is_told_in_the_first_word_or_not_at_all(house: House) -> None:
    wire = await house.wired()
    assert await wire.ask("STAT POWER0") == ["211-ON", " ON", " OFF", "211 end"]
    replies = ["211-OFF\n211 end", "211 on", "211 status", "501 no", "502 no"]
    controller, _ = await house.answering({"STAT POWER0": replies})
    told = [await controller.power_status(POWER) for _ in range(5)]
    assert told == [False, True, None, None, None]


async def test_a14_the_first_line_of_stat_tape_is_the_211_line_or_the_next(house: House) -> None:
    wire = await house.wired()
    assert (await wire.ask("STAT TAPE0"))[0] == "211-PAUS 0"
    replies = ["211-PLAY 12\n PLAY -2,2\n211 end", "211-status\n play 12\n PLAY -2,2\n211 end"]
    controller, _ = await house.answering({"STAT TAPE0": replies})
    for _ in range(2):
        status = await controller.tape_status(TAPE)
        assert (status.operation, status.position) == ("PLAY", 12)
        assert status.abilities["PLAY"].speed == Bounds(-2, 2)


async def test_a15_pairs_are_speed_and_stop_in_this_order(house: House) -> None:
    wire = await house.wired()
    assert " PLAY -2,2 0,5400" in await wire.ask("STAT TAPE0")
    pairs = ["-2,2 0,5400", "-2,2", "0,5400", ""]
    replies = [f"211-PAUS 0\n PLAY {pair}\n211 end" for pair in pairs]
    controller, _ = await house.answering({"STAT TAPE0": replies})
    read = [(await controller.tape_status(TAPE)).abilities["PLAY"] for _ in pairs]
    assert [each.speed for each in read] == [Bounds(-2, 2), Bounds(-2, 2), None, None]
    assert [each.position for each in read] == [Bounds(0, 5400), None, Bounds(0, 5400), None]


async def test_a16_auto_stands_behind_the_numbers_or_among_them(house: House) -> None:
    wire = await house.wired()
    await wire.ask("CAMERA0 WHIT AUTO")
    said = await wire.ask("STAT CAMERA0")
    assert {" FOCU 0,35.5,100 MAN", " WHIT 2500,4600,9000 AUTO", " PAN 0,170,340"} < set(said)
    status = "211-OK\n FOCU 0,AUTO,100\n WHIT 1,2,3 AUTO\n IRIS 1,2,3 MAN\n PAN 0,1,2\n211 end"
    controller, _ = await house.answering({"STAT CAMERA0": status})
    parameters = (await controller.camera_status(CAMERA)).parameters.values()
    assert [each.automatic for each in parameters] == [True, True, False, None]
    assert [each.current for each in parameters] == [None, 2, 2, 1]


async def test_a17_what_is_missing_is_unknown(house: House) -> None:
    lines = " PAN 5\n TILT 1,9\n ROLL ,3,\n ZOOM 1 , 2 , 3\n IRIS 16,4,0"
    controller, _ = await house.answering({"STAT CAMERA0": f"211-OK\n{lines}\n211 end"})
    parameters = (await controller.camera_status(CAMERA)).parameters.values()
    assert [(each.minimum, each.current, each.maximum) for each in parameters] == [
        (None, 5, None),
        (1, None, 9),
        (None, 3, None),
        (1, 2, 3),
        (0, 4, 16),
    ]


# -- STREAM ----------------------------------------------------------------------------------------


async def test_a18_type_i_alone_is_the_default_and_dynamic_types_are_none(house: House) -> None:
    unit = await house.unit(payload_types=(33, 26))
    wire = await house.wire(unit)
    assert await codes(wire, "TYPE I", "TYPE I 96", "TYPE I 128", "TYPE I 33,14") == [
        200,
        504,
        501,
        504,
    ]
    await passive(wire)
    # What was refused has changed nothing: the default goes out.
    assert (await wire.ask("RETR a.ts"))[0].endswith("payload type 33")


async def test_a19_a_qos_string_is_accepted_and_ignored(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "MODE S guaranteed", "MODE P 7 guaranteed", "MODE S a b") == [
        200,
        200,
        501,
    ]
    assert format_command(Command("MODE", STREAM, TransferMode(7))) == "MODE P 7"


async def test_a20_mode_comes_before_the_address_and_drops_it(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "TYPE I 33", "PASV", "MODE P 7", "RETR a.ts") == [200, 227, 200, 425]
    answers = {"TYPE I 33": OKAY, "MODE S": OKAY}
    controller, unit = await house.answering(answers)
    assert await refusal(controller.retrieve("a.ts")) == 502
    assert unit.heard == ["TYPE I 33", "MODE S", "PASV"]


async def test_a21_a_name_takes_the_place_of_four_numbers(house: House) -> None:
    for text in ("h.example,19,136", "h.example,5000", "h.example 5000", "h.example:5000"):
        assert parse_address(text) == Address("h.example", 5000)
    for text in ("x (h.example,19,136)", "=h.example,5000", "x h.example,19,136"):
        assert parse_passive(text) == Address("h.example", 5000)
    unit = await house.unit()
    wire = await house.wire(unit)
    assert "(127,0,0,1," in (await wire.ask("PASV"))[0]
    unit.data_name = "vcr.example.net"
    assert "(vcr.example.net," in (await wire.ask("PASV"))[0]
    assert await codes(wire, "PORT localhost,19,136", "PORT 0,0,0,0,19,136") == [200, 200]


async def test_a22_without_an_address_datagrams_go_where_the_first_came_from(
    house: House,
) -> None:
    wire = await house.wired()
    assert await codes(wire, "TYPE I 33", "MODE P 7") == [200, 200]
    where = await passive(wire)
    assert await codes(wire, "RETR a.ts") == [150]
    with udp_port("127.0.0.9") as stranger, udp_port() as receiver:
        stranger.sendto(b"", where)
        receiver.sendto(b"", where)
        assert (await received(receiver))[:2] == b"\x80\x21"
        with pytest.raises(BlockingIOError):
            stranger.recv(1)
    unit = await house.unit()
    controller = await house.controller(unit)
    transfer = await controller.retrieve("a.ts", mode=TransferMode(7))
    assert (await anext(transfer.packets())).payload_type == 33
    await transfer.abort()


RTP = [RtpPacket(33, number, 0, 1, b"\x47" * 188).encode() for number in range(3)]


async def test_a23_the_two_bytes_hold_the_length_of_the_packet(house: House) -> None:
    wire = await house.wired()
    await wire.ask("TYPE I 33")
    where = await passive(wire)
    reader, writer = await asyncio.open_connection(*where)
    await wire.ask("RETR a.ts")
    head = await reader.readexactly(4)
    assert head == (12 + 188).to_bytes(2) + b"\x80\x21"
    writer.close()
    for framing, data in (
        (Framing.PACKET, b"".join(len(each).to_bytes(2) + each for each in RTP)),
        (Framing.PAYLOAD, b"".join((len(each) - 12).to_bytes(2) + each for each in RTP)),
        (Framing.BARE_TS, b"".join(each[12:] for each in RTP)),
    ):
        deframer = Deframer()
        packets = [*deframer.feed(data), *deframer.end()]
        assert deframer.framing is framing
        assert b"".join(packet.payload for packet in packets) == b"\x47" * (3 * 188)
    with pytest.raises(ProtocolError):
        list(Deframer().feed(b"HTTP/1.1 200 OK\r\n" * 100))


async def test_a24_n_counts_transport_stream_packets(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "TYPE I 33", "MODE P", "MODE P 99", "MODE P 0", "MODE P x") == [
        200,
        200,
        200,
        501,
        501,
    ]
    for number in (1, 3):
        with udp_port() as receiver:
            await codes(wire, f"MODE P {number}", f"PORT {port_argument(receiver)}", "RETR a.ts")
            await codes(wire, "TAPE0 PLAY 1")
            house.clock.now += 5
            sizes = [len(await received(receiver)) for _ in range(10)]
            assert max(sizes) == 12 + number * 188
        await wire.ask("ABOR")
        await wire.hear()


async def test_a25_payload_types_share_a_connection_and_are_told_apart(house: House) -> None:
    live = Clip(1, NULL_PACKET * 1000, (small_picture(),) * 10)
    unit = await house.unit("camera", payload_types=(33, 26), live=live)
    controller = await house.controller(unit)
    transfer = await controller.retrieve(payload_types=(33, 26))
    seen: set[tuple[int, int]] = set()
    async with asyncio.timeout(10):
        async for packet in transfer.packets():
            seen.add((packet.payload_type, packet.ssrc))
            if len(seen) == 2:
                break
    assert {kind for kind, _ in seen} == {33, 26}
    assert len({ssrc for _, ssrc in seen}) == 2
    await transfer.abort()


async def test_a26_abor_has_two_replies_while_something_runs(house: House) -> None:
    wire = await house.wired()
    await wire.ask("TYPE I 33")
    reader, writer = await asyncio.open_connection(*await passive(wire))
    assert await codes(wire, "RETR a.ts", "ABOR") == [150, 426]
    assert (await wire.hear())[0].startswith("226 ")
    assert await codes(wire, "ABOR", "STAT") == [225, 211]
    assert await reader.read() is not None
    writer.close()
    # One reply only, and a second one that comes when nobody waits for it any more.
    for answer in ("426 gone", "226 done", "426 gone\n226 done", "226 done\n226 done"):
        data = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        port = data.sockets[0].getsockname()[1]
        answers = {
            "TYPE I 33": OKAY,
            "MODE S": OKAY,
            "PASV": f"227 =127.0.0.1,{port}",
            "RETR a.ts": "150 here",
            "ABOR": answer,
            "STAT": f"226 late\n{LIST}",
        }
        controller, _ = await house.answering(answers)
        transfer = await controller.retrieve("a.ts")
        await transfer.abort()
        assert (await controller.unit_status()).is_unit
        data.close()


# -- TAPE ------------------------------------------------------------------------------------------


def test_a27_the_first_number_is_the_speed_and_the_second_the_stop() -> None:
    command = parse_command("TAPE PLAY 2 30", EVERYTHING)
    assert command.argument == Motion(2, Amount(30))


async def test_a28_speed_0_is_a_still_picture_and_a_sign_a_direction(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    assert await codes(wire, "TAPE0 RECO 0", "TAPE0 FF 0", "TAPE0 PLAY +2") == [501, 501, 200]
    house.clock.now += 10
    assert unit.decks[0].position == 20
    await wire.ask("TAPE0 PLAY -1")
    house.clock.now += 5
    assert (unit.decks[0].operation, unit.decks[0].position) == ("PLAY", 15)
    assert await codes(wire, "TAPE0 PLAY 0") == [200]
    house.clock.now += 5
    assert (unit.decks[0].operation, unit.decks[0].position) == ("PAUS", 15)


async def test_a29_a_negative_position_is_reached_by_its_difference(house: House) -> None:
    status = "211-PAUS 10.5\n FF -16,16 -60,5400\n211 end"
    controller, unit = await house.answering({"STAT TAPE0": status, "TAPE0 FF -16 -40.5": OKAY})
    await controller.go_to(TAPE, -30)
    assert unit.heard[-1] == "TAPE0 FF -16 -40.5"
    with pytest.raises(ValueError, match="negative"):
        Amount(-30)


async def test_a30_a_stop_behind_ends_the_command_at_once(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    await wire.ask("TAPE0 PLAY")
    house.clock.now += 100
    for line in ("TAPE0 PLAY 1 60", "TAPE0 PLAY 1 100", "TAPE0 FF -16 200", "TAPE0 RECO 1 -1"):
        assert await codes(wire, line) == [200]
        assert (unit.decks[0].operation, unit.decks[0].position) == ("PAUS", 100)
    controller, _ = await house.answering({"TAPE0 PLAY 1 60": "501 behind"})
    assert await refusal(controller.move_tape(TAPE, "PLAY", Motion(1, Amount(60)))) == 501
    assert controller.unsupported == set()


# -- CAMERA ----------------------------------------------------------------------------------------


async def test_a31_a_parameter_without_auto_refuses_it_and_is_no_worse_for_it(
    house: House,
) -> None:
    wire = await house.wired()
    assert await codes(wire, "CAMERA0 ZOOM AUTO", "CAMERA0 FOCU auto") == [501, 200]
    replies = ["501 no", "502 no", "504 no", "503 off"]
    answers = {
        f"CAMERA0 {name} AUTO": reply
        for name, reply in zip("PAN TILT ROLL ZOOM".split(), replies, strict=True)
    }
    controller, _ = await house.answering(answers)
    for name, reply in zip("PAN TILT ROLL ZOOM".split(), replies, strict=True):
        assert await refusal(controller.set_auto(CAMERA, name)) == int(reply[:3])
    assert controller.without_auto == {(CAMERA, name) for name in ("PAN", "TILT", "ROLL")}
    assert controller.unsupported == set()


async def test_a32_any_value_ends_auto_and_plus_0_keeps_the_present_one(house: House) -> None:
    wire = await house.wired()
    for value, focus in (("50", "50"), ("+0", "50"), ("+1", "51"), ("-", "49")):
        await wire.ask("CAMERA0 FOCU AUTO")
        assert f" FOCU 0,{focus},100 AUTO" not in await wire.ask("STAT CAMERA0") or value == "+0"
        await wire.ask(f"CAMERA0 FOCU {value}")
        house.clock.now += 10
        assert f" FOCU 0,{focus},100 MAN" in await wire.ask("STAT CAMERA0")


async def test_a33_relative_is_to_the_target_and_plus_0_stops(house: House) -> None:
    wire = await house.wired()
    await codes(wire, "CAMERA0 PAN 200", "CAMERA0 PAN +20", "CAMERA0 PAN +")
    house.clock.now += 10
    assert " PAN 0,227,340" in await wire.ask("STAT CAMERA0")
    await codes(wire, "CAMERA0 PAN 0")
    house.clock.now += 1
    await codes(wire, "CAMERA0 PAN -0")
    house.clock.now += 10
    assert " PAN 0,167,340" in await wire.ask("STAT CAMERA0")


async def test_a34_a_negative_value_is_reached_by_a_difference_or_from_zero(house: House) -> None:
    unit = await house.unit("signed", datagrams=DatagramRules(unsigned=True))
    controller = await house.controller(unit)
    await controller.set_value(CAMERA, "PAN", -30)
    await controller.settle(CAMERA)
    sent = [command.argument for command in unit.commands if command.name == "PAN"]
    assert sent == [Amount(-42, relative=True)], "from 12; nothing had to be corrected"
    assert unit.heads[0].status().parameters["PAN"].current == -30
    one_way = await OneWayController.open("127.0.0.1", unit.udp_port or 0)
    one_way.set_value(CAMERA, "PAN", -30)
    one_way.set_value(CAMERA, "ZOOM", 3)
    one_way.close()
    await until(lambda: unit.commands[-1].name == "ZOOM")
    assert [command.argument for command in unit.commands[-3:-1]] == [
        Amount(0),
        Amount(-30, relative=True),
    ]
    async with asyncio.timeout(5):
        while unit.heads[0].status().parameters["PAN"].current != -30:
            await asyncio.sleep(0.01)


# -- UDP and the rest ------------------------------------------------------------------------------


async def test_a35_an_error_drops_the_rest_of_its_datagram(house: House) -> None:
    unit = await house.unit(datagrams=DatagramRules(unsigned=True))
    with udp_port() as sender:
        address = ("127.0.0.1", unit.udp_port)
        sender.sendto(b"TAPE0 PLAY\r\nTAPE0 EJECT\r\nTAPE0 PAUS\r\n", address)
        sender.sendto(b"CAMERA0 PAN 1", address)
        await until(lambda: len(unit.commands) == 2)
    assert [command.name for command in unit.commands] == ["PLAY", "PAN"]


async def test_a36_200_means_accepted_and_not_done(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "CAMERA0 PAN 0") == [200]
    assert " PAN 0,170,340" in await wire.ask("STAT CAMERA0")


async def test_a37_one_blank_is_sent_and_any_number_read(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "  TAPE0\t PLAY  1 \t 30  ") == [200]
    command = Command("PLAY", TAPE, Motion(1, Amount(30)))
    assert format_command(command) == "TAPE0 PLAY 1 30"


async def test_a38_a_subunit_that_is_not_there_has_no_status(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "STAT TAPE1", "STAT TUNER0", "STAT x9y") == [501] * 3
    controller, _ = await house.answering({"STAT TAPE1": LIST, "STAT CAMERA1": LIST})
    tape = await controller.tape_status(Subunit("TAPE", 1))
    assert (tape.operation, tape.position, tape.abilities) == ("PAUS", None, {})
    assert (await controller.camera_status(Subunit("CAMERA", 1))).parameters == {}


async def test_a39_numbers_may_have_gaps(house: House) -> None:
    wire = await house.wired("rack")
    listed = await wire.ask("STAT")
    assert {" TAPE0", " TAPE2", " CAMERA3", " STREAM2"} < set(listed)
    assert await codes(wire, "TAPE2 PLAY", "CAMERA3 PAN 1", "TAPE1 PLAY") == [200, 200, 502]
    controller, unit = await house.answering(
        {"STAT": "211-x\n TAPE0\n tape02\n211 x", "TAPE02 PLAY": OKAY}
    )
    await controller.unit_status()
    await controller.move_tape(Subunit("TAPE", 2), "PLAY", Motion())
    assert unit.heard[-1] == "TAPE02 PLAY"


async def _abort(wire: Wire) -> None:
    assert await codes(wire, "ABOR") == [426]
    assert (await wire.hear())[0].startswith("226 ")


async def test_a40_retr_does_not_start_the_tape(house: House) -> None:
    wire = await house.wired()
    reader = await house.retrieving(wire, "a.ts")
    house.clock.now += 10
    assert (await reader.readexactly(2)) == (200).to_bytes(2)
    assert (await wire.ask("STAT TAPE0"))[0] == "211-PAUS 0"
    await _abort(wire)


async def test_a41_the_same_tape_stays_where_it_stands(house: House) -> None:
    wire = await house.wired()
    positions = []
    for name in ("a.ts", "a.ts", "b.ts"):
        await house.retrieving(wire, name)
        positions.append((await wire.ask("STAT TAPE0"))[0])
        await wire.ask("TAPE0 PLAY")
        house.clock.now += 10
        await codes(wire, "TAPE0 PAUS")
        await _abort(wire)
    assert positions == ["211-PAUS 0", "211-PAUS 10", "211-PAUS 0"]


async def test_a42_the_tape_is_what_was_last_retrieved_stored_or_mounted(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    await wire.ask("SMNT b.ts")
    assert unit.loaded(0) == "/b.ts"
    await house.retrieving(wire, "a.ts")
    assert unit.loaded(0) == "/a.ts"
    await _abort(wire)
    # Without a name, the tape that is loaded.
    assert (await wire.ask("PASV"))[0].startswith("227")
    assert await codes(wire, "RETR") == [150]
    await _abort(wire)
    where = await passive(wire)
    assert await codes(wire, "STOR new.ts", "TAPE0 RECO") == [150, 200]
    _, writer = await asyncio.open_connection(*where)
    writer.write(b"".join(len(each).to_bytes(2) + each for each in RTP))
    writer.close()
    assert (await wire.hear())[0].startswith("226")
    assert unit.loaded(0) == "/new.ts"


async def test_a43_cdup_and_rein_succeed_with_either_code(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "CDUP", "REIN") == [200, 220]
    answers = {"CDUP": ["200 x", "250 x"], "REIN": ["220 x", "230 x", "120 x\n220 x"]}
    controller, _ = await house.answering(answers)
    for _ in range(2):
        await controller.change_to_parent()
    for _ in range(3):
        await controller.reinitialize()


async def test_a44_a_tape_grows_while_it_is_recorded(house: House) -> None:
    wire = await house.wired(decks={0: Deck(house.clock, length=10, capacity=60)})
    await wire.ask("TAPE0 RECO")
    lengths = []
    for _ in range(2):
        house.clock.now += 20
        lengths += [line for line in await wire.ask("STAT TAPE0") if line.startswith(" PLAY")]
    assert lengths == [" PLAY -2,2 0,20", " PLAY -2,2 0,40"]


async def test_a45_off_ends_a_transfer_and_pauses_the_tape(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    await house.retrieving(wire, "a.ts")
    assert await codes(wire, "TAPE0 PLAY", "POWER0 OFF") == [200, 426]
    assert (await wire.hear())[0].startswith("200")
    assert unit.decks[0].operation == "PAUS"
    controller, answering = await house.answering({"POWER0 OFF": OKAY})
    await controller.set_power(POWER, on=False)
    assert answering.writer
    answering.writer.close()
    assert isinstance(await controller.wait_closed(), LinkError)


async def test_a46_a_second_controller_is_told_421_unless_it_is_the_same_host(
    house: House,
) -> None:
    unit = await house.unit()
    first = await house.wire(unit)
    stranger = await Wire.connect(unit.port, source="127.0.0.2")
    assert (await stranger.hear())[0].startswith("421 ")
    await stranger.close()
    assert await codes(first, "STAT") == [211]
    second = await house.wire(unit)
    assert (await first.hear())[0].startswith("421 ")
    assert await codes(second, "STAT") == [211]
    controller, answering = await house.answering({})
    assert answering.writer
    answering.writer.write(b"421 somebody else\r\n")
    assert isinstance(await controller.wait_closed(), Busy)


def test_a47_literals_are_read_in_any_case() -> None:
    for line in ("camera pan auto", "CAMERA PAN AUTO", "Camera0 Pan Auto"):
        assert parse_command(line, EVERYTHING) == parse_command("CAMERA0 PAN AUTO", EVERYTHING)


async def test_a48_a_bare_play_is_read_and_never_sent(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    assert await codes(wire, "PLAY 2", "PAN +", "TSTA", "CSTA") == [200, 200, 211, 211]
    assert unit.commands[0] == Command("PLAY", TAPE, Motion(2))
    assert unit.commands[1] == Command("PAN", CAMERA, Step(1))
    assert format_command(unit.commands[0]) == "TAPE0 PLAY 2"


async def test_a49_stat_during_a_transfer_is_the_status_of_the_subunits(house: House) -> None:
    wire = await house.wired()
    before = await wire.ask("STAT")
    await house.retrieving(wire, "a.ts")
    assert await wire.ask("STAT") == before
    assert (await wire.ask("STAT STREAM0"))[0] == "211-RETR a.ts"
    await _abort(wire)


async def test_a50_a_datagram_is_executed_beside_a_connection(house: House) -> None:
    unit = await house.unit(datagrams=DatagramRules(unsigned=True))
    controller = await house.controller(unit)
    one_way = await OneWayController.open("127.0.0.1", unit.udp_port or 0)
    one_way.send(Command("PLAY", TAPE, Motion()))
    one_way.close()
    await until(lambda: unit.commands)
    assert (await controller.tape_status(TAPE)).operation == "PLAY"
    assert not controller.closed
