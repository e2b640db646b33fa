"""Who may use a virtual unit: passwords, one-time passwords, and when to close the door."""

from dataclasses import dataclass, field
import hmac

from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.messages import Command, Reply
from ..protocols.crcp.otp import Challenge, one_time_password

#: So many failures, and the connection is closed; each is answered late, so that guessing is slow.
TRIES = 3
PENALTY = 1.0


@dataclass(slots=True)
class Account:
    """A user. challenge: asked for instead of the password, and counted down at each login."""

    user: str
    password: str = field(repr=False)
    account: str | None = None
    challenge: Challenge | None = None

    @property
    def is_used_up(self) -> bool:
        """Whether no one-time password is left. Below 0 each would be the one that came last."""
        return self.challenge is not None and self.challenge.sequence < 0

    def accepts(self, secret: str) -> bool:
        """Whether this is the password, or the next one-time password."""
        if self.is_used_up:
            return False
        if self.challenge is None:
            return hmac.compare_digest(secret.encode(), self.password.encode())
        expected = one_time_password(self.challenge, self.password)
        given = "".join(secret.upper().split())
        if not hmac.compare_digest(given.encode(), expected.encode()):
            return False
        algorithm, seed = self.challenge.algorithm, self.challenge.seed
        self.challenge = Challenge(algorithm, self.challenge.sequence - 1, seed)
        return True

    def prompt(self) -> str:
        """The text of the 331 reply."""
        if self.challenge is None:
            return "Password please"
        asked = self.challenge
        return f"otp-{asked.algorithm} {asked.sequence} {asked.seed} ext, response required"


class Login:
    """One connection's way in. Without an account everybody is in at once."""

    def __init__(self, account: Account | None) -> None:
        """Begin at the door."""
        self.logged_in = account is None
        self.failures = 0
        self._account = account
        self._user: str | None = None
        self._needs_account = False

    @property
    def shut_out(self) -> bool:
        """Whether there were too many failures."""
        return self.failures >= TRIES

    def answer(self, command: Command) -> Reply:
        """Answer USER, PASS or ACCT."""
        text = command.argument if isinstance(command.argument, str) else ""
        if self._account is None:
            return Reply(ReplyCode.LOGGED_IN, ("Logged in",))
        match command.name:
            case "USER":
                self._user, self.logged_in, self._needs_account = text, False, False
                if self._account.is_used_up:
                    return Reply(ReplyCode.NOT_LOGGED_IN, ("No one-time password is left",))
                return Reply(ReplyCode.NEED_PASSWORD, (self._account.prompt(),))
            case "PASS":
                return self._answer_password(self._account, text)
            case _:
                return self._answer_account(self._account, text)

    def _answer_password(self, account: Account, secret: str) -> Reply:
        if self._user is None:
            return Reply(ReplyCode.BAD_SEQUENCE, ("USER first",))
        user, self._user = self._user, None
        # Both are looked at in any case, so that the time taken does not tell which was wrong.
        known, right = user == account.user, account.accepts(secret)
        if not (known and right):
            return self._fail()
        if account.account is not None:
            self._needs_account = True
            return Reply(ReplyCode.NEED_ACCOUNT, ("Account required",))
        return self._enter()

    def _answer_account(self, account: Account, text: str) -> Reply:
        if not self._needs_account:
            return Reply(ReplyCode.BAD_SEQUENCE, ("USER and PASS first",))
        self._needs_account = False
        return self._enter() if text == account.account else self._fail()

    def _enter(self) -> Reply:
        self.logged_in, self.failures = True, 0
        return Reply(ReplyCode.LOGGED_IN, ("Logged in",))

    def _fail(self) -> Reply:
        self.failures += 1
        return Reply(ReplyCode.NOT_LOGGED_IN, ("Login incorrect",))
