"""One URL: cache -> fetch -> read -> Success | Failure.

Rule 1: what happens to a URL is a value; only a mistake of ours is an exception.
Rule 2: a result is encoded once, when it is read; the cache, the doors and the jobs pass its bytes on.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import TargetError
from .page import Wait


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a URL beyond its card; everything here that changes the answer is in the cache key.

    `include` names extra blocks of the card (`json_ld`, `microdata`, `oembed`). With `formats` not None the
    answer is what a job's item holds, `{"markdown", "html", "metadata"}`, each null unless asked for.
    `max_age` is in seconds; `fresh` goes past the cache, and stores what it brings.
    """

    include: frozenset[str] = frozenset()
    formats: frozenset[str] | None = None
    metadata: bool = True
    fresh: bool = False
    max_age: int = 3_600
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None
    render: Wait | None = None


@dataclass(frozen=True, slots=True)
class Success:
    """`data` is a JSON object, encoded. Times are Unix seconds."""

    data: bytes
    http_status: int
    cache_hit: bool
    fetched_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Failure:
    error: TargetError
