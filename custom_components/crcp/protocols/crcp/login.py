"""Logging in (section 6.2, "exactly the same semantics as FTP"), decided reply by reply."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from .codes import ReplyCode
from .errors import NotAuthorised
from .messages import Command, Reply, Subunit
from .otp import Challenge, find_challenge, one_time_password
from .subunits import CONNECTION

#: The commands of a login; 530 to one of them means that the user has to be asked again.
LOGIN_COMMANDS: Final = frozenset({"USER", "PASS", "ACCT"})


class PlainPassword(Enum):
    """When the password itself may cross the network."""

    #: Unless the unit asks for a one-time password. Where we cannot make that, the login fails.
    UNLESS_CHALLENGED = auto()
    #: Also where the unit's kind of one-time password is unknown to us.
    ALLOWED = auto()
    #: Not at all: a unit that asks for it gets nothing.
    NEVER = auto()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to a unit. account is for units that ask for one (332)."""

    user: str
    password: str = field(default="", repr=False)
    account: str | None = field(default=None, repr=False)
    plain: PlainPassword = PlainPassword.UNLESS_CHALLENGED


def first_command(credentials: Credentials) -> Command:
    """The command that begins a login."""
    return _command("USER", credentials.user)


def next_command(credentials: Credentials, reply: Reply) -> Command | None:
    """The command that a 2yz or 3yz reply to a login command asks for; None: logged in.

    Raises NotAuthorised when it asks for what we do not have, or may not send.
    """
    match reply.code:
        case ReplyCode.NEED_PASSWORD:
            return _command("PASS", _secret(credentials, reply))
        case ReplyCode.NEED_ACCOUNT:
            if credentials.account is None:
                raise NotAuthorised(reply.code, "the unit asks for an account")
            return _command("ACCT", credentials.account)
        case code if reply.wants_more:
            raise NotAuthorised(code, reply.shown)
        case _:
            return None


def challenge_in(reply: Reply) -> Challenge | None:
    """The challenge that a reply to USER holds; None: none, or none that we understand."""
    try:
        return find_challenge("\n".join(reply.lines)) if reply.wants_more else None
    except NotAuthorised:
        return None


def _secret(credentials: Credentials, reply: Reply) -> str:
    try:
        if challenge := find_challenge("\n".join(reply.lines)):
            return one_time_password(challenge, credentials.password)
    except NotAuthorised:
        if credentials.plain is not PlainPassword.ALLOWED:
            raise
    if credentials.plain is PlainPassword.NEVER:
        raise NotAuthorised(reply.code, "the unit asks for the password itself")
    return credentials.password


def _command(name: str, text: str) -> Command:
    try:
        return Command(name, Subunit(CONNECTION), text)
    except ValueError as error:  # nobody can be called so, and nothing can be sent for it
        raise NotAuthorised(ReplyCode.NOT_LOGGED_IN, str(error)) from None
