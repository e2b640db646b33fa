"""What differs between makers, chosen by what DeviceInfo says.

Over IP the vendor extension id is no help: Canon, Nikon and Sony call themselves MTP. The
Manufacturer string is what they agree on.
"""

from typing import Final

from ..codes import ResponseCode
from ..datasets import DeviceInfo
from ..errors import FUJIFILM, Declined
from .canon import Canon
from .generic import Generic, Undecided
from .nikon import Nikon
from .others import Olympus, Panasonic
from .sony import Sony

type Vendor = Generic

#: How a manufacturer's string begins, in lower case, and whose it is.
_VENDORS: Final[dict[str, type[Generic]]] = {
    "canon": Canon,
    "nikon": Nikon,
    "sony": Sony,
    "panasonic": Panasonic,
    "olympus": Olympus,
    "om digital": Olympus,
}

__all__ = ["Canon", "Generic", "Nikon", "Sony", "Undecided", "Vendor", "vendor_of"]


def vendor_of(info: DeviceInfo) -> Vendor:
    """What is special about a camera. Raises Declined for one that is known not to work."""
    maker = info.manufacturer.strip().lower()
    if maker.startswith("fuji"):
        raise Declined(ResponseCode.OPERATION_NOT_SUPPORTED, FUJIFILM)
    for name, vendor in _VENDORS.items():
        if maker.startswith(name):
            return vendor(info)
    return Generic(info)
