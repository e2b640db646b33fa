"""Reply codes (RFC 959 section 4.2, as CRCP uses them). Unknown codes act by first digit."""

from enum import IntEnum


class ReplyCode(IntEnum):
    """The codes that CRCP gives a meaning; a reply may carry any other number too."""

    READY_IN_MINUTES = 120
    TRANSFER_STARTING = 125
    FILE_OKAY = 150
    OKAY = 200
    SUPERFLUOUS = 202
    STATUS = 211
    DIRECTORY_STATUS = 212
    FILE_STATUS = 213
    HELP = 214
    SYSTEM = 215
    READY = 220
    BYE = 221
    NOTHING_TO_ABORT = 225
    TRANSFER_COMPLETE = 226
    PASSIVE = 227
    LOGGED_IN = 230
    ACTION_OKAY = 250
    PATH = 257
    NEED_PASSWORD = 331
    NEED_ACCOUNT = 332
    CLOSING = 421
    NO_DATA_CONNECTION = 425
    TRANSFER_BROKEN = 426
    FILE_BUSY = 450
    LOCAL_ERROR = 451
    NO_SPACE = 452
    UNRECOGNISED = 500
    BAD_ARGUMENT = 501
    NOT_IMPLEMENTED = 502
    BAD_SEQUENCE = 503
    NOT_FOR_THAT_PARAMETER = 504
    NOT_LOGGED_IN = 530
    NEED_ACCOUNT_TO_STORE = 532
    UNAVAILABLE = 550
    NO_SPACE_LEFT = 552
    NAME_NOT_ALLOWED = 553


#: Section 4.2 of RFC 959: the first digit tells what to do, known code or not.
PRELIMINARY, COMPLETION, INTERMEDIATE, TRANSIENT_NEGATIVE, PERMANENT_NEGATIVE = range(1, 6)
