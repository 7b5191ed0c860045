"""Hosts of URLs: names in ASCII, by UTS #46, and addresses in the one spelling that has a single reading."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import unquote_to_bytes

import idna

from app.errors import InvalidUrl

_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

_IDNA_ERRORS = (idna.IDNAError, UnicodeError, ValueError, IndexError)


def invalid(message: str, reason: str) -> InvalidUrl:
    """Build the error for a broken rule; `reason` is for tests and logs."""
    return InvalidUrl(message, reason=reason)


def read_host(text: str) -> tuple[IPv4Address | IPv6Address | None, str]:
    """Read a host, which may be an IPv6 address in brackets: its address, if it is one, and its ASCII form.

    Raises InvalidUrl.
    """
    if text.startswith("["):
        address = _read_ipv6(text[1:-1])
        return address, _ipv6_text(address)
    host = text.lower()
    if not _HOST.fullmatch(host) or "xn--" in host:
        host = _to_ascii(host)
    if len(host.rstrip(".")) > 253:
        raise invalid("The URL's host is over 253 characters", "host")
    if _ends_in_number(host):
        return _read_ipv4(text), host
    return None, host


def _read_ipv6(text: str) -> IPv6Address:
    try:
        if "%" in text:
            raise AddressValueError
        return IPv6Address(text)
    except AddressValueError:
        raise invalid("The URL's IPv6 address is malformed", "host") from None


def _ipv6_text(address: IPv6Address) -> str:
    """Write an address by the URL standard's "IPv6 serializer": in hexadecimal, as str() does but for mapped ones."""
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
        raise invalid("An IPv4 address is written as four decimal numbers, such as 192.0.2.1", "ipv4") from None


def _to_ascii(host: str) -> str:
    """Convert a host by the URL standard's "domain to ASCII": percent-decoded, mapped, in Punycode."""
    try:
        if "%" in host:
            if _BAD_ESCAPE.search(host):
                raise ValueError
            host = unquote_to_bytes(host).decode()
        ascii_host = ".".join(map(_to_ascii_label, idna.uts46_remap(host, std3_rules=False).split(".")))
    except _IDNA_ERRORS:
        raise invalid("The URL's host is no valid domain name", "host") from None
    if not _HOST.fullmatch(ascii_host):
        raise invalid("The URL's host is no valid domain name", "host")
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
    """Encode in Punycode after the validity criteria of UTS #46, section 4.1, which take symbols such as U+2764."""
    idna.check_nfc(label)
    idna.check_initial_combiner(label)
    idna.check_bidi(label)
    for at, character in enumerate(label):
        if character in "\u200c\u200d" and not idna.valid_contextj(label, at):
            raise ValueError
    return "xn--" + label.encode("punycode").decode("ascii")
