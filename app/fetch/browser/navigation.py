"""One page in a browser, from its address to a Page.

Rule 1: a context belongs to one visit; cookies, storage and caches end with it.
Rule 2: what nobody reads is not loaded: favicons and media here; images and fonts the browser leaves out
        by itself, which costs nothing (answering for 300 images took longer than the rest of their page).
Rule 3: a caller's headers go to the origin of the URL that the caller named, whatever redirects say.
Rule 4: what is read of the page is read where its scripts cannot interfere, and no more than was asked for.
Rule 5: what is no page of HTML is not rendered, and left to the reader as the target sent it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from app.errors import (
    InvalidUrl,
    TargetError,
    TargetNotAllowed,
    TargetTimeout,
    TargetUnreachable,
    TooManyRedirects,
)
from app.fetch.browser.proxy import Passage
from app.fetch.browser.selector import wants_media
from app.fetch.fetcher import MAX_HOPS
from app.fetch.gate import declared_length
from app.fetch.response import MAX_FIELD, OWS, REDIRECTS, cut
from app.fetch.url import DEFAULT_PORTS, TargetUrl, parse_url
from app.page import Page, Wait

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession, Request, Response
    from playwright.async_api import Page as Tab

LOAD_MOST = 5.0  # seconds that a page which nobody wants to wait for in particular may take to load
SETTLE_MOST = 2.5  # seconds after that in which it may become quiet
RETRY_EVERY = 0.1  # seconds
HTML_TYPES = ("text/html", "application/xhtml+xml")

# What Chromium calls a navigation that came to nothing; everything else is TARGET_UNREACHABLE.
# https://source.chromium.org/chromium/chromium/src/+/main:net/base/net_error_list.h
NET_ERRORS: Mapping[str, type[TargetError]] = {
    "ERR_TOO_MANY_REDIRECTS": TooManyRedirects,
    "ERR_UNSAFE_REDIRECT": TargetNotAllowed,
    "ERR_UNKNOWN_URL_SCHEME": TargetNotAllowed,
    "ERR_DISALLOWED_URL_SCHEME": TargetNotAllowed,
    "ERR_UNSAFE_PORT": TargetNotAllowed,
    "ERR_TIMED_OUT": TargetTimeout,
    "ERR_CONNECTION_TIMED_OUT": TargetTimeout,
}

# Requests that are refused, as the protocol writes patterns.
UNWANTED: tuple[Mapping[str, str], ...] = (
    {"resourceType": "Other", "urlPattern": "*favicon*"},
    {"resourceType": "Media", "urlPattern": "*"},
)

_GONE = re.compile("crash|has been closed|Connection closed")
_LEFT = re.compile("context|navigated|No frame")

_READ = """(most => {
    const page = document, type = page.contentType;
    let text = "";
    if (type == "text/html" || type == "application/xhtml+xml")
        text = (page.doctype ? new XMLSerializer().serializeToString(page.doctype) : "")
            + (page.documentElement ? page.documentElement.outerHTML : "");
    else if (type.startsWith("text/") || type.endsWith("json"))
        text = page.documentElement ? page.documentElement.textContent : "";
    return {type, url: page.URL, text: text.slice(0, most).toWellFormed(), cut: text.length > most};
})"""


class Crashed(Exception):
    """The page's process ended."""


