"""The sentence files against the README, against each other, and against what the code says."""

import ast
from collections.abc import Iterator
from functools import cache
import json
from pathlib import Path
import re
import string
from typing import Any

from hassil.intents import Intents, WildcardSlotList
from hassil.recognize import recognize_all
import pytest

from custom_components.crcp.intent import HANDLERS
from custom_components.crcp.voice_words import FOLDER, FREE, LANGUAGES, Words

ROOT = Path(__file__).parent.parent
INTENTS = {handler.intent_type for handler in HANDLERS}

#: The columns of the tables in the README and in docs/voice.md.
COLUMNS = {
    "English": "en",
    "German": "de",
    "French": "fr",
    "Japanese": "ja",
    "Chinese": "zh-Hans",
}

#: What each row of it comes to.
ROWS = {
    "Takes a picture": "CrcpTakePicture",
    "Records, where that is allowed": "CrcpRecord",
    "Plays a tape": "CrcpPlay",
    "Winds a tape": "CrcpWind",
    "Goes to a position": "CrcpGoTo",
    "Stops": "CrcpStop",
    "Sets a parameter": "CrcpSetParameter",
    "Gives control to the camera, or takes it back": "CrcpSetControl",
    "Looks": "CrcpLook",
    "Goes to a preset": "CrcpRecallPreset",
    "Counts today's photos": "CrcpCountPhotos",
    "Shows the last photo": "CrcpShowLastPicture",
}


def read(language: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))


def table() -> Iterator[tuple[str, str, str]]:
    """What the documents promise: language, intent, sentence."""
    for file, title in (("README.md", "Voice"), ("docs/voice.md", "In other languages")):
        section = (ROOT / file).read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
        yield from sentences_of(section)


def sentences_of(section: str) -> Iterator[tuple[str, str, str]]:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    languages = [COLUMNS[title] for title in rows[0][1:]]
    for what, *cells in rows[2:]:
        for language, cell in zip(languages, cells, strict=True):
            for sentence in re.findall(r"\*([^*]+)\*", cell):
                yield language, ROWS[what], sentence


@cache
def ears(language: str) -> tuple[Words, Intents]:
    """A language, and its sentences as Home Assistant's recogniser has them."""
    words = Words.load(language)
    triggers = {
        str(number): {"data": [{"sentences": list(each.patterns)}]}
        for number, each in enumerate(words.sentences)
    }
    intents = Intents.from_dict({"language": language, "intents": triggers})
    for name in FREE:
        intents.slot_lists[name] = WildcardSlotList(name)
    return words, intents


