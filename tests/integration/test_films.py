"""What clips are made of, and films for a unit: what they take, and what a bad clock does to them."""

from fractions import Fraction
import io
from itertools import chain
from pathlib import Path
import tempfile

import av
import pytest

from custom_components.crcp.films import FilmStream, NoFilm, make_film
from custom_components.crcp.spool import Spool
from custom_components.crcp.virtual.footage import Footage
from custom_components.crcp.virtual.reels import Span
from custom_components.crcp.virtual.test_card import read_stamp
from tests.virtual.watching import footage

__all__ = ["footage"]


def stream_of(footage: Footage) -> bytes:
    whole = Span(0, footage.duration)
    return b"".join(piece for piece, _, _ in footage.reel(33, 7).play(whole, whole))


def packed(stream: bytes, begin: float, end: float) -> tuple[list[int], float]:
    """The numbers that a film shows, and how long it says that it is."""
    with tempfile.TemporaryFile() as film:
        shown = make_film(io.BytesIO(stream), film, begin, end)
        film.seek(0)
        with av.open(film) as opened:
            stamps = [read_stamp(each.to_image()) for each in opened.decode(video=0)]
    return [stamp.number for stamp in stamps if stamp], shown


def test_a_film_shows_what_lies_between_two_moments(footage: Footage) -> None:
    numbers, shown = packed(stream_of(footage), 0.5 - 0.02, 1.2 - 0.02)
    assert numbers == list(range(12, 30))
    assert shown == pytest.approx(0.7)


def test_a_film_of_nothing_is_none(footage: Footage) -> None:
    with pytest.raises(NoFilm):
        packed(b"", 0, 1)
    with pytest.raises(NoFilm):
        packed(stream_of(footage), 5, 6)


@pytest.mark.parametrize("later", [1000, -0.5])
def test_a_clock_that_is_set_anew_does_not_stop_the_film(footage: Footage, later: float) -> None:
    """Two streams, the second of which has another clock."""
    with io.BytesIO() as moved:
        with (
            av.open(io.BytesIO(stream_of(footage)), format="mpegts") as one,
            av.open(moved, "w", format="mpegts") as made,
        ):
            track = made.add_stream_from_template(one.streams.video[0])
            for packet in one.demux(video=0):
                if packet.dts is not None and packet.pts is not None:
                    assert packet.time_base == Fraction(1, 90000)
                    step = int(later * 90000)
                    packet.dts, packet.pts = packet.dts + step, packet.pts + step
                    packet.stream = track
                    made.mux(packet)
        both = stream_of(footage) + moved.getvalue()
    numbers, shown = packed(both, 0, 100)
    assert len(numbers) == pytest.approx(150, abs=2)
    assert shown == pytest.approx(6, abs=0.1)


def test_a_film_is_sent_piece_by_piece_and_takes_no_room(
    footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "film.mp4"
    with path.open("w+b") as file:
        make_film(io.BytesIO(stream_of(footage)), file, 0, 100)

    def no_room(*_args: object, **_options: object) -> None:
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_room)
    film = FilmStream(path)
    assert film.duration == pytest.approx(3, abs=0.1)
    pieces = list(film.pieces())
    film.close()
    assert all(len(piece.data) % 188 == 0 for piece in pieces)
    moments = [piece.moment for piece in pieces]
    assert moments == sorted(moments)
    assert len(pieces) >= 75
    assert max(len(piece.data) for piece in pieces) < sum(len(piece.data) for piece in pieces) / 10
    with av.open(io.BytesIO(b"".join(piece.data for piece in pieces)), format="mpegts") as opened:
        assert sum(1 for _ in opened.decode(video=0)) == 75


def test_what_is_no_film_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"no film")
    with pytest.raises(NoFilm):
        FilmStream(tmp_path / "x.mp4")


def test_a_spool_gives_back_to_the_disk_what_was_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment=100)
    data = bytes(chain.from_iterable(range(250) for _ in range(3)))
    for at in range(0, 750, 70):
        spool.write(memoryview(data)[at : at + 70])
    assert len(spool._files) == 8
    found = b""
    while piece := spool.read(64):
        found += piece
        assert len(spool._files) == 8 - (len(found) - 1) // 100
    assert found == data
    assert not spool._files
    assert not list(tmp_path.iterdir())


def test_a_spool_can_be_begun_anew(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.write(memoryview(b"old"))
    spool.close()
    spool.write(memoryview(b"new"))
    assert spool.read(9) == b"new"
    spool.close()
    assert spool.read(9) == b""
