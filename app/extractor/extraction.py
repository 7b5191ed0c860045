"""One URL on its way from the network to the bytes of its answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol
from urllib.parse import urljoin

import msgspec
import orjson

from app.content import content_fields, read_content
from app.deadline import Deadline
from app.errors import InvalidUrl, TargetBlocked, TargetError, TargetHttpError, TargetTimeout, UnsupportedContent
from app.extractor.options import VALIDATION, Options
from app.fetch import TargetUrl, parse_url
from app.markdown import to_html, to_markdown
from app.metadata import (
    Document,
    Metadata,
    Oembed,
    Registry,
    encode,
    find_oembed,
    has_card,
    is_html,
    needs_oembed,
    owned_url,
    read_challenge,
    read_json_ld,
    read_metadata,
    read_microdata,
    read_oembed,
    read_refresh,
    read_sources,
    shipped_registry,
    with_oembed,
)
from app.page import Page, Validators, Wait, declared_type, is_untold, read_retry_after
from app.results import with_fields
from app.validation import validate_page

_BLANK = b" \t\r\n\f\v\0\xef\xbb\xbf\xfe\xff"  # white space, and byte order marks
EXTRA_TIMEOUT = 4.0  # seconds, and half of what is left at most: an extra must not eat the time of the page
MAX_ROBOTS = 500 * 1_024  # bytes (RFC 9309, section 2.5)


class Fetch(Protocol):
    def __call__(
        self,
        url: TargetUrl,
        deadline: Deadline,
        *,
        tenant: str = "",
        headers: Mapping[str, str] = ...,
        proxy: str | None = None,
        accept_language: str | None = None,
        validators: Validators | None = None,
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


def _unobserved(url: TargetUrl, outcome: str, reason: str, fetching: float, reading: float) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts that every extraction works with. `max_bytes`: of Markdown."""

    fetch: Fetch
    render: Render
    max_bytes: int
    observe: Observe = _unobserved
    registry: Registry = field(default_factory=shipped_registry)


