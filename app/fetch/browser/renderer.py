"""Renderer: fetches a URL as a Page with a browser, for pages written by scripts.

Rule 1: one thread owns the drivers and the browsers: one browser without images, for nearly every URL, and one with
        them, for selectors that need an image. Each URL has a context of its own.
Rule 2: a browser starts with the first fetch, and ends after `idle_timeout` without one.
Rule 3: a caller waits no longer than its deadline, whatever the browser does; a browser that does not end is killed.
Rule 4: a lost browser is replaced, and the URLs in it are tried once more.
Rule 5: it returns a Page or raises a TargetError.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import CancelledError, wait
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import structlog

from app.deadline import Deadline
from app.errors import TargetError, TargetTimeout, TargetUnreachable
from app.fetch.browser.chromium import Chromium, find_chromium
from app.fetch.browser.lifecycle import Browsers
from app.fetch.browser.proxy import FilteringProxy, RenderSession
from app.fetch.browser.selector import wants_media
from app.fetch.fetcher import MAX_REDIRECTS
from app.fetch.gate import Gate, Meter, new_tls_context, parse_proxy
from app.fetch.policy import TargetPolicy
from app.fetch.resolver import Resolver
from app.fetch.url import TargetUrl, loggable
from app.page import Page, Wait
from app.settings import Settings

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

log = structlog.get_logger()

CONCURRENCY = 4  # pages at a time
TIMEOUT = 30.0  # seconds for one URL, from when its turn has come; a wait's delay is added
IDLE_TIMEOUT = 60.0  # seconds without a fetch after which a browser is ended
CLOSE_TIMEOUT = 10.0  # seconds that a context may take to go away
TRAFFIC = 16  # times `max_bytes`: what one page may load in all

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Renderer:
    """Thread-safe client of targets with a browser. Create after a fork.

    `chromium` is the browser's path (found on PATH if None), `cdp_url` the address of a remote one.
    `egress_proxy` is the proxy of a render that names no other. `max_bytes` bounds a page's HTML. `timeout` and
    `idle_timeout` are in seconds.
    """

    def __init__(
        self,
        *,
        policy: TargetPolicy,
        resolver: Resolver,
        chromium: str | None,
        cdp_url: str | None,
        max_bytes: int,
        user_agent: str,
        accept_language: str,
        egress_proxy: str | None = None,
        timeout: float = TIMEOUT,
        concurrency: int = CONCURRENCY,
        idle_timeout: float = IDLE_TIMEOUT,
        max_redirects: int = MAX_REDIRECTS,
    ) -> None:
        self._policy = policy
        self._max_redirects = max_redirects
        self._resolver = resolver
        self._max_bytes = max_bytes
        self._egress_proxy = egress_proxy
        self._timeout = timeout
        self._concurrency = concurrency
        self._browsers = {
            images: Browsers(
                chromium=chromium,
                cdp_url=cdp_url,
                user_agent=user_agent,
                accept_language=accept_language,
                images=images,
                idle_timeout=idle_timeout,
            )
            for images in (False, True)
        }
        self._lock = threading.Lock()
        self._thread: RendererThread | None = None

    @staticmethod
    def unavailable_reason(settings: Settings) -> str | None:
        """Tell an operator what to do before pages can be rendered; None for nothing."""
        if find_spec("playwright") is None:
            return "Install the extra that renders pages: pip install 'pagecard[render]'"
        if settings.cdp_url:
            return None
        if not sys.platform.startswith("linux"):
            return "Pages are rendered on Linux, or by a remote browser that PAGECARD_CDP_URL names"
        if find_chromium(settings.chromium) is None:
            return (
                "Install a Chromium (Debian's package chromium), or set PAGECARD_CHROMIUM to its path,"
                " or PAGECARD_CDP_URL to a remote one"
            )
        return None

    def fetch(
        self,
        url: TargetUrl,
        deadline: Deadline,
        *,
        tenant: str = "",
        wait: Wait = Wait(),  # noqa: B008 - it is frozen
        headers: Mapping[str, str] = NO_HEADERS,
        proxy: str | None = None,
    ) -> Page:
        """Show `url` in a browser, wait for `wait`, and return the page then, as UTF-8.

        `headers` go to the origin of `url` alone; `proxy` is an operator's `http://user:password@host:port`.
        Waiting for a turn counts against `deadline` alone, and not against the renderer's own timeout.
        Raises TargetError.
        """
        self._policy.check(url)
        order = _Order(url, deadline, tenant, wait, headers, proxy or self._egress_proxy)
        return self._running().run(order)

    def close(self) -> None:
        """End the browser and all renders in it."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()

    def _running(self) -> RendererThread:
        with self._lock:
            if self._thread is None:
                gate = Gate(self._policy, self._resolver, new_tls_context())
                proxy = FilteringProxy(gate, renders=self._concurrency)
                self._thread = RendererThread(
                    self._browsers, proxy, self._concurrency, self._timeout, self._max_bytes, self._max_redirects
                )
            return self._thread


