"""Errors of one URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from app.errors.tree import PagecardError


class TargetError(PagecardError):
    """Failure of one URL, which leaves its neighbours alone.

    `reasons` is the closed list of words for `details.reason`; another reason is for logs and metrics alone.
    """

    retryable: bool = False
    reasons: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self, message: str | None = None, *, details: Mapping[str, Any] | None = None, reason: str = ""
    ) -> None:
        reason = reason or (details or {}).get("reason", "")
        told = {"reason": reason} if self.tells(reason) else {}
        super().__init__(message, details={**(details or {}), **told}, reason=reason)
        self.retryable = self.retryable and reason not in LASTING

    def tells(self, reason: str) -> bool:
        """Whether a client is told this reason."""
        return reason in self.reasons


LASTING = frozenset(("certificate", "malformed_response", "bad_redirect"))
"""Reasons that another try does not mend."""


class InvalidUrl(TargetError):
    code = "INVALID_URL"
    status = 400
    message = "This is not an absolute http or https URL"


class TargetNotAllowed(TargetError):
    code = "TARGET_NOT_ALLOWED"
    status = 403
    message = "This target is not allowed"
    reasons = frozenset(("address", "port", "name", "host_denied", "robots", "redirect_scheme"))


class ResponseTooLarge(TargetError):
    """The answer has no room for this card, which is in the cache."""

    code = "RESPONSE_TOO_LARGE"
    status = 413
    message = "The answer holds at most 32 MiB; ask for this URL alone, or for a stream"


class UnsupportedContent(TargetError):
    code = "UNSUPPORTED_CONTENT"
    status = 422
    message = "The target is neither HTML nor a file that has a card"
    reasons = frozenset(("empty", "type", "coding", "transfer"))


class ReadingFailed(TargetError):
    """Our own mistake while reading one page; never the page's fault, never cached."""

    code = "INTERNAL_ERROR"
    status = 500
    message = "Something went wrong on our side while reading this page"
    retryable = True


class TargetUnreachable(TargetError):
    code = "TARGET_UNREACHABLE"
    status = 502
    message = "Could not reach the target URL"
    retryable = True
    reasons = LASTING | {"dns", "refused", "reset", "unroutable", "tls", "proxy"}


class TargetHttpError(TargetError):
    code = "TARGET_HTTP_ERROR"
    status = 502
    message = "The target URL answered with an error"

    def __init__(self, http_status: int, retry_after: int | None = None) -> None:
        """`retry_after` is in seconds, where the target asks for a pause."""
        pause = {} if retry_after is None else {"retry_after": retry_after}
        message = f"The target URL answered with HTTP status {http_status}"
        super().__init__(message, details={"http_status": http_status, **pause})
        self.retryable = http_status in (408, 425, 429) or 500 <= http_status < 600

    @classmethod
    def paused(cls, http_status: int, retry_after: int) -> TargetHttpError:
        """Refuse a URL whose host asked for a pause a moment ago, and is not asked meanwhile."""
        error = cls(http_status, retry_after)
        error.reason = "paused"
        return error


class TargetBlocked(TargetError):
    code = "TARGET_BLOCKED"
    status = 502
    message = "The target URL answered with a challenge for bots instead of the page"

    def tells(self, reason: str) -> bool:
        """The reason is the name of the wall."""
        return bool(reason)


class TooManyRedirects(TargetError):
    code = "TOO_MANY_REDIRECTS"
    status = 502
    message = "The target URL redirects too many times, or in a circle"


class TargetTimeout(TargetError):
    code = "TARGET_TIMEOUT"
    status = 504
    message = "The target URL took too long to answer"
    retryable = True
    reasons = frozenset(("queue", "dns", "connect", "tls", "headers", "body"))
