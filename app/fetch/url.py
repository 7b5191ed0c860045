"""URLs: the only parser of strangers' URLs.

Rule 1: a URL is read once and rebuilt from its parts; only the rebuilt one is judged, fetched, cached and logged, so
        that no second reader can understand it differently.
Rule 2: a caller's URL is read strictly: anything with two readings (user info, backslashes, spaces, control
        characters, IPv4 in any spelling but the dotted quad) is refused, not repaired.
Rule 3: a redirect is read as browsers read it (https://url.spec.whatwg.org/), since no caller can mend it. Its host
        is held to the same rules as a caller's.
Rule 4: percent-encodings stay as they are, other characters are encoded as the URL standard says, host names as
        UTS #46 says.
Rule 5: reading needs no lookup, and decides nothing about who may be fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

from app.errors import InvalidUrl
from app.fetch.host import invalid, read_host

MAX_URL_LENGTH = 4_096  # characters of a URL as it was sent
MAX_REFERENCE_LENGTH = 8_192  # characters of a Location; those of single sign-on are long
URLS_REMEMBERED = 4_096  # widgets and polling clients send the same ones again and again
DEFAULT_PORTS = {"http": 80, "https": 443}

# C0 controls, space, DEL, C1 controls, every space of Unicode, the backslash, surrogates.
_FORBIDDEN = re.compile("[\x00-\x20\x7f-\xa0\\\\\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_ABSOLUTE = re.compile(r"(https?)://([^/?#]*+)([^?#]*+)(\?[^#]*+)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
# A redirect without its fragment: URL standard, "special authority slashes state", "path state", "query state".
_WITH_AUTHORITY = re.compile(r"[/\\]*+([^/\\?]*+)([^?]*+)(\?.*)?", re.DOTALL)
_WITHOUT_AUTHORITY = re.compile(r"([^?]*+)(\?.*)?", re.DOTALL)
_TWO_SLASHES = re.compile(r"[/\\]{2}")
_TABS_AND_LINES = str.maketrans("", "", "\t\r\n")
_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_PORT = re.compile(r"0*[0-9]{1,5}")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)

# What the URL standard leaves as it is: its "path percent-encode set" and its "query percent-encode set".
# The apostrophe stays although the standard's "special-query" set has it: RFC 3986 gives it a meaning.
_PATH_SAFE = "!$%&'()*+,/:;=@[]|~"
_QUERY_SAFE = _PATH_SAFE + "?^`{}"
_PATH_AS_IT_IS = re.compile(r"[\w!$%&'()*+,/:;=@\[\]|~.\-]*", re.ASCII)
_QUERY_AS_IT_IS = re.compile(r"[\w!$%&'()*+,/:;=@\[\]|~.\-?^`{}]*", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class TargetUrl:
    """Absolute http(s) URL, as it was understood. Two with the same rebuilt text are equal.

    `host` is ASCII and lower case, an IPv6 address without its brackets. `target` is the path and the
    query, as they go on the wire. `text`, which is `str(url)`, is the rebuilt URL; the fragment is gone.
    """

    scheme: str
    host: str
    port: int
    target: str
    address: IPv4Address | IPv6Address | None = None
    text: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.origin + self.target)

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TargetUrl) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def netloc(self) -> str:
        """Host, with the port where it is not the scheme's own: the value of a `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


def same_site(one: TargetUrl, other: TargetUrl) -> bool:
    """Whether two URLs name one host, but for the scheme and a leading `www.`."""
    return one.host.removeprefix("www.") == other.host.removeprefix("www.")


def loggable(url: TargetUrl) -> str:
    """Write the URL for logs: a query is marked, and never shown."""
    return f"{url.origin}{url.path}?…" if "?" in url.target else str(url)


@lru_cache(maxsize=URLS_REMEMBERED)
def parse_url(text: str) -> TargetUrl:
    """Read an absolute http or https URL; white space around it is passed over.

    Raises InvalidUrl, whose message names the broken rule.
    """
    text = text.strip()
    if len(text) > MAX_URL_LENGTH:
        raise invalid(f"A URL has at most {MAX_URL_LENGTH:,} characters", "too_long")
    return _read(text)


