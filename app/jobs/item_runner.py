"""One item: its URL, extracted as its job asks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog

from app.deadline import Deadline
from app.errors import PagecardError, ProxyUnavailable, ReadingFailed
from app.extractor import Options
from app.fetch import TargetUrl, parse_url
from app.jobs.job import Item, Outcome, Status, failed
from app.page import Wait
from app.results import Failure, Success
from app.results import Outcome as Extracted
from app.settings import Proxy

log = structlog.get_logger()

RENDERING = 3  # times as long as a plain page, for a browser starts, runs scripts and settles


class Extract(Protocol):
    def __call__(self, target: TargetUrl, options: Options, deadline: Deadline, tenant: str = "") -> Extracted: ...


def choose_proxy(proxies: Sequence[Proxy], wanted: Mapping[str, Any] | None) -> str | None:
    """URL of the proxy that a job asks for; None without a request.

    Raises ProxyUnavailable, saying which there are.
    """
    if not wanted or not (wanted.get("country") or wanted.get("type")):
        return None
    for proxy in proxies:
        if all(wanted.get(name) in (None, getattr(proxy, name)) for name in ("country", "type")):
            return proxy.url
    known = ", ".join(f"{proxy.country} {proxy.type}" for proxy in proxies) or "none"
    raise ProxyUnavailable(f"This server has no such proxy; it has {known}")


def read_wait(config: Mapping[str, Any] | None) -> Wait:
    """A job's `wait_config` as the renderer takes it."""
    if config is None:
        return Wait()
    return Wait(
        until=config.get("wait_until") or "load",
        selector=config.get("wait_for"),
        delay=(config.get("wait_timeout") or 0) / 1000,
    )


class ItemRunner:
    """One item, from its URL to its outcome. Never raises."""

    def __init__(self, extract: Extract, proxies: Sequence[Proxy], timeout: float) -> None:
        """`timeout`: seconds for one plain URL."""
        self._extract = extract
        self._proxies = proxies
        self._timeout = timeout

    def __call__(self, item: Item) -> Outcome:
        begun = time.perf_counter()
        try:
            options = self._options(item)
            deadline = Deadline.after(self._allowed(options.render))
            extracted = self._extract(parse_url(item.url), options, deadline, item.key_id)
        except PagecardError as error:
            return failed(item, error)
        except Exception:
            log.exception("item failed", job_id=item.job_id, input_index=item.input_index)
            return failed(item, ReadingFailed())
        return _outcome(item, extracted, round((time.perf_counter() - begun) * 1000))

    def _allowed(self, wait: Wait | None) -> float:
        """Seconds for one item, plus the wait of a rendered page."""
        return self._timeout if wait is None else RENDERING * self._timeout + wait.delay

    def _options(self, item: Item) -> Options:
        config = item.config
        return Options(
            formats=frozenset(config["formats"]),
            metadata=config["include_metadata"],
            main_content=config.get("only_main_content", False),
            fresh=item.attempt > 1,  # the failure of the attempt before is in the cache
            headers=tuple(item.headers.items()),
            proxy=choose_proxy(self._proxies, config["proxy"]),
            render=read_wait(config["wait_config"]) if config["render_js"] else None,
        )


def _outcome(item: Item, extracted: Extracted, duration_ms: int) -> Outcome:
    match extracted:
        case Failure(error):
            return failed(item, error, duration_ms)
        case Success(data, http_status):
            return Outcome(item, Status.COMPLETED, data, http_status, duration_ms=duration_ms)
