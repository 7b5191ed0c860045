"""The sync client."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from types import TracebackType
from typing import Any, TypeVar

import httpx

from pagecard_client import protocol
from pagecard_client.errors import PagecardError
from pagecard_client.jobs import Item, Job, JobAccepted, JobCancelled, JobList
from pagecard_client.models import Card, Document, Result, Usage, build
from pagecard_client.protocol import Group, Limit, Lines, Policy, Request

Value = TypeVar("Value")


class Pagecard:
    """Client of one service and one key; a context manager.

    `timeout`: seconds without a byte after which an attempt ends. `retries`: further attempts after a failure that may
    pass. `max_wait`: seconds; a longer Retry-After is raised instead of waited for. `http`: a client of your own, whose
    timeout then counts, and which stays open.
    """

    def __init__(
        self,
        server: str,
        key: str | None = None,
        *,
        image_key: str | None = None,
        timeout: float = 60.0,
        retries: int = 3,
        max_wait: float = 60.0,
        http: httpx.Client | None = None,
    ) -> None:
        self._root = protocol.root(server)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._image_key = image_key
        self._http = http or httpx.Client(timeout=timeout)
        self._owned = http is None
        self._policy = Policy(retries, max_wait)
        self._limit = Limit()
        self.jobs = Jobs(self)

    def card(
        self, url: str, *, cache: bool | None = None, max_age: int | None = None, include: Iterable[str] = ()
    ) -> Card:
        """Return the card of one URL. Raises ApiError where the URL has none."""
        asked = {"url": url, "cache": cache, "max_age": max_age, "include": list(include) or None}
        return self.fetch(Card, Request("GET", "v1/extract", protocol.query(asked)), "data")

    def cards(
        self,
        urls: Iterable[str],
        *,
        cache: bool | None = None,
        max_age: int | None = None,
        include: Iterable[str] = (),
        ignore_invalid_urls: bool = True,
        timeout_ms: int | None = None,
    ) -> Iterator[Result]:
        """Yield a result for each URL as soon as it is there, in requests of as many URLs as the plan takes."""
        asked = {"cache": cache, "max_age": max_age, "include": list(include) or None, "timeout_ms": timeout_ms}
        fields = protocol.known({**asked, "ignore_invalid_urls": ignore_invalid_urls})
        waiting: dict[int, str] = {}
        first = 0
        for url in urls:
            waiting[first + len(waiting)] = url
            if len(waiting) >= self._limit.urls:
                yield from self._cards(Group(waiting, fields, self._limit, self._policy))
                first += len(waiting)
                waiting = {}
        yield from self._cards(Group(waiting, fields, self._limit, self._policy))

    def _cards(self, group: Group) -> Iterator[Result]:
        while group.waiting:
            try:
                with closing(self.stream(group.request())) as lines:
                    for line in lines:
                        result = group.read(line)
                        if result:
                            yield result
                group.close()
            except PagecardError as error:
                time.sleep(group.recover(error))

    def read(
        self,
        url: str,
        *,
        max_chars: int | None = None,
        start: int | None = None,
        links: bool | None = None,
        images: bool | None = None,
    ) -> Document:
        """Return the text of a page as Markdown."""
        asked = {"url": url, "max_chars": max_chars, "start": start, "links": links, "images": images}
        return self.fetch(Document, Request("GET", "v1/read", protocol.query(asked)), "data")

    def usage(self) -> Usage:
        """Return plan, limits and usage of the key."""
        return self.fetch(Usage, Request("GET", "v1/usage"), "data")

    def image_url(
        self,
        url: str,
        *,
        width: int | None = None,
        height: int | None = None,
        fit: str | None = None,
        format: str | None = None,  # noqa: A002
        quality: int | None = None,
        max_kilobytes: int | None = None,
    ) -> str:
        """Return the signed address of a picture, resized by the service. Raises ValueError without `image_key`."""
        return protocol.image_url(
            self._root,
            self._image_key,
            url,
            width=width,
            height=height,
            fit=fit,
            format=format,
            quality=quality,
            max_kilobytes=max_kilobytes,
        )

    def close(self) -> None:
        """Close the connections."""
        if self._owned:
            self._http.close()

    def __enter__(self) -> Pagecard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fetch(self, kind: type[Value], request: Request, key: str | None = None) -> Value:
        """Send a request, and build a dataclass of its answer, or of one field."""
        response = self._begin(request, stream=False)
        try:
            body = response.json()
        except ValueError as error:
            raise protocol.lost(error) from error
        return build(kind, body[key] if key else body)

    def stream(self, request: Request) -> Generator[Mapping[str, Any], None, None]:
        """Yield the lines of an answer. A caller that stops reading hangs up, which ends the work."""
        response = self._begin(request, stream=True)
        lines = Lines()
        try:
            for chunk in response.iter_bytes():
                yield from lines.feed(chunk)
        except (httpx.TransportError, ValueError) as error:
            raise protocol.lost(error, began=True) from error
        finally:
            response.close()

    def _begin(self, request: Request, *, stream: bool) -> httpx.Response:
        """Return an answer that is no refusal. Repeats what fails until then."""
        failures = 0
        while True:
            try:
                return self._send(request, stream=stream)
            except PagecardError as error:
                failures += 1
                time.sleep(self._policy.wait(error, failures))

    def _send(self, request: Request, *, stream: bool) -> httpx.Response:
        made = self._http.build_request(
            request.method,
            self._root + request.path,
            params=request.query or None,
            json=request.body,
            headers={"Accept": "application/json", **self._headers, **request.headers},
        )
        try:
            response = self._http.send(made, stream=stream)
            if response.is_success:
                return response
            response.read()
        except httpx.TransportError as error:
            raise protocol.lost(error) from error
        raise protocol.refused(response)


class Jobs:
    """`/v1/batch`: up to 1,000 URLs as a job, whose results are fetched later."""

    def __init__(self, client: Pagecard) -> None:
        self._client = client

    def create(self, urls: Iterable[str], *, idempotency_key: str | None = None, **options: Any) -> JobAccepted:
        """Submit a job. `options` have the names of the API: `formats`, `include_metadata`, `render_js`, …"""
        return self._client.fetch(JobAccepted, protocol.job_request(urls, idempotency_key, options))

    def get(self, job_id: str, *, page: int | None = None, page_size: int | None = None) -> Job:
        """Return the state of a job, and a page of its results."""
        asked = protocol.query({"page": page, "page_size": page_size})
        return self._client.fetch(Job, Request("GET", protocol.job_path(job_id), asked))

    def list(
        self,
        *,
        status: str | None = None,
        start_date: str | None = None,
        end_date: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> JobList:
        """Return a page of the key's jobs, newest first."""
        asked = {"status": status, "start_date": start_date, "end_date": end_date, "page": page, "page_size": page_size}
        return self._client.fetch(JobList, Request("GET", "v1/batch/jobs", protocol.query(asked)))

    def cancel(self, job_id: str) -> JobCancelled:
        """Cancel a job. Items in flight end and count."""
        return self._client.fetch(JobCancelled, Request("DELETE", protocol.job_path(job_id)))

    def watch(self, job_id: str, *, interval: float = 1.0) -> Iterator[Job]:
        """Yield the state of a job each time that it changed, until it ends. `interval`: seconds between two looks."""
        before: Job | None = None
        while True:
            now = self.get(job_id, page_size=1)
            if now != before:
                yield now
            if now.ended:
                return
            before = now
            time.sleep(interval)

    def results(self, job_id: str) -> Iterator[Item]:
        """Yield every item that has ended so far, in input order."""
        request = Request(
            "GET", f"v1/batch/{job_id}/results", {"format": "ndjson"}, headers={"Accept": protocol.NDJSON}
        )
        with closing(self._client.stream(request)) as lines:
            for line in lines:
                yield build(Item, line)
