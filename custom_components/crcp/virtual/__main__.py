"""Run a virtual device from a shell, until Ctrl-C.

The line "ready 127.0.0.1:PORT" on standard output says that it takes connections.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
import json
import os
from pathlib import Path
import signal
import sys
from typing import Final, Protocol

from ..protocols.crcp.session import PORT as UNIT_PORT
from ..protocols.ptpip.packets import PORT
from .accounts import Account
from .camera import VirtualCamera
from .camera_faults import ABOUT, CameraFaults
from .certificates import self_signed
from .data_phase import DataStyle
from .demo_pair import DemoPair
from .encoder import NoEncoder
from .footage import make_footage
from .host import LOOPBACK
from .personalities import PERSONALITIES as MAKERS
from .photos import photos_in, sample_photos, twin_photos
from .scenes import PERSONALITIES, show
from .synthetic import small_files, synthetic_movie
from .unit import DATA_PORTS, IDLE_TIME, DatagramRules, VirtualUnit
from .unit_faults import FAULTS

#: How many pictures a camera has when nobody brings any, and how many more on a second card.
SAMPLE_PHOTOS: Final = 12
TWIN_PHOTOS: Final = 3

#: What fits into this machine's memory as names, and into any number that PTP has.
MAX_OBJECTS: Final = 1_000_000
MAX_MOVIE: Final = 1 << 50

UNITS: Final[dict[str, int]] = {
    "": 1,
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMGT", start=1)},
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", start=1)},
}


class Device(Protocol):
    """What there is to run."""

    @property
    def port(self) -> int:
        """The port listened on."""

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""

    async def stop(self) -> None:
        """Close everything."""


def main() -> int:
    """Run the device that the command line names; return the exit code."""
    arguments = _parser().parse_args()
    code: int = asyncio.run(arguments.run(arguments))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    devices = parser.add_subparsers(title="devices", required=True)
    _describe_unit(devices.add_parser("unit", help="a CRCP unit with a tape and a camera"))
    _describe_camera(devices.add_parser("camera", help="a PTP-IP camera with pictures on its card"))
    _describe_demo(devices.add_parser("demo", help="both, announced by mDNS on loopback"))
    return parser


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text} is no port: there are 65536")
    return number


def _describe_unit(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_run_unit)
    parser.add_argument("--port", type=_port, default=UNIT_PORT, help="0 takes any that is free")
    parser.add_argument("--name", default="Virtual unit", help="the unit's friendly name")
    parser.add_argument(
        "--personality", choices=PERSONALITIES, default="studio", help="what it has"
    )
    parser.add_argument("--fault", choices=FAULTS, default="none", help="how it misbehaves")
    parser.add_argument("--login", metavar="USER:PASSWORD", help="nobody else may command it")
    parser.add_argument(
        "--udp",
        nargs="?",
        choices=("signed", "unsigned"),
        const="signed",
        help="take datagrams: signed with --login, which is the default, or from anybody here",
    )
    parser.add_argument("--tls", action="store_true", help="open a second, encrypted port")
    parser.add_argument(
        "--idle-time",
        type=float,
        default=IDLE_TIME,
        metavar="SECONDS",
        help="so long a controller may say nothing (default: %(default)g)",
    )
    parser.add_argument(
        "--card", type=Path, metavar="DIR", help="show a test card; it is made once and kept there"
    )


async def _run_unit(arguments: argparse.Namespace) -> int:
    if arguments.udp == "signed" and not arguments.login:
        return _complain("--udp takes signed datagrams and needs --login, or say --udp unsigned")
    user, _, password = (arguments.login or "").partition(":")
    context, certificate = self_signed() if arguments.tls else (None, b"")
    unit = PERSONALITIES[arguments.personality](
        name=arguments.name,
        port=arguments.port,
        account=Account(user, password) if arguments.login else None,
        datagrams=DatagramRules(unsigned=arguments.udp == "unsigned") if arguments.udp else None,
        tls=context,
        fault=FAULTS[arguments.fault],
    )
    unit.idle_time = arguments.idle_time
    if arguments.port:
        unit.data_ports = DATA_PORTS
    if arguments.card:
        try:
            show(unit, await asyncio.to_thread(make_footage, arguments.card))
        except (OSError, NoEncoder) as error:
            return _complain(f"cannot make a test card: {error}")
    return await _run(unit, arguments.port, about=lambda: _about(unit, certificate))


def _about(unit: VirtualUnit, certificate: bytes) -> None:
    """Say what is open beside the control channel, where it does not disturb the ready line."""
    if unit.udp_port:
        print(f"takes datagrams at {LOOPBACK}:{unit.udp_port}", file=sys.stderr)
    if unit.tls_port:
        print(f"takes TLS at {LOOPBACK}:{unit.tls_port}; its certificate:", file=sys.stderr)
        print(certificate.decode(), file=sys.stderr)


def _describe_camera(parser: argparse.ArgumentParser) -> None:
    faults = "\n".join(f"  {name.replace('_', '-'):18} {about}" for name, about in ABOUT.items())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"The signal SIGUSR1 presses the shutter.\n\nfaults:\n{faults}"
    parser.set_defaults(run=_run_camera)
    parser.add_argument("--port", type=_port, default=PORT, help="0 takes any that is free")
    parser.add_argument(
        "--photos",
        type=Path,
        metavar="DIR",
        action="append",
        default=[],
        help="serve the pictures in there; said twice, on both cards",
    )
    parser.add_argument(
        "--objects", type=_number, default=0, help="so many more small files, 9999 in a folder"
    )
    parser.add_argument(
        "--movie",
        type=_size,
        action="append",
        default=[],
        metavar="SIZE",
        help="a movie of so many bytes, 5GiB say, that takes no room on the disk",
    )
    parser.add_argument("--serial", default="0000001", help="the camera's serial number")
    parser.add_argument("--name", default="Virtual camera", help="the camera's friendly name")
    parser.add_argument(
        "--as", dest="maker", choices=MAKERS, default="generic", help="whose camera it is"
    )
    parser.add_argument(
        "--slots",
        type=int,
        choices=(1, 2),
        default=1,
        help="how many cards; without --photos, pictures of the same names are on both",
    )
    parser.add_argument(
        "--style",
        choices=[_style_name(style) for style in DataStyle],
        help="how data are cut into packets; as its maker does it, unless said",
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME[=NUMBER]", help="see below"
    )


async def _run_camera(arguments: argparse.Namespace) -> int:
    try:
        faults = CameraFaults.parse(arguments.fault)
    except ValueError as error:
        return _complain(str(error))
    try:
        camera = VirtualCamera(
            serial_number=arguments.serial,
            friendly_name=arguments.name,
            port=arguments.port,
            personality=MAKERS[arguments.maker],
            slots=max(arguments.slots, len(arguments.photos)),
            faults=faults,
        )
        _fill(camera, arguments)
    except OSError as error:
        return _complain(f"cannot read the pictures: {error}")
    return await _run(camera, arguments.port, camera.press_shutter)


def _fill(camera: VirtualCamera, arguments: argparse.Namespace) -> None:
    """Put on its cards what the command line says. Raises OSError. Blocks."""
    if arguments.style:
        camera.data_style = DataStyle[arguments.style.upper().replace("-", "_")]
    if arguments.photos:
        for slot, folder in enumerate(arguments.photos[: len(camera.cards)]):
            camera.store(photos_in(folder), slot)
    else:
        camera.store(sample_photos(SAMPLE_PHOTOS))
        for slot in range(1, len(camera.cards)):
            camera.store(twin_photos(TWIN_PHOTOS), slot)
    camera.store(small_files(arguments.objects))
    camera.store(synthetic_movie(size, n) for n, size in enumerate(arguments.movie, start=1))


def _number(text: str) -> int:
    """A number of objects. Raises ValueError."""
    if not 0 <= (number := int(text)) <= MAX_OBJECTS:
        raise ValueError(text)
    return number


def _size(text: str) -> int:
    """Read "5GiB", "700MB" or a number of bytes. Raises ValueError."""
    digits = text.rstrip("KMGTiB")
    unit = UNITS.get(text[len(digits) :], 0)
    if not 0 < int(digits) * unit <= MAX_MOVIE:
        raise ValueError(text)
    return int(digits) * unit


def _style_name(style: DataStyle) -> str:
    return style.name.lower().replace("_", "-")


def _describe_demo(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "The signal SIGUSR1 presses the shutter."
    parser.set_defaults(run=_run_demo)
    parser.add_argument("--photos", type=Path, metavar="DIR", help="serve the pictures in there")
    parser.add_argument(
        "--card", type=Path, metavar="DIR", help="show a test card, which is kept in there"
    )
    parser.add_argument(
        "--identity", default="demo", help="tells one demo's devices from another's"
    )


async def _run_demo(arguments: argparse.Namespace) -> int:
    photos = photos_in(arguments.photos) if arguments.photos else sample_photos(SAMPLE_PHOTOS)
    try:
        footage = None
        if arguments.card:
            footage = await asyncio.to_thread(make_footage, arguments.card)
        pair = DemoPair(arguments.identity, photos, footage)
    except NoEncoder as error:
        return _complain(f"cannot make a test card: {error}")
    except OSError as error:
        return _complain(f"cannot read the pictures: {error}")
    signals = _signals()
    try:
        await pair.start()
        print(json.dumps(await pair.description()), flush=True)
        await _until_stopped(signals, pair.camera.press_shutter)
    finally:
        await pair.stop()
    return 0


async def _nothing() -> None:
    """A unit has no shutter."""


async def _run(
    device: Device,
    port: int,
    on_signal: Callable[[], Awaitable[object]] = _nothing,
    about: Callable[[], None] = lambda: None,
) -> int:
    """Run a device until Ctrl-C or SIGTERM; on_signal is what SIGUSR1 does, about tells more."""
    signals = _signals()
    try:
        await device.start()
    except OSError as error:
        return _complain(f"cannot listen on {LOOPBACK}:{port}: {os.strerror(error.errno or 0)}")
    try:
        about()
        print(f"ready {LOOPBACK}:{device.port}", flush=True)
        await _until_stopped(signals, on_signal)
    finally:
        await device.stop()
    return 0


def _signals() -> asyncio.Queue[signal.Signals]:
    """Take signals from now on; whoever reads "ready" may send one at once."""
    loop = asyncio.get_running_loop()
    signals = asyncio.Queue[signal.Signals]()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        loop.add_signal_handler(number, signals.put_nowait, number)
    return signals


async def _until_stopped(
    signals: asyncio.Queue[signal.Signals], on_signal: Callable[[], Awaitable[object]]
) -> None:
    """Return at SIGINT or SIGTERM; call on_signal at each SIGUSR1 until then."""
    while await signals.get() == signal.SIGUSR1:
        await on_signal()


def _complain(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
