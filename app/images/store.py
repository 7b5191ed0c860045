"""Pictures on disk: one file each, the least recently used removed first.

Rule 1: a file is whole or not there; it may be removed at any time, also by hand.
Rule 2: a full disk costs the cache, never an answer.
Rule 3: the limit holds for all processes of a host, give or take `SLACK` of it for each.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

import structlog

from app.storage.files import PRIVATE_FILE, PRIVATE_FOLDER, open_private

log = structlog.get_logger()

SLACK = 1 / 16  # of the limit: bytes that a process may add before it looks at the folder
TARGET = 7 / 8  # of the limit: bytes that are left after a look
TOUCH = 600.0  # seconds: use is noted at most so often
BLOCK = 4_096  # bytes that a file takes at least


class DiskStore:
    """Values by key in `folder`, at most `most` bytes in all."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._added = most  # so that the first value makes this process look
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """Return a value, and note its use."""
        path = self._path(key)
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            status = os.fstat(file)
            if time.time() - status.st_mtime > TOUCH:
                os.utime(file)
            return os.read(file, status.st_size)
        except OSError:
            return None
        finally:
            os.close(file)

    def put(self, key: str, value: bytes) -> None:
        """Keep a value, if the limit and the disk have room for it."""
        if len(value) > self._most * SLACK:
            return
        try:
            self._write(self._path(key), value)
        except OSError as error:
            log.warning("picture is not kept", reason=error.strerror)
            return
        self._count(len(value))

    def remove(self, key: str) -> None:
        """Forget a value."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        name = blake2b(key.encode(errors="surrogatepass"), digest_size=20).hexdigest()
        return self._folder / name[:2] / name[2:]

    def _write(self, path: Path, value: bytes) -> None:
        path.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        unfinished = path.with_name(f".{secrets.token_hex(8)}")
        try:
            file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
            with open(file, "wb") as writing:  # noqa: PTH123  (a descriptor)
                writing.write(value)
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise

    def _count(self, size: int) -> None:
        with self._lock:
            self._added += max(size, BLOCK)
            due = self._added > self._most * SLACK
            if due:
                self._added = 0
        if due:
            self._evict()

    def _evict(self) -> None:
        """Remove what was not used for longest, unless another process does so."""
        with _alone(self._folder / "eviction") as alone:
            if not alone:
                return
            files = sorted(self._files())
            total = sum(size for _, size, _ in files)
            if total <= self._most:
                return
            for _, size, path in files:
                if total <= self._most * TARGET:
                    break
                Path(path).unlink(missing_ok=True)
                total -= size

    def _files(self) -> Iterator[tuple[float, int, str]]:
        """List time of last use, bytes and path of every value."""
        with os.scandir(self._folder) as folders:
            for folder in [each for each in folders if each.is_dir()]:
                with os.scandir(folder) as files:
                    for file in files:
                        with suppress(FileNotFoundError):
                            status = file.stat()
                            yield status.st_mtime, max(status.st_size, BLOCK), file.path


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Hold a lock of the host, if it is free; yields whether it was."""
    lock = open_private(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(lock)