def resolve_reference(base: TargetUrl, reference: str) -> TargetUrl:
    """Read a redirect from `base` as browsers do (URL standard, "basic URL parser").

    Raises InvalidUrl; its reason is `other_scheme` where the reference has a scheme other than http and https.
    """
    if len(reference) > MAX_REFERENCE_LENGTH:
        raise invalid("The URL is too long", "too_long")
    reference = reference.strip(_C0_AND_SPACE).translate(_TABS_AND_LINES).partition("#")[0]
    scheme, rest = _split_scheme(reference, base.scheme)
    if scheme != base.scheme or _TWO_SLASHES.match(rest):
        parts = _WITH_AUTHORITY.fullmatch(rest)
        assert parts is not None  # noqa: S101 - it matches any text
        return _build(scheme, parts[1], parts[2].replace("\\", "/"), parts[3])
    return _build(scheme, base.netloc, *_relative(base, rest))


def _split_scheme(reference: str, default: str) -> tuple[str, str]:
    found = _SCHEME.match(reference)
    if found is None:
        return default, reference
    scheme = found[0][:-1].lower()
    if scheme not in DEFAULT_PORTS:
        raise invalid("Only http and https URLs can be read", "other_scheme")
    return scheme, reference[found.end() :]


def _relative(base: TargetUrl, reference: str) -> tuple[str, str | None]:
    """Path and query that a reference without an authority means (URL standard, "relative state")."""
    path, query = _WITHOUT_AUTHORITY.fullmatch(reference).groups()  # type: ignore[union-attr]
    path = path.replace("\\", "/")
    if path.startswith("/"):
        return path, query
    if path:
        return base.path.rpartition("/")[0] + "/" + path, query
    return base.path, query if query is not None else (base.target[len(base.path) :] or None)


def _read(text: str) -> TargetUrl:
    if bad := _FORBIDDEN.search(text):
        raise _forbidden(bad[0])
    parts = _ABSOLUTE.fullmatch(text)
    if parts is None:
        raise _not_absolute(text)
    scheme, authority, path, query = parts.groups()
    return _build(scheme.lower(), authority, path, query)


def _build(scheme: str, authority: str, path: str, query: str | None) -> TargetUrl:
    """Rebuild a URL from its parts. Raises InvalidUrl."""
    host, port = _split_authority(authority)
    address, host = read_host(host)
    return TargetUrl(scheme, host, _read_port(port, scheme), _encode_path(path) + _encode_query(query), address)


def _forbidden(character: str) -> InvalidUrl:
    kind = "backslash" if character == "\\" else "space" if character.isspace() else "control character"
    return invalid(f"The URL holds a {kind}", "character")


def _not_absolute(text: str) -> InvalidUrl:
    scheme = _SCHEME.match(text)
    if scheme and scheme[0].lower() not in ("http:", "https:"):
        return invalid("Only http and https URLs can be read", "other_scheme")
    return invalid("The URL is not absolute: it must begin with http:// or https:// and a host", "not_absolute")


def _split_authority(authority: str) -> tuple[str, str]:
    if "@" in authority:
        raise invalid("The URL holds user info (a name or password before an @)", "user_info")
    if authority.startswith("["):
        host, bracket, rest = authority.partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise invalid("The URL's IPv6 address is malformed", "host")
        return host + bracket, rest[1:]
    host, _, port = authority.partition(":")
    if not host:
        raise invalid("The URL has no host", "no_host")
    return host, port


def _read_port(port: str, scheme: str) -> int:
    if not port:
        return DEFAULT_PORTS[scheme]  # RFC 3986, section 3.2.3: "http://example.com:/" has the default port
    number = int(port) if _PORT.fullmatch(port) else 0
    if not 1 <= number <= 65_535:
        raise invalid("The URL's port is not a number from 1 to 65535", "port")
    return number


def _encode_path(path: str) -> str:
    if not _PATH_AS_IT_IS.fullmatch(path):
        path = quote(path, safe=_PATH_SAFE, errors="replace")
    return _without_dot_segments(path) if _DOT_SEGMENT.search(path) else path or "/"


def _encode_query(query: str | None) -> str:
    if query is None:
        return ""
    return query if _QUERY_AS_IT_IS.fullmatch(query) else quote(query, safe=_QUERY_SAFE, errors="replace")


def _without_dot_segments(path: str) -> str:
    """Resolve `.` and `..`, also where they are spelled %2e (URL standard, "path state")."""
    kept: list[str] = []
    *segments, last = path.split("/")[1:]
    for segment in segments:
        _step(kept, segment)
    dots = _step(kept, last)
    return "/" + "/".join(kept) + ("/" if dots and kept else "")


def _step(kept: list[str], segment: str) -> bool:
    dots = segment.lower().replace("%2e", ".")
    if dots == "..":
        del kept[-1:]
    elif dots != ".":
        kept.append(segment)
    return dots in (".", "..")
