"""One-time passwords (RFC 2289), for the seed that a reply to USER may contain (section 13)."""

from dataclasses import dataclass
import hashlib
import re

from .errors import NotAuthorised

#: The seed ends at a blank or at the text's own punctuation: half a seed would be another one.
_CHALLENGE = re.compile(
    r"(?<![\w-])(otp-[a-z0-9]+|s/key)[ \t]+([0-9]{1,9})[ \t]+([a-z0-9]{1,16})"
    r"(?=[\])>}\"',;:.]*(?:\s|$))",
    re.IGNORECASE | re.ASCII,
)

#: Where this stands a one-time password is meant, whether we can make it or not.
_MENTION = re.compile(
    r"(?<![a-z0-9])(?:otp(?![a-z0-9])|s/?key(?![a-z0-9])|one[- ]time)", re.IGNORECASE | re.ASCII
)

#: Below this the pass phrase has to be renewed soon: the sequence counts down to zero.
LOW_SEQUENCE = 10

#: The most hashes that a challenge can make us compute; RFC 2289's own generators use 1 to 9999.
MAX_SEQUENCE = 99_999


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a unit asks for: "otp-md5 99 TeSt". algorithm: the hash's name in small letters."""

    algorithm: str
    sequence: int
    seed: str

    @property
    def runs_low(self) -> bool:
        """Whether the user should think of a new pass phrase or seed."""
        return self.sequence < LOW_SEQUENCE


def find_challenge(text: str) -> Challenge | None:
    """Find a challenge in a 331 reply, all of its lines; None when it asks for nothing like it.

    Raises NotAuthorised where it asks for a one-time password but not in a form that we can answer:
    the password itself must not be sent to whoever was careful enough to ask for another.
    """
    found = _CHALLENGE.search(text)
    if not found:
        if _MENTION.search(text):
            raise _not_supported()
        return None
    method = found[1].lower()
    algorithm = "md4" if method == "s/key" else method.removeprefix("otp-")
    return Challenge(algorithm, int(found[2]), found[3])


def one_time_password(challenge: Challenge, pass_phrase: str) -> str:
    """The answer to a challenge, as 16 hexadecimal digits in capitals.

    Raises NotAuthorised for a method that this machine does not have.
    """
    if challenge.algorithm not in _FOLDS or challenge.sequence > MAX_SEQUENCE:
        raise _not_supported()
    key = _step(challenge.algorithm, challenge.seed.lower().encode() + pass_phrase.encode())
    for _ in range(challenge.sequence):
        key = _step(challenge.algorithm, key)
    return key.hex().upper()


def _step(algorithm: str, data: bytes) -> bytes:
    try:
        digest = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    except ValueError:
        # OpenSSL 3 leaves MD4 out unless asked for.
        raise _not_supported() from None
    return _FOLDS[algorithm](digest)


def _not_supported() -> NotAuthorised:
    return NotAuthorised(331, "one-time password method not supported")


def _fold_halves(digest: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(digest[:8], digest[8:16], strict=True))


def _fold_sha1(digest: bytes) -> bytes:
    """RFC 2289 appendix A: three words onto two, each written least significant byte first."""
    words = [int.from_bytes(digest[at : at + 4]) for at in range(0, 20, 4)]
    first, second = words[0] ^ words[2] ^ words[4], words[1] ^ words[3]
    return first.to_bytes(4, "little") + second.to_bytes(4, "little")


_FOLDS = {"md4": _fold_halves, "md5": _fold_halves, "sha1": _fold_sha1}
