"""What kind of media a file of the library is, and whether a browser may show it as it is.

The type is decided by the extension alone and never by the bytes, and what is in no list here is
only ever downloaded: a page or a drawing that somebody smuggled in must not run.
"""

from pathlib import PurePosixPath
from typing import Final

#: Pictures that every browser shows.
_SHOWN: Final = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpe": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}

#: Films; which of them play is for the browser to say.
_FILMS: Final = {
    "3gp": "video/3gpp",
    "avi": "video/x-msvideo",
    "m2ts": "video/mp2t",
    "m4v": "video/mp4",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "mts": "video/mp2t",
    "mxf": "application/mxf",
    "ts": "video/mp2t",
    "wmv": "video/x-ms-wmv",
}

#: Pictures that are shown by a preview, and downloaded as they are.
_PREVIEWED: Final = {
    "3fr": "image/x-hasselblad-3fr",
    "arw": "image/x-sony-arw",
    "cr2": "image/x-canon-cr2",
    "cr3": "image/x-canon-cr3",
    "crw": "image/x-canon-crw",
    "dng": "image/x-adobe-dng",
    "heic": "image/heic",
    "heif": "image/heif",
    "hif": "image/heif",
    "iiq": "image/x-phaseone-iiq",
    "nef": "image/x-nikon-nef",
    "nrw": "image/x-nikon-nrw",
    "orf": "image/x-olympus-orf",
    "pef": "image/x-pentax-pef",
    "raf": "image/x-fuji-raf",
    "rw2": "image/x-panasonic-rw2",
    "rwl": "image/x-leica-rwl",
    "sr2": "image/x-sony-sr2",
    "srf": "image/x-sony-srf",
    "srw": "image/x-samsung-srw",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "x3f": "image/x-sigma-x3f",
}

#: What nobody knows is bytes.
UNKNOWN: Final = "application/octet-stream"

JPEG: Final = "image/jpeg"

#: What the names of films end in, for whoever has to find a few among many pictures.
FILM_ENDINGS: Final = tuple(_FILMS)

_ALL: Final = {**_SHOWN, **_FILMS, **_PREVIEWED}


def mime_of(name: str) -> str:
    """The MIME type of a file by its name."""
    return _ALL.get(_extension(name), UNKNOWN)


def is_media(name: str) -> bool:
    """Whether a file is a picture or a film, and not what belongs to one."""
    return _extension(name) in _ALL


def is_picture(name: str) -> bool:
    """Whether a file is a picture."""
    return is_media(name) and not is_film(name)


def is_film(name: str) -> bool:
    """Whether a file is a film."""
    return _extension(name) in _FILMS


def is_previewed(name: str) -> bool:
    """Whether a file is a picture that browsers do not show."""
    return _extension(name) in _PREVIEWED


def may_be_shown(name: str) -> bool:
    """Whether a browser may get a file to show, and not only to store."""
    return _extension(name) in _SHOWN or is_film(name)


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").lower()
