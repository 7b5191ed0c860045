"""Requests, retries and groups: everything that the sync and the async client share. No I/O."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from pagecard_client.errors import ApiError, NetworkError, PagecardError
from pagecard_client.models import Card, Result, TargetError, build

MOST = 100
"""URLs in a request while the plan's limit is not known."""

BASE = 0.5
"""Seconds: the first wait without Retry-After is shorter, the second shorter than twice that."""

CUT_OFF = "ANSWER_CUT_OFF"

NDJSON = "application/x-ndjson, application/json;q=0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `path` is relative to the service."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules of retries. `max_wait`: seconds; a longer Retry-After is raised instead of waited for."""

    retries: int
    max_wait: float

    def wait(self, error: PagecardError, failures: int) -> float:
        """Seconds to wait before another attempt. Raises the error where none is to follow.

        The failure of a target is an answer, and is not asked for again.
        """
        least = error.retry_after or 0
        lasting = not error.retryable or error.code.startswith("TARGET_")
        if lasting or failures > self.retries or least > self.max_wait:
            raise error
        more = max(BASE, least / 4) if least else min(BASE * 2 ** (failures - 1), self.max_wait)
        return least + random.random() * more  # noqa: S311  (jitter, no secret)


@dataclass(slots=True)
class Limit:
    """URLs that the plan takes in a request, as far as it is known."""

    urls: int = MOST


class Group:
    """URLs of one request of `cards`: those without a result are asked for again when a stream is cut off."""

    def __init__(self, urls: Mapping[int, str], fields: Mapping[str, Any], limit: Limit, policy: Policy) -> None:
        self.waiting = dict(urls)
        self._fields, self._limit, self._policy = fields, limit, policy
        self._asked: list[int] = []
        self._failures = 0

    def request(self) -> Request:
        """Ask for as many of the waiting URLs as the plan takes."""
        self._asked = list(self.waiting)[: self._limit.urls]
        return batch_request([self.waiting[index] for index in self._asked], self._fields)

    def read(self, line: Mapping[str, Any]) -> Result | None:
        """Read a line of the stream; None for the last."""
        if "summary" in line:
            self.waiting = {index: url for index, url in self.waiting.items() if index not in self._asked}
            self._asked = []
            return None
        index = self._asked[line["index"]]
        self.waiting.pop(index, None)
        return _result(index, line)

    def close(self) -> None:
        """Raise NetworkError if the stream ended before its last line."""
        if self._asked:
            raise NetworkError("The stream ended before its last line", code=CUT_OFF)

    def recover(self, error: PagecardError) -> float:
        """Seconds to wait before the request of what is left. Raises the error where that is of no use."""
        limit = (error.details or {}).get("limit")
        if error.code == "BATCH_TOO_LARGE" and isinstance(limit, int) and limit < len(self._asked):
            self._limit.urls = limit
            return 0.0
        if error.code != CUT_OFF:
            raise error
        self._failures += 1
        return self._policy.wait(error, self._failures)


def batch_request(urls: list[str], fields: Mapping[str, Any]) -> Request:
    """Ask for the cards of `urls`."""
    return Request("POST", "v1/extract/batch", body={"urls": urls, **fields}, headers={"Accept": NDJSON})


def job_request(urls: Iterable[str], idempotency_key: str | None, fields: Mapping[str, Any]) -> Request:
    """Submit a job. A repeated request makes no second one."""
    headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
    return Request("POST", "v1/batch", body={"urls": list(urls), **known(fields)}, headers=headers)


def job_path(job_id: str) -> str:
    """Return the path of a job."""
    return f"v1/batch/{quote(job_id, safe='')}"


def results_request(job_id: str) -> Request:
    """Ask for every result of a job, as a stream."""
    return Request("GET", f"{job_path(job_id)}/results", {"format": "ndjson"}, headers={"Accept": NDJSON})


def known(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out fields that are None."""
    return {name: value for name, value in fields.items() if value is not None}


def query(fields: Mapping[str, Any]) -> dict[str, str]:
    """Write values as the API reads them in a query."""
    return {name: _written(value) for name, value in known(fields).items()}


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list | tuple | set | frozenset) else str(value)


def _result(index: int, line: Mapping[str, Any]) -> Result:
    return Result(
        index=index,
        url=line["url"],
        success=line["success"],
        card=build(Card, line["data"]) if line["success"] else None,
        error=None if line["success"] else build(TargetError, line["error"]),
        cache_hit=line.get("cache_hit", False),
        stale=line.get("stale", False),
    )


class Lines:
    """Splits a stream into objects, one a line."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Any]:
        """Return the objects that the chunk completes."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        return [json.loads(line) for line in whole if line.strip()]


def refused(response: httpx.Response) -> ApiError:
    """Read an answer that is a refusal."""
    try:
        body = response.json()
    except ValueError:
        body = None
    return ApiError(response.status_code, response.headers, body)


def lost(error: Exception, *, began: bool = False) -> NetworkError:
    """Tell a failure of the transport in our own words."""
    if isinstance(error, httpx.TimeoutException):
        return NetworkError("The service sent nothing in time", code="TIMEOUT")
    code = CUT_OFF if began else "CONNECTION_FAILED"
    return NetworkError("There is no whole answer of the service", code=code)


def root(server: str) -> str:
    """Return the address of a service with one slash at its end. Raises ValueError."""
    if not server.startswith(("http://", "https://")):
        raise ValueError("server: must be the http(s) URL of a Pagecard service")
    return server.rstrip("/") + "/"


def image_url(
    server: str,
    key: str | None,
    url: str,
    *,
    width: int | None,
    height: int | None,
    fit: str | None,
    format: str | None,  # noqa: A002
    quality: int | None,
    max_kilobytes: int | None,
) -> str:
    """Sign the address of a picture: the first 22 characters of base64url(HMAC-SHA256(key, options/url))."""
    if not key:
        raise ValueError("image_key: is required to sign addresses of pictures")
    sizes = [width and f"w{width}", height and f"h{height}", fit, format, quality and f"q{quality}"]
    options = ",".join(str(each) for each in [*sizes, max_kilobytes and f"max{max_kilobytes}k"] if each) or "-"
    path = f"{options}/{_base64url(url.encode())}"
    signature = _base64url(hmac.new(key.encode(), path.encode(), hashlib.sha256).digest())[:22]
    return f"{server}v1/image/{signature}/{path}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