@dataclass(frozen=True, slots=True)
class _Order:
    """Arguments of `Renderer.fetch`."""

    url: TargetUrl
    deadline: Deadline
    tenant: str
    wait: Wait
    headers: Mapping[str, str]
    proxy: str | None


class _Lost(Exception):
    """Loss of the browser, or of the page's process, during a render."""


class RendererThread:
    """Thread that owns the browsers and runs the renders, in an event loop."""

    def __init__(
        self,
        browsers: Mapping[bool, Browsers],
        proxy: FilteringProxy,
        concurrency: int,
        timeout: float,
        max_bytes: int,
        max_redirects: int,
    ) -> None:
        self._browsers = browsers
        self._proxy = proxy
        self._slots = asyncio.Semaphore(concurrency)
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self._rendering: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="renderer", daemon=True)
        self._thread.start()

    def run(self, order: _Order) -> Page:
        """Render a page, and wait for it in the calling thread, which may be any other."""
        page = asyncio.run_coroutine_threadsafe(self._render(order), self._loop)
        try:
            order.deadline.wait(lambda seconds: wait({page}, seconds).done, "body")
            return page.result()
        except TargetTimeout:
            page.cancel()
            raise
        except CancelledError:
            raise TargetUnreachable(reason="renderer_closed") from None

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        for task in self._rendering:
            task.cancel()
        await asyncio.gather(*(browsers.close() for browsers in self._browsers.values()))
        await asyncio.gather(*self._rendering, return_exceptions=True)
        self._proxy.close()

    async def _render(self, order: _Order) -> Page:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._rendering.add(task)
        task.add_done_callback(self._rendering.discard)
        async with self._slots:
            deadline = order.deadline.sooner(self._timeout + order.wait.delay)
            with contextlib.suppress(_Lost):
                return await self._attempt(order, deadline)
            log.warning("browser lost, trying again", url=loggable(order.url))
            try:
                return await self._attempt(order, deadline)
            except _Lost as error:
                raise TargetUnreachable("The page could not be rendered", reason="browser_lost") from error

    async def _attempt(self, order: _Order, deadline: Deadline) -> Page:
        from app.fetch.browser.navigation import Crashed, Navigation

        proxy = parse_proxy(order.proxy) if order.proxy else None
        meter = Meter(deadline.sooner(deadline.remaining()), TRAFFIC * self._max_bytes)
        session = RenderSession(meter, order.tenant, proxy)
        navigation = Navigation(order.url, order.wait, order.headers, session, self._max_bytes, self._max_redirects)
        async with self._browsers[wants_media(order.wait.selector)].one() as chromium:
            try:
                async with (
                    asyncio.timeout(deadline.remaining()),
                    self._listening(chromium, session) as proxy_url,
                    _context(chromium, proxy_url) as context,
                ):
                    return await navigation.page(context)
            except TimeoutError:
                raise TargetTimeout(reason="body") from None
            except TargetError:
                raise
            except Crashed as error:
                raise _Lost from error
            except Exception as error:  # the driver, the browser, or the pipe between them
                chromium.kill()
                raise _Lost from error

    @contextlib.asynccontextmanager
    async def _listening(self, chromium: Chromium, session: RenderSession) -> AsyncIterator[str]:
        """Open a proxy for one context: its URL."""
        listener = await self._proxy.open(session, address=chromium.guard.address, peer=chromium.guard.peer)
        try:
            yield chromium.guard.url(listener.port)
        finally:
            await listener.close()


@contextlib.asynccontextmanager
async def _context(chromium: Chromium, proxy_url: str) -> AsyncIterator[BrowserContext]:
    opening = asyncio.ensure_future(
        chromium.browser.new_context(
            proxy={"server": proxy_url, "bypass": "<-loopback>"},
            service_workers="block",
            accept_downloads=False,
        )
    )
    try:
        yield await asyncio.shield(opening)
    finally:
        await _put_away(chromium, opening)


async def _put_away(chromium: Chromium, opening: asyncio.Future[BrowserContext]) -> None:
    """Close the context, also while it is opening. End a browser that cannot."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await (await opening).close()
    except Exception:  # of any kind: the context may still be there
        log.warning("browser ended: a page could not be closed")
        chromium.kill()
