"""Fetcher: bring one URL as a Page.

Rule 1: this package alone opens connections to targets.
Rule 2: it never looks inside the HTML that it brings; a caller's `refresh` does, and names the next hop.
Rule 3: it returns a Page or raises a TargetError; want of descriptors or memory of ours stays an OSError.
Rule 4: every hop of a chain passes all checks that the first one passed.
"""

from __future__ import annotations

import random
import ssl
import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote

import requests
import urllib3

from app.deadline import Deadline
from app.errors import (
    InvalidUrl,
    TargetError,
    TargetNotAllowed,
    TargetTimeout,
    TargetUnreachable,
    TooManyRedirects,
    is_own,
)
from app.fetch.body import ERROR_BODY, read_page
from app.fetch.content_coding import ACCEPT_ENCODING
from app.fetch.gate import Gate, Meter, UpstreamProxy, new_tls_context, parse_proxy
from app.fetch.policy import TargetPolicy
from app.fetch.resolver import Resolver
from app.fetch.response import REDIRECTS
from app.fetch.session import GuardedAdapter, HopRequest, HopResponse, RedirectSession
from app.fetch.url import TargetUrl, resolve_reference, same_site
from app.page import Page, Validators, read_retry_after
from app.threads.hosts import Hosts

MAX_REDIRECTS = 10
NOT_MODIFIED = 304
SITE_HEADERS = ("user-agent", "accept-language")  # a caller's that go along to other origins of the same site
CROWDED_TRIES = 5  # further tries of a request that came beside too many others
CROWDED_PAUSE = 0.1  # seconds before each, and up to twice that
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

# The first row that fits. Errors of lower layers give their reason, and none of their text.
TRANSLATIONS: tuple[tuple[type[Exception], type[TargetError], str], ...] = (
    (ssl.SSLCertVerificationError, TargetUnreachable, "certificate"),
    (ssl.SSLError, TargetUnreachable, "tls"),
    (TimeoutError, TargetTimeout, "connect"),
    (ConnectionError, TargetUnreachable, "reset"),
    (HTTPException, TargetUnreachable, "malformed_response"),
    (urllib3.exceptions.HTTPError, TargetUnreachable, "malformed_response"),
    (requests.RequestException, TargetUnreachable, "malformed_response"),
    (OSError, TargetUnreachable, "reset"),
    (ValueError, TargetUnreachable, "malformed_response"),
)

Refresh = Callable[[Page], str | None]
"""Reads the URL that a page sends its readers on to, absolute or relative to the page; None for none."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the layers below into TargetErrors, by the table above; errors of ours pass as they are."""
    try:
        yield
    except tuple(row[0] for row in TRANSLATIONS) as error:
        if is_own(error):
            raise
        kind, reason = next(row[1:] for row in TRANSLATIONS if isinstance(error, row[0]))
        raise kind(reason=reason) from error


@dataclass(slots=True)
class _Trip:
    """One chain of hops. `headers` are the caller's, for the origin of `asked` alone."""

    asked: TargetUrl
    deadline: Deadline
    headers: Mapping[str, str]
    own: Mapping[str, str]
    tenant: str
    proxy: UpstreamProxy | None
    validators: Validators | None
    file_limit: int | None
    seen: set[tuple[str, str]] = field(default_factory=set)

    def request(self, hop: TargetUrl, chain: RedirectSession) -> HopRequest:
        """Prepare the request for a hop. Raises TooManyRedirects where it was sent before, with the same cookies."""
        if hop.origin != self.asked.origin:  # for the rest of the chain: a stranger may send it back
            own = self.headers if same_site(hop, self.asked) else {}
            self.headers = {name: value for name, value in own.items() if name.lower() in SITE_HEADERS}
        request = HopRequest(hop, self.own, self.deadline, tenant=self.tenant, proxy=self.proxy)
        cookies = chain.jar.header(hop)
        state = str(hop), cookies
        if state in self.seen:
            raise TooManyRedirects(reason="loop")
        self.seen.add(state)
        _add_headers(request, self.headers, cookies)
        if self.validators and self.validators.url == state[0]:
            _add_conditions(request, self.validators)
        return request


