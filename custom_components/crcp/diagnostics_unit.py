"""What a unit is and does, for a report about a defect: everything but where it is and who we are."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME

from .const import CONF_ACCOUNT, CONF_IDENTITY
from .coordinator import UnitConfigEntry

#: Secrets, and addresses that lead into somebody's home.
REDACTED: Final = {
    CONF_HOST,
    CONF_PASSWORD,
    CONF_USERNAME,
    CONF_ACCOUNT,
    CONF_IDENTITY,
    "unique_id",
    "title",
}


def unit_diagnostics(entry: UnitConfigEntry) -> dict[str, Any]:
    """Describe a unit as its coordinator knows it."""
    coordinator = entry.runtime_data
    state = coordinator.data
    connection = coordinator.connection
    return {
        "entry": async_redact_data(entry.as_dict(), REDACTED),
        "connected": coordinator.last_update_success,
        "one_way": coordinator.one_way,
        "last_error": str(coordinator.last_exception or ""),
        "subunits": {str(subunit): word for subunit, word in state.unit.spellings.items()},
        "power": {str(power): coordinator.powers.is_on(power) for power in state.power},
        "tapes": {
            str(subunit): {
                **asdict(status),
                "speed": coordinator.tape(subunit).speed,
                "loaded": coordinator.tape(subunit).title is not None,
            }
            for subunit, status in state.tapes.items()
        },
        "cameras": {str(subunit): asdict(status) for subunit, status in state.cameras.items()},
        "unsupported": sorted(
            f"{subunit} {name}" for subunit, name in (connection.unsupported if connection else ())
        ),
    }
