"""Run a program that uses the integration's rooms, without Home Assistant.

room.py NAME ARGUMENT ... runs the room of that name; room.py FILE.py ARGUMENT ... runs a file.

The integration's own __init__.py imports Home Assistant, so the package is entered under a name
of its own, past that file: the protocols, the importer and the virtual devices need none of it.
"""

from pathlib import Path
import runpy
import sys
from types import ModuleType

PACKAGE = Path(__file__).resolve().parents[2] / "custom_components" / "crcp"


def enter_package() -> None:
    """Make crcp.protocols, crcp.importer and crcp.virtual importable."""
    package = ModuleType("crcp")
    package.__path__ = [str(PACKAGE)]
    sys.modules["crcp"] = package


if __name__ == "__main__":
    enter_package()
    name = sys.argv.pop(1)
    sys.argv[0] = Path(name).stem
    if name.endswith(".py"):
        sys.path.insert(0, str(Path(name).resolve().parent))
        runpy.run_path(name, run_name="__main__")
    else:
        runpy.run_module(f"crcp.{name}", run_name="__main__", alter_sys=True)
