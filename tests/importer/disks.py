"""Disks with limits: a small one that can be filled, a share that can be unmounted, and FAT.

Where the machine lets us mount, they are mounted; otherwise they are played by the layer over the
system's calls. No test is left out.
"""

from contextlib import suppress
import errno
import os
from pathlib import Path
import subprocess
from typing import Any
import unicodedata

import pytest

from custom_components.crcp.importer import files, folders, reading, room

from .fake_os import Call, lay_over

KIB = 1 << 10
FILLER = ".somebody else's"


def mount(*arguments: str) -> bool:
    """Mount something; False where we may not."""
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    return done.returncode == 0


def unmount(place: Path) -> None:
    """Take a mount away, also while somebody holds it open."""
    subprocess.run(["umount", "--lazy", str(place)], capture_output=True, check=True)


class SmallDisk:
    """A disk of so many KiB, at a folder. fill and free do what somebody else on it does."""

    def __init__(self, place: Path, size: int, patch: pytest.MonkeyPatch, *, real: bool) -> None:
        self.place = place
        self.is_real = real and mount("-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(place))
        self.is_full = False
        if not self.is_real:
            lay_over(patch, self._step)

    def fill(self) -> None:
        """Leave not a byte."""
        self.is_full = True
        if self.is_real:
            with (self.place / FILLER).open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(KIB))

    def free(self) -> None:
        """Leave as much as there was."""
        self.is_full = False
        (self.place / FILLER).unlink(missing_ok=True)

    def close(self) -> None:
        """Take it away."""
        if self.is_real:
            unmount(self.place)

    def _step(self, name: str, _args: tuple[Any, ...], call: Call) -> Any:
        if self.is_full and name in ("write", "mkdir"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return call()


class Share:
    """A share that can be mounted at a folder, where it is a device of its own."""

    def __init__(self, place: Path, at: Path, patch: pytest.MonkeyPatch, *, real: bool) -> None:
        """place: where the share is when it is not mounted."""
        place.mkdir()
        self._place = place
        self._below = place.with_name("below the share")
        self._at = at
        self._is_on = False
        self._device = 1
        self.is_real = real and mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place))
        if not self.is_real:
            self._play(patch)

    def put_on(self, device: int = 1000) -> None:
        """Mount it; a device's number can be told only where it is played."""
        self._is_on = True
        if self.is_real:
            self._at.mkdir(exist_ok=True)
            assert mount("--bind", str(self._place), str(self._at))
        else:
            if self._at.exists():
                self._at.rename(self._below)
            self._place.rename(self._at)
            self._device = device

    def take_off(self) -> None:
        """Unmount it: the folder of the local disk is seen that it was mounted over."""
        self._is_on = False
        if self.is_real:
            unmount(self._at)
        else:
            self._at.rename(self._place)
            self._below.rename(self._at)
            self._device = 1

    def close(self) -> None:
        """Take it away for good."""
        if self.is_real:
            if self._is_on:
                unmount(self._at)
            unmount(self._place)

    def _play(self, patch: pytest.MonkeyPatch) -> None:
        """Let every folder be on the device that was told."""
        real, share = os.fstat, self

        class Status:
            def __init__(self, descriptor: int) -> None:
                self._real = real(descriptor)
                self.st_dev = share._device

            def __getattr__(self, name: str) -> Any:
                return getattr(self._real, name)

        patch.setattr(os, "fstat", Status)


class FatOs:
    """The os module over FAT: one file for all spellings of a name, no hard links, no odd names."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, name: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        """Open what has this name in any spelling."""
        return os.open(_spelt(name, dir_fd), flags, mode, dir_fd=dir_fd)

    def mkdir(self, name: str, *, dir_fd: int) -> None:
        """Make a folder, unless one has the name in any spelling."""
        os.mkdir(_spelt(name, dir_fd), dir_fd=dir_fd)

    def stat(self, name: str, *, dir_fd: int, follow_symlinks: bool) -> os.stat_result:
        """Look at what has this name in any spelling."""
        return os.stat(_spelt(name, dir_fd), dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    def unlink(self, name: str, *, dir_fd: int) -> None:
        """Remove what has this name in any spelling."""
        os.unlink(_spelt(name, dir_fd), dir_fd=dir_fd)

    def link(self, *_: object, **__: object) -> None:
        """There are none."""
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def rename(self, name: str, to: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        """Replace what has the new name in any spelling."""
        os.rename(
            _spelt(name, src_dir_fd),
            _spelt(to, dst_dir_fd),
            src_dir_fd=src_dir_fd,
            dst_dir_fd=dst_dir_fd,
        )


def lay_fat(patch: pytest.MonkeyPatch) -> None:
    """Let the importer's library lie on FAT."""
    for module in (files, folders, reading, room):
        patch.setattr(module, "os", FatOs())


def _spelt(name: Any, folder: int | None) -> Any:
    """A name as it is spelt in the folder already."""
    if folder is None or not isinstance(name, str):
        return name
    if set(name) & set('\\:*?"<>|') or name != name.rstrip(" ."):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    with os.scandir(folder) as entries:
        return next((each.name for each in entries if _folded(each.name) == _folded(name)), name)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
