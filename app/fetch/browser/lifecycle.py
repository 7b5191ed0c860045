"""Lifecycle of a browser: started by its first user, replaced when lost, ended when idle."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog

from app.errors import TargetUnreachable
from app.fetch.browser.chromium import Chromium, find_chromium

log = structlog.get_logger()


class Browsers:
    """Holder of one browser, used by one event loop at a time. `idle_timeout` is in seconds."""

    def __init__(
        self,
        *,
        chromium: str | None,
        cdp_url: str | None,
        user_agent: str,
        accept_language: str,
        images: bool,
        idle_timeout: float,
    ) -> None:
        self._chromium = chromium
        self._cdp_url = cdp_url
        self._user_agent = user_agent
        self._accept_language = accept_language
        self._images = images
        self._idle_timeout = idle_timeout
        self._current: asyncio.Task[Chromium] | None = None
        self._users = 0
        self._idle: asyncio.TimerHandle | None = None

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[Chromium]:
        """Keep the browser for the block. Raises TargetUnreachable where it does not start."""
        self._users += 1
        if self._idle is not None:
            self._idle.cancel()
        try:
            yield await self._running()
        finally:
            self._users -= 1
            if not self._users:
                loop = asyncio.get_running_loop()
                self._idle = loop.call_later(self._idle_timeout, lambda: loop.create_task(self._end_idle()))

    async def _end_idle(self) -> None:
        if not self._users:
            await self.close()

    async def close(self) -> None:
        """End the browser, if it runs; the next user starts another."""
        if self._idle is not None:
            self._idle.cancel()
        current, self._current = self._current, None
        if current is not None:
            with contextlib.suppress(Exception):  # a browser that did not start needs no end
                await (await current).close()

    async def _running(self) -> Chromium:
        current = self._current
        if current is not None and current.done() and not _serves(current):
            await self.close()
        if self._current is None:
            self._current = asyncio.create_task(self._start())
        try:
            return await asyncio.shield(self._current)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the driver raises errors of many kinds
            log.error("browser does not start", error=str(error).partition("\n")[0])
            raise TargetUnreachable("The page could not be rendered", reason="browser_not_started") from error

    async def _start(self) -> Chromium:
        if self._cdp_url:
            return await Chromium.connect(self._cdp_url)
        executable = find_chromium(self._chromium)
        if executable is None:
            raise FileNotFoundError("no Chromium is installed")
        return await Chromium.launch(
            executable,
            user_agent=self._user_agent,
            accept_language=self._accept_language,
            images=self._images,
        )


def _serves(current: asyncio.Task[Chromium]) -> bool:
    return not current.cancelled() and current.exception() is None and current.result().alive
