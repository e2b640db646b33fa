"""The parameters of a camera (section 9 of the draft) in the words of this integration."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ParameterWords:
    """A parameter of section 9: its key here, and the keys of its steps down and up.

    rare: most people never step it, so its buttons are there for whoever switches them on.
    """

    key: str
    down: str
    up: str
    rare: bool = True

    @property
    def automatic(self) -> str:
        """The key of its automatic control."""
        return f"{self.key}_auto"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all that may be shown of it."""
        return self.key, self.automatic, self.down, self.up


#: By the name on the wire. "+" is: view to the right, up, narrower, farther, more open.
WORDS: Final = {
    "IRIS": ParameterWords("iris", "iris_close", "iris_open"),
    "SENS": ParameterWords("sensitivity", "sensitivity_down", "sensitivity_up"),
    "ROLL": ParameterWords("roll", "roll_left", "roll_right"),
    "PAN": ParameterWords("pan", "pan_left", "pan_right", rare=False),
    "TILT": ParameterWords("tilt", "tilt_down", "tilt_up", rare=False),
    "ZOOM": ParameterWords("zoom", "zoom_out", "zoom_in", rare=False),
    "HORI": ParameterWords("horizontal", "move_left", "move_right"),
    "VERT": ParameterWords("vertical", "move_down", "move_up"),
    "DEPT": ParameterWords("depth", "move_back", "move_forward"),
    "FOCU": ParameterWords("focus", "focus_near", "focus_far"),
    "WHIT": ParameterWords("white_balance", "white_balance_down", "white_balance_up"),
}

#: The same by their keys here.
BY_KEY: Final = {words.key: words for words in WORDS.values()}
