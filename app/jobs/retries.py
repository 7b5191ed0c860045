"""Policy of retries: which failures of an item pass, and how long it waits before the next attempt."""

from __future__ import annotations

from app.errors import PagecardError, TargetError

MOST_ATTEMPTS = 3  # of one item
FIRST_PAUSE = 2.0  # seconds; each pause after it is four times the one before
LONGEST_PAUSE = 60.0  # seconds that an origin may ask for (Retry-After)


def pause_before_retry(attempt: int, error: PagecardError) -> float | None:
    """Seconds to wait after the `attempt`-th failure, counted from 1; None where it was the last.

    The origin's Retry-After (RFC 9110, section 10.2.3) replaces the exponential backoff.
    """
    if not isinstance(error, TargetError) or not error.retryable or attempt >= MOST_ATTEMPTS:
        return None
    asked = (error.details or {}).get("retry_after")
    return FIRST_PAUSE * 4.0 ** (attempt - 1) if asked is None else min(float(asked), LONGEST_PAUSE)