class Extraction:
    """One URL on its way from the network to the bytes of its answer."""

    def __init__(
        self,
        parts: Parts,
        target: TargetUrl,
        options: Options,
        deadline: Deadline,
        tenant: str,
        validators: Validators | None = None,
    ) -> None:
        """`validators`: from the card to refresh, if any."""
        self._parts = parts
        self._target = target
        self._options = options
        self._deadline = deadline
        self._tenant = tenant
        self._validators = validators
        self.started = time.perf_counter()
        self.fetching = 0.0  # seconds
        self.poor = False  # whether the asker's time, or its place in a queue, cut the card short

    def observe(self, outcome: str, reason: str) -> None:
        """Report the URL with its error's code (or "ok") and reason."""
        reading = time.perf_counter() - self.started - self.fetching
        self._parts.observe(self._target, outcome, reason, self.fetching, reading)

    def answer(self) -> tuple[Page, bytes]:
        """Fetch the page and encode the JSON, b"" for an unchanged page. Raises TargetError."""
        document, options = self._document(), self._options
        if document.page.unchanged:
            return document.page, b""
        oembed = self._oembed(document) if options.formats is None or options.metadata else None
        if options.formats is None:
            data = self._card(document, self._metadata(document), oembed)
        else:
            data = self._item(document, options.formats, oembed)
        return document.page, data

    def _document(self) -> Document:
        document = self._render() if self._options.render else self._follow()
        self.poor |= document.page.late
        if not document.page.unchanged:
            self._refuse_unreadable(document)
        return document

    def _follow(self) -> Document:
        """Fetch the page, where refreshes are hops of its chain."""
        read: list[Document] = []

        def refresh(page: Page) -> str | None:
            read.append(Document(page))
            return read_refresh(read[-1])

        language = self._options.accept_language
        fetch = partial(self._parts.fetch, refresh=refresh, validators=self._validators, accept_language=language)
        page = self._bring(fetch, self._target)
        return read[-1] if read and read[-1].page is page else Document(page)

    def _render(self) -> Document:
        """Render the page, and the target of its meta refresh."""
        render = partial(self._parts.render, wait=self._options.render or Wait())
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
            raise TargetHttpError(page.status, read_retry_after(page))
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

    def _metadata(self, document: Document) -> Metadata:
        return read_metadata(document, self._parts.registry)

    def _card(self, document: Document, metadata: Metadata, oembed: Oembed | None) -> bytes:
        if oembed:
            metadata = with_oembed(metadata, oembed, needed=needs_oembed(document))
        return with_fields(encode(metadata), self._blocks(document, metadata, oembed))

    def _blocks(self, document: Document, metadata: Metadata, oembed: Oembed | None) -> dict[str, Any]:
        read: dict[str, Callable[[], Any]] = {
            "json_ld": lambda: read_json_ld(document),
            "microdata": lambda: read_microdata(document),
            "oembed": lambda: oembed.fields if oembed else None,
            "sources": lambda: read_sources(document, metadata) if is_html(document.page) else None,
            VALIDATION: lambda: self._validation(document, metadata),
        }
        blocks = {name: read[name]() for name in read if name in self._options.include}
        return blocks | (self._content(document, metadata) if "markdown" in self._options.include else {})

    def _content(self, document: Document, metadata: Metadata) -> dict[str, Any]:
        options = self._options
        return content_fields(document, metadata, self._parts.max_bytes, links=options.links, images=options.images)

    def _validation(self, document: Document, metadata: Metadata) -> bytes:
        if not is_html(document.page):
            raise UnsupportedContent("The target is no HTML page, and has no tags to check", reason="type")
        return msgspec.json.encode(validate_page(document, metadata, robots=self._robots(document)))

    def _robots(self, document: Document) -> str:
        """Return the text of robots.txt (RFC 9309), "" without any."""
        page = self._beside(urljoin(document.page.final_url, "/robots.txt"))
        return page.body[:MAX_ROBOTS].decode(errors="replace") if page and page.status == 200 else ""

    def _oembed(self, document: Document) -> Oembed | None:
        if "oembed" not in self._options.include and not needs_oembed(document):
            return None
        endpoint = find_oembed(document, self._parts.registry)
        if not endpoint:
            return None
        answer = self._beside(endpoint)
        if answer is None:
            return None
        return read_oembed(answer.body, answer.final_url, owned_url(document, endpoint), self._parts.registry)

    def _beside(self, url: str) -> Page | None:
        """Fetch an extra of the page; None where it cannot be had in its share of the time."""
        allowed = min(EXTRA_TIMEOUT, self._deadline.remaining() / 2)
        try:
            return self._parts.fetch(parse_url(url), self._deadline.sooner(allowed), tenant=self._tenant)
        except TargetError as error:
            hurried = isinstance(error, TargetTimeout) and (allowed < EXTRA_TIMEOUT or error.reason == "queue")
            self.poor |= hurried or self._deadline.passed
            return None

    def _item(self, document: Document, formats: frozenset[str], oembed: Oembed | None) -> bytes:
        page = document.page
        html = is_html(page)
        if not html and not self._options.metadata:
            raise UnsupportedContent("The target is no HTML, and has neither Markdown nor HTML to give", reason="type")
        metadata = self._metadata(document) if self._options.metadata or self._options.main_content else None
        return orjson.dumps(
            {
                "markdown": self._markdown(document, metadata) if html and "markdown" in formats else None,
                "html": to_html(document.text()) if html and "html" in formats else None,
                "metadata": orjson.Fragment(self._card(document, metadata, oembed))
                if metadata and self._options.metadata
                else None,
            }
        )

    def _markdown(self, document: Document, metadata: Metadata | None) -> str:
        if metadata and self._options.main_content:
            return read_content(document, metadata, self._parts.max_bytes).markdown
        return to_markdown(document.table, document.base_url, limit=self._parts.max_bytes)


def _asked_as(target: TargetUrl, page: Page) -> Page:
    return replace(page, url=str(target))


def _is_empty(page: Page) -> bool:
    """Whether an answer that may be HTML has no character but white space."""
    told = declared_type(page.content_type)
    return (is_untold(told) or is_html(page)) and not page.body.strip(_BLANK)
