"""FTP clients that know nothing of CRCP drive the unit: Python's ftplib, and curl."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
import ftplib
import shutil
import socket
import subprocess
import time

import pytest

from custom_components.crcp.virtual.clips import Clip, Shelf
from custom_components.crcp.virtual.scenes import studio
from custom_components.crcp.virtual.unit import VirtualUnit

#: Half a second of transport stream whose packets are numbered, so that none can be lost unseen.
PACKETS = [b"\x47" + number.to_bytes(2) + bytes(185) for number in range(200)]
CLIP = Clip(0.5, b"".join(PACKETS))

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def unit() -> AsyncIterator[VirtualUnit]:
    """A shelf and a stream; without a deck, a file plays to its end and then it is over."""
    unit = studio(decks={}, shelf=Shelf({"/a.ts": CLIP, "/more/b.ts": CLIP}), live=CLIP)
    await unit.start()
    yield unit
    await unit.stop()


def read_exactly(data: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer at the end."""
    found = b""
    while len(found) < size and (piece := data.recv(size - len(found))):
        found += piece
    return found


def deframe(data: socket.socket) -> Iterator[tuple[int, int, bytes]]:
    """RFC 4571, read by hand: payload type, sequence number and payload of each packet."""
    while len(head := read_exactly(data, 2)) == 2:
        packet = read_exactly(data, head[0] * 256 + head[1])
        assert len(packet) == head[0] * 256 + head[1]
        assert packet[0] == 0x80
        yield packet[1] & 0x7F, packet[2] * 256 + packet[3], packet[12:]


def _connected(port: int, *, passive: bool) -> ftplib.FTP:
    ftp = ftplib.FTP()
    ftp.connect("127.0.0.1", port, timeout=10)
    ftp.set_pasv(passive)
    ftp.login("ha", "x")
    return ftp


async def in_a_thread[T](doing: Callable[[], T]) -> T:
    async with asyncio.timeout(30):
        return await asyncio.to_thread(doing)


@pytest.mark.parametrize("passive", [True, False], ids=["passive", "active"])
async def test_ftplib_lists(unit: VirtualUnit, passive: bool) -> None:
    def drive() -> tuple[list[str], list[str], list[str]]:
        with _connected(unit.port, passive=passive) as ftp:
            names, lines = ftp.nlst(), list[str]()
            ftp.dir(lines.append)
            ftp.cwd("more")
            assert ftp.pwd() == "/more"
            return names, lines, ftp.nlst()

    names, lines, below = await in_a_thread(drive)
    assert (names, below) == (["a.ts", "more"], ["b.ts"])
    assert lines[0].split()[-1] == "a.ts"
    assert lines[0].split()[4] == str(188 * 200)
    assert lines[1].startswith("d")


@pytest.mark.parametrize("passive", [True, False], ids=["passive", "active"])
async def test_ftplib_retrieves_a_file_whole(unit: VirtualUnit, passive: bool) -> None:
    def drive() -> tuple[list[tuple[int, int, bytes]], str]:
        with _connected(unit.port, passive=passive) as ftp:
            ftp.voidcmd("TYPE I")
            with ftp.transfercmd("RETR a.ts") as data:
                packets = list(deframe(data))
            return packets, ftp.voidresp()

    packets, last = await in_a_thread(drive)
    assert last == "226 RETR STREAM0 complete"
    assert {kind for kind, _, _ in packets} == {33}
    numbers = [number for _, number, _ in packets]
    assert numbers == [numbers[0] + n & 0xFFFF for n in range(len(numbers))]
    assert b"".join(payload for _, _, payload in packets) == CLIP.stream


@pytest.mark.parametrize("passive", [True, False], ids=["passive", "active"])
async def test_ftplib_asks_while_data_flow_and_aborts(unit: VirtualUnit, passive: bool) -> None:
    def drive() -> dict[str, str]:
        said = {}
        with _connected(unit.port, passive=passive) as ftp:
            ftp.voidcmd("TYPE I 33")
            with ftp.transfercmd("RETR live") as data:
                stream = deframe(data)
                next(stream)
                said["status"] = ftp.sendcmd("STAT")
                next(stream)
                said["camera"] = ftp.sendcmd("CAMERA0 PAN +")
                said["stream"] = ftp.sendcmd("STAT STREAM0")
                # abort sends ABOR as urgent data and takes one of the two replies.
                said["broken"] = ftp.abort()
                said["aborted"] = ftp.voidresp()
            said["after"] = ftp.sendcmd("STAT CAMERA0")
            said["again"] = ftp.sendcmd("ABOR")
        return said

    said = await in_a_thread(drive)
    assert said["status"].startswith("211-status response\n POWER0\n")
    assert said["camera"] == "200 Command okay"
    assert said["stream"].startswith("211-RETR live\n")
    assert said["broken"] == "426 RETR STREAM0 aborted"
    assert said["aborted"] == "226 ABOR complete"
    assert said["after"].startswith("211-OK\n PAN ")
    assert said["again"] == "225 Nothing to abort"


