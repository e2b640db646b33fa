"""Sending a recording as the deck moves, and recording what comes in."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
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
from .clips import TRANSPORT_STREAM, Clip
from .data_ports import DataPort, Work
from .deck import Deck
from .reels import Piece, Recording, Reel, Span

if TYPE_CHECKING:
    from .stream import Stream
    from .unit import VirtualUnit

#: The name of the picture that a camera shows now.
LIVE: Final = "live"

#: How often something is sent. Short beside a frame, long beside what a packet takes to send.
TICK: Final = 0.01

#: Without a datagram for so long, a recording in mode P is over.
SILENCE: Final = 30.0

#: What a recording may take; it is kept in memory.
MAX_RECORDING: Final = 256 << 20


def send_clip(
    unit: VirtualUnit, stream: Stream, clip: Recording, *, deck: Deck | None, again: bool = False
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
        clip: Recording,
        types: tuple[int, ...],
        packets: int,
        deck: Deck | None,
        *,
        again: bool,
    ) -> None:
        self._clip = clip
        self._again = again
        self._deck = deck
        self._now = unit.clock
        self._players = {number: (_sender(number), clip.reel(number, packets)) for number in types}

    async def run(self, port: DataPort) -> None:
        # Only now: what was played before there was anybody to see it would be lost.
        began, since = self._now(), 0.0
        last = self._position(since)
        while True:
            await asyncio.sleep(TICK)
            moment = self._now() - began
            position = self._position(moment)
            self._send(port, Span(last, position), Span(since, moment))
            if self._is_over(position):
                return
            last, since = position, moment

    def _is_over(self, position: float) -> bool:
        if self._again or position < self._clip.duration:
            return False
        return self._deck is None or self._deck.operation == "PAUS"

    def _position(self, moment: float) -> float:
        return self._deck.position if self._deck else moment

    def _send(self, port: DataPort, tape: Span, air: Span) -> None:
        for number, (sender, reel) in self._players.items():
            clock = PAYLOAD_TYPES[number].clock
            for payload, moment, last in self._pieces(reel, tape, air):
                port.send(sender.packet(payload, int(moment * clock), marker=last).encode())

    def _pieces(self, reel: Reel, tape: Span, air: Span) -> Iterator[Piece]:
        if not self._is_playing(reel, tape):
            yield from reel.blank(air)
            return
        offset = 0.0 if self._deck else int(tape.start / self._clip.duration) * self._clip.duration
        turn = offset + self._clip.duration
        if not self._again or tape.end <= turn:
            yield from reel.play(_moved(tape, -offset), air)
            return
        turned = air.at(tape.share(turn))
        yield from reel.play(Span(tape.start - offset, turn - offset), Span(air.start, turned))
        yield from reel.play(Span(0.0, tape.end - turn), Span(turned, air.end))

    def _is_playing(self, reel: Reel, tape: Span) -> bool:
        """A deck that has just reached its end has played up to there."""
        if self._deck is None:
            return True
        shows = {"PLAY", "FF"} if reel.shows_winding else {"PLAY"}
        moved = tape.length != 0 and tape.end <= self._clip.duration
        return moved and self._deck.last_operation in shows


def _moved(span: Span, by: float) -> Span:
    return Span(span.start + by, span.end + by)


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
        await port.hear()
        kept = bytearray()
        began = unit.clock()
        try:
            async for packet in _packets(port, stream.payload_types):
                recording = deck is None or deck.operation == "RECO"
                if recording and packet.payload_type == TRANSPORT_STREAM:
                    kept += packet.payload
                if len(kept) > MAX_RECORDING:
                    raise Refused(ReplyCode.NO_SPACE_LEFT, "No space left")
        finally:
            now = datetime.now(UTC)
            whole = bytes(kept[: len(kept) // TS_PACKET * TS_PACKET])
            unit.keep(
                path, Clip(max(unit.clock() - began, 0.1), whole, recorded=now), stream.number
            )

    return work


async def _packets(port: DataPort, payload_types: tuple[int, ...]) -> AsyncIterator[RtpPacket]:
    if port.is_packets:
        async for packet in _datagrams(port, payload_types):
            yield packet
    deframer = Deframer()
    while data := await port.receive():
        for packet in deframer.feed(data):
            yield packet
    for packet in deframer.end():
        yield packet


async def _datagrams(port: DataPort, payload_types: tuple[int, ...]) -> AsyncIterator[RtpPacket]:
    """The packets of mode P in order, until nothing has come for too long."""
    receiver, clock = Receiver(payload_types), asyncio.get_running_loop().time
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
