"""What a language model can do with our devices: the intents, as tools."""

from typing import Final, override

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.intent import IntentResponse, IntentResponseType
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    IntentResponseDict,
    IntentTool,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)

from .const import DOMAIN
from .intent import HANDLERS
from .parameter_words import WORDS
from .voice_actions import DIRECTIONS, LAST_PHOTO, PHOTOS, PRESET, SHUTTER, STOP, TAPE
from .voice_targets import Wanted, has_exposed

# All of them act on devices in the house, so none reaches an open world.
_READS: Final = ToolAnnotations(read_only=True, open_world=False)
_SETS: Final = ToolAnnotations(destructive=False, idempotent=True, open_world=False)
_REPEATS: Final = ToolAnnotations(destructive=False, open_world=False)
_OVERWRITES: Final = ToolAnnotations(open_world=False)

_STEPS: Final = tuple(Wanted("button", key) for keys in DIRECTIONS.values() for key in keys)
_CONTROLS: Final = tuple(Wanted("switch", words.automatic) for words in WORDS.values())
_NUMBERS: Final = tuple(Wanted("number", words.key) for words in WORDS.values())

#: Of each intent: what it is called, how it behaves, and of what one has to be exposed.
_TOOLS: Final[dict[str, tuple[str, ToolAnnotations, tuple[Wanted, ...]]]] = {
    "CrcpTakePicture": ("Take a picture", _REPEATS, (SHUTTER,)),
    "CrcpPlay": ("Play a tape", _SETS, (TAPE,)),
    "CrcpRecord": ("Record on a tape", _OVERWRITES, (TAPE,)),
    "CrcpWind": ("Wind a tape", _SETS, (TAPE,)),
    "CrcpGoTo": ("Go to a position of a tape", _SETS, (TAPE,)),
    "CrcpStop": ("Stop a tape or a camera", _SETS, (TAPE, STOP)),
    "CrcpSetParameter": ("Set a parameter of a camera", _SETS, _NUMBERS),
    "CrcpSetControl": ("Switch automatic control of a camera", _SETS, _CONTROLS),
    "CrcpLook": ("Turn or zoom a camera", _REPEATS, _STEPS),
    "CrcpRecallPreset": ("Go to a preset", _SETS, (PRESET,)),
    "CrcpCountPhotos": ("Count today's photos", _READS, (PHOTOS,)),
    "CrcpShowLastPicture": ("Show the last photo", _SETS, (LAST_PHOTO,)),
}


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools for which the assistant sees a device."""
    if api_id != LLM_API_ASSIST:
        return None
    tools: list[Tool] = []
    for handler in HANDLERS:
        title, annotations, wanted = _TOOLS[handler.intent_type]
        if any(has_exposed(hass, each, llm_context.assistant) for each in wanted):
            tools.append(
                CrcpTool(
                    f"{DOMAIN}__{handler.intent_type}",
                    handler,
                    title=title,
                    integration=DOMAIN,
                    annotations=annotations,
                )
            )
    return LLMTools(tools) if tools else None


class CrcpTool(IntentTool):
    """An intent as a tool, whose result says when it was not done."""

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Handle the intent; why it could not be done is in the speech."""
        result = await super().async_call(hass, tool_input, llm_context)
        if isinstance(result.data, IntentResponseDict):
            response = result.data.original
            if isinstance(response, IntentResponse):
                result.error = response.response_type is IntentResponseType.ERROR
        return result
