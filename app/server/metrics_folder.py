"""The folder in which the processes of one server keep their metrics.

Rule 1: each server has a folder of its own, named after its master's process.
Rule 2: the folder is locked (flock) for as long as any process of the server lives; a start, even one that fails,
        touches no folder that is locked.
Rule 3: this module imports nothing of prometheus_client, which looks for the folder when it is imported.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path


class MetricsFolder:
    """The folder of this server. Children that are forked later hold its lock, too."""

    def __init__(self, root: Path, mode: int) -> None:
        """Take and empty a folder of `root` without a living server."""
        self._root = root
        self._owner = os.getpid()
        root.mkdir(mode, parents=True, exist_ok=True)
        with _only_one_at_a_time(root):
            self.path, self._lock = next(_free_folders(root, str(self._owner), mode))
            _empty(self.path)

    def remove_others(self) -> None:
        """Remove the folders of servers that have ended."""
        with _only_one_at_a_time(self._root):
            for other in self._root.iterdir():
                if other != self.path:
                    _remove_dead(other)

    def remove(self) -> None:
        """Remove this folder; in a child, do nothing."""
        if os.getpid() == self._owner:
            shutil.rmtree(self.path, ignore_errors=True)


def _free_folders(root: Path, name: str, mode: int) -> Iterator[tuple[Path, int]]:
    """Lock and yield the folders without a holder. Containers on one volume may share a process id."""
    for path in (root / (f"{name}.{number}" if number else name) for number in count()):
        path.mkdir(mode, exist_ok=True)
        lock = _try_lock(path)
        if lock is not None:
            yield path, lock


def _try_lock(folder: Path) -> int | None:
    """Lock a folder; its descriptor, None if another process holds the lock."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def _only_one_at_a_time(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def _remove_dead(path: Path) -> None:
    """Remove the folder of a server that has ended, or a file of an earlier version, which had no folders."""
    if not path.is_dir():
        with suppress(OSError):
            path.unlink()
        return
    lock = _try_lock(path)
    if lock is not None:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)
