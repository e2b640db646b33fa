"""What can go wrong between an initiator and a responder: who is at fault, and the facts."""

from typing import override

from .codes import Code, InitFailReason, OperationCode, ResponseCode


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
    Fail. text: the code's name. A responder raises it as well, for the response that it is about
    to send.
    """

    def __init__(self, code: Code, operation: OperationCode | None = None) -> None:
        """Say no with this code."""
        super().__init__(code, operation)
        self.code = code
        self.operation = operation
        self.text = code.name

    @override
    def __str__(self) -> str:
        """Name what was refused, and how."""
        asked = "the connection" if self.operation is None else self.operation.name
        return f"{asked} was refused: {self.text}"


class NotAuthorised(Refused):
    """Init Fail 1: this GUID is not paired with the camera, or was turned down on it."""


class Busy(Refused):
    """Init Fail 2 or DeviceBusy: somebody or something else has the camera; try again later."""


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
        case _:
            return Refused(reason)


def operation_refusal(code: ResponseCode, operation: OperationCode) -> Refused:
    """The error that a response other than OK is.

    AccessDenied is a plain refusal: it speaks of one object or mode, not of the pairing.
    """
    if code == ResponseCode.DEVICE_BUSY:
        return Busy(code, operation)
    return Refused(code, operation)
