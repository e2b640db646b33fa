"""Protocol errors in the user's words: the one table that flows, coordinators and entities use."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    HomeAssistantError,
    ServiceValidationError,
)
from homeassistant.helpers.update_coordinator import UpdateFailed

from .const import DOMAIN
from .names import clean_name
from .protocols.crcp import errors as crcp
from .protocols.ptpip import errors as ptpip


class AnotherCamera(ptpip.ProtocolError):
    """A camera answers at the address, and it is not the one of this entry."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"serial number {found!r} instead of {expected!r}")
        self.expected = expected
        self.found = found


class AnotherUnit(crcp.ProtocolError):
    """A unit answers at the address, and greets as none of ours does."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"it says {found!r} and not {expected!r}")
        self.expected = expected
        self.found = found


type DeviceError = crcp.CrcpError | ptpip.PtpIpError

#: A sentence of a device's may be longer than its name.
MAX_DETAIL_LENGTH: Final = 200

#: What a device, or the way to it, can do to us.
DEVICE_ERRORS: Final = (crcp.CrcpError, ptpip.PtpIpError)

# The first row that fits wins, so a subclass stands before its base.
_KEYS: Final = (
    ((crcp.NotAUnit,), "not_a_unit"),
    ((AnotherCamera,), "another_camera"),
    ((AnotherUnit,), "another_unit"),
    ((crcp.Busy, ptpip.Busy), "in_use"),
    ((crcp.NotAuthorised, ptpip.NotAuthorised), "not_authorised"),
    ((crcp.NotSent,), "not_sent"),
    ((crcp.Refused, ptpip.Refused), "refused"),
    ((crcp.TimedOut, ptpip.TimedOut), "timed_out"),
    ((crcp.ProtocolError, ptpip.ProtocolError), "not_understood"),
    ((crcp.LinkError, ptpip.LinkError), "cannot_connect"),
)


def error_key(error: DeviceError) -> str:
    """The translation key of an error: the same under config.error and under exceptions."""
    return next(key for classes, key in _KEYS if isinstance(error, classes))


def is_busy(error: DeviceError) -> bool:
    """Whether somebody else has the device."""
    return isinstance(error, crcp.Busy | ptpip.Busy)


def is_passing(error: DeviceError) -> bool:
    """Whether a unit refuses for the moment only: 4yz, but for the end of the connection."""
    return isinstance(error, crcp.Refused) and 400 <= error.code < 500 and not is_busy(error)


def is_silence(error: DeviceError) -> bool:
    """Whether a unit may well be the one it was, only off, away, or busy with somebody else."""
    return isinstance(error, crcp.LinkError | crcp.TimedOut | crcp.Busy)


def error_detail(error: DeviceError) -> str:
    """What the error says, with the device's own words in it made fit to be shown."""
    return clean_name(str(error), type(error).__name__, MAX_DETAIL_LENGTH)


def as_home_assistant_error(error: DeviceError) -> HomeAssistantError:
    """The error that an action raises: translated, with the device's own words in it."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=error_key(error),
        translation_placeholders={"detail": error_detail(error)},
    )


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """The error that an action raises when it asks for what cannot be."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


@contextmanager
def in_the_users_words() -> Iterator[None]:
    """Turn what a device, or the way to it, did to us into the error that an action raises."""
    try:
        yield
    except DEVICE_ERRORS as error:
        raise as_home_assistant_error(error) from error


def as_update_failed(error: DeviceError) -> UpdateFailed | ConfigEntryAuthFailed:
    """The error that setting an entry up raises: who is turned away asks for another password."""
    cls = ConfigEntryAuthFailed if needs_login(error) else UpdateFailed
    return cls(
        translation_domain=DOMAIN,
        translation_key=error_key(error),
        translation_placeholders={"detail": error_detail(error)},
    )


def needs_login(error: DeviceError) -> bool:
    """Whether a unit wants another password, or a camera to be paired anew."""
    return isinstance(error, crcp.NotAuthorised | ptpip.NotAuthorised)
