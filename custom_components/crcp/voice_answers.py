"""What is answered to a sentence that one of ours fits: by the first reading of it that makes sense.

A free place in a sentence matches anything, so one sentence can be read in several ways: "rewind
the attic tape by two minutes" is also a rewinding for as long as "the attic tape by two minutes".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hassil.intents import Intents, WildcardSlotList
from hassil.recognize import recognize_all
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, intent

from .const import DOMAIN
from .voice_handover import async_hand_on, context_of, speech_of
from .voice_numbers import NotUnderstood, NoUnit
from .voice_targets import ASSISTANT
from .voice_words import FREE, Sentences, Words

#: Marks a sentence of which nothing says that it tells a time: "record ten", "record the meeting".
BARE: Final = "bare"

type Heard = Mapping[str, Any]

#: One way to read a sentence: what it is one of, and what was said in its free places.
type Reading = tuple[Sentences, Mapping[str, str]]

_CODE = intent.IntentResponseErrorCode


class Nonsense(Exception):
    """A reading that makes no sense. reply: what could be said to it; is_half: only a unit lacks."""

    def __init__(self, reply: str, *, is_half: bool = False) -> None:
        super().__init__(reply)
        self.reply = reply
        self.is_half = is_half


class Answers:
    """The sentences of one language, and what is done and answered when one of them is heard."""

    def __init__(self, hass: HomeAssistant, words: Words) -> None:
        """Prepare to recognise the sentences. Blocks."""
        self._hass = hass
        self._words = words
        ours = {
            str(number): {"data": [{"sentences": list(sentences.patterns)}]}
            for number, sentences in enumerate(words.sentences)
        }
        self._intents = Intents.from_dict({"language": words.language, "intents": ours})
        self._intents.slot_lists.update({name: WildcardSlotList(name) for name in FREE})

    async def async_answer(self, heard: Heard) -> str:
        """Do what was heard or have others do it, and return what is to be said."""
        if self._words.never.search(heard["sentence"]):
            return await async_hand_on(self._hass, heard) or self._words.say("left_alone")
        nonsense: list[Nonsense] = []
        for reading in self.readings(heard["sentence"]):
            try:
                return await self._try(reading, heard)
            except Nonsense as wrong:
                nonsense.append(wrong)
        for each in nonsense:
            if each.is_half:
                return each.reply
        reply = nonsense[0].reply if nonsense else self._words.say("left_alone")
        return await async_hand_on(self._hass, heard) or reply

    def readings(self, sentence: str) -> Iterator[Reading]:
        """Every way to read a sentence, in the order of the file."""
        for result in recognize_all(sentence, self._intents):
            said = {key: entity.text.strip() for key, entity in result.entities.items()}
            sentences = self._words.sentences[int(result.intent.name)]
            yield sentences, said
            yield from self._with_a_name(sentences, said)

    def _with_a_name(self, sentences: Sentences, said: Mapping[str, str]) -> Iterator[Reading]:
        """A name and the time behind it: two free places with nothing between are taken for one."""
        text, in_front = " ".join(said.get("duration", "").split()), self._words.in_front
        found = in_front.match(text) if in_front and "name" not in said else None
        words = text[found.end() :].split() if found else []
        for cut in range(1, len(words)):
            apart = {**said, "name": " ".join(words[:cut]), "duration": " ".join(words[cut:])}
            try:
                self._slots(sentences, apart)
            except NoUnit:
                pass
            except NotUnderstood:
                continue
            yield sentences, apart
            return

    async def _try(self, reading: Reading, heard: Heard) -> str:
        """Do it, and return what is to be said. Raises Nonsense, with nothing done."""
        words, (sentences, said) = self._words, reading
        try:
            response = await self._handle(sentences, self._slots(sentences, said), heard)
        except NoUnit as wrong:
            quoted = words.quoted(str(wrong), heard["sentence"])
            raise Nonsense(words.say("no_unit", words=quoted), is_half=True) from None
        except NotUnderstood as wrong:
            if BARE in sentences.slots:
                raise Nonsense(words.say("left_alone")) from None
            key = "not_a_number" if sentences.intent == "CrcpSetParameter" else "not_a_time"
            quoted = words.quoted(str(wrong), heard["sentence"])
            raise Nonsense(words.say(key, words=quoted)) from None
        except intent.InvalidSlotInfo:
            return words.say("out_of_range")
        if response.error_code is not _CODE.NO_VALID_TARGETS:
            return speech_of(response)
        if words.numbers.is_number(name := said.get("name", "")):
            # "Rewind ten" fits "rewind {name}".
            raise Nonsense(words.say("no_unit", words=name), is_half=True)
        raise Nonsense(speech_of(response))

    async def _handle(
        self, sentences: Sentences, slots: dict[str, Any], heard: Heard
    ) -> intent.IntentResponse:
        """Have the intent do it. Raises InvalidSlotInfo."""
        if near := _area_of(self._hass, heard["device_id"]):
            slots["preferred_area_id"] = near
        return await intent.async_handle(
            self._hass,
            DOMAIN,
            sentences.intent,
            {key: {"value": value} for key, value in slots.items()},
            text_input=heard["sentence"],
            context=context_of(heard["user_input"]),
            language=self._words.language,
            assistant=ASSISTANT,
            device_id=heard["device_id"],
            satellite_id=heard["satellite_id"],
            conversation_agent_id=heard["user_input"]["agent_id"],
        )

    def _slots(self, sentences: Sentences, said: Mapping[str, str]) -> dict[str, Any]:
        """What an intent takes, of what was said. Raises NotUnderstood."""
        words, slots = self._words, dict[str, Any](sentences.slots)
        first, last, bare = (slots.pop(key, None) for key in ("first", "last", BARE))
        for key, what in said.items():
            text = words.heard(what)
            if key == "value":
                slots[key] = words.numbers.number(text)
            elif bare and ":" in text:
                # "Record 8:30" may be a time of the day as well.
                raise NoUnit(text)
            elif key in ("duration", "position"):
                slots[key] = words.seconds(text, first, last)
            elif text:
                slots[key] = text
        return slots


def _area_of(hass: HomeAssistant, device_id: str | None) -> str | None:
    """The area in which somebody spoke."""
    device = dr.async_get(hass).async_get(device_id) if device_id else None
    return dr.async_get_effective_area_id(hass, device) if device else None
