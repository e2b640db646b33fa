"""Bytes to complete lines: bounded, Telnet's own bytes taken out, any cut of the stream alike."""

from dataclasses import dataclass, field
from typing import override

# RFC 854: what Telnet puts between the characters of a line.
IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
NUL, LF, CR = 0, 10, 13


@dataclass(slots=True)
class TelnetFilter:
    """Takes Telnet commands out of a byte stream and says what to answer.

    RFC 854: "DO x" is answered WONT x and "WILL x" DONT x, because we have no options;
    IAC IAC is one 0xFF; every other command is dropped.

    limit: how many bytes of them may come within one line. Beyond it nothing more is passed on.
    """

    limit: int | None = None
    #: Whether there was more of them than that.
    is_flooded: bool = False
    _held: bytes = b""
    _in_subnegotiation: bool = False
    _dropped: int = 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the plain bytes in data, and the answer to send (often empty)."""
        if self.is_flooded:
            return b"", b""
        if not self._held and not self._in_subnegotiation and IAC not in data:
            if self._dropped:
                self._count(data, 0)
            return data, b""
        stream = self._held + data
        plain, answer, at = bytearray(), bytearray(), 0
        while at < len(stream) and not self.is_flooded:
            known = len(plain)
            if stream[at] != IAC:
                size = _find(stream, IAC, at) - at
                if not self._in_subnegotiation:
                    plain += stream[at : at + size]
            else:
                size = self._command(stream[at : at + 3], plain, answer)
                if not size:
                    break
            at += size
            self._count(bytes(plain[known:]), size)
        self._held = stream[at:]
        return bytes(plain), bytes(answer)

    def _count(self, plain: bytes, size: int) -> None:
        """Count what was dropped of so many bytes, from one end of a line to the next."""
        if LF in plain:
            self._dropped = 0
        elif not plain:
            self._dropped += size
            self.is_flooded = self.limit is not None and self._dropped > self.limit

    def _command(self, head: bytes, plain: bytearray, answer: bytearray) -> int:
        """Handle the command at the start of head; its length, or 0 if it is not whole yet."""
        if len(head) < 2:
            return 0
        verb = head[1]
        if verb in (DO, WILL, DONT, WONT):
            if len(head) < 3:
                return 0
            if verb in (DO, WILL) and not self._in_subnegotiation:
                answer += bytes((IAC, WONT if verb == DO else DONT, head[2]))
            return 3
        if verb == IAC and not self._in_subnegotiation:
            plain.append(IAC)
        elif verb == SB:
            self._in_subnegotiation = True
        elif verb == SE:
            self._in_subnegotiation = False
        return 2


@dataclass(slots=True)
class LineReader:
    """Cuts a byte stream into lines. CR LF ends a line, a bare LF too; CR NUL is CR.

    limit: the longest line in bytes, its end not counted. A longer one is given as None, once,
    and its bytes are dropped as they come, so memory stays flat. Empty lines are left out; more
    than most_empty of them in a row are given as None too.
    """

    limit: int
    most_empty: int | None = None
    _pending: bytearray = field(default_factory=bytearray)
    _scanned: int = 0
    _dropping: bool = False
    _empty: int = 0

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._pending += data

    def next_line(self) -> bytes | NeedData | None:
        """Return the next line, None for one that was too long, or NEED_DATA."""
        if not self._pending:
            return NEED_DATA
        while (end := self._pending.find(LF, self._scanned)) >= 0:
            line = bytes(self._pending[:end])
            del self._pending[: end + 1]
            self._scanned = 0
            if self._dropping:
                self._dropping = False
                continue
            line = line.replace(b"\r\x00", b"\r").strip(b"\r")
            # Counted as it came, so that it does not matter in which pieces it came.
            if end > self.limit + 2 or len(line) > self.limit:
                return None
            if line:
                self._empty = 0
                return line
            self._empty += 1
            if self.most_empty is not None and self._empty > self.most_empty:
                return None
        self._scanned = len(self._pending)
        return self._overlong()

    def _overlong(self) -> NeedData | None:
        if self._dropping:
            self._forget()
        elif len(self._pending) > self.limit + 2:
            self._forget()
            self._dropping = True
            return None
        return NEED_DATA

    def _forget(self) -> None:
        self._pending.clear()
        self._scanned = 0


class NeedData:
    """The type of NEED_DATA: nothing is complete yet."""

    @override
    def __repr__(self) -> str:
        return "NEED_DATA"


NEED_DATA = NeedData()


def _find(stream: bytes, byte: int, start: int) -> int:
    found = stream.find(byte, start)
    return len(stream) if found < 0 else found
