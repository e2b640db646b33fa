"""One-time passwords (RFC 2289 appendix C), signed datagrams, and what a URL says."""

import hashlib
import hmac

import pytest

from custom_components.crcp.protocols.crcp.datagrams import Signer, Verifier, read_lines
from custom_components.crcp.protocols.crcp.errors import NotAuthorised
from custom_components.crcp.protocols.crcp.login import (
    Credentials,
    PlainPassword,
    first_command,
    next_command,
)
from custom_components.crcp.protocols.crcp.messages import Command, Reply, Subunit
from custom_components.crcp.protocols.crcp.otp import (
    Challenge,
    find_challenge,
    one_time_password,
)
from custom_components.crcp.protocols.crcp.url import Url, format_url, parse_url

OTP = """
md5  | This is a test. | TeSt    | 9E876134D90499DD | 7965E05436F5029F | 50FE1962C4965880
md5  | AbCdEfGhIjK     | alpha1  | 87066DD9644BF206 | 7CD34C1040ADD14B | 5AA37A81F212146C
md5  | OTP's are good  | correct | F205753943DE4CF9 | DDCDAC956F234937 | B203E28FA525BE47
sha1 | This is a test. | TeSt    | BB9E6AE1979D8FF4 | 63D936639734385B | 87FEC7768B73CCF9
sha1 | AbCdEfGhIjK     | alpha1  | AD85F658EBE383C9 | D07CE229B5CF119B | 27BC71035AAF3DC6
sha1 | OTP's are good  | correct | D51F3E99BF8E6F0B | 82AEB52D943774E4 | 4F296A74FE1567EC
"""
OTP_ROWS = [
    (words[0], words[1], words[2], sequence, words[column])
    for line in OTP.strip().splitlines()
    for words in [[word.strip() for word in line.split("|")]]
    for column, sequence in ((3, 0), (4, 1), (5, 99))
]


@pytest.mark.parametrize(("algorithm", "phrase", "seed", "sequence", "expected"), OTP_ROWS)
def test_one_time_passwords(
    algorithm: str, phrase: str, seed: str, sequence: int, expected: str
) -> None:
    assert one_time_password(Challenge(algorithm, sequence, seed), phrase) == expected


@pytest.mark.parametrize(
    ("text", "challenge"),
    [
        ("otp-md5 99 TeSt ext, response required", Challenge("md5", 99, "TeSt")),
        ("[ OTP-SHA1 5 alpha1 ext ] Password:", Challenge("sha1", 5, "alpha1")),
        ("s/key 97 ke1234 Password required", Challenge("md4", 97, "ke1234")),
        ("Password please", None),
        ("Welcome\notp-md5 99 TeSt ext\nresponse required", Challenge("md5", 99, "TeSt")),
        ("Password [otp-md5 99 TeSt]:", Challenge("md5", 99, "TeSt")),
        ("Password for the robot please", None),
    ],
)
def test_challenges(text: str, challenge: Challenge | None) -> None:
    assert find_challenge(text) == challenge


@pytest.mark.parametrize(
    "lines",
    [
        ("otp-md5 ninety TeSt",),
        ("otp-md5 99 seed-with-signs ext",),
        ("otp-md5 99 averyveryverylongseed ext",),
        ("otp-md5 9999999999 TeSt",),
        ("otp-sha-1 99 TeSt",),
        ("otp-sha512 99 TeSt",),
        ("otp-md5 99",),
        ("otp-md5  [99 TeSt]",),
        ("otp-md5 -1 TeSt",),
        ("OTP response required",),
        ("s/key, please",),
        ("Enter your one-time password",),
        ("Welcome", "otp-md5 99 averyveryverylongseed ext", "response required"),
    ],
)
def test_a_challenge_that_cannot_be_answered_is_not_answered_with_the_secret(
    lines: tuple[str, ...],
) -> None:
    for plain in (PlainPassword.UNLESS_CHALLENGED, PlainPassword.NEVER):
        with pytest.raises(NotAuthorised, match="method not supported"):
            next_command(Credentials("ha", "topsecret", plain=plain), Reply(331, lines))
    allowed = Credentials("ha", "topsecret", plain=PlainPassword.ALLOWED)
    answer = next_command(allowed, Reply(331, lines))
    assert answer == Command("PASS", Subunit("CONNECTION"), "topsecret")


