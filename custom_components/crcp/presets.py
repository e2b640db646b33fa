"""Presets: where a camera's parameters stood, kept under a name in the entry's options."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self
import uuid

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .const import CONF_PRESETS
from .errors import invalid
from .names import clean_name
from .protocols.crcp.codec import parse_subunit
from .protocols.crcp.messages import Subunit
from .protocols.crcp.status import CameraStatus
from .protocols.crcp.subunits import CAMERA

#: More than a person can remember; each is an entity.
MAX_PRESETS: Final = 64


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset. values: by parameter. automatic: the parameters under the camera's control."""

    id: str
    name: str
    camera: Subunit
    values: dict[str, float]
    automatic: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, camera: Subunit, status: CameraStatus) -> Self:
        """Make a preset of where a camera stands."""
        automatic = [p.name for p in status.parameters.values() if p.automatic]
        values = {
            p.name: p.current
            for p in status.parameters.values()
            if p.current is not None and p.name not in automatic
        }
        return cls(uuid.uuid4().hex, name, camera, values, tuple(automatic))

    @classmethod
    def load(cls, preset_id: str, stored: Mapping[str, Any]) -> Self:
        """Read a preset as it was stored."""
        camera = parse_subunit(stored["camera"]) or Subunit(CAMERA)
        values, automatic = dict(stored["values"]), tuple(stored["automatic"])
        return cls(preset_id, stored["name"], camera, values, automatic)

    def store(self) -> dict[str, Any]:
        """Write a preset to be stored."""
        stored = asdict(self) | {"camera": str(self.camera), "automatic": list(self.automatic)}
        del stored["id"]
        return stored


class Presets:
    """The presets of one unit."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        self._hass = hass
        self._entry = entry

    @property
    def all(self) -> dict[str, Preset]:
        """Every preset by its id."""
        stored = self._entry.options.get(CONF_PRESETS, {})
        return {each: Preset.load(each, preset) for each, preset in stored.items()}

    def find(self, camera: Subunit, name: str) -> Preset:
        """The preset of a camera by its name. Raises ServiceValidationError."""
        wanted = clean_name(name, "").casefold()
        for preset in self.all.values():
            if preset.camera == camera and preset.name.casefold() == wanted:
                return preset
        raise invalid("no_such_preset", name=name)

    def save(self, name: str, camera: Subunit, status: CameraStatus) -> None:
        """Keep where a camera stands; a preset of the same name is replaced."""
        preset = Preset.of(clean_name(name, "Preset"), camera, status)
        presets = self.all
        for old in presets.values():
            if old.camera == camera and old.name.casefold() == preset.name.casefold():
                preset = replace(preset, id=old.id)
        if preset.id not in presets and len(presets) >= MAX_PRESETS:
            raise invalid("too_many_presets", name=name)
        self._keep({**presets, preset.id: preset})

    def rename(self, preset: Preset, name: str) -> None:
        """Give a preset another name. Raises ServiceValidationError when it is taken."""
        new = clean_name(name, preset.name)
        for other in self.all.values():
            same = other.camera == preset.camera and other.name.casefold() == new.casefold()
            if same and other.id != preset.id:
                raise invalid("preset_exists", name=new)
        self._keep({**self.all, preset.id: replace(preset, name=new)})

    def delete(self, preset: Preset) -> None:
        """Forget a preset."""
        self._keep({each: other for each, other in self.all.items() if each != preset.id})

    def _keep(self, presets: dict[str, Preset]) -> None:
        stored = {each: preset.store() for each, preset in presets.items()}
        options = {**self._entry.options, CONF_PRESETS: stored}
        self._hass.config_entries.async_update_entry(self._entry, options=options)
