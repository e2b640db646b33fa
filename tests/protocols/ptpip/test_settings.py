"""What a camera's properties set, by the names that are on dials and screens."""

import pytest

from custom_components.crcp.protocols.ptpip.codes import DevicePropCode
from custom_components.crcp.protocols.ptpip.errors import Misuse
from custom_components.crcp.protocols.ptpip.properties import (
    DataTypeCode,
    DevicePropDesc,
    Enumeration,
    Range,
)
from custom_components.crcp.protocols.ptpip.settings import (
    MAX_CHOICE,
    MAX_CHOICES,
    STANDARD,
    Control,
    say_aperture,
    say_seconds,
)
from custom_components.crcp.protocols.ptpip.vendors.canon_settings import (
    SETTINGS,
    describe,
    encode_value,
)


def control(code: int, current: int | str, form: Range | Enumeration | None) -> Control:
    described = DevicePropDesc(
        code=DevicePropCode(code),
        data_type=DataTypeCode.UINT16,
        writable=True,
        default=current,
        current=current,
        form=form,
    )
    return Control(STANDARD[code], described)


# The units are those of clause 13.4: FNumber by 100, ExposureTime in 0.1 ms, bias by 1000.
@pytest.mark.parametrize(
    ("code", "value", "name"),
    [
        (0x5007, 280, "f/2.8"),
        (0x5007, 1100, "f/11"),
        (0x500D, 40, "1/250 s"),
        (0x500D, 166, "1/60 s"),
        (0x500D, 3, "1/3200 s"),
        (0x500D, 1, "1/10000 s"),
        (0x500D, 300_000, "30 s"),
        (0x500D, 0xFFFFFFFF, "bulb"),
        (0x500F, 400, "400"),
        (0x500F, 0xFFFF, "auto"),
        (0x5010, -667, "-0.7"),
        (0x5010, 1000, "+1.0"),
        (0x5010, 0, "0"),
        (0x5005, 4, "daylight"),
        (0x5005, 0x8011, "0x8011"),
        (0x500E, 3, "aperture_priority"),
        (0x5008, 5000, "50 mm"),
        (0x5012, 2500, "2.5 s"),
        (0x5003, "6000x4000", "6000x4000"),
    ],
)
def test_a_value_is_called_as_on_a_dial(code: int, value: int | str, name: str) -> None:
    assert control(code, value, Enumeration((value,))).value == name


def test_a_list_gives_choices_in_its_order_and_back() -> None:
    isos = control(0x500F, 200, Enumeration((100, 200, 0xFFFF)))
    assert list(isos.choices) == ["100", "200", "auto"]
    assert isos.raw("auto") == 0xFFFF
    assert isos.bounds is None
    with pytest.raises(Misuse):
        isos.raw("300")
    with pytest.raises(Misuse):
        isos.raw(100.0)


def test_two_values_of_one_name_are_one_choice() -> None:
    times = control(0x500D, 10_000, Enumeration((40, 41)))
    assert times.choices == {"1/250 s": 40}


def test_a_range_gives_a_number_that_snaps_to_its_steps() -> None:
    bias = control(0x5010, 500, Range(-3000, 3000, 500))
    assert (bias.value, bias.bounds) == (0.5, (-3.0, 3.0, 0.5))
    assert [bias.raw(value) for value in (-1.0, 0.74, 0.76)] == [-1000, 500, 1000]
    assert bias.choices == {}


@pytest.mark.parametrize("form", [Range(5, 5, 1), Range(0, 100, 0), None])
def test_a_form_that_makes_no_sense_is_survived(form: Range | None) -> None:
    assert control(0x500F, 5, form).value in ("5", 5.0)


def test_a_range_without_a_step_has_steps_of_one() -> None:
    bias = control(0x5010, 500, Range(-3000, 3000, 0))
    assert bias.bounds == (-3.0, 3.0, 0.001)
    assert bias.raw(0.7504) == 750