def test_a_challenge_is_found_in_every_line_of_the_reply() -> None:
    lines = ("Welcome", "otp-md5 99 TeSt ext", "response required")
    answer = next_command(Credentials("ha", "This is a test."), Reply(331, lines))
    assert answer == Command("PASS", Subunit("CONNECTION"), "50FE1962C4965880")


def test_a_low_sequence_is_told() -> None:
    assert Challenge("md5", 9, "x").runs_low
    assert not Challenge("md5", 10, "x").runs_low


@pytest.mark.parametrize("text", ["otp-sha3 9 seed", "otp-md5 100000 seed"])
def test_the_plain_secret_is_never_the_answer_to_a_challenge(text: str) -> None:
    for plain in (PlainPassword.UNLESS_CHALLENGED, PlainPassword.NEVER):
        with pytest.raises(NotAuthorised, match="method not supported"):
            next_command(Credentials("ha", "secret", plain=plain), Reply(331, (text,)))
    allowed = Credentials("ha", "secret", plain=PlainPassword.ALLOWED)
    answer = next_command(allowed, Reply(331, (text,)))
    assert answer == Command("PASS", Subunit("CONNECTION"), "secret")


def test_a_login_step_by_step() -> None:
    who = Credentials("ha", "This is a test.", account="studio")
    assert first_command(who).argument == "ha"
    answer = next_command(who, Reply(331, ("otp-md5 99 TeSt ext",)))
    assert answer == Command("PASS", Subunit("CONNECTION"), "50FE1962C4965880")
    answer = next_command(who, Reply(332, ("Account please",)))
    assert answer == Command("ACCT", Subunit("CONNECTION"), "studio")
    assert next_command(who, Reply(230, ("in",))) is None
    assert next_command(who, Reply(202, ("superfluous",))) is None
    with pytest.raises(NotAuthorised):
        next_command(Credentials("ha", "x"), Reply(332, ("Account please",)))
    with pytest.raises(NotAuthorised, match="password itself"):
        next_command(Credentials("ha", "x", plain=PlainPassword.NEVER), Reply(331, ("Password",)))
    assert "test" not in repr(who)
    assert "studio" not in repr(who)


# -- section 12 ------------------------------------------------------------------------------------

LINES = b"CAMERA0 PAN 30\r\nTAPE0 PLAY 1 +600\r\n"


def sign(
    lines: bytes = LINES,
    *,
    user: str = "ha",
    password: str = "secret",
    ts: str = "1790000000.250",
    n: str = "8f3a19c2",
) -> bytes:
    """The document's own words in Python: nothing of the package is used."""
    message = b"crcp-udp-1\n" + f"{user}\n{ts}\n{n}\n".encode() + lines
    mac = hmac.new(password.encode(), message, hashlib.sha256).hexdigest()
    return f"USER {user}\r\nPASS ts={ts};n={n};mac={mac}\r\n".encode() + lines


NOW = 1790000000.25


def test_our_signature_is_the_documents() -> None:
    signer = Signer("ha", "secret")
    assert signer.sign(LINES, now=NOW, nonce="8f3a19c2") == sign()
    assert "secret" not in repr(signer)


def test_the_mac_of_one_datagram_typed_out() -> None:
    """printf 'crcp-udp-1\\nha\\n1790000000.250\\n8f3a19c2\\nCAMERA0 PAN 30\\r\\n' | openssl dgst ..."""
    mac = "c47ec78425fe579301df7d3578889be02441f9fc8e8dd50034ec06bbb14612ec"
    head = f"USER ha\r\nPASS ts=1790000000.250;n=8f3a19c2;mac={mac}\r\n"
    datagram = Signer("ha", "secret").sign(b"CAMERA0 PAN 30\r\n", now=NOW, nonce="8f3a19c2")
    assert datagram == head.encode() + b"CAMERA0 PAN 30\r\n"


def test_a_fresh_datagram_is_opened_once() -> None:
    verifier = Verifier({"ha": "secret", "zoë": "pässword"})
    assert verifier.open(sign(), now=NOW + 4.9) == LINES
    assert verifier.open(sign(), now=NOW + 4.9) is None
    assert verifier.open(sign(n="8f3a19c3"), now=NOW - 4.9) == LINES
    assert verifier.open(sign(user="zoë", password="pässword"), now=NOW) == LINES
    assert verifier.open(sign(n="8F3A19C4"), now=NOW) == LINES
    assert read_lines(LINES) == ["CAMERA0 PAN 30", "TAPE0 PLAY 1 +600"]


