"""The URL of section 10: FTP's (RFC 1738 section 3.2) with the scheme cccp."""

from dataclasses import dataclass, field
import re
from urllib.parse import quote, unquote_to_bytes

from .codec import decode_text
from .grammar import FORBIDDEN
from .session import PORT

SCHEME = "cccp"

#: crcp is what the protocol is called today, so people will write it.
SCHEMES = frozenset({SCHEME, "crcp"})

_URL = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?\]|[^:/@\[\]\s\x00-\x1f]+)(?::(?P<port>[0-9]{1,5}))?(?:/(?P<path>.*))?",
    re.DOTALL,
)
_TYPE = re.compile(r";type=([iad])", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Url:
    """Where a unit is, and what to fetch there.

    folders: each an argument of CWD. name: the argument of RETR, or of the listing that type asks
    for: "d" NLST, "a" LIST, "i" RETR. No part holds CR, LF or NUL.
    """

    host: str
    port: int = PORT
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    folders: tuple[str, ...] = ()
    name: str = ""
    type: str = "i"


def parse_url(text: str) -> Url:
    """Read a URL. Raises ValueError that says what is wrong, without the password."""
    found = _URL.fullmatch(text)
    if not found or found["scheme"].lower() not in SCHEMES:
        raise ValueError("this is no URL of the form cccp://host/name")
    port = int(found["port"] or PORT)
    if not 0 < port < 65536:
        raise ValueError(f"{port} is no port")
    path, kind = _split_type(found["path"] or "")
    *folders, name = [_decode(segment) for segment in path.split("/")]
    return Url(
        host=found["host"].strip("[]"),
        port=port,
        user=None if found["user"] is None else _decode(found["user"]),
        password=None if found["password"] is None else _decode(found["password"]),
        folders=tuple(folders),
        name=name,
        type=kind,
    )


def format_url(url: Url) -> str:
    """Write a URL, its password included."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    login = ""
    if url.user is not None:
        secret = "" if url.password is None else f":{_encode(url.password)}"
        login = f"{_encode(url.user)}{secret}@"
    port = "" if url.port == PORT else f":{url.port}"
    path = "/".join(map(_encode, (*url.folders, url.name)))
    kind = "" if url.type == "i" else f";type={url.type}"
    return f"{SCHEME}://{login}{host}{port}/{path}{kind}"


def _split_type(path: str) -> tuple[str, str]:
    found = _TYPE.search(path)
    if not found or found.end() != len(path):
        return path, "i"
    return path[: found.start()], found[1].lower()


def _decode(segment: str) -> str:
    """Decode after splitting, so that %2F is a slash inside a name."""
    text = decode_text(unquote_to_bytes(segment))
    if FORBIDDEN.search(text):
        raise ValueError("a line end in a URL would be a command of its own")
    return text


def _encode(text: str) -> str:
    return quote(text, safe="")
