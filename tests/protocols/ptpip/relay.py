"""A relay between an initiator and a responder that keeps what both send, as a capture file."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from pathlib import Path
import struct

from custom_components.crcp.virtual.host import LOOPBACK, Host

PORT = 15740

#: The longest segment that fits into an IP packet with its headers.
SEGMENT = 65_000


class Relay:
    """Passes bytes on, and keeps the packets in the order in which they were complete."""

    def __init__(self, target: int) -> None:
        self.target = target
        #: Which TCP connection, whether from the initiator, and the packet.
        self.packets: list[tuple[int, bool, bytes]] = []
        self._connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self._connections = self._connections, self._connections + 1
        there, back = await asyncio.open_connection(LOOPBACK, self.target)
        try:
            await asyncio.gather(
                self._pass_on(number, True, reader, back),
                self._pass_on(number, False, there, writer),
            )
        finally:
            back.close()

    async def _pass_on(
        self,
        number: int,
        from_initiator: bool,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
    ) -> None:
        held = bytearray()
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
            held += data
            while len(held) >= 8 and len(held) >= (size := int.from_bytes(held[:4], "little")):
                self.packets.append((number, from_initiator, bytes(held[:size])))
                del held[:size]
        assert not held, "the stream ended within a packet"
        sink.close()

    def capture(self) -> bytes:
        """The packets as a capture file, whose checksums are left out.

        The dissector looks at the first packet of each segment only, so each has a segment of its
        own; what of it does not fit is left out, like a segment that was not captured.
        """
        places: dict[tuple[int, bool], int] = {}
        records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]
        for time, (number, from_initiator, data) in enumerate(self.packets):
            ports = (40_000 + number, PORT) if from_initiator else (PORT, 40_000 + number)
            sequence = places.get((number, from_initiator), 1)
            acknowledged = places.get((number, not from_initiator), 1)
            places[number, from_initiator] = sequence + len(data)
            packet = _packet(ports, sequence, acknowledged, data[:SEGMENT])
            records += [struct.pack("<IIII", 0, time, len(packet), len(packet)), packet]
        return b"".join(records)


def _packet(ports: tuple[int, int], sequence: int, acknowledged: int, data: bytes) -> bytes:
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 5 << 4, 0x18, 65535, 0, 0)
    length = 20 + len(tcp) + len(data)
    addresses = (bytes((127, 0, 0, 1)), bytes((127, 0, 0, 1)))
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 6, 0, *addresses)
    return ip + tcp + data


@contextlib.asynccontextmanager
async def relayed(target: int) -> AsyncIterator[tuple[Relay, int]]:
    """Run a relay to a port; give it and its own port."""
    relay = Relay(target)
    host = Host(relay.serve)
    await host.start()
    try:
        yield relay, host.port
    finally:
        await host.stop()


def save(relay: Relay, folder: Path) -> Path:
    path = folder / "capture.pcap"
    path.write_bytes(relay.capture())
    return path
