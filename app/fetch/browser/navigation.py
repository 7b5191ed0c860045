"""Navigation: one page in a browser, from its address to a Page.

Rule 1: a context belongs to one navigation; cookies, storage and caches end with it.
Rule 2: the page is read in a world of its own, where its scripts cannot interfere, and no further than asked.
Rule 3: an answer other than HTML is not rendered, and left to the reader as the target sent it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
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
from app.fetch.browser.interception import Interception
from app.fetch.browser.proxy import RenderSession
from app.fetch.browser.selector import wants_media
from app.fetch.headers import MAX_FIELD, cut
from app.fetch.response import REDIRECTS, declared_length
from app.fetch.url import DEFAULT_PORTS, TargetUrl, parse_url
from app.page import Page, Wait, declared_type

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession, Request, Response
    from playwright.async_api import Page as Tab

LOAD_MOST = 5.0  # seconds to load, for a page whose caller named no condition
SETTLE_MOST = 2.5  # seconds after that to become quiet
RETRY_EVERY = 0.1  # seconds
HTML_TYPES = ("text/html", "application/xhtml+xml")

# Chromium's names of failed navigations; all others are TARGET_UNREACHABLE.
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
REASONS: Mapping[str, str] = {
    "ERR_UNSAFE_REDIRECT": "redirect_scheme",
    "ERR_UNKNOWN_URL_SCHEME": "redirect_scheme",
    "ERR_DISALLOWED_URL_SCHEME": "redirect_scheme",
    "ERR_UNSAFE_PORT": "port",
    "ERR_TIMED_OUT": "connect",
    "ERR_CONNECTION_TIMED_OUT": "connect",
    "ERR_CERT_AUTHORITY_INVALID": "certificate",
    "ERR_CERT_COMMON_NAME_INVALID": "certificate",
    "ERR_CERT_DATE_INVALID": "certificate",
    "ERR_CERT_INVALID": "certificate",
    "ERR_SSL_PROTOCOL_ERROR": "tls",
    "ERR_SSL_VERSION_OR_CIPHER_MISMATCH": "tls",
    "ERR_INVALID_HTTP_RESPONSE": "malformed_response",
    "ERR_RESPONSE_HEADERS_TOO_BIG": "malformed_response",
    "ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION": "malformed_response",
    "ERR_INVALID_REDIRECT": "bad_redirect",
    "ERR_CONNECTION_RESET": "reset",
    "ERR_CONNECTION_CLOSED": "reset",
    "ERR_EMPTY_RESPONSE": "reset",
}

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
    """End of the page's process."""


class Navigation:
    """Navigation of a URL in a browser, charged to `session`; `max_bytes` bounds the text of the page."""

    def __init__(
        self,
        url: TargetUrl,
        wait: Wait,
        headers: Mapping[str, str],
        session: RenderSession,
        max_bytes: int,
        max_redirects: int,
    ) -> None:
        self._url = url
        self._wait_for = wait
        self._headers = headers
        self._render = session
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self._answer: Response | None = None
        self._failed: Request | None = None
        self._tab: Tab
        self._session: CDPSession

    async def page(self, context: BrowserContext) -> Page:
        """Go, wait and read. Raises TargetError, or playwright's Error where the browser failed."""
        self._tab = await context.new_page()
        self._session = await context.new_cdp_session(self._tab)
        media = wants_media(self._wait_for.selector)
        await Interception(self._session, self._url.origin, self._headers, media=media).start()
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
        """Whether the target declares HTML; an answer without a type may be HTML."""
        kind = self._answer.headers.get("content-type", "") if self._answer else ""
        return declared_type(kind) in ("", *HTML_TYPES)

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
        """Wait until the page is parsed, and for a while until it is loaded and without requests for half a second."""
        await self._tab.wait_for_load_state("domcontentloaded", timeout=0)
        with contextlib.suppress(PlaywrightTimeout):
            await self._tab.wait_for_load_state("load", timeout=self._at_most(LOAD_MOST))
        with contextlib.suppress(PlaywrightTimeout):
            await self._tab.wait_for_load_state("networkidle", timeout=self._at_most(SETTLE_MOST))

    def _at_most(self, seconds: float) -> float:
        """Limit a wait, in milliseconds, to half of the time left, so that a restless page is read in time."""
        return 1_000 * min(seconds, self._render.meter.deadline.remaining() / 2) or 1.0

    async def _read(self) -> Page:
        answer = self._answer
        if answer is None or self._tab.url.startswith("chrome-error:"):
            raise self._explanation("")
        if _hops(answer.request) > self._max_redirects:
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
        """Evaluate a JavaScript expression, again where the page was just being left."""
        while True:
            try:
                return await self._ask_now(expression)
            except PlaywrightError as error:
                if not _LEFT.search(error.message):
                    raise
                await asyncio.sleep(RETRY_EVERY)
                await self._tab.wait_for_load_state("domcontentloaded", timeout=0)

    async def _ask_now(self, expression: str) -> Any:
        """Evaluate in a world of its own, where the page's scripts have changed nothing."""
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
        """Build the Page of a navigation that showed none: a download, or no content."""
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
        """Explain why there is no page: by the proxy's failure for the host, or else by the browser's error."""
        failed = self._failed
        if failed is not None:
            parts = urlsplit(failed.url)
            key = (parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0))
            if key in self._render.failures:
                return self._render.failures[key]
            message = failed.failure or message
        found = re.search(r"ERR_[A-Z0-9_]+", message)
        name = found[0] if found else "no_page"
        return NET_ERRORS.get(name, TargetUnreachable)(reason=REASONS.get(name, name.lower()))


def _hops(request: Request) -> int:
    hops = 0
    earlier = request.redirected_from
    while earlier is not None:
        hops, earlier = hops + 1, earlier.redirected_from
    return hops


def _final_url(*candidates: str) -> str:
    """Choose the first valid URL; a script may write other text into the address bar."""
    for text in candidates:
        with contextlib.suppress(InvalidUrl):
            return str(parse_url(text))
    return candidates[-1]


async def _close_quietly(tab: Tab) -> None:
    with contextlib.suppress(PlaywrightError):
        await tab.close()
