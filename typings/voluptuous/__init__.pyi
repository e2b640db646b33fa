# Home Assistant runs its own probatio under this name; probatio has the types.
from probatio import *
