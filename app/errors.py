"""Errors: every way in which a request or one of its URLs can fail.

PagecardError
├── ServiceError                 the request fails: an HTTP answer of its own
│   ├── MissingApiKey            401  MISSING_API_KEY
│   ├── InvalidApiKey            401  INVALID_API_KEY
│   ├── ApiKeyRevoked            401  API_KEY_REVOKED
│   ├── ApiKeyExpired            401  API_KEY_EXPIRED
│   ├── OriginNotAllowed         403  ORIGIN_NOT_ALLOWED
│   ├── InvalidBody              400  INVALID_BODY
│   ├── MissingUrl               400  MISSING_URL
│   ├── InvalidUrls              400  INVALID_URL
│   ├── BatchTooLarge            400  BATCH_TOO_LARGE
│   ├── RenderingUnavailable     400  RENDERING_UNAVAILABLE
│   ├── ProxyUnavailable         400  PROXY_UNAVAILABLE
│   ├── NotFound                 404  NOT_FOUND
│   ├── JobNotFound              404  JOB_NOT_FOUND
│   ├── MethodNotAllowed         405  METHOD_NOT_ALLOWED
│   ├── JobFinished              409  JOB_FINISHED
│   ├── IdempotencyConflict      409  IDEMPOTENCY_CONFLICT
│   ├── PayloadTooLarge          413  PAYLOAD_TOO_LARGE
│   ├── UnsupportedMediaType     415  UNSUPPORTED_MEDIA_TYPE
│   ├── RateLimitExceeded        429  RATE_LIMIT_EXCEEDED
│   ├── QuotaExceeded            429  QUOTA_EXCEEDED
│   ├── InternalError            500  INTERNAL_ERROR
│   └── Overloaded               503  OVERLOADED
└── TargetError                  one URL fails: a result of its own, or the answer of GET /v1/extract
    ├── InvalidUrl               400  INVALID_URL
    ├── TargetNotAllowed         403  TARGET_NOT_ALLOWED
    ├── UnsupportedContent       422  UNSUPPORTED_CONTENT
    ├── ReadingFailed            500  INTERNAL_ERROR         retryable
    ├── TargetUnreachable        502  TARGET_UNREACHABLE     retryable
    ├── TargetHttpError          502  TARGET_HTTP_ERROR      retryable on 408, 425, 429, 5xx
    ├── TargetBlocked            502  TARGET_BLOCKED
    ├── TooManyRedirects         502  TOO_MANY_REDIRECTS
    └── TargetTimeout            504  TARGET_TIMEOUT         retryable

A leaf is its code, its HTTP status and its message; the OpenAPI document, the table in the README and
the tests are made from this tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar


class PagecardError(Exception):
    """Base of all. `code` is for machines, `message` for people, `details` for both; `reason` for logs and metrics."""

    code: ClassVar[str]
    status: ClassVar[int]
    message: str

    def __init__(
        self, message: str | None = None, *, details: Mapping[str, Any] | None = None, reason: str = ""
    ) -> None:
        self.message = message or self.message
        self.details = dict(details) if details else None
        self.reason = reason
        super().__init__(self.message)


class ServiceError(PagecardError):
    """Refusal of a request as a whole. `retry_after` is in seconds."""

    retry_after: int | None = None


class MissingApiKey(ServiceError):
    code = "MISSING_API_KEY"
    status = 401
    message = "Send an API key: Authorization: Bearer KEY, or X-Api-Key: KEY"


class InvalidApiKey(ServiceError):
    code = "INVALID_API_KEY"
    status = 401
    message = "This API key is not known"


class ApiKeyRevoked(ServiceError):
    code = "API_KEY_REVOKED"
    status = 401
    message = "This API key was revoked"


class ApiKeyExpired(ServiceError):
    code = "API_KEY_EXPIRED"
    status = 401
    message = "This test key was not used for 30 days and has expired"


class OriginNotAllowed(ServiceError):
    code = "ORIGIN_NOT_ALLOWED"
    status = 403
    message = "This publishable key does not work from this origin or for this endpoint"


class InvalidBody(ServiceError):
    code = "INVALID_BODY"
    status = 400
    message = "The request is not what this endpoint takes"


class MissingUrl(ServiceError):
    code = "MISSING_URL"
    status = 400
    message = "Say which page to read: ?url=https://example.com"


class InvalidUrls(ServiceError):
    code = "INVALID_URL"
    status = 400
    message = "One or more URLs are invalid"


class BatchTooLarge(ServiceError):
    code = "BATCH_TOO_LARGE"
    status = 400
    message = "More URLs than this plan takes in one batch"


class RenderingUnavailable(ServiceError):
    code = "RENDERING_UNAVAILABLE"
    status = 400
    message = "This server has no browser to render pages with"


class ProxyUnavailable(ServiceError):
    code = "PROXY_UNAVAILABLE"
    status = 400
    message = "This server has no such proxy"


class NotFound(ServiceError):
    code = "NOT_FOUND"
    status = 404
    message = "There is nothing at this path"


class JobNotFound(ServiceError):
    code = "JOB_NOT_FOUND"
    status = 404
    message = "There is no such job"


class MethodNotAllowed(ServiceError):
    code = "METHOD_NOT_ALLOWED"
    status = 405
    message = "This path does not take this method"


class JobFinished(ServiceError):
    code = "JOB_FINISHED"
    status = 409
    message = "This job has already ended"


class IdempotencyConflict(ServiceError):
    code = "IDEMPOTENCY_CONFLICT"
    status = 409
    message = "This Idempotency-Key was used with another body"


class PayloadTooLarge(ServiceError):
    code = "PAYLOAD_TOO_LARGE"
    status = 413
    message = "A request body holds at most 1 MiB"


class UnsupportedMediaType(ServiceError):
    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415
    message = "Send JSON, with Content-Type: application/json"


class RateLimitExceeded(ServiceError):
    code = "RATE_LIMIT_EXCEEDED"
    status = 429
    message = "Too many requests for this plan"


class QuotaExceeded(ServiceError):
    code = "QUOTA_EXCEEDED"
    status = 429
    message = "This month's URLs are used up"


class InternalError(ServiceError):
    code = "INTERNAL_ERROR"
    status = 500
    message = "Something went wrong on our side"


class Overloaded(ServiceError):
    code = "OVERLOADED"
    status = 503
    message = "Too many pages are being fetched just now"


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


def leaves(root: type[PagecardError] = PagecardError) -> Iterator[type[PagecardError]]:
    """List every error of the tree that has a code of its own, in the order of the drawing."""
    if "code" in vars(root):
        yield root
        return
    for child in root.__subclasses__():
        yield from leaves(child)
