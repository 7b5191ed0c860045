"""Outcomes as entries of the cache: a success as its encoded card, a failure as JSON."""

from __future__ import annotations

import orjson

from app.errors import PagecardError, TargetError, leaves
from app.results import Failure, Outcome, Success
from app.storage.stores import FAILED, PASSING, Entry

_ERRORS: dict[str, type[TargetError]] = {error.code: error for error in leaves(TargetError)}  # type: ignore[misc]


def recall(entry: Entry, hit: bool, stale: bool) -> Outcome:
    """Decode an entry of the cache; `hit` tells a found entry from a loaded one."""
    if entry.status in (FAILED, PASSING):
        return Failure(_decode_failure(entry.value))
    return Success(entry.value, entry.status, hit, entry.stored_at, entry.expires_at, stale)


def encode_failure(error: TargetError) -> bytes:
    """Encode what a cached failure says."""
    kept = {"code": error.code, "message": error.message, "details": error.details, "retryable": error.retryable}
    return orjson.dumps(kept)


def _decode_failure(value: bytes) -> TargetError:
    kept = orjson.loads(value)
    kind = _ERRORS[kept["code"]]
    error = kind.__new__(kind)  # a kind may have a constructor of its own
    PagecardError.__init__(error, kept["message"], details=kept["details"])
    error.retryable = kept["retryable"]
    return error
