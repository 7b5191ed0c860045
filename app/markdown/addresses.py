"""Addresses of links and pictures: which may be followed, and how Markdown writes them."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urljoin

_SCHEME = re.compile(r"[\x00-\x20]*+([a-zA-Z][a-zA-Z0-9+.\-\t\r\n]*+):")
_SPACES = re.compile(r"[\t\r\n]")
_NOWHERE = re.compile(r"\s*+(?:#?\s*+\Z|[/\\]{2}(?![^:/\\?#\s]))")
_ODD = re.compile(r"""[\x00-\x20<>"`\\{}|^\x7f]""")
_PLAIN = re.compile(r"[^\s\\#]++")
"""An address whose characters stay as they are when it is resolved."""

_ROOTED = re.compile(r"/(?!/)(?!.*/\.)")
"""A path from the root, without segments of dots."""

_PARENTHESES = re.compile(r"[()]")
_ODD_OR_PARENTHESIS = re.compile(rf"{_PARENTHESES.pattern}|{_ODD.pattern}")
_DESCRIBED = re.compile(r"\s\d[\d.]*+[wx]\s*+(?:,|\Z)")
_WEB = ("https://", "http://")

LINKS = frozenset({"http", "https", "mailto", "tel"})
IMAGES = frozenset({"http", "https"})
MAX_ADDRESS = 4_096
"""Characters of an address; a longer one is left out."""

_LATE = ("src", "data-src", "data-original", "data-actualsrc", "data-lazy-src", "srcset", "data-srcset")
"""Attributes that hold the address of a picture, also where a script loads it late."""


def leads(address: str | None, allowed: frozenset[str] = IMAGES) -> bool:
    """Tell whether a reader may follow an address. A relative one has no scheme, and may be."""
    if address is None or len(address) > MAX_ADDRESS or _NOWHERE.match(address):
        return False
    if address.startswith(_WEB):
        return True
    found = _SCHEME.match(address)
    if not found:
        return True
    scheme = _SPACES.sub("", found[1]).lower()
    return scheme in allowed and (scheme not in IMAGES or "://" in address)


@lru_cache(maxsize=16)
def _origin(base_url: str) -> str:
    return urljoin(base_url, "/")[:-1]


def absolute(address: str, base_url: str) -> str | None:
    """Resolve an address; None where that is impossible."""
    if _PLAIN.fullmatch(address):
        if address.startswith(_WEB):
            return address
        if _ROOTED.match(address):
            return _origin(base_url) + address
    try:
        resolved = urljoin(base_url, _SPACES.sub("", address.strip()))
    except ValueError:
        return None
    return resolved if leads(resolved, LINKS) else None


def link_address(href: str | None, base_url: str) -> str | None:
    """Absolute address of a link, None where a reader must not follow it."""
    return absolute(href, base_url) if href is not None and leads(href, LINKS) else None


def picture_address(attributes: dict[str, str], base_url: str) -> str | None:
    """Absolute address of a picture, the late one where a script loads it; None for a tracking pixel."""
    if attributes.get("width") in ("0", "1") and attributes.get("height") in ("0", "1"):
        return None
    found = (_first(attributes[name]) for name in _LATE if leads(attributes.get(name)))
    return next((resolved for address in found if (resolved := absolute(address, base_url))), None)


def _first(address: str) -> str:
    """First candidate of a `srcset`: its URLs hold no spaces (HTML standard, 4.8.4.2.1)."""
    is_srcset = _DESCRIBED.search(address) or ", " in address
    return address.split()[0].rstrip(",") if is_srcset and address.split() else address


def destination(address: str) -> str:
    """An address as a link destination (CommonMark 6.3)."""
    if not _ODD_OR_PARENTHESIS.search(address):
        return address
    quoted = _ODD.sub(lambda odd: quote(odd[0]), address)
    return _PARENTHESES.sub(r"\\\g<0>", quoted)
