"""Containment of crashes: an exception in one reader costs its field, never the card. Want of memory is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

import structlog

from app.metadata.document import Document
from app.metrics import READER_CRASHES

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F")

log = structlog.get_logger()


def contained(field: str, fallback: Callable[[], F]) -> Callable[[Callable[P, R]], Callable[P, R | F]]:
    """Decorate the reader of `field`: on an exception log and count it, and return `fallback()`."""

    def decorate(read: Callable[P, R]) -> Callable[P, R | F]:
        @wraps(read)
        def read_contained(*args: P.args, **kwargs: P.kwargs) -> R | F:
            try:
                return read(*args, **kwargs)
            except MemoryError:  # a card without the field would be kept, and the page is not at fault
                raise
            except Exception:
                READER_CRASHES.labels(field).inc()
                log.exception("reader crashed", field=field, host=_host(args))
                return fallback()

        return read_contained

    return decorate


def nothing() -> None:
    """Return None: the fallback of most fields."""


def _host(args: tuple[object, ...]) -> str | None:
    """Host of the page in the arguments of a reader; its path and query may hold secrets."""
    document = next((each for each in args if isinstance(each, Document)), None)
    try:
        return urlsplit(document.page.final_url).hostname if document else None
    except ValueError:
        return None
