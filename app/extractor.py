"""One URL: cache -> fetch -> read -> Success | Failure.

Rule 1: what happens to a URL is a value; only a mistake of ours is an exception, and `extract` turns that, too,
        into a value once it has been logged.
Rule 2: a result is encoded once, when it is read; the cache, the doors and the jobs pass its bytes on.
Rule 3: what ended because the asker ran out of time says nothing of the URL, and is not kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from functools import partial
from math import ceil
from typing import Any, Protocol

import orjson
import structlog

from app.deadline import Deadline
from app.errors import (
    InvalidUrl,
    PagecardError,
    ReadingFailed,
    TargetBlocked,
    TargetError,
    TargetHttpError,
    TargetTimeout,
    UnsupportedContent,
    leaves,
)
from app.fetch import TargetUrl, parse_url
from app.markdown import to_html, to_markdown
from app.metadata import (
    Document,
    Metadata,
    encode,
    find_oembed,
    has_card,
    is_html,
    needs_oembed,
    read_challenge,
    read_json_ld,
    read_metadata,
    read_microdata,
    read_oembed,
    read_refresh,
    read_sources,
    with_oembed,
)
from app.metadata.html.table import read_table
from app.page import Page, Wait, declared_type, is_untold
from app.results import Failure, Outcome, Success, with_fields
from app.storage.cache import Cache
from app.storage.stores import FAILED, PASSING, Entry

log = structlog.get_logger()

INCLUDES = ("json_ld", "microdata", "oembed", "sources")
FORMATS = ("markdown", "html")
_BLANK = b" \t\r\n\f\v\0\xef\xbb\xbf\xfe\xff"  # white space, and byte order marks
MAX_RETRY_AFTER = 86_400  # seconds
OEMBED_TIMEOUT = 4.0  # seconds, and half of what is left at most: an extra must not eat the time of the page


@dataclass(frozen=True, slots=True)
class Options:
    """Options of one extraction; each option that changes the answer is part of the cache key.

    `include` names extra blocks of the card (of `INCLUDES`). With `formats` (of `FORMATS`) the answer is what
    a job's item holds, `{"markdown", "html", "metadata"}`, each null unless asked for; `metadata` is the card.
    `max_age` is in seconds; `fresh` goes past the cache, and stores what it brings.
    """

    include: frozenset[str] = frozenset()
    formats: frozenset[str] | None = None
    metadata: bool = False
    fresh: bool = False
    max_age: int = 3_600
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None
    render: Wait | None = None

    def cache_key(self, target: TargetUrl, tenant: str) -> str:
        return target.text + self.variant(tenant)

    def variant(self, tenant: str) -> str:
        """End of a cache key: "" for a plain card, else every option that changes the answer.

        Headers may carry a tenant's credentials: what they bring is that tenant's alone.
        """
        if not (self.include or self.formats is not None or self.headers or self.proxy or self.render):
            return ""
        formats = None if self.formats is None else sorted(self.formats)
        own = (tenant, self.headers) if self.headers else ()
        return f" {(sorted(self.include), formats, self.metadata, self.proxy, self.render, own)!r}"


class Fetch(Protocol):
    def __call__(
        self,
        url: TargetUrl,
        deadline: Deadline,
        *,
        tenant: str = "",
        headers: Mapping[str, str] = ...,
        proxy: str | None = None,
        refresh: Callable[[Page], str | None] = ...,
    ) -> Page: ...


class Render(Protocol):
    def __call__(
        self,
        url: TargetUrl,
        deadline: Deadline,
        *,
        tenant: str = "",
        wait: Wait,
        headers: Mapping[str, str] = ...,
        proxy: str | None = None,
    ) -> Page: ...


Observe = Callable[[TargetUrl, str, str, float, float], None]
"""Receives each URL fetched: rebuilt URL, "ok" or an error's code, its reason, seconds to fetch, seconds to read."""


