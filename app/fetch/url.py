"""One parser for every URL that a stranger names.

Rule 1: a URL is read once, strictly, and rebuilt from its parts; only the rebuilt one is fetched, cached
        and logged, so no second reader can understand it differently.
Rule 2: what could be read in two ways (user info, backslashes, spaces, control characters, IPv4 in any
        spelling but the dotted quad) is refused, not repaired.
Rule 3: what is honest keeps its meaning: percent-encodings stay as they are, other characters are encoded
        as the URL standard says (https://url.spec.whatwg.org/), host names as UTS #46 says.
Rule 4: reading a URL asks nobody: no lookup happens here, and nothing here says who may be fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, unquote_to_bytes

import idna

from app.errors import InvalidUrl

MAX_URL_LENGTH = 4_096  # characters of a URL as it was sent
MAX_REFERENCE_LENGTH = 8_192  # characters of a Location; those of single sign-on are long
URLS_REMEMBERED = 4_096  # widgets and polling clients send the same ones again and again
DEFAULT_PORTS = {"http": 80, "https": 443}

# C0 controls, space, DEL, C1 controls, every space of Unicode, the backslash, surrogates.
_FORBIDDEN = re.compile("[\x00-\x20\x7f-\xa0\\\\\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_ABSOLUTE = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_PORT = re.compile(r"0*[0-9]{1,5}")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)

# What the URL standard leaves as it is: its "path percent-encode set" and its "query percent-encode set".
# The apostrophe stays although the standard's "special-query" set has it: RFC 3986 gives it a meaning.
_PATH_SAFE = "!$%&'()*+,/:;=@[]|~"
_QUERY_SAFE = _PATH_SAFE + "?^`{}"
_PATH_AS_IT_IS = re.compile(r"[\w!$%&'()*+,/:;=@\[\]|~.\-]*", re.ASCII)
_QUERY_AS_IT_IS = re.compile(r"[\w!$%&'()*+,/:;=@\[\]|~.\-?^`{}]*", re.ASCII)

_IDNA_ERRORS = (idna.IDNAError, UnicodeError, ValueError, IndexError)


@dataclass(frozen=True, slots=True, eq=False)
class TargetUrl:
    """An absolute http(s) URL, as it was understood. Two that are rebuilt alike are equal.

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
        """The host, with the port where it is not the scheme's own: what a `Host` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


def loggable(url: TargetUrl) -> str:
    """The URL for logs: a query is shown as there, never what it says."""
    return f"{url.origin}{url.path}?…" if "?" in url.target else str(url)


@lru_cache(maxsize=URLS_REMEMBERED)
def parse_url(text: str) -> TargetUrl:
    """Read an absolute http or https URL.

    Raises InvalidUrl, whose message says which rule was broken.
    """
    if len(text) > MAX_URL_LENGTH:
        raise _invalid(f"A URL has at most {MAX_URL_LENGTH:,} characters", "too_long")
    return _read(text)


def resolve_reference(base: TargetUrl, reference: str) -> TargetUrl:
    """The URL that a `Location` means (RFC 3986, section 5.2), read as strictly as any other.

    Raises InvalidUrl; `other_scheme` is its reason where the reference has a scheme that is not ours.
    """
    if len(reference) > MAX_REFERENCE_LENGTH:
        raise _invalid("The URL is too long", "too_long")
    # Servers send spaces here that they should have encoded, and every browser encodes them.
    reference = reference.strip(" \t").replace(" ", "%20")
    return _read(_absolute(base, reference))


def _absolute(base: TargetUrl, reference: str) -> str:
    if _SCHEME.match(reference):
        return reference
    if reference.startswith("//"):
        return f"{base.scheme}:{reference}"
    if reference.startswith("/"):
        return base.origin + reference
    if not reference or reference.startswith("#"):
        return str(base)
    if reference.startswith("?"):
        return base.origin + base.path + reference
    return base.origin + base.path.rpartition("/")[0] + "/" + reference


def _read(text: str) -> TargetUrl:
    if bad := _FORBIDDEN.search(text):
        raise _forbidden(bad[0])
    parts = _ABSOLUTE.fullmatch(text)
    if parts is None:
        raise _not_absolute(text)
    scheme, authority, path, query = parts.groups()
    scheme = scheme.lower()
    host, port = _split_authority(authority)
    address, host = _read_host(host)
    return TargetUrl(scheme, host, _read_port(port, scheme), _encode_path(path) + _encode_query(query), address)


def _invalid(message: str, reason: str) -> InvalidUrl:
    return InvalidUrl(message, reason=reason)


def _forbidden(character: str) -> InvalidUrl:
    kind = "backslash" if character == "\\" else "space" if character.isspace() else "control character"
    return _invalid(f"The URL holds a {kind}", "character")


def _not_absolute(text: str) -> InvalidUrl:
    scheme = _SCHEME.match(text)
    if scheme and scheme[0].lower() not in ("http:", "https:"):
        return _invalid("Only http and https URLs can be read", "other_scheme")
    return _invalid("The URL is not absolute: it must begin with http:// or https:// and a host", "not_absolute")


def _split_authority(authority: str) -> tuple[str, str]:
    if "@" in authority:
        raise _invalid("The URL holds user info (a name or password before an @)", "user_info")
    if authority.startswith("["):
        host, bracket, rest = authority.partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise _invalid("The URL's IPv6 address is malformed", "host")
        return host + bracket, rest[1:]
    host, _, port = authority.partition(":")
    if not host:
        raise _invalid("The URL has no host", "no_host")
    return host, port


def _read_port(port: str, scheme: str) -> int:
    if not port:
        return DEFAULT_PORTS[scheme]  # RFC 3986, section 3.2.3: "http://example.com:/" has the default port
    number = int(port) if _PORT.fullmatch(port) else 0
    if not 1 <= number <= 65_535:
        raise _invalid("The URL's port is not a number from 1 to 65535", "port")
    return number


def _read_host(text: str) -> tuple[IPv4Address | IPv6Address | None, str]:
    if text.startswith("["):
        address = _read_ipv6(text[1:-1])
        return address, _ipv6_text(address)
    host = text.lower()
    if not _HOST.fullmatch(host) or "xn--" in host:
        host = _to_ascii(host)
    if len(host.rstrip(".")) > 253:
        raise _invalid("The URL's host is over 253 characters", "host")
    if _ends_in_number(host):
        return _read_ipv4(text), host
    return None, host


def _read_ipv6(text: str) -> IPv6Address:
    try:
        if "%" in text:
            raise AddressValueError
        return IPv6Address(text)
    except AddressValueError:
        raise _invalid("The URL's IPv6 address is malformed", "host") from None


def _ipv6_text(address: IPv6Address) -> str:
    """URL standard, "IPv6 serializer": always in hexadecimal, as str() writes all but some mapped addresses."""
    if address.ipv4_mapped is None:
        return str(address)
    high, low = divmod(int(address.ipv4_mapped), 0x10000)
    return f"::ffff:{high:x}:{low:x}"


def _ends_in_number(host: str) -> bool:
    """Whether the host means an IPv4 address (URL standard, "ends in a number checker")."""
    last = host.removesuffix(".").rpartition(".")[2]
    return last.isdigit() or re.fullmatch("0x[0-9a-f]*", last) is not None


def _read_ipv4(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)  # takes the dotted quad alone, no leading zeros, ASCII digits only
    except AddressValueError:
        raise _invalid("An IPv4 address is written as four decimal numbers, such as 192.0.2.1", "ipv4") from None


def _to_ascii(host: str) -> str:
    """The host by the URL standard's "domain to ASCII": percent-decoded, mapped, in Punycode."""
    try:
        if "%" in host:
            if _BAD_ESCAPE.search(host):
                raise ValueError
            host = unquote_to_bytes(host).decode()
        ascii_host = ".".join(map(_to_ascii_label, idna.uts46_remap(host, std3_rules=False).split(".")))
    except _IDNA_ERRORS:
        raise _invalid("The URL's host is no valid domain name", "host") from None
    if not _HOST.fullmatch(ascii_host):
        raise _invalid("The URL's host is no valid domain name", "host")
    return ascii_host


