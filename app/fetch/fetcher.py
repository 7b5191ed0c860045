"""Fetch one URL into a Page.

Rule 1: this package alone opens connections to targets.
Rule 2: it never looks inside the HTML that it brings.
Rule 3: nothing leaves it but a Page or a TargetError.
Rule 4: every hop of a redirect chain passes everything that the first one passed.
"""

from __future__ import annotations

import ssl
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
)
from app.fetch.body import ERROR_BODY, read_page
from app.fetch.content_coding import ACCEPT_ENCODING
from app.fetch.gate import Gate, new_tls_context, parse_proxy
from app.fetch.policy import TargetPolicy
from app.fetch.resolver import Resolver
from app.fetch.response import REDIRECTS
from app.fetch.session import GuardedAdapter, HopRequest, HopResponse, RedirectSession
from app.fetch.url import TargetUrl, resolve_reference
from app.page import Page

MAX_HOPS = 5
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

# First row that fits. What a lower layer raises says "how" to the logs, never to the client.
TRANSLATIONS: tuple[tuple[type[Exception], type[TargetError], str], ...] = (
    (ssl.SSLCertVerificationError, TargetUnreachable, "certificate"),
    (ssl.SSLError, TargetUnreachable, "tls"),
    (TimeoutError, TargetTimeout, "connection_timed_out"),
    (HTTPException, TargetUnreachable, "malformed_http"),
    (urllib3.exceptions.HTTPError, TargetUnreachable, "malformed_http"),
    (requests.RequestException, TargetUnreachable, "malformed_http"),
    (OSError, TargetUnreachable, "connection"),
    (ValueError, TargetUnreachable, "malformed_http"),
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the layers below raise into a TargetError, by the table above."""
    try:
        yield
    except TargetError:
        raise
    except tuple(row[0] for row in TRANSLATIONS) as error:
        kind, reason = next(row[1:] for row in TRANSLATIONS if isinstance(error, row[0]))
        raise kind(reason=reason) from error


class Fetcher:
    """Brings pages. One for a process, made after a fork; any number of threads may use it.

    `max_bytes` bounds the decoded body, `timeout` is in seconds for one URL with all its redirects,
    `ca_bundle` is a PEM file trusted in addition to the public roots, `egress_proxy` the way out of every
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
    ) -> None:
        self.gate = Gate(policy, resolver, new_tls_context(ca_bundle))
        self._chain = RedirectSession(GuardedAdapter(self.gate))
        self._egress = parse_proxy(egress_proxy) if egress_proxy else None
        self._max_bytes = max_bytes
        self._timeout = timeout
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
    ) -> Page:
        """Follow `url` to its page, whatever its status.

        `headers` go to the origin of `url` alone; `proxy` is an operator's, as `egress_proxy` is;
        `accept` stands in for the usual Accept. Raises TargetError.
        """
        deadline = deadline.sooner(self._timeout)
        way_out = self._egress if proxy is None else parse_proxy(proxy)
        ours = self._headers if accept is None else {**self._headers, "Accept": accept}
        hop, seen = url, set[tuple[str, str]]()
        with translated(), self._chain.renewed() as chain:
            for _ in range(MAX_HOPS + 1):
                if hop.origin != url.origin:
                    headers = None  # and it stays so when the chain comes back: a stranger sent it there
                request = HopRequest(hop, ours, deadline, tenant=tenant, proxy=way_out)
                state = str(hop), _add_headers(request, headers or {}, chain)
                if state in seen:
                    raise TooManyRedirects(reason="loop")
                seen.add(state)
                with chain.go(request) as response:
                    location = _location(response)
                    if location is None:
                        return read_page(url, hop, response, self._max_bytes)
                hop = _follow(hop, location)
        raise TooManyRedirects(reason="hops")

    def post(
        self, url: TargetUrl, body: bytes, headers: Mapping[str, str], deadline: Deadline, tenant: str = ""
    ) -> Page:
        """Send a webhook: one request, no redirect followed, at most 64 KiB read of what it answers.

        Raises TargetError.
        """
        deadline = deadline.sooner(self._timeout)
        request = HopRequest(url, {**self._headers, **headers}, deadline, body=body, tenant=tenant, proxy=self._egress)
        with translated(), self._chain.renewed() as chain, chain.go(request) as response:
            return read_page(url, url, response, ERROR_BODY)


def _add_headers(request: HopRequest, headers: Mapping[str, str], chain: RedirectSession) -> str:
    """Add the caller's fields and the chain's cookies to a request; the cookies are returned."""
    cookies = chain.cookies_for(request)
    request.headers.update(headers)
    if not cookies:
        return ""
    own = request.headers.get("Cookie")
    request.headers["Cookie"] = f"{own}; {cookies}" if own else cookies
    return cookies


def _location(response: HopResponse) -> str | None:
    """Where a redirect leads; None where the answer is no redirect, or one that names nothing."""
    if response.status_code not in REDIRECTS:
        return None
    locations = {*response.answer.values("location")}
    if len(locations) > 1:
        raise TargetUnreachable(reason="two_locations")
    return locations.pop() or None if locations else None


def _follow(hop: TargetUrl, location: str) -> TargetUrl:
    try:
        return resolve_reference(hop, _text(location))
    except InvalidUrl as error:
        if error.reason == "other_scheme":
            raise TargetNotAllowed(
                "This target is not allowed: it redirects to something that is neither http nor https",
                reason="redirect_scheme",
            ) from None
        raise TargetUnreachable(reason=f"location_{error.reason}") from None


def _text(field: str) -> str:
    """A field's value as the UTF-8 that servers send, where http.client has read ISO 8859-1."""
    raw = field.encode("latin-1")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return quote(raw, safe=string.punctuation)