class Fetcher:
    """Thread-safe client of targets. Create after a fork, once a process.

    `max_bytes` bounds the decoded body, `timeout` is in seconds for one URL with all its hops, `max_redirects` bounds
    the hops, `hosts` the connections to each host.
    `ca_bundle` is a PEM file to trust in addition to the public roots, `egress_proxy` the proxy of every
    request that names no other: `http://user:password@host:port`, or ValueError.
    """

    def __init__(
        self,
        *,
        policy: TargetPolicy,
        resolver: Resolver,
        max_bytes: int,
        timeout: float,
        user_agent: str,
        accept_language: str,
        ca_bundle: Path | None = None,
        egress_proxy: str | None = None,
        max_redirects: int = MAX_REDIRECTS,
        hosts: Hosts | None = None,
    ) -> None:
        self._chain = RedirectSession(GuardedAdapter(Gate(policy, resolver, new_tls_context(ca_bundle))))
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._max_redirects = max_redirects
        self._hosts = hosts or Hosts(0)
        self._egress = parse_proxy(egress_proxy) if egress_proxy else None
        self._headers = {
            "User-Agent": user_agent,
            "Accept": ACCEPT,
            "Accept-Language": accept_language,
            "Accept-Encoding": ACCEPT_ENCODING,
            "Connection": "close",
        }

    def fetch(
        self,
        url: TargetUrl,
        deadline: Deadline,
        *,
        tenant: str = "",
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        accept: str | None = None,
        accept_language: str | None = None,
        validators: Validators | None = None,
        file_limit: int | None = None,
        refresh: Refresh = lambda page: None,
    ) -> Page:
        """Follow `url` to its page, whatever its status.

        `headers` go to the origin of `url` alone; `proxy` replaces `egress_proxy`; `accept` and `accept_language`
        replace the usual fields, on every hop.
        With `validators` the page is `unchanged` where its target confirms them (RFC 9110, section 13).
        With `file_limit` the body is read whatever its type, up to so many bytes; `MAX_BYTES` is for text alone.
        `refresh` reads each page, and may send the chain on. Raises TargetError.
        """
        trip = _Trip(
            url,
            deadline.sooner(self._timeout),
            headers or {},
            self._headers | _given({"Accept": accept, "Accept-Language": accept_language}),
            tenant,
            self._egress if proxy is None else parse_proxy(proxy),
            validators,
            file_limit,
        )
        with translated(), self._chain.renewed() as chain:
            return self._follow(trip, chain, refresh)

    def _follow(self, trip: _Trip, chain: RedirectSession, refresh: Refresh) -> Page:
        hop = trip.asked
        for _ in range(self._max_redirects + 1):
            reached = self._go(trip, hop, chain)
            if isinstance(reached, TargetUrl):
                hop = reached
                continue
            page, after = reached, None if reached.unchanged else _refreshed(hop, refresh(reached))
            if after is None or (after == hop and (str(hop), chain.jar.header(hop)) in trip.seen):
                return page
            hop = after
        raise TooManyRedirects(reason="hops")

    def _go(self, trip: _Trip, hop: TargetUrl, chain: RedirectSession) -> Page | TargetUrl:
        """Send a request: returns its page, or the target of its redirect.

        A host that is asked by others of us, too, and answers "too many" without a time, is asked again with fewer.
        """
        request = trip.request(hop, chain)
        for left in range(CROWDED_TRIES, -1, -1):
            with self._hosts.connection(hop.netloc, trip.deadline) as beside:
                reached = self._send(trip, request, chain)
            if isinstance(reached, TargetUrl) or not (left and self._is_crowded(hop, reached, beside)):
                return reached
            trip.deadline.wait_for(CROWDED_PAUSE * (1 + random.random()))  # noqa: S311  (spreads the next tries)
            request.meter = Meter(trip.deadline)
        raise AssertionError("the last try returns")

    def _is_crowded(self, hop: TargetUrl, page: Page, beside: int) -> bool:
        """Whether a host had too many requests of ours at a time; keeps the pause of a Retry-After."""
        if page.status not in (429, 503):
            return False
        pause = read_retry_after(page)
        if pause is not None:
            self._hosts.pause(hop.netloc, pause, page.status)
        return page.status == 429 and self._hosts.lower(hop.netloc, beside) and pause is None

    def _send(self, trip: _Trip, request: HopRequest, chain: RedirectSession) -> Page | TargetUrl:
        hop = request.target
        with chain.go(request) as response:
            location = _location(response)
            if location is not None:
                return _redirected(hop, location)
            page = read_page(trip.asked, hop, response, self._max_bytes, trip.file_limit)
            return replace(page, unchanged=True) if request.conditional and page.status == NOT_MODIFIED else page

    def post(
        self, url: TargetUrl, body: bytes, headers: Mapping[str, str], deadline: Deadline, tenant: str = ""
    ) -> Page:
        """Send a webhook: one request, without redirects, and at most 64 KiB of the answer.

        Raises TargetError.
        """
        deadline = deadline.sooner(self._timeout)
        request = HopRequest(url, {**self._headers, **headers}, deadline, body=body, tenant=tenant, proxy=self._egress)
        with translated(), self._chain.renewed() as chain, chain.go(request) as response:
            return read_page(url, url, response, ERROR_BODY)


def _given(fields: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _add_headers(request: HopRequest, headers: Mapping[str, str], cookies: str) -> None:
    """Add the caller's fields and the chain's cookies to a request."""
    request.headers.update(headers)
    if cookies:
        own = request.headers.get("Cookie")
        request.headers["Cookie"] = f"{own}; {cookies}" if own else cookies


def _add_conditions(request: HopRequest, validators: Validators) -> None:
    """Ask for a page only where its validators changed; a caller's own conditions stay as they are."""
    if any(name.lower().startswith("if-") for name in request.headers):
        return
    kept = {"If-None-Match": validators.etag or None, "If-Modified-Since": validators.modified or None}
    request.headers.update(_given(kept))
    request.conditional = True


def _location(response: HopResponse) -> str | None:
    """Read the target of a redirect; None where the answer is no redirect, or has an empty target."""
    if response.status_code not in REDIRECTS:
        return None
    locations = {*response.answer.values("location")}
    if len(locations) > 1:
        raise TargetUnreachable(reason="bad_redirect")
    return locations.pop() or None if locations else None


def _redirected(hop: TargetUrl, location: str) -> TargetUrl:
    try:
        return resolve_reference(hop, _text(location))
    except InvalidUrl as error:
        if error.reason == "other_scheme":
            raise TargetNotAllowed(
                "This target is not allowed: it redirects to something that is neither http nor https",
                reason="redirect_scheme",
            ) from None
        raise TargetUnreachable(reason="bad_redirect") from None


def _refreshed(hop: TargetUrl, reference: str | None) -> TargetUrl | None:
    """Read the target of a refresh; None where it is unusable, so that the page itself is read."""
    try:
        return None if reference is None else resolve_reference(hop, reference)
    except InvalidUrl:
        return None


def _text(field: str) -> str:
    """Decode a field as the UTF-8 that servers send; http.client has read ISO 8859-1."""
    raw = field.encode("latin-1")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return quote(raw, safe=string.punctuation + string.whitespace + "\0")
