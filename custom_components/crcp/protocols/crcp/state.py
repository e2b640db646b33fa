"""Who may speak: the dialogue on a control connection, as a table.

CRCP takes FTP's dialogue (RFC 959 section 5.4). The unit greets. Then controller and unit
alternate: one command, one reply, where 1yz replies may come before the final one. Both ends see
the same four states, so one table serves both roles:

    GREETING   the unit is to speak first; a unit that never greets is spoken to after a while
    READY      the controller is to speak
    PENDING    the unit owes the final reply to a command
    CLOSED     421 was said, QUIT was answered, or the link is gone; nothing follows

Unlike FTP, commands are answered while data flows (section 1). So the 1yz that starts a transfer
gives the turn back to the controller, and the final reply of the transfer, ENDED, comes at any
time: it moves nothing.

A missing cell is an error of whoever made the step. States and steps are numbers because the table
is looked into at every line, and numbers are found faster than names.
"""

from enum import IntEnum, auto
from typing import Final

from .codes import ReplyCode
from .messages import Command, Reply
from .subunits import TRANSFERS


class State(IntEnum):
    """Where the dialogue stands."""

    GREETING = auto()
    READY = auto()
    PENDING = auto()
    CLOSED = auto()


class Step(IntEnum):
    """What can happen in a dialogue."""

    COMMAND = auto()
    PRELIMINARY = auto()
    STARTED = auto()
    FINAL = auto()
    ENDED = auto()
    CLOSING = auto()


TRANSITIONS: Final = {
    # 120: "service ready in n minutes"; 220 follows.
    (State.GREETING, Step.PRELIMINARY): State.GREETING,
    (State.GREETING, Step.FINAL): State.READY,
    (State.GREETING, Step.CLOSING): State.CLOSED,
    # The draft never mentions a greeting, so a unit without one is spoken to all the same.
    (State.GREETING, Step.COMMAND): State.PENDING,
    (State.READY, Step.COMMAND): State.PENDING,
    (State.READY, Step.ENDED): State.READY,
    # Shutdown, idle time-out, or another controller: the only reply that comes unasked.
    (State.READY, Step.CLOSING): State.CLOSED,
    (State.PENDING, Step.PRELIMINARY): State.PENDING,
    (State.PENDING, Step.STARTED): State.READY,
    (State.PENDING, Step.FINAL): State.READY,
    (State.PENDING, Step.ENDED): State.PENDING,
    (State.PENDING, Step.CLOSING): State.CLOSED,
}


def step_of(reply: Reply, pending: Command | None) -> Step:
    """Classify a reply to the pending command; 421, and 221 to QUIT, close the connection."""
    if reply.code == ReplyCode.CLOSING or (pending and pending.name == "QUIT" and reply.done):
        return Step.CLOSING
    if not reply.preliminary:
        return Step.FINAL
    return Step.STARTED if pending and pending.name in TRANSFERS else Step.PRELIMINARY