async def test_a_receiver_that_reads_nothing_does_not_hold_up_abor(unit: VirtualUnit) -> None:
    unit.live = Clip(0.5, CLIP.stream * 150)

    def drive() -> tuple[str, str]:
        with _connected(unit.port, passive=True) as ftp:
            ftp.voidcmd("TYPE I")
            with ftp.transfercmd("RETR live"):
                # The port's buffers fill up within that time; nothing is ever read.
                began = time.monotonic()
                while time.monotonic() - began < 1.5:
                    ftp.sendcmd("STAT")
                ftp.sock.settimeout(2)
                return ftp.abort(), ftp.voidresp()

    assert await in_a_thread(drive) == ("426 RETR STREAM0 aborted", "226 ABOR complete")


async def test_abor_right_behind_retr_is_answered_twice(unit: VirtualUnit) -> None:
    def drive() -> list[str]:
        with _connected(unit.port, passive=True) as ftp:
            ftp.voidcmd("TYPE I")
            ftp.makepasv()
            ftp.sock.sendall(b"RETR live\r\nABOR\r\nSTAT\r\n")
            return [ftp.getmultiline()[:3] for _ in range(4)]

    assert await in_a_thread(drive) == ["150", "426", "226", "211"]


async def test_ftplib_stores_and_it_can_be_retrieved(unit: VirtualUnit) -> None:
    def drive() -> str:
        with _connected(unit.port, passive=True) as ftp:
            ftp.voidcmd("TYPE I 33")
            with ftp.transfercmd("STOR new.ts") as data:
                for number, packet in enumerate(PACKETS):
                    head = b"\x80\x21" + number.to_bytes(2) + bytes(8)
                    data.sendall((12 + 188).to_bytes(2) + head + packet)
            return ftp.voidresp()

    assert await in_a_thread(drive) == "226 STOR STREAM0 complete"
    assert unit.shelf.clips["/new.ts"].stream == CLIP.stream


async def test_ftplib_errors(unit: VirtualUnit) -> None:
    def drive() -> list[str]:
        errors = []
        with _connected(unit.port, passive=True) as ftp:
            ftp.voidcmd("TYPE I")
            for doing in (
                lambda: ftp.cwd("nowhere"),
                lambda: ftp.transfercmd("RETR nothing.ts"),
                lambda: ftp.sendcmd("NOOP"),
                lambda: ftp.delete("a.ts"),
                lambda: ftp.mkd("x"),
                lambda: ftp.size("a.ts"),
                lambda: ftp.sendcmd("STRU F"),
                lambda: ftp.sendcmd("FROB"),
                lambda: ftp.sendcmd("TAPE0 PLAY"),
            ):
                with pytest.raises(ftplib.error_perm) as error:
                    doing()
                errors.append(str(error.value)[:3])
        return errors

    expected = ["550", "550", "502", "502", "502", "502", "502", "500", "502"]
    assert await in_a_thread(drive) == expected


# -- curl ------------------------------------------------------------------------------------------

CURL = shutil.which("curl")
needs_curl = pytest.mark.skipif(CURL is None, reason="curl is not installed")


async def curl(*arguments: str) -> tuple[bytes, str, int]:
    """What curl wrote, said and returned."""
    process = await asyncio.create_subprocess_exec(
        "curl",
        *("-q", "--silent", "--show-error", "--verbose", "--noproxy", "*", "--max-time", "20"),
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, said = await process.communicate()
    return out, said.decode(errors="replace"), process.returncode or 0


WAYS = pytest.mark.parametrize(
    "way", [("--disable-epsv",), (), ("--ftp-port", "127.0.0.1")], ids=["pasv", "epsv", "port"]
)


@needs_curl
@WAYS
async def test_curl_lists(unit: VirtualUnit, way: tuple[str, ...]) -> None:
    out, said, code = await curl(*way, "--list-only", f"ftp://127.0.0.1:{unit.port}/more/")
    assert (out, code) == (b"b.ts\n", 0), said  # curl makes CR LF its own
    out, said, code = await curl(*way, f"ftp://127.0.0.1:{unit.port}/")
    assert code == 0, said
    assert [line.split()[-1] for line in out.decode().splitlines()] == ["a.ts", "more"]


@needs_curl
@WAYS
async def test_curl_retrieves(unit: VirtualUnit, way: tuple[str, ...]) -> None:
    out, said, code = await curl(*way, f"ftp://ha:x@127.0.0.1:{unit.port}/more/b.ts")
    assert code == 0, said
    contents, at = b"", 0
    while at < len(out):
        size = out[at] * 256 + out[at + 1]
        contents += out[at + 14 : at + 2 + size]
        at += 2 + size
    assert contents == CLIP.stream


@needs_curl
async def test_curl_sends_commands(unit: VirtualUnit) -> None:
    _, said, code = await curl(
        "--list-only", "--quote", "CAMERA0 ZOOM 5", f"ftp://127.0.0.1:{unit.port}/"
    )
    assert code == 0, said
    assert "ZOOM" in [command.name for command in unit.commands]
    _, said, code = await curl("--quote", "CAMERA0 ROLL 5", f"ftp://127.0.0.1:{unit.port}/")
    assert code == 21  # "quote command error": the unit said 502
    assert "502 Command not implemented" in said
