"""What a browser fetches of the library: by keys, with a login, and as what it is."""

from datetime import timedelta
from pathlib import Path

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp import photo_shelf
from tests.helpers import until
from tests.integration.shelf import (
    PICTURES,
    WHAT,
    Client,
    browse,
    camera,
    child,
    opened,
    path_of,
    shade,
    source,
    thumbnails_kept,
    titles,
)

__all__ = ["camera", "source"]


async def test_a_browser_gets_pictures_and_only_what_it_may_show(
    hass: HomeAssistant, source: MockConfigEntry, hass_client: Client, media: Path
) -> None:
    client = await hass_client()
    recent = await browse(hass, "recent")
    await until(lambda: thumbnails_kept(hass) == len(PICTURES))
    for title in titles(await browse(hass, "recent")):
        answer = await client.get(child(await browse(hass, "recent"), title).thumbnail)
        assert answer.status == 200, title
        assert answer.content_type == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "private" in answer.headers["Cache-Control"]
        assert "public" not in answer.headers["Cache-Control"]
        assert shade(await answer.read()) == (0, 1, 1), title  # the camera's own
    raw = await opened(hass, child(recent, "IMG_0003.CR3"))
    answer = await client.get(raw)
    assert (answer.content_type, shade(await answer.read())) == ("image/jpeg", (0, 0, 1))
    answer = await client.get(raw.replace("/preview", "/file"))
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert await answer.read() == next(media.rglob("IMG_0003.CR3")).read_bytes()
    evil = await client.get(await opened(hass, child(recent, "EVIL_1.JPG")))
    assert evil.content_type == "image/jpeg"
    assert evil.headers["X-Content-Type-Options"] == "nosniff"
    film = await opened(hass, child(recent, "MVI_0004.MP4"))
    part = await client.get(film, headers={"Range": "bytes=4-7"})
    assert (part.status, await part.read()) == (206, b"ftyp")
    assert (await client.head(film)).headers["Content-Type"] == "video/mp4"


async def test_a_drawing_or_a_page_is_never_shown_as_one(
    hass: HomeAssistant, source: MockConfigEntry, hass_client: Client
) -> None:
    client = await hass_client()
    key = await photo_shelf.async_key_of(hass, "local", path_of(hass, "EVIL.SVG"))
    answer = await client.get(f"/api/crcp/photo/{key}/file")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer = await client.get(f"/api/crcp/photo/{key}/preview")
    assert shade(await answer.read()) == (0, 1, 1)  # what the camera shows of it, painted anew


async def test_nothing_is_served_without_a_login(
    hass: HomeAssistant, source: MockConfigEntry, hass_client_no_auth: Client
) -> None:
    client = await hass_client_no_auth()
    key = (await browse(hass, "recent")).children[0].media_content_id.rpartition("/")[2]
    card = f"/api/crcp/card/{source.entry_id}/x/thumbnail"
    for address in (*(f"/api/crcp/photo/{key}/{what}" for what in WHAT), card):
        assert (await client.get(address)).status == 401, address
        assert (await client.head(address)).status == 401, address
    signed = async_sign_path(hass, f"/api/crcp/photo/{key}/file", timedelta(minutes=1))
    assert (await client.get(signed)).status == 200
    assert (await client.get(signed.replace("/file", "/preview"))).status == 401


async def test_only_keys_of_the_ledger_open_anything(
    hass: HomeAssistant, source: MockConfigEntry, hass_client: Client, media: Path
) -> None:
    client = await hass_client()
    item = child(await browse(hass, "recent"), "IMG_0001.JPG")
    key = item.media_content_id.rpartition("/")[2]
    number, _, digits = key.partition("-")
    keys = [
        "0-00000000", f"{number}-00000000", f"{int(number) + 99}-{digits}", number, f"-{key}", "x",
        "9" * 19 + "-" + digits, f"{key}0", "..%2f..%2fsecrets.yaml", "%00", f"{key}%0a",
        str(next(media.rglob("IMG_0001.JPG"))).replace("/", "%2f"),
    ]  # fmt: skip
    for bad in keys:
        for what in WHAT:
            answer = await client.get(f"/api/crcp/photo/{bad}/{what}")
            assert answer.status in {400, 404}, (bad, what)
    path = next(media.rglob("IMG_0001.JPG"))
    secret = media.parent / "secret.jpg"
    secret.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(secret)
    for what in WHAT:
        assert (await client.get(f"/api/crcp/photo/{key}/{what}")).status == 404


async def test_a_camera_s_thumbnail_may_be_lost_and_is_made_anew(
    hass: HomeAssistant, source: MockConfigEntry, hass_client: Client
) -> None:
    client = await hass_client()
    item = child(await browse(hass, "recent"), "IMG_0001.JPG")
    await until(lambda: thumbnails_kept(hass) == len(PICTURES))
    for path in Path(hass.config.cache_path("crcp")).rglob("*.jpg"):
        path.unlink()
    answer = await client.get(item.thumbnail)
    assert shade(await answer.read()) == (1, 0, 0)
    recent = await browse(hass, "recent")
    assert child(recent, "MVI_0004.MP4").thumbnail is None
    evil = child(recent, "EVIL_1.JPG")
    assert (await client.get(evil.thumbnail)).status == 404
    assert child(await browse(hass, "recent"), "EVIL_1.JPG").thumbnail is None
