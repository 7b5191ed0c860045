"""What may stand in a card: clean text, absolute URLs, and how much of each.

Rule 1: one line of text, no control characters, no lone surrogates, at most `MAX_STRING` characters.
Rule 2: a URL is absolute, http or https, and at most `MAX_URL` characters; a longer one is dropped, not cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

import tldextract

from app.metadata.html.references import decode_attribute, decode_text

_extract_domain = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

MAX_STRING = 10_000
"""Characters of one string."""

MAX_LIST = 100
"""Items of one list."""

MAX_URL = 4_096
"""Characters of one URL, as of the URLs that are asked for."""

MAX_RESULT = 256 * 1024
"""Bytes of one result as JSON, without the blocks that `include` adds."""

WORD = re.compile(r"\w+")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\xad\ufeff\u200b]")
_NOTHING = {"null", "undefined", "none", "nan", "[object object]", "about:blank", "#"}
# What most pages hold, and what needs no second look.
_ORIGIN = r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[1-5]?[0-9]{1,4})?"
_PLAIN_URL = re.compile(_ORIGIN + r"(?:/[a-zA-Z0-9_.~/?&=%+:@!$,;()*'#-]*)?$")
_PLAIN_ORIGIN = re.compile(_ORIGIN + r"(?=/|$)")
_PLAIN_PATH = re.compile(r"/(?:[a-zA-Z0-9_~?&=%+:@!$,;()*'-][a-zA-Z0-9_.~/?&=%+:@!$,;()*'#-]*)?$")
_PATH = re.compile(r"https?://[^/?#]*([^?#]*)", re.IGNORECASE)
_UNSAFE_IN_URL = re.compile('[\x00-\x20\x7f-\x9f"<>\\\\^`{|}\ud800-\udfff]')


def clean(value: str | None, limit: int = MAX_STRING) -> str | None:
    """Fold a decoded value into one line of text; None if nothing is left.

    Many sites escape twice: references that are left in the value are decoded, by the rule of attributes, which
    spares the `&region=` of a URL in the text.
    """
    if not value:
        return None
    value = decode_attribute(value[: limit * 4])
    if not value.isprintable():
        value = " ".join(_UNFIT.sub("", value).split())
    elif "  " in value or value != value.strip():
        value = " ".join(value.split())
    return (value if len(value) <= limit else value[:limit].rstrip()) or None


def clean_text(markup: str, limit: int = MAX_STRING) -> str | None:
    """Decode the text between tags, and fold it into one line; None if nothing is left."""
    return clean(decode_text(markup[: limit * 4]), limit)


@lru_cache(maxsize=32)
def words(text: str) -> frozenset[str]:
    """The words of a text, folded."""
    return frozenset(WORD.findall(text.casefold()))


@lru_cache(maxsize=32)
def squash(text: str) -> str:
    """The letters and digits of a text alone, folded."""
    return "".join(WORD.findall(text.casefold()))


def first(*values: str | None) -> str | None:
    """The first that says something."""
    return first_of(values)


def first_of(values: Iterable[str | None]) -> str | None:
    """The first that says something; those after it are not even looked for."""
    return next(filter(None, values), None)


def absolute_url(href: str | None, base: str) -> str | None:
    """`href` as an absolute http(s) URL, resolved against `base`; None if it is none."""
    href = _strip_url(href)
    if len(href) <= MAX_URL and _PLAIN_URL.match(href):
        return href
    if not href or href.lower() in _NOTHING:
        return None
    if _PLAIN_PATH.match(href) and "/." not in href and (origin := _origin(base)) and len(href) < MAX_URL // 2:
        return origin + href
    try:
        url = href if href[:8].lower().startswith(("http://", "https://")) else urljoin(base, href)
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > MAX_URL:
        return None
    return _UNSAFE_IN_URL.sub(_percent, url)


@lru_cache(maxsize=256)
def _origin(base: str) -> str | None:
    """The scheme and host of a URL, if they are as plain as most are."""
    found = _PLAIN_ORIGIN.match(base)
    return found[0] if found else None


def registrable_domain(host: str) -> str:
    """`example.co.uk` of `www.example.co.uk`; "" of an IP address and of a public suffix."""
    return split_domain(host).top_domain_under_public_suffix


@lru_cache(maxsize=1_024)
def split_domain(host: str) -> tldextract.ExtractResult:
    """Split a host by the list of public suffixes that the package ships: no network."""
    return _extract_domain.extract_str(host)


def url_path(url: str) -> str:
    """The path of an absolute http(s) URL."""
    found = _PATH.match(url)
    return found[1] if found else ""


def _strip_url(href: str | None) -> str:
    """URL standard, 4.4: leading and trailing space goes, and TAB, CR and LF anywhere."""
    if not href or len(href) > MAX_URL * 2:
        return ""
    return href.strip("\x00\t\n\f\r \ufeff\u200b").replace("\t", "").replace("\n", "").replace("\r", "")


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))
