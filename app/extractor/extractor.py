"""One URL: cache -> fetch -> read -> Success | Failure.

Rule 1: what happens to a URL is a value; only a mistake of ours is an exception, and `extract` turns that, too,
        into a value once it has been logged.
Rule 2: a result is encoded once, when it is read; the cache, the doors and the jobs pass its bytes on.
Rule 3: what ended because the asker ran out of time says nothing of the URL, and is not kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial

import structlog

from app.deadline import Deadline
from app.errors import ReadingFailed, TargetBlocked, TargetError, TargetTimeout
from app.extractor.entries import encode_failure
from app.extractor.extraction import Extraction, Parts
from app.extractor.freshness import decode_validators, encode_validators, limit_lifetime, read_lifetime
from app.extractor.options import Options
from app.extractor.pictures import NAME, Pictures, find_facts, read_facts
from app.extractor.refreshes import Refreshes
from app.fetch import TargetUrl
from app.page import Page
from app.results import Failure, Outcome
from app.storage.cache import Cache
from app.storage.stores import FAILED, PASSING, Entry

log = structlog.get_logger()


class Extractor:
    def __init__(
        self,
        *,
        cache: Cache[Outcome],
        parts: Parts,
        cache_ttl: float,
        failure_ttl: float,
        stale_ttl: float,
        pictures: Pictures | None = None,
    ) -> None:
        """`cache_ttl`, `failure_ttl`: seconds that a success and a failure are kept.

        `stale_ttl`: seconds that an expired success may still stand in for a failure.
        `pictures`: source of the block `image_info`, which is left out without one.
        """
        self._cache = cache
        self._parts = parts
        self._cache_ttl = cache_ttl
        self._failure_ttl = failure_ttl
        self._stale_ttl = stale_ttl
        self._pictures = pictures
        self._refreshes = Refreshes()

    def look_up(self, urls: Iterable[str], options: Options, tenant: str = "") -> dict[str, Outcome]:
        """Look up URLs in the cache, each the `text` of a target."""
        found = self._look_up(urls, options, tenant)
        if not (pictures := self._pictures_for(options)):
            return found
        shown = {url: find_facts(outcome, pictures) for url, outcome in found.items()}
        return {url: outcome for url, outcome in shown.items() if outcome}

    def _pictures_for(self, options: Options) -> Pictures | None:
        return self._pictures if NAME in options.include and options.formats is None else None

    def _look_up(self, urls: Iterable[str], options: Options, tenant: str) -> dict[str, Outcome]:
        if options.fresh:
            return {}
        variant = options.variant(tenant)
        if not variant:
            return self._cache.get_many(urls, options.max_age, options.max_stale)
        keys = {url + variant: url for url in urls}
        found = self._cache.get_many(keys, options.max_age, options.max_stale)
        return {keys[key]: outcome for key, outcome in found.items()}

    def settle(self) -> None:
        """Wait until all results so far are stored beyond this process."""
        self._cache.settle()

    def extract(self, target: TargetUrl, options: Options, deadline: Deadline, tenant: str = "") -> Outcome:
        """Extract one URL. Never raises."""
        outcome = self._extract(target, options, deadline, tenant)
        pictures = self._pictures_for(options)
        return read_facts(outcome, pictures, deadline, tenant) if pictures else outcome

    def _extract(self, target: TargetUrl, options: Options, deadline: Deadline, tenant: str) -> Outcome:
        key = options.cache_key(target, tenant)

        def load() -> Entry:
            return self._load(target, options, deadline, tenant, self._cache.entry(key))

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

    def begin_refresh(self, target: TargetUrl, options: Options, tenant: str) -> Callable[[], None] | None:
        """Take a URL to refresh behind an answer: a call to give the URL back, or None while another thread has it."""
        key = options.cache_key(target, tenant)
        standing = self._cache.entry(key)
        if standing and standing.retry_at > time.time():  # the last refresh failed a moment ago
            return None
        return partial(self._refreshes.end, key) if self._refreshes.begin(key) else None

    def _load(
        self, target: TargetUrl, options: Options, deadline: Deadline, tenant: str, standing: Entry | None
    ) -> Entry:
        begun, validators = time.time(), decode_validators(standing.validators) if standing else None
        extraction = Extraction(self._parts, target, options, deadline, tenant, validators)
        try:
            page, value = extraction.answer()
            outcome, reason = "ok", ""
            if standing and page.unchanged:
                entry = self._renewed(standing, page, begun)
            else:
                entry = self._success(value, page, begun, poor=extraction.poor)
        except TargetError as error:
            outcome, reason, entry = error.code, error.reason, self._failure(error, begun, poor=deadline.passed)
        except Exception:
            log.exception("extraction crashed", host=target.host)
            outcome, reason, entry = "crashed", "", self._failure(ReadingFailed(), begun, poor=False)
        extraction.observe(outcome, reason)
        return entry

    def _success(self, value: bytes, page: Page, begun: float, *, poor: bool) -> Entry:
        lifetime = 0 if poor else limit_lifetime(page, self._cache_ttl)
        kept_until = begun + lifetime + self._stale_ttl if lifetime else 0
        return Entry(value, page.status, begun, begun + lifetime, kept_until, validators=encode_validators(page))

    def _renewed(self, standing: Entry, page: Page, begun: float) -> Entry:
        """Begin a new life of a card whose page is unchanged (RFC 9111, section 4.3.4)."""
        untold = read_lifetime(page.headers) is None
        lifetime = min(
            self._cache_ttl,
            standing.expires_at - standing.stored_at if untold else limit_lifetime(page, self._cache_ttl),
        )
        return Entry(
            standing.value,
            standing.status,
            begun,
            begun + lifetime,
            begun + lifetime + self._stale_ttl,
            validators=standing.validators,
        )

    def _failure(self, error: TargetError, begun: float, *, poor: bool) -> Entry:
        passing = error.retryable or isinstance(error, TargetBlocked)
        poor = poor or error.reason in ("queue", "paused") or isinstance(error, ReadingFailed)
        lifetime = min(self._failure_ttl, (error.details or {}).get("retry_after", self._failure_ttl))
        expires_at = begun if poor or not lifetime else time.time() + lifetime
        return Entry(encode_failure(error), PASSING if passing else FAILED, begun, expires_at)
