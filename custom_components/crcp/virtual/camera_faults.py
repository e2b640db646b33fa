"""What can go wrong with a camera, declared: real ones do each of these."""

from dataclasses import dataclass, field, fields
from typing import Final, Self

from ..protocols.ptpip.datatypes import Bytes

#: The largest number that a packet can hold.
_U32: Final = 0xFFFFFFFF

#: How far a size may be told wrong, either way.
_FAR: Final = 1 << 40


def _fault(about: str, default: int = 0, *, least: int | None = None, most: int = _U32) -> int:
    least = default if least is None else least
    about_it = {"about": about, "least": least, "most": most}
    value: int = field(default=default, metadata=about_it)
    return value


@dataclass(slots=True)
class CameraFaults:
    """One field a fault, a number each; 0 is a camera that behaves. Set them while it runs.

    Counts are used up: a camera that was busy three times is then busy no more. Times are in
    milliseconds, sizes and places in bytes. Two times are no faults: how long it waits for an event
    connection and for the answer to a probe, which real cameras do not wait for without end either.
    """

    # -- coming in -----------------------------------------------------------------------------
    init_fail: int = _fault("answers Init Command Request with Init Fail of this reason")
    event_fail: int = _fault("answers Init Event Request with Init Fail of this reason")
    event_refused: int = _fault("closes so many event connections unheard")
    silent: int = _fault("takes connections and says nothing, as a Sony does to a second one")
    hollow: int = _fault("lets strangers in but shows them nothing, as a Nikon does")
    ghost: int = _fault("after a lost connection, says Init Fail 2 so many times")
    settle: int = _fault("ignores who comes back sooner than so many milliseconds")
    evict: int = _fault("a new initiator ends the connection of the one before")
    join_within: int = _fault(
        "hangs up when the event connection does not come in time", 5000, least=1
    )

    # -- staying -------------------------------------------------------------------------------
    idle_off: int = _fault("switches itself off after so many milliseconds without an operation")
    probe_every: int = _fault("probes so often")
    probe_within: int = _fault("hangs up when a probe is not answered in time", 10_000, least=1)
    deaf: int = _fault("does not answer probes")
    mute: int = _fault("tells no events at all")
    flood: int = _fault("sends so many ObjectAdded when a session is opened", most=1_000_000)
    echo: int = _fault("tells every event so many times more", most=1000)
    folder_events: int = _fault("tells ObjectAdded of the folder as well")
    card_out: int = _fault("its card is taken out after so many more operations", -1)

    # -- the wire ------------------------------------------------------------------------------
    drop_after: int = _fault("closes the command connection after so many more bytes", -1)
    drop_packet: int = _fault("closes the command connection before the packet of this number", -1)
    reset: int = _fault("drops with a reset instead of a close")
    stall_after: int = _fault("falls silent for ever after so many more bytes", -1)
    event_drop_after: int = _fault("drop-after, on the event connection", -1)
    event_drop_packet: int = _fault("drop-packet, on the event connection", -1)
    event_stall_after: int = _fault("stall-after, on the event connection, and there alone", -1)
    event_garbage: int = _fault("sends so many malformed packets in place of events")
    garbage: int = _fault("sends so many malformed packets in place of responses")
    unknown_packets: int = _fault("puts a packet of an unknown type before each response")
    stale_id: int = _fault("answers so many times with the id of the transaction before")
    stale_data: int = _fault("sends so many data phases with the id of the transaction before")
    repeat: int = _fault("sends so many responses twice")
    strict: int = _fault("hangs up on a wrong transaction id instead of refusing it")
    stubborn: int = _fault("goes on sending when it is asked to cancel")

    # -- answers -------------------------------------------------------------------------------
    busy: int = _fault("answers DeviceBusy so many times")
    general_error: int = _fault("answers GeneralError to so many GetObjectInfo")
    events_refused: int = _fault("answers GeneralError to so many GetEvent, where it is asked")
    id_refused: int = _fault("answers InvalidTransactionID to so many right ones")
    not_available: int = _fault("answers StoreNotAvailable so many times, as with a flat battery")
    gone: int = _fault("answers InvalidObjectHandle to so many GetObject")
    denied: int = _fault("answers AccessDenied to every ObjectInfo and read of an object")
    no_parts: int = _fault("answers OperationNotSupported to reads of parts that it lists")
    hide_card: int = _fault("lists nothing in remote mode, as some Canons do")
    no_flat: int = _fault("lists nothing (1), or the root only (2), unless asked by folder", most=2)

    # -- data ----------------------------------------------------------------------------------
    announce_more: int = _fault(
        "announces so many bytes more than come (less, if negative)", least=-_FAR, most=_FAR
    )
    info_more: int = _fault(
        "says in ObjectInfo that objects have so many bytes more (or less)", least=-_FAR, most=_FAR
    )
    size_modulo: int = _fault("says sizes modulo 2^32 in ObjectInfo, not 0xFFFFFFFF for large ones")
    cut_data: int = _fault("breaks objects off after so many bytes, with IncompleteTransfer", -1)
    cancels: int = _fault("breaks so many objects off in the middle, with CancelTransaction")
    vanish: int = _fault("loses so many objects in the middle: GeneralError, and they are gone")
    short_parts: int = _fault("gives at most so many bytes of a part")

    def use(self, name: str) -> bool:
        """Use a counted fault up by one; whether there was any left."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0

    @classmethod
    def parse(cls, texts: list[str]) -> Self:
        """Read "busy=3", or "deaf" for one. Raises ValueError."""
        faults = cls()
        for text in texts:
            name, _, number = text.partition("=")
            key = name.replace("-", "_")
            if key not in ABOUT:
                raise ValueError(f"there is no fault {name!r}; there are: {', '.join(ABOUT)}")
            setattr(faults, key, _number(name, number, *_BOUNDS[key]) if number else 1)
        return faults


#: Every fault's name and what it is; and from where to where its number may go.
ABOUT: Final = {each.name: str(each.metadata["about"]) for each in fields(CameraFaults)}
_BOUNDS: Final[dict[str, tuple[int, int]]] = {
    each.name: (each.metadata["least"], each.metadata["most"]) for each in fields(CameraFaults)
}


def _number(name: str, text: str, least: int, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number for the fault {name!r}") from None
    if not least <= number <= most:
        raise ValueError(f"the fault {name!r} takes a number from {least} to {most}")
    return number


class Tap:
    """Where bytes leave one TCP connection, and where they may stop leaving it."""

    def __init__(self, faults: CameraFaults, prefix: str = "") -> None:
        """Let everything through, until a fault says otherwise; prefix: of the faults' names."""
        self._faults = faults
        self._prefix = prefix
        self.stalled = False

    def let_through(self, data: Bytes) -> tuple[Bytes, bool]:
        """Return how much of a packet leaves, and whether the connection drops after it.

        drop_after and stall_after count down to 0 and are then used up.
        """
        if self.stalled:
            return b"", False
        packets = self._left("drop_packet")
        if packets >= 0:
            self._set("drop_packet", packets - 1)
            if packets == 0:
                return b"", True
        for name in ("drop_after", "stall_after"):
            left = self._left(name)
            if left < 0:
                continue
            self._set(name, left - len(data) if len(data) <= left else -1)
            if len(data) > left:
                self.stalled = name == "stall_after"
                return data[:left], not self.stalled
        return data, False

    def _left(self, name: str) -> int:
        left: int = getattr(self._faults, self._prefix + name)
        return left

    def _set(self, name: str, left: int) -> None:
        setattr(self._faults, self._prefix + name, left)
