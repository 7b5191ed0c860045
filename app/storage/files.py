"""Files of the data folder: readable by their owner alone, and allocated before they are mapped into memory.

A write through a mapping to a page that the full disk has no room for ends the process with SIGBUS (mmap(2)).
`posix_fallocate` fails with ENOSPC at start instead.
"""

from __future__ import annotations

import mmap
import os
import stat
from contextlib import suppress
from pathlib import Path

from app.settings import SettingsError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
SHARED_FOLDERS = {Path(path) for path in ("/", "/tmp", "/var/tmp", "/dev/shm")}  # noqa: S108
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private_folder(folder: Path) -> None:
    """Create the data folder, or close an existing one to everybody but its owner.

    Raises OSError if it cannot be created, SettingsError if its mode may not be changed.
    """
    folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    try:
        if folder.resolve() in SHARED_FOLDERS:
            raise PermissionError("every program of this host uses it")
        if folder.stat().st_mode & OTHERS:
            folder.chmod(PRIVATE_FOLDER)
    except OSError as error:
        reason = error.strerror or error
        raise SettingsError(
            f"PAGECARD_DATA_DIR: {folder} cannot be made private (mode 0700): {reason}; name a folder inside it"
        ) from error


def make_private_file(path: Path) -> None:
    """Create a file for its owner alone, or take the access of others to an existing one.

    A present file is never opened: closing it would drop the locks that SQLite holds on it in this process.
    """
    path.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    if path.stat().st_mode & OTHERS:
        path.chmod(PRIVATE_FILE)


def open_private(path: Path) -> int:
    """Open a file for reading and writing, created if missing, and private to this user."""
    path.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    if os.fstat(descriptor).st_mode & OTHERS:
        os.fchmod(descriptor, PRIVATE_FILE)
    return descriptor


def map_file(descriptor: int, size: int, name: Path) -> mmap.mmap:
    """Map the first `size` bytes of a file, allocated on the disk. Raises SettingsError on a full disk."""
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        raise SettingsError(f"PAGECARD_DATA_DIR: no {size:,} bytes for {name}: {error.strerror}") from error
    return mmap.mmap(descriptor, size)
