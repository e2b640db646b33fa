"""Golden bytes, typed by hand: hexadecimal digits under [names], comments after #."""

from pathlib import Path
import re

VECTORS = Path(__file__).parent / "vectors"


def golden(name: str) -> dict[str, bytes]:
    """Read a file of vectors."""
    text = re.sub(r"#.*", "", (VECTORS / f"{name}.txt").read_text())
    parts = re.split(r"\[(.*?)\]", text)
    return {
        title: bytes.fromhex(digits) for title, digits in zip(parts[1::2], parts[2::2], strict=True)
    }