class Extractor:
    def __init__(
        self,
        *,
        cache: Cache[Outcome],
        fetch: Fetch,
        render: Render,
        cache_ttl: float,
        failure_ttl: float,
        stale_ttl: float,
        max_bytes: int,
        observe: Observe = lambda url, outcome, reason, fetching, reading: None,
    ) -> None:
        """`cache_ttl`, `failure_ttl`: seconds that a success and a failure are kept; `max_bytes`: of Markdown.

        `stale_ttl`: seconds that an expired success may still stand in for a failure.
        """
        self._cache = cache
        self._fetch = fetch
        self._render = render
        self._cache_ttl = cache_ttl
        self._failure_ttl = failure_ttl
        self._stale_ttl = stale_ttl
        self._max_bytes = max_bytes
        self._observe = observe

    def look_up(self, urls: Iterable[str], options: Options, tenant: str = "") -> dict[str, Outcome]:
        """Look up URLs in the cache, each the `text` of a target."""
        if options.fresh:
            return {}
        variant = options.variant(tenant)
        if not variant:
            return self._cache.get_many(urls, options.max_age)
        keys = {url + variant: url for url in urls}
        found = self._cache.get_many(keys, options.max_age)
        return {keys[key]: outcome for key, outcome in found.items()}

    def settle(self) -> None:
        """Wait until all results so far are stored beyond this process."""
        self._cache.settle()

    def extract(self, target: TargetUrl, options: Options, deadline: Deadline, tenant: str = "") -> Outcome:
        """Extract one URL. Never raises."""
        key = options.cache_key(target, tenant)

        def load() -> Entry:
            return self._load(target, options, deadline, tenant)

        try:
            if deadline.passed:
                raise TargetTimeout(reason="queue")
            max_age = None if options.fresh else options.max_age
            return self._cache.get_or_load(key, load, max_age=max_age, deadline=deadline)
        except TargetError as error:
            return Failure(error)
        except Exception:
            log.exception("extraction crashed", host=target.host)
            return Failure(ReadingFailed())

    def _load(self, target: TargetUrl, options: Options, deadline: Deadline, tenant: str) -> Entry:
        begun, extraction = time.time(), _Extraction(self, target, options, deadline, tenant)
        try:
            status, value = extraction.answer()
            outcome, reason, entry = "ok", "", self._success(value, status, begun, poor=extraction.poor)
        except TargetError as error:
            outcome, reason, entry = error.code, error.reason, self._failure(error, begun, poor=deadline.passed)
        except Exception:
            log.exception("extraction crashed", host=target.host)
            outcome, reason, entry = "crashed", "", self._failure(ReadingFailed(), begun, poor=False)
        extraction.observe(outcome, reason)
        return entry

    def _success(self, value: bytes, status: int, begun: float, *, poor: bool) -> Entry:
        expires_at = begun if poor else begun + self._cache_ttl
        return Entry(value, status, begun, expires_at, expires_at + self._stale_ttl if expires_at > begun else 0)

    def _failure(self, error: TargetError, begun: float, *, poor: bool) -> Entry:
        passing = error.retryable or isinstance(error, TargetBlocked)
        poor = poor or error.reason == "queue" or isinstance(error, ReadingFailed)
        expires_at = begun if poor or not self._failure_ttl else time.time() + self._failure_ttl
        return Entry(_encode_failure(error), PASSING if passing else FAILED, begun, expires_at)


