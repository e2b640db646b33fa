"""What can go wrong between an initiator and a responder: who is at fault, and the facts."""

from typing import Final, override

from .codes import Code, InitFailReason, OperationCode, ResponseCode

#: Why a Fujifilm camera is turned down.
FUJIFILM: Final = (
    "Fujifilm cameras replaced PTP-IP by a protocol of their own, which is not spoken here; "
    "take the pictures from the memory card, or with the maker's own software"
)


class PtpIpError(Exception):
    """Anything that ends a PTP-IP exchange without success."""


class LinkError(PtpIpError):
    """The link failed: refused, unreachable, closed or reset."""


class TimedOut(PtpIpError, TimeoutError):
    """The responder was silent for too long; the connection is out of step and was closed."""


class ProtocolError(PtpIpError):
    """The peer broke the protocol: a malformed packet, a wrong id, a bound exceeded."""


class Refused(PtpIpError):
    """The responder's answer is "no": an Init Fail, or a response other than OK.

    code: the InitFailReason or ResponseCode. operation: what was asked for; None for an Init
    Fail. text: the code's name, and what it means where that is known. A responder raises it as
    well, for the response that it is about to send.
    """

    def __init__(
        self, code: Code, operation: OperationCode | None = None, meaning: str | None = None
    ) -> None:
        """Say no with this code."""
        super().__init__(code, operation, meaning)
        self.code = code
        self.operation = operation
        self.text = f"{code.name}, {meaning}" if meaning else code.name

    @override
    def __str__(self) -> str:
        """Name what was refused, and how."""
        asked = "the connection" if self.operation is None else self.operation.name
        return f"{asked} was refused: {self.text}"


class NotAuthorised(Refused):
    """Init Fail 1: this GUID is not paired with the camera, or was turned down on it."""


class Busy(Refused):
    """Init Fail 2 or DeviceBusy: somebody or something else has the camera; try again later."""


class Declined(Refused):
    """It is we who say no: this camera, or this object, is known not to be usable in this way.

    text says it in words for a person. It is better than a try that costs the camera its one
    session, or than a file that is cut at 4 GiB without anybody noticing.
    """

    def __init__(self, code: Code, text: str) -> None:
        """Say no in these words; code is the answer that comes nearest."""
        super().__init__(code)
        self.text = text

    @override
    def __str__(self) -> str:
        """Say it in words."""
        return self.text


class Misuse(RuntimeError):
    """Our own code called a session or client out of order. Nobody catches this."""


def link_error(error: OSError, doing: str) -> LinkError:
    """The error that the system's is, and what it kept us from doing."""
    return LinkError(f"{doing}: {error.strerror or error}")


def connection_refusal(reason: InitFailReason) -> Refused:
    """The error that an Init Fail is. Only reason 1 is about pairing."""
    match reason:
        case InitFailReason.REJECTED_INITIATOR:
            return NotAuthorised(reason)
        case InitFailReason.BUSY:
            return Busy(reason)
        case InitFailReason.FUJIFILM_NOT_PAIRED:
            return NotAuthorised(reason)
        case InitFailReason.FUJIFILM_VERSION:
            return Declined(reason, FUJIFILM)
        case _:
            return Refused(reason)


def operation_refusal(
    code: ResponseCode, operation: OperationCode, meaning: str | None = None
) -> Refused:
    """The error that a response other than OK is. meaning: what it says on this camera.

    AccessDenied is a plain refusal: it speaks of one object or mode, not of the pairing.
    """
    if code == ResponseCode.DEVICE_BUSY:
        return Busy(code, operation, meaning)
    return Refused(code, operation, meaning)
