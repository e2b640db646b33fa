"""Which way imports point: docs/architecture.md draws it, this holds the code against the drawing."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
import re
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "custom_components" / "crcp"
INTEGRATION = "integration"

#: What a protocol is made of: everything in it is bytes in, meaning out.
PURE = set(
    "abc collections contextlib dataclasses datetime enum functools hashlib hmac ipaddress itertools"
    " logging math re secrets string struct types typing unicodedata urllib.parse".split()
)

#: What its client may import besides.
INPUT_AND_OUTPUT = PURE | {"asyncio", "socket", "ssl", "time"}

#: Rooms that some files alone of the integration may open.
DOORS = {
    "importer": ("photo*.py", "clips.py"),
    "previews": ("photo*.py",),
    "virtual": ("demo.py",),
}


@cache
def arrows() -> dict[str, set[str]]:
    """The rooms and where each may import from, as the document draws them."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    block = re.search(r"```arrows\n(.*?)```", text, re.DOTALL)
    assert block
    rows = (line.split("->") for line in block[1].strip().splitlines())
    return {
        room.strip(): {target.strip() for target in targets.split(",") if target.strip()}
        for room, targets in rows
    }


def room_of(parts: tuple[str, ...]) -> str:
    """The room that a path or a module below the package lies in."""
    names = (".".join(parts[:2]), parts[0]) if parts else ()
    return next((name for name in names if name in arrows()), INTEGRATION)


def imports(path: Path, package: Path) -> Iterator[tuple[str, ...]]:
    """Every module that a file imports, by its full name in parts."""
    here = ("crcp", *path.relative_to(package).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            yield from ((*base, *module, alias.name) for alias in node.names)


def wrongs(package: Path) -> list[str]:
    """Say what in the package's imports is not as drawn."""
    found = []
    for path in sorted(package.rglob("*.py")):
        relative = path.relative_to(package)
        room = room_of(relative.parts)
        modules = imports(path, package)
        wrong = (wrong_import(relative, room, module) for module in modules)
        found += [f"{relative}: {each}" for each in wrong if each]
    return found


def wrong_import(file: Path, room: str, module: tuple[str, ...]) -> str | None:
    """Say what is wrong with one import, or None."""
    name = ".".join(module)
    if module[0] == "custom_components":
        return f"{name} is not imported relatively"
    if module[0] == "homeassistant" and room != INTEGRATION:
        return f"{room} knows Home Assistant"
    if room.startswith("protocols."):
        return wrong_in_protocol(file, room, module)
    if module[0] != "crcp":
        return None
    target = room_of(module[1:])
    if target == room:
        return None
    if target not in arrows()[room]:
        return f"{room} -> {target} is not drawn"
    if room == "virtual" and "client" in module[1:]:
        return "virtual uses a client, so its bugs would hide in their own mirror"
    doors = DOORS.get(target, ("*",))
    if room == INTEGRATION and not any(map(file.match, doors)):
        return f"only {' and '.join(doors)} open {target}"
    return None


def wrong_in_protocol(file: Path, room: str, module: tuple[str, ...]) -> str | None:
    """A protocol imports itself and what is pure; its client alone opens sockets."""
    name, is_client = ".".join(module), "client" in (file.stem, *file.parts)
    if module[0] != "crcp":
        allowed = INPUT_AND_OUTPUT if is_client else PURE
        return None if module[0] in allowed or ".".join(module[:2]) in allowed else name
    if room_of(module[1:]) != room:
        return f"{room} -> {room_of(module[1:])} is not drawn"
    if "client" in module[3:] and not is_client:
        return f"{name}: the client uses the protocol, and not the other way round"
    return None


def test_imports_point_as_drawn() -> None:
    assert wrongs(PACKAGE) == []


def test_every_room_is_drawn() -> None:
    folders = {path.parent.relative_to(PACKAGE).parts for path in PACKAGE.rglob("*.py")}
    undrawn = {folder for folder in folders if room_of(folder) == INTEGRATION}
    assert undrawn == {(), ("protocols",)}
    assert {room_of(folder) for folder in folders} == set(arrows())


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("importer/naming.py", "import homeassistant.core"),
        ("importer/naming.py", "from ..protocols.crcp import codec"),
        ("protocols/crcp/codec.py", "import asyncio"),
        ("protocols/crcp/codec.py", "import subprocess"),
        ("protocols/crcp/codec.py", "from pathlib import Path"),
        ("protocols/crcp/codec.py", "import urllib.request"),
        ("protocols/crcp/codec.py", "from importlib import import_module"),
        ("protocols/crcp/codec.py", "from .client import Controller"),
        ("protocols/crcp/client/data.py", "import sqlite3"),
        ("protocols/crcp/codec.py", "from ..ptpip import packets"),
        ("protocols/ptpip/packets.py", "from ...importer import naming"),
        ("virtual/unit.py", "from ..protocols.crcp.client import Controller"),
        ("virtual/unit.py", "from custom_components.crcp.protocols.crcp import codec"),
        ("switch.py", "from .virtual.unit import VirtualUnit"),
        ("switch.py", "from . import importer"),
        ("event.py", "from .previews.make import make_preview"),
        ("previews/look.py", "from ..importer import kinds"),
        ("virtual/unit.py", "from .. import switch"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, file: str, line: str) -> None:
    planted = tmp_path / "crcp"
    shutil.copytree(PACKAGE, planted, ignore=shutil.ignore_patterns("__pycache__"))
    path = planted / file
    path.write_text(f"{path.read_text()}\n{line}\n")
    assert [wrong.split(":")[0] for wrong in wrongs(planted)] == [file]


@pytest.mark.parametrize("room", ["protocols.crcp", "protocols.ptpip"])
def test_a_protocol_runs_without_home_assistant(room: str) -> None:
    folder = PACKAGE.joinpath(*room.split("."))
    modules = [
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for path in folder.rglob("[a-z]*.py")
    ]
    program = f"import sys, {', '.join(modules)}; print('homeassistant' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
