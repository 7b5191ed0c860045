"""Ties between a process, its parent and its threads."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger()

FAILED = 70  # exit status: EX_SOFTWARE of sysexits(3)
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15  # <linux/prctl.h>

_libc = ctypes.CDLL(None)


def die_with(parent: int) -> None:
    """Receive SIGTERM when the process `parent` ends (prctl(2), PR_SET_PDEATHSIG)."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(f"process {parent}, which this one belongs to, is gone")


def name_process(name: str) -> None:
    """Set the name of this process in `ps -o comm`, at most 15 characters."""
    _libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


@contextmanager
def vital(name: str) -> Iterator[None]:
    """End the process if the block fails: a supervisor replaces a process, and nobody a thread."""
    try:
        yield
    except BaseException:
        log.critical("the process ends, for a vital part of it failed", part=name, exc_info=True)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(FAILED)


def start_vital_thread(name: str, target: Callable[..., object], *args: object) -> threading.Thread:
    """Start a daemon thread; its failure ends the process."""

    def run() -> None:
        with vital(name):
            target(*args)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