@lru_cache(maxsize=1024)
def _to_ascii_label(label: str) -> str:
    if len(label) > 63:  # Punycode is never shorter than what it encodes, and slow on long text
        raise ValueError
    if label.startswith("xn--"):
        decoded = label[4:].encode("ascii").decode("punycode")
        if decoded.isascii() or idna.uts46_remap(decoded, std3_rules=False) != decoded:
            raise ValueError
        if _encode_label(decoded) != label:
            raise ValueError
        return label
    return label if label.isascii() else _encode_label(label)


def _encode_label(label: str) -> str:
    """Punycode after the validity criteria of UTS #46, section 4.1, which take symbols such as U+2764."""
    idna.check_nfc(label)
    idna.check_initial_combiner(label)
    idna.check_bidi(label)
    for at, character in enumerate(label):
        if character in "\u200c\u200d" and not idna.valid_contextj(label, at):
            raise ValueError
    return "xn--" + label.encode("punycode").decode("ascii")


def _encode_path(path: str) -> str:
    if not _PATH_AS_IT_IS.fullmatch(path):
        path = quote(path, safe=_PATH_SAFE)
    return _without_dot_segments(path) if _DOT_SEGMENT.search(path) else path or "/"


def _encode_query(query: str | None) -> str:
    if query is None:
        return ""
    return query if _QUERY_AS_IT_IS.fullmatch(query) else quote(query, safe=_QUERY_SAFE)


def _without_dot_segments(path: str) -> str:
    """URL standard, "path state": `.` and `..` are resolved, also where they are spelled %2e."""
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