class _Extraction:
    """One URL on its way from the network to the bytes of its answer."""

    def __init__(
        self, extractor: Extractor, target: TargetUrl, options: Options, deadline: Deadline, tenant: str
    ) -> None:
        self._extractor = extractor
        self._target = target
        self._options = options
        self._deadline = deadline
        self._tenant = tenant
        self.started = time.perf_counter()
        self.fetching = 0.0  # seconds
        self.poor = False  # whether the asker's time, or its place in a queue, cut the card short

    def observe(self, outcome: str, reason: str) -> None:
        reading = time.perf_counter() - self.started - self.fetching
        self._extractor._observe(self._target, outcome, reason, self.fetching, reading)

    def answer(self) -> tuple[int, bytes]:
        """The status of the page, and the JSON. Raises TargetError."""
        document, options = self._document(), self._options
        oembed = self._oembed(document) if options.formats is None or options.metadata else None
        if options.formats is None:
            data = self._card(document, oembed)
        else:
            data = self._item(document, options.formats, oembed)
        return document.page.status, data

    def _document(self) -> Document:
        document = self._render() if self._options.render else self._follow()
        self.poor |= document.page.late
        self._refuse_unreadable(document)
        return document

    def _follow(self) -> Document:
        """Fetch the page, where refreshes are hops of its chain."""
        read: list[Document] = []

        def refresh(page: Page) -> str | None:
            read.append(Document(page))
            return read_refresh(read[-1])

        page = self._bring(partial(self._extractor._fetch, refresh=refresh), self._target)
        return read[-1] if read and read[-1].page is page else Document(page)

    def _render(self) -> Document:
        """Render the page, and the target of its meta refresh."""
        render = partial(self._extractor._render, wait=self._options.render or Wait())
        document = Document(self._bring(render, self._target))
        target = read_refresh(document)
        with suppress(InvalidUrl):
            if target and target.partition("#")[0] != document.page.final_url:
                return Document(_asked_as(self._target, self._bring(render, parse_url(target))))
        return document

    def _refuse_unreadable(self, document: Document) -> None:
        page = document.page
        wall = read_challenge(document)
        if wall:
            raise TargetBlocked(reason=wall)
        if not 200 <= page.status < 300:
            raise TargetHttpError(page.status, _retry_after(page))
        if page.status in (204, 205) or _is_empty(page):
            raise UnsupportedContent(reason="empty")
        if not has_card(page):
            raise UnsupportedContent(reason="type")

    def _bring(self, fetch: Callable[..., Page], target: TargetUrl) -> Page:
        begun, headers = time.perf_counter(), self._headers(target)
        try:
            return fetch(target, self._deadline, tenant=self._tenant, headers=headers, proxy=self._options.proxy)
        finally:
            self.fetching += time.perf_counter() - begun

    def _headers(self, target: TargetUrl) -> Mapping[str, str]:
        """A caller's headers are for the origin that the caller named, and for no other."""
        return dict(self._options.headers) if target.origin == self._target.origin else {}

    def _card(self, document: Document, oembed: dict[str, Any] | None) -> bytes:
        metadata = read_metadata(document)
        if oembed and needs_oembed(document):
            metadata = with_oembed(metadata, oembed)
        return with_fields(encode(metadata), self._blocks(document, metadata, oembed))

    def _blocks(self, document: Document, metadata: Metadata, oembed: Mapping[str, Any] | None) -> dict[str, Any]:
        read: dict[str, Callable[[], Any]] = {
            "json_ld": lambda: read_json_ld(document),
            "microdata": lambda: read_microdata(document),
            "oembed": lambda: oembed,
            "sources": lambda: read_sources(document, metadata) if is_html(document.page) else None,
        }
        return {name: read[name]() for name in INCLUDES if name in self._options.include}

    def _oembed(self, document: Document) -> dict[str, Any] | None:
        if "oembed" not in self._options.include and not needs_oembed(document):
            return None
        endpoint = find_oembed(document)
        if not endpoint:
            return None
        allowed = min(OEMBED_TIMEOUT, self._deadline.remaining() / 2)
        try:
            answer = self._extractor._fetch(parse_url(endpoint), self._deadline.sooner(allowed), tenant=self._tenant)
        except TargetError as error:
            hurried = isinstance(error, TargetTimeout) and (allowed < OEMBED_TIMEOUT or error.reason == "queue")
            self.poor |= hurried or self._deadline.passed
            return None
        return read_oembed(answer.body, answer.content_type, answer.final_url, document.page.final_url)

    def _item(self, document: Document, formats: frozenset[str], oembed: dict[str, Any] | None) -> bytes:
        page = document.page
        html = is_html(page)
        if not html and not self._options.metadata:
            raise UnsupportedContent("The target is no HTML, and has neither Markdown nor HTML to give", reason="type")
        return orjson.dumps(
            {
                "markdown": self._markdown(document) if html and "markdown" in formats else None,
                "html": to_html(document.text()) if html and "html" in formats else None,
                "metadata": orjson.Fragment(self._card(document, oembed)) if self._options.metadata else None,
            }
        )

    def _markdown(self, document: Document) -> str:
        return to_markdown(read_table(document.markup), document.base_url, limit=self._extractor._max_bytes)


def _asked_as(target: TargetUrl, page: Page) -> Page:
    return replace(page, url=str(target))


def _retry_after(page: Page) -> int | None:
    """Read the field Retry-After (RFC 9110, section 10.2.3), in seconds; None without a usable one."""
    value = page.headers.get("retry-after", "")
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), MAX_RETRY_AFTER)
    try:
        left = parsedate_to_datetime(value[:100]).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0, ceil(left)), MAX_RETRY_AFTER)


def _is_empty(page: Page) -> bool:
    """Whether an answer that may be HTML has no character but white space."""
    told = declared_type(page.content_type)
    return (is_untold(told) or is_html(page)) and not page.body.strip(_BLANK)


_ERRORS: dict[str, type[TargetError]] = {error.code: error for error in leaves(TargetError)}  # type: ignore[misc]


def recall(entry: Entry, hit: bool, stale: bool) -> Outcome:
    """Decode an entry of the cache; `hit` tells a found entry from a loaded one."""
    if entry.status in (FAILED, PASSING):
        return Failure(_decode_failure(entry.value))
    return Success(entry.value, entry.status, hit, entry.stored_at, entry.expires_at, stale)


def _encode_failure(error: TargetError) -> bytes:
    kept = {"code": error.code, "message": error.message, "details": error.details, "retryable": error.retryable}
    return orjson.dumps(kept)


def _decode_failure(value: bytes) -> TargetError:
    kept = orjson.loads(value)
    kind = _ERRORS[kept["code"]]
    error = kind.__new__(kind)  # a kind may have a constructor of its own
    PagecardError.__init__(error, kept["message"], details=kept["details"])
    error.retryable = kept["retryable"]
    return error
