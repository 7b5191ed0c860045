"""Errors of the client.

PagecardError
├── ApiError        the service refused a request
└── NetworkError    no whole answer came: CONNECTION_FAILED, TIMEOUT, ANSWER_CUT_OFF
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PASSING = {"RATE_LIMIT_EXCEEDED", "OVERLOADED", "INTERNAL_ERROR", "TARGET_TIMEOUT"}
_LASTING = {"certificate", "malformed_response", "bad_redirect"}


class PagecardError(Exception):
    """Base of every error of this client.

    `code`: word to act on. `retryable`: whether the same call may succeed later. `status`: HTTP status, `details`:
    facts by code, `request_id`: id in the service's log, `retry_after`: seconds; each None where there is none.
    """

    def __init__(self, message: str, *, code: str, retryable: bool) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retryable = retryable
        self.status: int | None = None
        self.details: Mapping[str, Any] | None = None
        self.request_id: str | None = None
        self.retry_after: int | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class ApiError(PagecardError):
    """The service refused a request."""

    def __init__(self, status: int, headers: Mapping[str, str], body: Any) -> None:
        body = body if isinstance(body, dict) else {}
        told = body.get("error") or {}
        code, details = told.get("code", "UNEXPECTED_ANSWER"), told.get("details")
        message = told.get("message", f"The service answered with the HTTP status {status}")
        super().__init__(message, code=code, retryable=_may_pass(status, code, details or {}))
        self.status = status
        self.details = details
        self.request_id = headers.get("X-Request-Id") or body.get("meta", {}).get("request_id")
        wait = headers.get("Retry-After", "")
        self.retry_after = int(wait) if wait.isdecimal() else None


class NetworkError(PagecardError):
    """No whole answer came."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message, code=code, retryable=True)


def _may_pass(status: int, code: str, details: Mapping[str, Any]) -> bool:
    if code == "TARGET_UNREACHABLE":
        return details.get("reason") not in _LASTING
    if code == "TARGET_HTTP_ERROR":
        answered = details.get("http_status", 0)
        return answered in (408, 425, 429) or answered >= 500
    return code in _PASSING or (code == "UNEXPECTED_ANSWER" and status >= 500)
