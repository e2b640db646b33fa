from datetime import datetime

from homeassistant.util import raise_if_invalid_path
from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.importer.template import DEFAULT, FIELDS, Template, TemplateError

from .bench import NOW, Bench, FakeSource, a_photo
from .hostile import HOSTILE_NAMES


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{name}", "IMG_0001.JPG"),
        ("{camera}/{date}/{name}", "Kitchen/2026-05-01/IMG_0001.JPG"),
        ("{year}-{month}/{day}_{hour}{minute}{second}", "2026-05/01_064210.JPG"),
        ("{serial}/slot {slot}/{folder}/{name}", "042/slot 1/100CRCP/IMG_0001.JPG"),
        ("{camera}/{counter}", "Kitchen/000007.JPG"),
        ("photos/{name}", "photos/IMG_0001.JPG"),
    ],
)
def test_fields_are_replaced_and_the_extension_stays(template: str, path: str) -> None:
    assert str(Template(template).path("Kitchen", a_photo(), NOW, 7)) == path


@pytest.mark.parametrize(
    ("template", "tells"),
    [
        (DEFAULT.text, True),
        ("{counter}", True),
        ("{date}/{hour}{minute}{second}", True),
        ("{camera}", False),
        ("{camera}/{year}/{date}", False),
        ("name", False),
    ],
)
def test_some_templates_give_all_pictures_one_name(template: str, tells: bool) -> None:
    assert Template(template).tells_apart is tells


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("", "1 to 200"),
        ("x" * 201, "1 to 200"),
        ("/{name}", "slash"),
        ("{name}/", "slash"),
        ("a//{name}", "slash"),
        ("../{name}", "dot"),
        (".hidden/{name}", "dot"),
        ("a..b/{name}", "dot"),
        ("{name", "partner"),
        ("name}", "partner"),
        ("{{name}}", "partner"),
        ("{nam}", r"\{nam\} is unknown; there are camera, "),
        ("{name.__class__}", "unknown"),
        ("{}", "unknown"),
        ("C:{name}", "characters"),
        ("a\\{name}", "characters"),
        ("~/{name}", "characters"),
        ("x\0{name}", "characters"),
        ("CON/{name}", "characters"),
        ("a/b/c/d/e/f/g/h/{name}", "levels"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(template: str, why: str) -> None:
    with pytest.raises(TemplateError, match=why):
        Template(template)


def test_a_preview_shows_what_a_person_will_see() -> None:
    assert str(DEFAULT.preview("Kitchen")) == "Kitchen/2026/2026-05-01/IMG_0042.JPG"
    assert str(Template("{counter}").preview("Kitchen")) == "000042.JPG"


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_what_a_camera_says_makes_no_folder_and_leaves_none(name: str) -> None:
    template = Template("/".join(f"{{{field}}}" for field in list(FIELDS)[:6]))
    photo = a_photo(name, folder=f"DCIM/{name}", serial=name, storage=name)
    path = template.path(name, photo, NOW)
    assert len(path.parts) == 6
    raise_if_invalid_path(str(path))


@given(st.text(max_size=40))
def test_any_text_is_a_template_or_is_refused(text: str) -> None:
    try:
        template = Template(text)
    except TemplateError:
        return
    path = template.path("Kitchen", a_photo(), NOW)
    assert len(path.parts) == text.count("/") + 1
    assert not path.is_absolute()
    raise_if_invalid_path(str(path))


async def test_shots_are_numbered_and_the_parts_of_one_have_one_number(bench: Bench) -> None:
    source = FakeSource()
    source.add("A.NEF")
    source.add("B.JPG")
    source.add("A.JPG")
    bench.importer = bench.make_importer(template=Template("{counter}"))
    await bench.importer.run(source)
    assert sorted(bench.files()) == ["000001.JPG", "000001.NEF", "000002.JPG"]
    source.add("C.JPG", capture_date=datetime(2026, 7, 1))
    bench.restart()
    bench.importer = bench.make_importer(template=Template("{counter}"))
    await bench.importer.run(source)
    assert max(bench.files()) == "000003.JPG"
