"""A rename that never replaces anything, for file systems without hard links. It blocks."""

from contextlib import suppress
import ctypes
import errno
import os
from typing import Final

#: Of renameat2: fail where the new name is taken.
_NO_REPLACE: Final = 1

#: Its number on these machines, for C libraries that do not have it.
_NUMBERS: Final = {"x86_64": 316, "aarch64": 276, "riscv64": 276, "armv7l": 382, "i686": 353}

#: The kernel, or the file system, does not know the flag.
_UNKNOWN: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def rename_to_new(name: str, new: str, folder: int) -> bool:
    """Rename a file within a folder in one step; False when something has the new name.

    Where the file system has no such step, the name is first taken with an empty file that must
    not have been there, and that is what the rename replaces. So a file of somebody else is not
    touched there either; but a kill or a power failure between the two leaves an empty file.
    """
    code = _rename_no_replace(name, new, folder)
    if code == errno.EEXIST:
        return False
    if code in _UNKNOWN:
        return _rename_over_own(name, new, folder)
    if code:
        raise OSError(code, os.strerror(code), new)
    return True


def _rename_no_replace(name: str, new: str, folder: int) -> int:
    """Call renameat2; return its errno, 0 when all is well."""
    arguments = folder, os.fsencode(name), folder, os.fsencode(new), _NO_REPLACE
    if hasattr(_LIBC, "renameat2"):
        done = _LIBC.renameat2(*arguments)
    elif number := _NUMBERS.get(os.uname().machine):
        done = _LIBC.syscall(ctypes.c_long(number), *arguments)
    else:
        return errno.ENOSYS
    return ctypes.get_errno() if done else 0


def _rename_over_own(name: str, new: str, folder: int) -> bool:
    try:
        mine = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, dir_fd=folder)
    except FileExistsError:
        return False
    try:
        there, made = os.stat(new, dir_fd=folder, follow_symlinks=False), os.fstat(mine)
        if (there.st_ino, there.st_size) != (made.st_ino, 0):
            return False
        _rename_or_leave(name, new, folder, made.st_ino)
    finally:
        os.close(mine)
    return True


def _rename_or_leave(name: str, new: str, folder: int, mine: int) -> None:
    """Rename over our empty file; where that fails, nothing is to be left under the new name."""
    try:
        os.rename(name, new, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            there = os.stat(new, dir_fd=folder, follow_symlinks=False)
            if (there.st_ino, there.st_size) == (mine, 0):
                os.unlink(new, dir_fd=folder)
        raise