def test_white_balance_in_a_range_is_no_number() -> None:
    balance = control(0x5005, 2, Range(1, 7, 1))
    assert (balance.value, balance.bounds, balance.choices) == ("auto", None, {})


def test_odd_times_and_apertures_are_still_said() -> None:
    assert [say_seconds(each) for each in (0, 0.4, 1.3, 1 / 7)] == [
        "0 s",
        "0.4 s",
        "1.3 s",
        "1/7 s",
    ]
    assert [say_aperture(each) for each in (0.95, 5.6, 22)] == ["f/0.95", "f/5.6", "f/22"]


# Canon counts in eighths of a stop: 8 is f/1, 0x38 is a second, 0x48 is ISO 100; 3 and 5 are
# thirds, 4 is a half.
@pytest.mark.parametrize(
    ("code", "value", "name"),
    [
        (0xD101, 0x08, "f/1"),
        (0xD101, 0x20, "f/2.8"),
        (0xD101, 0x2B, "f/4.5"),
        (0xD101, 0x30, "f/5.6"),
        (0xD101, 0x4B, "f/18"),
        (0xD101, 0x34, "f/6.7"),
        (0xD101, 0x00, "auto"),
        (0xD102, 0x0C, "bulb"),
        (0xD102, 0x10, "30 s"),
        (0xD102, 0x2D, "2.5 s"),
        (0xD102, 0x38, "1 s"),
        (0xD102, 0x40, "0.5 s"),
        (0xD102, 0x48, "1/4 s"),
        (0xD102, 0x60, "1/30 s"),
        (0xD102, 0x78, "1/250 s"),
        (0xD102, 0x98, "1/4000 s"),
        (0xD102, 0xA0, "1/8000 s"),
        (0xD103, 0x00, "auto"),
        (0xD103, 0x48, "100"),
        (0xD103, 0x4B, "125"),
        (0xD103, 0x4D, "160"),
        (0xD103, 0x70, "3200"),
        (0xD103, 0x80, "12800"),
        (0xD104, 0x00, "0"),
        (0xD104, 0x0B, "+1.3"),
        (0xD104, 0xFD, "-0.3"),
        (0xD104, 0xF8, "-1.0"),
        (0xD104, 0xFFFFFFF5, "-1.3"),
        (0xD109, 0, "auto"),
        (0xD109, 8, "shade"),
        (0xD109, 0x0B, "0x000b"),
    ],
)
def test_a_value_of_canons_is_called_as_on_a_dial(code: int, value: int, name: str) -> None:
    assert Control(SETTINGS[code], describe(code, value, ())).value == name


def test_every_value_that_an_eos_lists_has_a_name_of_its_own() -> None:
    listed = tuple(value for value in range(0x10, 0xA1) if value % 8 in (0, 3, 5))
    for code, values in ((0xD102, listed), (0xD101, listed[:40]), (0xD103, range(0x48, 0x98, 8))):
        choices = Control(SETTINGS[code], describe(code, 0, tuple(values))).choices
        assert len(choices) == len(tuple(values))


def test_canon_is_told_size_property_and_value() -> None:
    assert encode_value(0xD103, 0x50).hex() == "0c000000" + "03d10000" + "50000000"


def test_what_canon_gives_no_list_for_cannot_be_set() -> None:
    assert not Control(SETTINGS[0xD101], describe(0xD101, 0, ())).writable


def test_a_list_without_end_is_cut_to_what_a_person_can_choose_from() -> None:
    iso = control(DevicePropCode.EXPOSURE_INDEX, 1, Enumeration(tuple(range(65535))))
    assert list(iso.choices) == [str(number) for number in range(MAX_CHOICES)]
    texts = tuple(f"{number:<255}" for number in range(MAX_CHOICES))
    size = control(DevicePropCode.IMAGE_SIZE, texts[7], Enumeration(texts))
    assert {len(name) for name in size.choices} == {MAX_CHOICE}
    assert size.raw(size.value) == texts[7]
