"""Values of a card: clean text, absolute URLs, and the size of each.

Rule 1: a text is one line without control characters and lone surrogates, of at most `MAX_STRING` characters.
Rule 2: a URL is absolute, http or https, names no user, and has at most `MAX_URL` characters; a longer one is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import SplitResult, urljoin, urlsplit

import tldextract

from app.metadata.html.references import decode_attribute

MAX_STRING = 10_000
"""Characters of one string."""

MAX_LIST = 100
"""Items of one list."""

MAX_URL = 4_096
"""Characters of one URL, as of the URLs of a request."""

MAX_RESULT = 256 * 1024
"""Bytes of one result as JSON, without the blocks that `include` adds."""

WORD = re.compile(r"\w+")
# Unicode TR 36, 3.1: bidirectional controls reorder the text around a title, and tag characters hide some in it.
# Emoji of flags are spelled with tag characters and stay.
_UNFIT = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e007a]{1,16}\U000e007f)"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\xad\ufeff\u200b\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
_NOTHING = {"null", "undefined", "none", "nan", "[object object]", "about:blank", "#"}
# Spellings of most URLs, which need no second look.
_ORIGIN = r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[1-5]?[0-9]{1,4})?"
_PLAIN_URL = re.compile(_ORIGIN + r"(?:/[a-zA-Z0-9_.~/?&=%+:@!$,;()*'#-]*)?$")
_PLAIN_ORIGIN = re.compile(_ORIGIN + r"(?=/|$)")
_PLAIN_PATH = re.compile(r"/(?:[a-zA-Z0-9_~?&=%+:@!$,;()*'-][a-zA-Z0-9_.~/?&=%+:@!$,;()*'#-]*)?$")
_PATH = re.compile(r"https?://[^/?#]*([^?#]*)", re.IGNORECASE)
_SCHEME = re.compile(r"(https?):(/*)", re.IGNORECASE)
_BEFORE_QUERY = re.compile(r"[^?#]*")
_UNSAFE_IN_URL = re.compile('[\x00-\x20\x7f-\x9f"<>\\\\^`{|}\ud800-\udfff]')
# URL standard, 3.1: forbidden host code points, and "%", which no host holds once it is decoded.
_NO_HOST = re.compile('[\x00-\x20"#%/<>?@\\\\^`{|}\x7f]')

_extract_domain = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def one_line(value: str | None, limit: int = MAX_STRING) -> str | None:
    """Fold a text into one line of at most `limit` characters; None if nothing is left."""
    if not value:
        return None
    value = value[: limit * 4]
    if not value.isprintable():
        value = " ".join(_UNFIT.sub(r"\1", value).split())
    elif "  " in value or value != value.strip():
        value = " ".join(value.split())
    return (value if len(value) <= limit else value[:limit].rstrip()) or None


def clean(value: str | None, limit: int = MAX_STRING) -> str | None:
    """Fold a decoded text into one line, and decode again: many sites escape twice.

    The second decoding follows the rule of attributes, which spares the `&region=` of a URL in the text.
    """
    if value and "&" in value:
        value = decode_attribute(value[: limit * 4])
    return one_line(value, limit)


@lru_cache(maxsize=32)
def words(text: str) -> frozenset[str]:
    """Split a text into its words, folded."""
    return frozenset(WORD.findall(text.casefold()))


@lru_cache(maxsize=64)
def squash(text: str) -> str:
    """Keep the letters and digits of a text alone, folded."""
    return "".join(WORD.findall(text.casefold()))


def first(*values: str | None) -> str | None:
    """First non-empty of the values."""
    return first_of(values)


def first_of(values: Iterable[str | None]) -> str | None:
    """First non-empty of the values; those after it are not computed."""
    return next(filter(None, values), None)


def absolute_url(href: str | None, base: str) -> str | None:
    """Resolve `href` against `base` to an absolute http(s) URL; None without one."""
    href = _strip_url(href)
    if len(href) <= MAX_URL and _PLAIN_URL.match(href):
        return href
    if not href or href.lower() in _NOTHING:
        return None
    if _PLAIN_PATH.match(href) and "/." not in href and (origin := _origin(base)) and len(href) < MAX_URL // 2:
        return origin + href
    try:
        return _rebuild(_spell(href, base), base)
    except ValueError:
        return None


def _rebuild(href: str, base: str) -> str | None:
    url = href if href[:8].lower().startswith(("http://", "https://")) else urljoin(base, href)
    parts = urlsplit(url)
    _ = parts.port
    if parts.scheme not in ("http", "https") or not _is_host(parts.hostname):
        return None
    url = _UNSAFE_IN_URL.sub(_percent, _without_user(url, parts))
    return url if len(url) <= MAX_URL else None


def _is_host(host: str | None) -> bool:
    return bool(host) and not _NO_HOST.search(host or "")


def _without_user(url: str, parts: SplitResult) -> str:
    """Remove user info: a secret, or a disguise of the host."""
    return url.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1) if "@" in parts.netloc else url


def _spell(href: str, base: str) -> str:
    """URL standard, 4.4: `\\` is `/` before the query, and any number of slashes may follow the scheme."""
    if "\\" in href:
        href = _BEFORE_QUERY.sub(lambda found: found[0].replace("\\", "/"), href, count=1)
    scheme = _SCHEME.match(href)
    if not scheme or len(scheme[2]) == 2:
        return href
    is_relative = len(scheme[2]) < 2 and base[: len(scheme[1]) + 1].lower() == f"{scheme[1]}:".lower()
    return href[scheme.end(1) + 1 :] if is_relative else f"{scheme[1]}://{href[scheme.end() :]}"


@lru_cache(maxsize=256)
def _origin(base: str) -> str | None:
    """Scheme and host of a URL without oddities, None of any other."""
    found = _PLAIN_ORIGIN.match(base)
    return found[0] if found else None


def registrable_domain(host: str) -> str:
    """`example.co.uk` of `www.example.co.uk`; "" of an IP address and of a public suffix."""
    return split_domain(host).top_domain_under_public_suffix


@lru_cache(maxsize=1_024)
def site_of(host: str) -> str:
    """Registrable domain, where customers of a shared domain (`github.io`) are sites of their own; else the host."""
    return _extract_domain.extract_str(host, include_psl_private_domains=True).top_domain_under_public_suffix or host


@lru_cache(maxsize=1_024)
def split_domain(host: str) -> tldextract.ExtractResult:
    """Split a host by the list of public suffixes that the package ships: no network."""
    return _extract_domain.extract_str(host)


def url_path(url: str) -> str:
    """Path of an absolute http(s) URL."""
    found = _PATH.match(url)
    return found[1] if found else ""


def _strip_url(href: str | None) -> str:
    """URL standard, 4.4: leading and trailing space goes, and TAB, CR and LF anywhere."""
    if not href or len(href) > MAX_URL * 2:
        return ""
    return href.strip("\x00\t\n\f\r \ufeff\u200b").replace("\t", "").replace("\n", "").replace("\r", "")


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))
