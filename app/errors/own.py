"""Errors of this process or host, which say nothing of a target: out of descriptors, memory or buffers."""

from __future__ import annotations

import errno

OWN_ERRORS = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))


def is_own(error: Exception) -> bool:
    """Whether an error is one of this process or host."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in OWN_ERRORS)
