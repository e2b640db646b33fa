"""How long a controller waits. The draft has no timers; these are ours, with their reasons."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Timeouts:
    """All in seconds.

    connect: TCP's own patience is minutes. greeting: a unit may have none, so this is a pause and
    not an error. busy_greeting: after 120, which speaks of minutes. reply: a unit answers when it
    has accepted a command, not when it has done it. power: a deck that spins up answers late.
    goodbye: QUIT is a courtesy. started: a tape changer has to find the tape. data: the data
    connection. media: nothing came for so long, which is legal (the tape may stand) and worth a
    warning. listing: all of it, or a byte now and then would keep us for ever. ended: the final
    reply, once the data has ended. aborted: some units answer ABOR once where FTP says twice.
    watching: twice a second is often enough to see a camera come to rest.
    """

    connect: float = 10.0
    greeting: float = 5.0
    busy_greeting: float = 120.0
    reply: float = 10.0
    power: float = 30.0
    goodbye: float = 2.0
    started: float = 15.0
    data: float = 10.0
    media: float = 15.0
    listing: float = 30.0
    ended: float = 5.0
    aborted: float = 2.0
    watching: float = 0.5


#: Our unit, as FTP's hosts (RFC 1123 section 4.1.3.2), ends a connection that is idle for 5 minutes.
#: Whoever holds one says STAT as often as this when there is nothing else to say: the coordinator
#: asks every ten seconds in any case, and a client that is used once needs no timer of its own.
KEEP_ALIVE: Final = 60.0

DEFAULT_TIMEOUTS: Final = Timeouts()
