"""Commands over UDP (section 4): one way, several in a datagram, signed against replay.

The draft says "synchronized clocks should be used to close the window of the replay attacks" and
leaves open how. Ours: the PASS line holds the time, a nonce, and a MAC over all that follows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
import hashlib
import hmac
import re

from .codec import Spelling, decode_text, format_command
from .grammar import FORBIDDEN
from .messages import Command

#: Above this a datagram may be cut in pieces on its way, and a lost piece loses all of it.
MAX_DATAGRAM = 1200

#: How far the clocks may be apart, in seconds.
WINDOW = 5.0

#: How long a nonce is remembered: longer than a datagram of any age is accepted.
REMEMBERED = 2 * WINDOW

_LABEL = b"crcp-udp-1"
_SIGNATURE = re.compile(
    rb"USER (?P<user>[^\r\n]+)\r\n"
    rb"PASS ts=(?P<time>[0-9]{1,12}(?:\.[0-9]{1,9})?);n=(?P<nonce>[0-9A-Fa-f]{8,64});"
    rb"mac=(?P<mac>[0-9A-Fa-f]{64})\r\n",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Signer:
    """A controller's name and secret. Every datagram gets the time and a nonce from outside."""

    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if FORBIDDEN.search(self.user):
            raise ValueError("a user name cannot hold line ends or NUL")

    def sign(self, lines: bytes, *, now: float, nonce: str) -> bytes:
        """Return lines with a signed head. now: seconds of the epoch. nonce: 8 or more hex digits.

        Raises ValueError when both together do not fit.
        """
        user, time = self.user.encode(), f"{now:.3f}".encode()
        mac = _mac(self.password, user, time, nonce.encode(), lines)
        head = b"USER %b\r\nPASS ts=%b;n=%b;mac=%b\r\n"
        return _fitting(head % (user, time, nonce.encode(), mac.encode()) + lines)


def write_lines(commands: Iterable[Command], spelling: Spelling | None = None) -> bytes:
    """Write commands for one datagram. Raises ValueError when they do not fit."""
    lines = b"".join(f"{format_command(each, spelling)}\r\n".encode() for each in commands)
    return _fitting(lines)


def _fitting(datagram: bytes) -> bytes:
    if len(datagram) > MAX_DATAGRAM:
        raise ValueError(f"{len(datagram)} bytes do not fit a datagram of {MAX_DATAGRAM}")
    return datagram


def read_lines(datagram: bytes) -> list[str]:
    """The command lines of a datagram; the last may lack its end, empty ones are left out."""
    lines = (decode_text(line.rstrip(b"\r")) for line in datagram.split(b"\n"))
    return [line for line in lines if line.strip()]


class Verifier:
    """A unit's side: accepts a signed datagram once, and only while it is fresh."""

    def __init__(self, passwords: dict[str, str]) -> None:
        """passwords: by user."""
        self._passwords = passwords
        self._seen: dict[tuple[bytes, bytes], float] = {}

    def open(self, datagram: bytes, *, now: float) -> bytes | None:
        """Return the lines of a datagram that is signed, fresh and new; else None."""
        found = _SIGNATURE.match(datagram)
        if not found or abs(now - float(found["time"])) > WINDOW:
            return None
        password = self._passwords.get(decode_text(found["user"]))
        lines = datagram[found.end() :]
        expected = _mac(password or "", found["user"], found["time"], found["nonce"], lines)
        genuine = hmac.compare_digest(expected.encode(), found["mac"].lower())
        if password is None or not genuine or self._is_repeated(found["user"], found["nonce"], now):
            return None
        return lines

    def _is_repeated(self, user: bytes, nonce: bytes, now: float) -> bool:
        """Remember a genuine nonce. Only genuine ones are kept, so nobody else can fill memory."""
        self._seen = {key: at for key, at in self._seen.items() if abs(now - at) <= REMEMBERED}
        repeated = (user, nonce) in self._seen
        self._seen.setdefault((user, nonce), now)
        return repeated


def _mac(password: str, user: bytes, time: bytes, nonce: bytes, lines: bytes) -> str:
    message = b"\n".join((_LABEL, user, time, nonce, lines))
    return hmac.new(password.encode(), message, hashlib.sha256).hexdigest()