class Visit:
    """`passage` is the visit's way out; `max_bytes` bounds the text that is brought back."""

    def __init__(
        self, url: TargetUrl, wait: Wait, headers: Mapping[str, str], passage: Passage, max_bytes: int
    ) -> None:
        self._url = url
        self._wait_for = wait
        self._headers = headers
        self._passage = passage
        self._max_bytes = max_bytes
        self._answer: Response | None = None
        self._failed: Request | None = None
        self._tab: Tab
        self._session: CDPSession

    async def page(self, context: BrowserContext) -> Page:
        """Go, wait and read. Raises TargetError, or playwright's Error where the browser failed."""
        self._tab = await context.new_page()
        self._session = await context.new_cdp_session(self._tab)
        media = wants_media(self._wait_for.selector)
        await _Interception(self._session, self._url.origin, self._headers, media=media).start()
        self._watch(context)
        try:
            await self._tab.goto(str(self._url), wait_until="commit", timeout=0)
            if self._shows_html():
                await self._wait()
            return await self._read()
        except PlaywrightError as error:
            if _GONE.search(error.message):
                raise Crashed from error
            return self._unrendered(error)

    def _watch(self, context: BrowserContext) -> None:
        context.on("page", _close_quietly)
        self._tab.on("response", self._on_response)
        self._tab.on("requestfailed", self._on_request_failed)

    def _on_response(self, response: Response) -> None:
        if self._is_document(response.request):
            self._answer, self._failed = response, None

    def _on_request_failed(self, request: Request) -> None:
        if self._is_document(request):
            self._failed = request

    def _is_document(self, request: Request) -> bool:
        return request.is_navigation_request() and request.frame == self._tab.main_frame

    def _shows_html(self) -> bool:
        """As far as the target says; an answer without a type may be HTML."""
        kind = self._answer.headers.get("content-type", "") if self._answer else ""
        return kind.partition(";")[0].strip(OWS).lower() in ("", *HTML_TYPES)

    async def _wait(self) -> None:
        wait = self._wait_for
        if wait.until == "settled":
            await self._settle()
        elif wait.until != "commit":
            await self._tab.wait_for_load_state(wait.until, timeout=0)  # type: ignore[arg-type]
        if wait.selector is not None:
            await self._tab.wait_for_selector(f"css={wait.selector}", state="attached", timeout=0)
        await asyncio.sleep(wait.delay)

    async def _settle(self) -> None:
        """Parsed at least; loaded, and without requests for half a second, if that comes soon."""
        await self._tab.wait_for_load_state("domcontentloaded", timeout=0)
        with contextlib.suppress(PlaywrightTimeout):
            await self._tab.wait_for_load_state("load", timeout=self._at_most(LOAD_MOST))
        with contextlib.suppress(PlaywrightTimeout):
            await self._tab.wait_for_load_state("networkidle", timeout=self._at_most(SETTLE_MOST))

    def _at_most(self, seconds: float) -> float:
        """Milliseconds; half of what is left at most, so that a restless page is read before its time is up."""
        return 1_000 * min(seconds, self._passage.meter.deadline.remaining() / 2) or 1.0

    async def _read(self) -> Page:
        answer = self._answer
        if answer is None or self._tab.url.startswith("chrome-error:"):
            raise self._explanation("")
        if _hops(answer.request) > MAX_HOPS:
            raise TooManyRedirects
        shown = await self._ask(f"{_READ}({self._max_bytes})")
        if not shown["text"] and shown["type"] not in HTML_TYPES:
            return self._page(answer, _final_url(answer.url), answer.headers.get("content-type", ""), b"")
        body = shown["text"].encode()
        return self._page(
            answer,
            _final_url(shown["url"], answer.url),
            f"{shown['type']}; charset=utf-8",
            body[: self._max_bytes],
            truncated=shown["cut"] or len(body) > self._max_bytes,
        )

    async def _ask(self, expression: str) -> Any:
        """The value of a JavaScript expression, asked again where the page was just being left."""
        while True:
            try:
                return await self._ask_now(expression)
            except PlaywrightError as error:
                if not _LEFT.search(error.message):
                    raise
                await asyncio.sleep(RETRY_EVERY)
                await self._tab.wait_for_load_state("domcontentloaded", timeout=0)

    async def _ask_now(self, expression: str) -> Any:
        """In a world of its own, where the page's scripts have changed nothing."""
        tree = await self._session.send("Page.getFrameTree")
        world = await self._session.send(
            "Page.createIsolatedWorld",
            {"frameId": tree["frameTree"]["frame"]["id"], "worldName": "pagecard"},
        )
        answer = await self._session.send(
            "Runtime.evaluate",
            {
                "expression": expression,
                "contextId": world["executionContextId"],
                "returnByValue": True,
            },
        )
        return answer["result"]["value"]

    def _unrendered(self, error: PlaywrightError) -> Page:
        """What a navigation ended in that showed no page: a download, or no content."""
        answer = self._answer
        aborted = "net::ERR_ABORTED" in error.message or "Download is starting" in error.message
        if answer is None or not aborted:
            raise self._explanation(error.message) from error
        if answer.status in REDIRECTS and "location" in answer.headers:
            raise TargetNotAllowed(reason="redirect_scheme")  # to any other address it would have gone
        return self._page(answer, _final_url(answer.url), answer.headers.get("content-type", ""), b"")

    def _page(
        self, answer: Response, final_url: str, content_type: str, body: bytes, *, truncated: bool = False
    ) -> Page:
        headers = cut(answer.headers)
        return Page(
            str(self._url),
            final_url,
            answer.status,
            content_type[:MAX_FIELD],
            body,
            truncated,
            declared_length(headers.get("content-length", "")),
            headers,
        )

    def _explanation(self, message: str) -> TargetError:
        """Why there is no page: what the proxy knows of the host, or else what the browser says."""
        failed = self._failed
        if failed is not None:
            parts = urlsplit(failed.url)
            key = (parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0))
            if key in self._passage.failures:
                return self._passage.failures[key]
            message = failed.failure or message
        found = re.search(r"ERR_[A-Z0-9_]+", message)
        name = found[0] if found else "no_page"
        return NET_ERRORS.get(name, TargetUnreachable)(reason=name.lower())


