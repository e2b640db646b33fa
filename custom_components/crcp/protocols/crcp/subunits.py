"""The subunits of the draft, declared: their commands, the commands' names and arguments."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from .grammar import fold

POWER, CONNECTION, FILE, STREAM, TAPE, CAMERA = (
    "POWER",
    "CONNECTION",
    "FILE",
    "STREAM",
    "TAPE",
    "CAMERA",
)

#: A peer that lists none of these is not a CRCP unit: a plain FTP server lists other things.
TELLTALE_TYPES: Final = frozenset({POWER, STREAM, TAPE, CAMERA})


class Takes(Enum):
    """What stands after a command's name."""

    NOTHING = auto()
    TEXT = auto()  # all of the rest of the line, blanks included: names and credentials
    OPTIONAL_TEXT = auto()
    MOTION = auto()  # section 8: [speed [stop]]
    SETTING = auto()  # section 9: absolute, relative, step or AUTO
    REPRESENTATION = auto()  # section 7: A [N], or I [payload types]
    MODE = auto()  # section 7: S [qos], or P n [qos]
    ADDRESS = auto()  # section 7: where data goes


@dataclass(frozen=True, slots=True)
class CommandForm:
    """One command: the name we send, what it takes, and the other names that we accept.

    The draft prints long names and, sometimes, FTP's short one beside them; both may occur.
    """

    name: str
    takes: Takes = Takes.NOTHING
    also: tuple[str, ...] = ()

    @property
    def titles(self) -> tuple[str, ...]:
        """Every name of the command, in capitals."""
        return (self.name, *self.also)


# Section 6.1.
POWER_COMMANDS = (CommandForm("ON"), CommandForm("OFF"))

# Section 6.2, "exactly the same semantics as FTP". "USER NAME x" is the user "NAME x".
CONNECTION_COMMANDS = (
    CommandForm("USER", Takes.TEXT),
    CommandForm("PASS", Takes.OPTIONAL_TEXT, ("PASSWORD",)),
    CommandForm("ACCT", Takes.TEXT, ("ACCOUNT",)),
    CommandForm("QUIT", also=("LOGOUT",)),
)

# Section 6.3.
FILE_COMMANDS = (
    CommandForm("CWD", Takes.TEXT, ("CHANGE WORKING DIRECTORY",)),
    CommandForm("CDUP", also=("CHANGE TO PARENT DIRECTORY",)),
    CommandForm("SMNT", Takes.TEXT, ("STRUCTURE MOUNT",)),
    CommandForm("REIN", also=("REINITIALIZE",)),
    CommandForm("PWD", also=("PRINT WORKING DIRECTORY", "XPWD")),
    CommandForm("LIST", Takes.OPTIONAL_TEXT),
    CommandForm("NLST", Takes.OPTIONAL_TEXT, ("NAMELIST", "NAME LIST")),
    CommandForm("SYST", also=("SYSTEM",)),
)

# Sections 6.4 and 7.
STREAM_COMMANDS = (
    CommandForm("PORT", Takes.ADDRESS, ("DATA PORT",)),
    CommandForm("PASV", also=("PASSIVE",)),
    CommandForm("TYPE", Takes.REPRESENTATION, ("REPRESENTATION TYPE",)),
    CommandForm("MODE", Takes.MODE, ("TRANSFER MODE",)),
    CommandForm("RETR", Takes.OPTIONAL_TEXT, ("RETRIEVE",)),
    CommandForm("STOR", Takes.TEXT, ("STORE",)),
    CommandForm("ABOR", also=("ABORT",)),
)

# Sections 6.5 and 8. Section 6.5 writes RECO, section 8 REC.
TAPE_COMMANDS = (
    CommandForm("PLAY", Takes.MOTION),
    CommandForm("PAUS", also=("PAUSE",)),
    CommandForm("RECO", Takes.MOTION, ("REC", "RECORD")),
    CommandForm("FF", Takes.MOTION, ("FAST FORWARD", "FASTFORWARD")),
)

# Sections 6.6 and 9.
CAMERA_COMMANDS = (
    CommandForm("IRIS", Takes.SETTING),
    CommandForm("SENS", Takes.SETTING, ("SENSITIVITY",)),
    CommandForm("ROLL", Takes.SETTING),
    CommandForm("PAN", Takes.SETTING),
    CommandForm("TILT", Takes.SETTING),
    CommandForm("ZOOM", Takes.SETTING),
    CommandForm("HORI", Takes.SETTING, ("HORIZONTAL",)),
    CommandForm("VERT", Takes.SETTING, ("VERTICAL",)),
    CommandForm("DEPT", Takes.SETTING, ("DEPTH",)),
    CommandForm("FOCU", Takes.SETTING, ("FOCUS",)),
    CommandForm("WHIT", Takes.SETTING, ("WHITE BALANCE", "WHITEBALANCE")),
)

COMMANDS: Final = {
    POWER: POWER_COMMANDS,
    CONNECTION: CONNECTION_COMMANDS,
    FILE: FILE_COMMANDS,
    STREAM: STREAM_COMMANDS,
    TAPE: TAPE_COMMANDS,
    CAMERA: CAMERA_COMMANDS,
}

#: Section 2: these stand without a subunit ("considered to be that of FTP"). TAPE's and CAMERA's
#: names did so in the draft's first edition and collide with nothing, so a unit accepts them too.
BARE_TYPES: Final = (CONNECTION, FILE, STREAM, TAPE, CAMERA)

#: Section 5, with the first edition's TSTA and CSTA.
QUERIES: Final = {"STAT": "STAT", "STATUS": "STAT", "HELP": "HELP"}
FIRST_EDITION_QUERIES: Final = {"TSTA": TAPE, "CSTA": CAMERA}

#: Section 6: "FTP commands not mentioned in this section do not exist in CRCP."
DROPPED_FTP_COMMANDS: Final = frozenset(
    "NOOP STRU STOU APPE ALLO REST RNFR RNTO DELE RMD MKD SITE FEAT OPTS EPSV EPRT SIZE MDTM"
    " MLSD MLST AUTH PBSZ PROT CCC ADAT CONF ENC MIC LPRT LPSV LANG HOST CLNT XMKD XRMD XCWD"
    " XCUP MFMT MFF MFCT XCRC XMD5 XSHA COMB AVBL CSID THMB MAIL MSND MSOM MSAM MRSQ MRCP"
    " XSEM XSEN".split()
)

#: Commands whose success comes in two replies, with a data connection in between.
TRANSFERS: Final = frozenset({"RETR", "STOR", "LIST", "NLST"})

#: Section 9: the motions whose order matters, as against the settings of the lens and the sensor.
MOTIONS: Final = frozenset({"ROLL", "PAN", "TILT", "HORI", "VERT", "DEPT"})

#: Each type's commands by all of their titles.
_BY_TITLE: Final = {
    kind: {title: form for form in forms for title in form.titles}
    for kind, forms in COMMANDS.items()
}

#: The most words in a command's name.
LONGEST_TITLE: Final = max(
    title.count(" ") + 1 for titles in _BY_TITLE.values() for title in titles
)


def find_form(kind: str, words: list[str]) -> tuple[CommandForm, int] | None:
    """Return the command of a subunit type that words begin with, and how many words it took.

    In any case. The shortest is taken, which is the only one: no title begins another.
    """
    titles, title = _BY_TITLE.get(kind, {}), ""
    for size, word in enumerate(words[:LONGEST_TITLE], 1):
        title = f"{title} {fold(word)}" if title else fold(word)
        if form := titles.get(title):
            return form, size
    return None
