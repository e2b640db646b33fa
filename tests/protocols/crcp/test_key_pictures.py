"""Which pictures of a transport stream need no other, typed from the tables of the standards."""

import pytest

from custom_components.crcp.protocols.crcp.key_pictures import stands_alone
from custom_components.crcp.protocols.crcp.mpegts_tables import H264, H265

PES = bytes.fromhex("000001 e0 0000 80 80 05 21 00 01 00 01")
MPEG4 = 0x10


def pes(*units: str) -> bytes:
    return PES + b"".join(b"\0\0\1" + bytes.fromhex(unit) for unit in units)


DELIMITER = "09 f0"
#: first_mb_in_slice 0 ("1"), slice_type 7 ("0001000") or 2 ("011"): I; 5 ("00110"), 0 ("1"): P.
I_SLICE, I_SLICE_2, P_SLICE, P_SLICE_0 = "41 88 84", "41 b0 84", "41 98 84", "41 e0 84"
IDR_SLICE = "65 88 84"
#: recovery_point: type 6, 1 byte, recovery_frame_cnt 0 ("1") or 24 ("000011001").
RECOVERED, RECOVERING = "06 06 01 c4 80", "06 06 02 0c c0 80"
TIMING_FIRST = "06 01 02 00 04 06 01 c4 80"


@pytest.mark.parametrize(
    ("units", "flagged", "expected"),
    [
        ((DELIMITER, IDR_SLICE), False, True),
        ((DELIMITER, I_SLICE), False, False),
        ((DELIMITER, I_SLICE), True, True),
        ((DELIMITER, I_SLICE_2), True, True),
        ((DELIMITER, P_SLICE), True, False),
        ((DELIMITER, P_SLICE_0), True, False),
        ((DELIMITER, RECOVERED, I_SLICE), False, True),
        ((DELIMITER, TIMING_FIRST, P_SLICE), False, True),
        ((DELIMITER, RECOVERING, P_SLICE), True, False),
        ((DELIMITER, "06 ff 06 01", P_SLICE), True, False),
        ((DELIMITER, "41"), True, False),
        ((DELIMITER,), True, False),
        ((), True, False),
    ],
)
def test_a_picture_of_h264(units: tuple[str, ...], flagged: bool, expected: bool) -> None:
    assert stands_alone(H264, pes(*units), flagged=flagged) is expected


def test_pictures_of_other_kinds() -> None:
    """An intra random access point of H.265 (CRA, 21; TRAIL_R, 1); else the flag is believed."""
    assert stands_alone(H265, pes("2a 01 af"), flagged=False)
    assert not stands_alone(H265, pes("02 01 d0"), flagged=False)
    assert stands_alone(H265, pes("02 01 d0"), flagged=True)
    assert stands_alone(MPEG4, pes("b6 10"), flagged=True)
    assert not stands_alone(MPEG4, pes("b6 10"), flagged=False)
