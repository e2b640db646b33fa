"""Picture files put together by hand, as their documents have them."""

import io
import struct

from PIL import Image

Entry = tuple[int, int, int, bytes]


def jpeg(width: int = 200, height: int = 150, colour: str = "red", **options: object) -> bytes:
    """A JPEG file of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG", **options)
    return file.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    """T.81 B.1.1.4: the marker, the length that counts itself, the body."""
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def with_segments(picture: bytes, *segments: bytes) -> bytes:
    """A JPEG file with these segments behind its first marker."""
    return picture[:2] + b"".join(segments) + picture[2:]


def with_exif(picture: bytes, tiff: bytes) -> bytes:
    return with_segments(picture, segment(0xE1, b"Exif\0\0" + tiff))


def claiming(picture: bytes, width: int, height: int) -> bytes:
    """The same with another size in its frame header (T.81 B.2.2)."""
    at = picture.index(b"\xff\xc0") if b"\xff\xc0" in picture else picture.index(b"\xff\xc2")
    return picture[: at + 5] + struct.pack(">HH", height, width) + picture[at + 9 :]


def long(tag: int, *numbers: int) -> Entry:
    return tag, 4, len(numbers), struct.pack(f"<{len(numbers)}I", *numbers)


def short(tag: int, *numbers: int) -> Entry:
    return tag, 3, len(numbers), struct.pack(f"<{len(numbers)}H", *numbers)


def directory(*entries: Entry, after: int = 0) -> bytes:
    """A directory whose values all fit into their entries (TIFF 6.0, section 2), little-endian."""
    body = struct.pack("<H", len(entries))
    for tag, kind, count, value in entries:
        body += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    return body + struct.pack("<I", after)


def tiff(*parts: tuple[int, bytes], first: int = 8, magic: bytes = b"II*\0") -> bytes:
    """A TIFF file with parts at their offsets."""
    data = bytearray(magic + struct.pack("<I", first))
    for offset, part in parts:
        data.extend(bytes(max(0, offset + len(part) - len(data))))
        data[offset : offset + len(part)] = part
    return bytes(data)


def box(kind: bytes, *bodies: bytes) -> bytes:
    """14496-12, 4.2: the size that counts itself, the type, the body."""
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), kind) + body


CANON_HEADER = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
CANON_PREVIEW = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")


def canon_raw(thumb: bytes, preview: bytes, orientation: int = 1) -> bytes:
    """A CR3 file without its raw data."""
    about = tiff((8, directory(short(0x0112, orientation))))
    small = box(b"THMB", struct.pack(">4xHHIHH", 160, 120, len(thumb), 1, 0), thumb)
    large = box(b"PRVW", struct.pack(">4xHHHHI", 1, 1620, 1080, 1, len(preview)), preview)
    return (
        box(b"ftyp", b"crx \0\0\0\1crx isom")
        + box(b"moov", box(b"uuid", CANON_HEADER, box(b"CMT1", about), small))
        + box(b"uuid", CANON_PREVIEW, bytes(7) + b"\1", large)
        + box(b"mdat", bytes(64))
    )


def heif(kind: bytes, item: bytes) -> bytes:
    """A HEIF file with one item (14496-12, 8.11): infe version 2, iloc version 1."""
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    infe = box(b"infe", b"\2\0\0\0" + struct.pack(">HH4s", 7, 0, kind) + b"\0")
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", 1), infe)

    def meta(place: int) -> bytes:
        where = struct.pack(">HHHHII", 7, 0, 0, 1, place, len(item))
        iloc = box(b"iloc", b"\1\0\0\0\x44\0" + struct.pack(">H", 1) + where)
        return box(b"meta", bytes(4), iinf, iloc)

    place = len(head) + len(meta(0)) + 8
    return head + meta(place) + box(b"mdat", item)