def understood(language: str, sentence: str) -> list[tuple[str, dict[str, Any]]]:
    """What Home Assistant's recogniser makes of a sentence: each trigger once, as it looks."""
    words, intents = ears(language)
    found: dict[str, dict[str, Any]] = {}
    for result in recognize_all(sentence, intents):
        slots = {key: entity.text.strip() for key, entity in result.entities.items()}
        found.setdefault(result.intent.name, slots)
    return [
        (words.sentences[int(number)].intent, {**words.sentences[int(number)].slots, **slots})
        for number, slots in found.items()
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_documents_means_one_thing(language: str) -> None:
    for column, intent, sentence in table():
        if column == language:
            # What comes first is tried first; a free place may let others fit as well.
            assert [found for found, _ in understood(language, sentence)][:1] == [intent], sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_documents_tell_of_every_intent_in_every_language(language: str) -> None:
    assert {intent for column, intent, _ in table() if column == language} == INTENTS


@pytest.mark.parametrize(
    ("language", "sentence", "slots"),
    [
        ("en", "rewind", {"direction": "backward"}),
        ("en", "set the iris of the attic camera to 4", {"parameter": "iris", "value": "4"}),
        ("en", "record for one minute with the attic tape", {"duration": "one minute"}),
        ("en", "go to preset door with the attic camera", {"preset": "door"}),
        ("de", "Spule den Recorder zurück", {"direction": "backward"}),
        ("de", "Nimm zehn Minuten lang mit dem Recorder auf", {"duration": "zehn Minuten"}),
        ("de", "Stelle die Schärfe auf 20", {"parameter": "focus", "value": "20"}),
    ],
)
def test_the_slots_are_what_was_said(language: str, sentence: str, slots: dict[str, str]) -> None:
    (_, heard), *_ = understood(language, sentence)
    assert heard | slots == heard


@pytest.mark.parametrize(
    ("language", "intent", "sentences"),
    [
        ("en", "CrcpTakePicture", "take picture|can you take a picture|snap a photo of us now"),
        ("en", "CrcpCountPhotos", "how many photos today|how many new photos are there today"),
        (
            "en",
            "CrcpShowLastPicture",
            "put the most recent photo on the tv|show us the last picture",
        ),
        ("de", "CrcpTakePicture", "mach mal ein Bild|Foto machen|kannst du bitte ein Foto machen"),
        ("de", "CrcpCountPhotos", "wie viele Fotos heute|wie viele Bilder wurden heute gemacht"),
        (
            "de",
            "CrcpShowLastPicture",
            "kannst du mir das letzte Foto zeigen|zeig uns das neueste Bild",
        ),
        ("fr", "CrcpTakePicture", "peux-tu prendre une photo|fais une photo maintenant"),
        ("fr", "CrcpStop", "peux-tu arrêter l'enregistrement|stoppe la cassette"),
        ("fr", "CrcpLook", "peux-tu regarder à gauche|tourne la caméra un peu vers la droite"),
        ("ja", "CrcpTakePicture", "写真をもう一枚撮って|写真をとってください"),
        ("ja", "CrcpStop", "録画をやめて|録画停止|テープをとめてください"),
        ("ja", "CrcpGoTo", "最初まで巻き戻して|5分30秒まで早送りして"),
        ("zh-Hans", "CrcpStop", "结束录制|请帮我停止录像|把录制停下来"),
        ("zh-Hans", "CrcpSetParameter", "变焦调到五|请把光圈设到f5.6"),
        ("zh-Hans", "CrcpWind", "快退两分钟|快进到结尾|倒带一点|在厨房倒带"),
        ("fr", "CrcpPlay", "mets la cassette en lecture|peux-tu lire la bande"),
        (
            "fr",
            "CrcpSetControl",
            "iris en automatique|active l'autofocus|passe le zoom en mode auto",
        ),
        ("fr", "CrcpWind", "rembobine dans la cuisine"),
        ("fr", "CrcpLook", "tourne la caméra vers le haut et à droite|caméra un peu à gauche"),
        ("ja", "CrcpPlay", "カセットを再生してください|録画再生"),
        ("ja", "CrcpSetControl", "オートフォーカスをオンにして|庭の絞りをオートに切り替えて"),
        ("ja", "CrcpWind", "台所で巻き戻して"),
        ("ja", "CrcpLook", "カメラを右下に向けて|カメラを上へ"),
        ("zh-Hans", "CrcpPlay", "放磁带|请在厨房播放录像"),
        ("zh-Hans", "CrcpSetControl", "打开自动对焦|请把白平衡改成自动模式"),
        ("zh-Hans", "CrcpLook", "把摄像机往右下转|让摄像机向左看"),
    ],
)
def test_one_thing_is_said_in_many_ways(language: str, intent: str, sentences: str) -> None:
    for sentence in sentences.split("|"):
        assert [found for found, _ in understood(language, sentence)][:1] == [intent], sentence


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "don't take a picture"),
        ("en", "do not stop the recording"),
        ("en", "take the picture down"),
        ("en", "how many photos came yesterday"),
        ("de", "mach kein Foto"),
        ("de", "nicht aufnehmen"),
        ("de", "wie viele Fotos kamen gestern"),
        ("fr", "n'arrête pas l'enregistrement"),
        ("ja", "録画を止めないで"),
        ("ja", "録画しないでください"),
        ("zh-Hans", "不要停止录制"),
        ("zh-Hans", "别停止录制"),
    ],
)
def test_the_opposite_is_not_understood(language: str, sentence: str) -> None:
    assert understood(language, sentence) == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "rewind, please"),
        ("en", "Please rewind the tape"),
        ("de", "Bitte spul zurück"),
        ("de", "spul bitte zurück"),
        ("fr", "rembobine s'il te plaît"),
        ("ja", "巻き戻してください"),
        ("zh-Hans", "请倒带"),
    ],
)
def test_politeness_is_understood(language: str, sentence: str) -> None:
    assert [intent for intent, _ in understood(language, sentence)] == ["CrcpWind"]


@pytest.mark.parametrize(
    "sentence",
    [
        "set the volume to five",
        "turn the volume up",
        "turn off the light in the kitchen",
        "go to bed",
        "stop the music",
        "set a timer for ten minutes",
        "show the front door camera",
        "how many lights are on",
        "take out the trash",
        "go to the beginning",
        "skip to the end",
        "take a picture of the garden down",
        "Spring zum Ende",
        "Dreh hoch",
        "Stelle die Heizung auf 20 Grad",
        "Schalte das Licht aus",
        "Stoppe die Musik",
        "Wie viele Lichter sind an",
    ],
)
def test_what_others_understand_is_left_to_them(sentence: str) -> None:
    for language in LANGUAGES:
        assert understood(language, sentence) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language: str) -> None:
    english, other = read("en"), read(language)
    assert set(other["replies"]) == set(english["replies"])
    for key, text in other["replies"].items():
        assert _fields(text) == _fields(english["replies"][key]), key
    assert meanings(language) == meanings("en")
    assert {each.intent for each in Words.load(language).sentences} == INTENTS


def meanings(language: str) -> set[tuple[str, str]]:
    """What a language's sentences stand for; where the unit stands beside a number is its own."""
    return {
        (
            each.intent,
            str({k: v for k, v in each.slots.items() if k not in ("first", "last", "bare")}),
        )
        for each in Words.load(language).sentences
    }


def test_every_reply_is_said_by_the_code() -> None:
    said = {
        node.value
        for path in (ROOT / "custom_components" / "crcp").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    put_together = {"winds_forward", "winds_backward", "set_automatic", "set_manual"}
    assert set(read("en")["replies"]) - said == put_together


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