@pytest.mark.parametrize(
    ("datagram", "now"),
    [
        (sign(), NOW + 5.1),
        (sign(), NOW - 5.1),
        (sign() + b"TAPE0 RECO\r\n", NOW),
        (sign().replace(b"PAN 30", b"PAN 31"), NOW),
        (sign().replace(b"n=8f3a19c2", b"n=8f3a19c3"), NOW),
        (sign().replace(b"000.250", b"000.251"), NOW),
        (sign().replace(b"USER ha", b"USER hb"), NOW),
        (sign(user="root"), NOW),
        (sign(user="root", password=""), NOW),
        (sign(password="Secret"), NOW),
        (sign(n="8f3a19c"), NOW),
        (sign(ts="-1"), NOW),
        (sign(ts="1e9"), NOW),
        (sign()[:-40], NOW),
        (LINES, NOW),
        (b"USER ha\r\nPASS secret\r\n" + LINES, NOW),
        (b"", NOW),
    ],
    ids=(
        "old future appended altered other-nonce other-time other-user stranger nobody"
        " wrong-password short-nonce negative-time exponent cut unsigned plain empty"
    ).split(),
)
def test_datagrams_that_are_not_let_in(datagram: bytes, now: float) -> None:
    assert Verifier({"ha": "secret"}).open(datagram, now=now) is None


def test_a_forged_datagram_does_not_use_up_a_nonce_and_old_ones_are_forgotten() -> None:
    verifier = Verifier({"ha": "secret"})
    assert verifier.open(sign(password="guess"), now=NOW) is None
    assert verifier.open(sign(), now=NOW) == LINES
    for number in range(1000):
        later = f"{NOW + 20 + number / 100:.3f}"
        assert verifier.open(sign(ts=later, n=f"{number:08x}"), now=float(later)) == LINES
    assert len(verifier._seen) == 1000
    last = f"{NOW + 50:.3f}"
    assert verifier.open(sign(ts=last), now=NOW + 50) == LINES
    assert len(verifier._seen) == 1


@pytest.mark.parametrize("user", ["ha\r\nTAPE0 RECO", "ha\n", "h\0"])
def test_a_name_cannot_smuggle_a_line_into_a_datagram(user: str) -> None:
    with pytest.raises(ValueError, match="line ends"):
        Signer(user, "x")


# -- section 13 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (
            "cccp://ha:secret@vcr.local/clips/wedding.ts",
            Url("vcr.local", 27272, "ha", "secret", ("clips",), "wedding.ts"),
        ),
        ("CCCP://vcr.local", Url("vcr.local")),
        ("crcp://192.0.2.5:5000/", Url("192.0.2.5", 5000)),
        ("cccp://[2001:db8::5]:21/x", Url("2001:db8::5", 21, name="x")),
        ("cccp://@h/a", Url("h", user="", name="a")),
        ("cccp://u:@h/a", Url("h", user="u", password="", name="a")),
        ("cccp://h/a%2Fb/c%20d;type=I", Url("h", folders=("a/b",), name="c d")),
        ("cccp://h/%2Fetc/x", Url("h", folders=("/etc",), name="x")),
        ("cccp://h/clips/;type=d", Url("h", folders=("clips",), type="d")),
        ("cccp://h/clips;type=A", Url("h", name="clips", type="a")),
        ("cccp://h/a%3Btype=d", Url("h", name="a;type=d")),
        ("cccp://u%40x:p%3A%2F@h/%C3%A9", Url("h", user="u@x", password="p:/", name="é")),
    ],
)
def test_urls(text: str, url: Url) -> None:
    assert parse_url(text) == url
    assert parse_url(format_url(url)) == url
    assert format_url(url).startswith("cccp://")


@pytest.mark.parametrize(
    "text",
    [
        "ftp://h/x",
        "cccp:/h/x",
        "cccp://",
        "cccp:///x",
        "cccp://h:0/x",
        "cccp://h:65536/x",
        "cccp://h:port/x",
        "cccp://h/a%0D%0ADELE",
        "cccp://h/%0Aa/b",
        "cccp://h/%00",
        "cccp://u%0D:p@h/",
        "cccp://u:secret%0A@h/",
        "cccp://h\r\nx/",
        "cccp://h x/",
        "cccp://h\0/",
    ],
)
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(ValueError, match=r"URL|port") as error:
        parse_url(text)
    assert "secret" not in str(error.value)


def test_a_url_shows_no_password() -> None:
    assert "secret" not in repr(parse_url("cccp://ha:secret@h/"))
