"""What can go wrong between a controller and a unit: who is at fault, and the facts."""

from typing import override


class CrcpError(Exception):
    """Anything that ends a CRCP exchange without success."""


class LinkError(CrcpError):
    """The link failed: refused, unreachable, closed or reset."""


class TimedOut(CrcpError, TimeoutError):
    """The unit did not answer in time; the connection is out of step and must be closed."""


class ProtocolError(CrcpError):
    """The peer broke the protocol: no reply code, a bound exceeded, a reply to nothing."""


class NotAUnit(ProtocolError):
    """The peer speaks FTP's dialect but lists no CRCP subunit: an FTP server, say."""


class Refused(CrcpError):
    """The unit's answer is "no": a reply of 4yz or 5yz.

    code: the three-digit reply code; text: its text, cleaned for display.
    A unit raises it as well, for the reply that it is about to send.
    """

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(f"{code} {text}".rstrip())
        self.code = code
        self.text = text


class NotSent(Refused):
    """What no unit can be asked, so nothing was sent: code is what a unit would say to it."""

    @override
    def __str__(self) -> str:
        return self.text


class NotAuthorised(Refused):
    """530 or 532, or the unit asks for a password that nobody gave us."""


class Busy(Refused):
    """421: the unit closes, most often because another controller holds it."""


class Misuse(RuntimeError):
    """Our own code called a session or client out of order. Nobody catches this."""