class _Interception:
    """Holds up the requests that need a word of ours, and no others: each costs a round trip."""

    def __init__(self, session: CDPSession, origin: str, headers: Mapping[str, str], *, media: bool) -> None:
        self._session = session
        self._origin = origin + "/"
        self._headers = dict(headers)
        self._names = {name.lower() for name in headers}
        self._unwanted = UNWANTED[:1] if media else UNWANTED

    async def start(self) -> None:
        every = [{"urlPattern": "*"}] if self._headers else []
        self._session.on("Fetch.requestPaused", self._on_paused)
        await self._session.send("Fetch.enable", {"patterns": every or [*self._unwanted]})

    async def _on_paused(self, event: dict[str, Any]) -> None:
        with contextlib.suppress(PlaywrightError):  # the page went on without it
            await self._session.send(*self._reply(event))

    def _reply(self, event: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        reply = {"requestId": event["requestId"]}
        if any(_matches(event, pattern) for pattern in self._unwanted):
            return "Fetch.failRequest", reply | {"errorReason": "BlockedByClient"}
        if event["request"]["url"].startswith(self._origin):
            return "Fetch.continueRequest", reply | {"headers": _fields(self._others(event) | self._headers)}
        if "redirectedRequestId" in event:  # a redirect that left the origin takes along what was added there
            return "Fetch.continueRequest", reply | {"headers": _fields(self._others(event))}
        return "Fetch.continueRequest", reply

    def _others(self, event: Mapping[str, Any]) -> dict[str, str]:
        """The request's own headers, without those that the caller names."""
        fields = event["request"]["headers"].items()
        return {name: value for name, value in fields if name.lower() not in self._names}


def _matches(event: Mapping[str, Any], pattern: Mapping[str, str]) -> bool:
    return event["resourceType"] == pattern["resourceType"] and fnmatch(event["request"]["url"], pattern["urlPattern"])


def _fields(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _hops(request: Request) -> int:
    hops = 0
    earlier = request.redirected_from
    while earlier is not None:
        hops, earlier = hops + 1, earlier.redirected_from
    return hops


def _final_url(*candidates: str) -> str:
    """The first that is an address; what a script wrote into the address bar need not be one."""
    for text in candidates:
        with contextlib.suppress(InvalidUrl):
            return str(parse_url(text))
    return candidates[-1]


async def _close_quietly(tab: Tab) -> None:
    with contextlib.suppress(PlaywrightError):
        await tab.close()
