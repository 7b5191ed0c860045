"""Cookies of one redirect chain, kept as browsers do (RFC 6265 and draft-ietf-httpbis-rfc6265bis)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from tldextract import TLDExtract

from app.fetch.url import TargetUrl
from app.page import OWS

MAX_SET_COOKIES = 50  # of one answer: as many as RFC 6265, section 6.1 asks of a browser for a domain
MAX_COOKIE = 4_096  # characters of a name and its value
MAX_COOKIE_LENGTH = 8 * 1024  # characters of one Cookie field; a chain that wants more sends none

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SECONDS = re.compile(r"-?[0-9]{1,15}")
# RFC 6265, section 5.1.1
_DELIMITER = re.compile(r"[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)", re.ASCII)
_DAY = re.compile(r"(\d{1,2})(?!\d)", re.ASCII)
_YEAR = re.compile(r"(\d{2,4})(?!\d)", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MAX_DATE = 100  # characters


@dataclass(frozen=True, slots=True)
class Cookie:
    """Cookie as it was set. `shared`: sent to the names below `domain` too."""

    name: str
    value: str
    domain: str
    path: str
    shared: bool
    secure: bool

    def belongs_to(self, url: TargetUrl) -> bool:
        """Whether it is sent with a request for `url` (RFC 6265, section 5.4)."""
        if self.secure and url.scheme != "https":
            return False
        below = self.shared and url.host.endswith(f".{self.domain}")
        return (below or url.host == self.domain) and _is_within(url.path, self.path)

    def __str__(self) -> str:
        return f"{self.name}={self.value}" if self.name else self.value


class CookieJar:
    """Cookies of one chain."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], Cookie] = {}

    def keep(self, url: TargetUrl, fields: list[str]) -> None:
        """Keep the cookies that an answer of `url` sets by its Set-Cookie fields."""
        for field in fields[:MAX_SET_COOKIES]:
            self._keep(url, field)

    def header(self, url: TargetUrl) -> str:
        """Build the Cookie field of a request for `url`, "" for none."""
        cookies = [cookie for cookie in self._cookies.values() if cookie.belongs_to(url)]
        text = "; ".join(map(str, sorted(cookies, key=lambda cookie: -len(cookie.path))))
        return text if len(text) <= MAX_COOKIE_LENGTH else ""

    def _keep(self, url: TargetUrl, field: str) -> None:
        pair, _, rest = field.partition(";")
        name, equals, value = pair.partition("=")
        name, value = (name.strip(OWS), value.strip(OWS)) if equals else ("", pair.strip(OWS))
        attributes = dict(_attributes(rest))
        domain = _domain(url, attributes.get("domain", ""))
        if domain is None or not _is_sound(name, value) or ("secure" in attributes and url.scheme != "https"):
            return
        path = attributes["path"] if attributes.get("path", "").startswith("/") else _default_path(url)
        cookie = Cookie(name, value, domain or url.host, path, bool(domain), "secure" in attributes)
        key = cookie.domain, cookie.path, cookie.name
        if _has_expired(attributes):
            self._cookies.pop(key, None)
        else:
            self._cookies[key] = cookie


def _is_sound(name: str, value: str) -> bool:
    return 0 < len(name) + len(value) <= MAX_COOKIE and not _CONTROL.search(name + value)


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    """Read the attributes; an empty Domain and an unreadable Max-Age are passed over (RFC 6265, section 5.2)."""
    for attribute in text.split(";"):
        name, _, value = attribute.partition("=")
        name, value = name.strip(OWS).lower(), value.strip(OWS)
        if not (name == "domain" and not value) and not (name == "max-age" and not _SECONDS.fullmatch(value)):
            yield name, value


def _domain(url: TargetUrl, attribute: str) -> str | None:
    """Domain below which a cookie is shared, "" for the host alone; None where it may not be set."""
    domain = attribute.removeprefix(".").lower()
    if not domain:
        return ""
    if domain == url.host:
        return "" if url.address or _is_public_suffix(domain) else domain
    may = url.address is None and url.host.endswith(f".{domain}") and not _is_public_suffix(domain)
    return domain if may else None


@cache
def _suffixes() -> TLDExtract:
    return TLDExtract(suffix_list_urls=(), include_psl_private_domains=True, cache_dir=None)


def _is_public_suffix(domain: str) -> bool:
    return not _suffixes()(domain).domain


def _default_path(url: TargetUrl) -> str:
    """RFC 6265, section 5.1.4."""
    return url.path.rpartition("/")[0] or "/"


def _is_within(path: str, allowed: str) -> bool:
    """Whether a request's path matches a cookie's (RFC 6265, section 5.1.4)."""
    return path == allowed or (path.startswith(allowed) and (allowed.endswith("/") or path[len(allowed)] == "/"))


def _has_expired(attributes: dict[str, str]) -> bool:
    if "max-age" in attributes:
        return int(attributes["max-age"]) <= 0
    expires = _read_date(attributes.get("expires", ""))
    return expires is not None and expires <= time.time()


def _read_date(text: str) -> float | None:
    """Read a date by RFC 6265, section 5.1.1: Unix seconds, None where it is none."""
    found: dict[str, tuple[int, ...]] = {}
    for token in _DELIMITER.split(text[:_MAX_DATE]):
        kind, numbers = _read_token(token, found)
        if kind:
            found[kind] = numbers
    try:
        (day,), (month,), (year,) = found["day"], found["month"], found["year"]
        hour, minute, second = found["time"]
        return datetime(_full_year(year), month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except (KeyError, ValueError):
        return None


def _read_token(token: str, found: dict[str, tuple[int, ...]]) -> tuple[str, tuple[int, ...]]:
    """Name the part of a date that a token is, the first of those not found yet, with its numbers."""
    for kind, pattern in (("time", _TIME), ("day", _DAY)):
        if kind not in found and (match := pattern.match(token)):
            return kind, tuple(map(int, match.groups()))
    if "month" not in found and token[:3].lower() in _MONTHS:
        return "month", (_MONTHS.index(token[:3].lower()) + 1,)
    if "year" not in found and (match := _YEAR.match(token)):
        return "year", (int(match[1]),)
    return "", ()


def _full_year(year: int) -> int:
    return year + 1900 if 70 <= year <= 99 else year + 2000 if year <= 69 else year
