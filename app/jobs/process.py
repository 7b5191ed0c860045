"""Ties between processes."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15  # <linux/prctl.h>

_libc = ctypes.CDLL(None)


def die_with(parent: int) -> None:
    """Be told to stop when the process `parent` ends, whatever ends it."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(f"process {parent}, which this one belongs to, is gone")


def name_process(name: str) -> None:
    """What this process is in `ps -o comm`, at most 15 characters."""
    _libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
