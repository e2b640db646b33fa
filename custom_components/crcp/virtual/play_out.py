"""Sending a recording as the deck moves, and recording what comes in."""

import asyncio
from collections.abc import AsyncIterator
import random
from typing import TYPE_CHECKING, Final

from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.errors import Refused
from ..protocols.crcp.receiver import Receiver
from ..protocols.crcp.rtp import (
    MAX_PACKET,
    PAYLOAD_TYPES,
    TS_PACKET,
    Deframer,
    RtpPacket,
    Sender,
)
from .clips import JPEG, NULL_PACKET, TRANSPORT_STREAM, Clip
from .data_ports import DataPort, Work
from .deck import Deck

if TYPE_CHECKING:
    from .stream import Stream
    from .unit import VirtualUnit

#: The name of the picture that a camera shows now.
LIVE: Final = "live"

#: How often something is sent. Short beside a frame, long beside what a packet takes to send.
TICK: Final = 0.01

#: While a tape stands, so often a packet with nothing in it says that the stream is alive.
BLANK_INTERVAL: Final = 0.2

#: Without a datagram for so long, a recording in mode P is over.
SILENCE: Final = 30.0

#: What a recording may take; it is kept in memory.
MAX_RECORDING: Final = 256 << 20


def send_clip(
    unit: VirtualUnit, stream: Stream, clip: Clip, *, deck: Deck | None, again: bool = False
) -> Work:
    """The work of a RETR: with a deck the picture follows its tape, without one it runs.

    again: begins anew at its end, as the live picture does.
    """
    types = stream.payload_types
    for number in types:
        if not clip.offers(number):
            raise Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, f"No payload type {number} of that")
    return _PlayOut(unit, clip, types, stream.mode.packets or 7, deck, again=again).run


class _PlayOut:
    def __init__(
        self,
        unit: VirtualUnit,
        clip: Clip,
        types: tuple[int, ...],
        packets: int,
        deck: Deck | None,
        *,
        again: bool,
    ) -> None:
        self._clip = clip
        self._again = again
        self._packets = packets
        self._deck = deck
        self._now = unit.clock
        self._senders = {number: _sender(number) for number in types}
        self._began = self._now()
        self._blank_at = self._began

    async def run(self, port: DataPort) -> None:
        # Only now: what was played before there was anybody to see it would be lost.
        self._began = self._blank_at = self._now()
        last = self._position()
        while True:
            await asyncio.sleep(TICK)
            position = self._position()
            if position > last and self._is_playing(position):
                self._send(port, last, position)
            else:
                self._send_blank(port)
            if self._is_over(position):
                return
            last = position

    def _is_over(self, position: float) -> bool:
        if self._again or position < self._clip.duration:
            return False
        return self._deck is None or self._deck.operation == "PAUS"

    def _position(self) -> float:
        if self._deck:
            return self._deck.position
        return self._now() - self._began

    def _is_playing(self, position: float) -> bool:
        """Winding shows nothing; a deck that has just reached its end has played up to there."""
        if self._deck is None:
            return True
        return self._deck.last_operation == "PLAY" and position <= self._clip.duration

    def _send(self, port: DataPort, start: float, end: float) -> None:
        length = self._clip.duration
        offset = 0.0 if self._deck else int(start / length) * length
        turn = offset + length
        self._send_part(port, start, min(end, turn), offset)
        if end > turn and self._again:
            self._send_part(port, turn, end, turn)

    def _send_part(self, port: DataPort, start: float, end: float, offset: float) -> None:
        """Send what lies between two moments of one run. offset: when that run began."""
        for number, sender in self._senders.items():
            clock = PAYLOAD_TYPES[number].clock
            pieces = self._clip.pieces(number, start - offset, end - offset, self._packets)
            for payload, at, last in pieces:
                # A transport stream has clocks of its own; RTP's tells when it was sent.
                moment = at + offset if number == JPEG else self._now() - self._began
                packet = sender.packet(payload, int(moment * clock), marker=last)
                port.send(packet.encode())

    def _send_blank(self, port: DataPort) -> None:
        now = self._now()
        if now < self._blank_at or TRANSPORT_STREAM not in self._senders:
            return
        self._blank_at = now + BLANK_INTERVAL
        sender = self._senders[TRANSPORT_STREAM]
        ticks = int((now - self._began) * PAYLOAD_TYPES[TRANSPORT_STREAM].clock)
        port.send(sender.packet(NULL_PACKET, ticks).encode())


def _sender(number: int) -> Sender:
    """Random first values, so that a guessed stream cannot be slipped in (RFC 3550 section 5.1)."""
    choose = random.SystemRandom()
    first = RtpPacket(
        payload_type=number,
        sequence=choose.randrange(1 << 16),
        timestamp=choose.randrange(1 << 32),
        ssrc=choose.randrange(1 << 32),
        payload=b"",
    )
    return Sender(first)


def record(unit: VirtualUnit, stream: Stream, path: str, *, deck: Deck | None) -> Work:
    """The work of a STOR: with a deck only what comes while it records is kept."""

    async def work(port: DataPort) -> None:
        kept = bytearray()
        began = unit.clock()
        try:
            async for packet in _packets(port):
                recording = deck is None or deck.operation == "RECO"
                if recording and packet.payload_type == TRANSPORT_STREAM:
                    kept += packet.payload
                if len(kept) > MAX_RECORDING:
                    raise Refused(ReplyCode.NO_SPACE_LEFT, "No space left")
        finally:
            whole = bytes(kept[: len(kept) // TS_PACKET * TS_PACKET])
            unit.keep(path, Clip(max(unit.clock() - began, 0.1), whole), stream.number)

    return work


async def _packets(port: DataPort) -> AsyncIterator[RtpPacket]:
    if port.is_packets:
        async for packet in _datagrams(port):
            yield packet
    deframer = Deframer()
    while data := await port.receive():
        for packet in deframer.feed(data):
            yield packet
    for packet in deframer.end():
        yield packet


async def _datagrams(port: DataPort) -> AsyncIterator[RtpPacket]:
    """The packets of mode P in order, until nothing has come for too long."""
    receiver, clock = Receiver(), asyncio.get_running_loop().time
    heard = clock()
    while True:
        try:
            async with asyncio.timeout_at(min(receiver.due or heard + SILENCE, heard + SILENCE)):
                data = await port.receive()
            heard = clock()
            for packet in receiver.feed(data[:MAX_PACKET], heard):
                yield packet
        except TimeoutError:
            if receiver.due is None:
                raise Refused(ReplyCode.TRANSFER_BROKEN, "broken: nothing came") from None
        for packet in receiver.release(clock()):
            yield packet
