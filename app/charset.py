"""Bytes to text, as the HTML standard reads them and as real pages need it.

Rule 1: total and linear; whatever the bytes are, text comes back, without NULs or lone surrogates.
Rule 2: only encodings of the WHATWG Encoding Standard are ever used, under its labels.
Rule 3: what the page declares is believed as long as its bytes agree.

Order: byte order mark, HTTP header, `<meta>`, XML declaration, UTF-8 if it decodes, windows-1252.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from webencodings.labels import LABELS

PRESCAN_LIMIT = 65_536
"""Bytes searched for a `<meta>`. The standard asks for 1,024; one real page in eight declares it later."""

BAD_BYTES_IN_UTF8 = 0.05
"""The share of non-ASCII characters that may be broken in text that still counts as UTF-8."""

EVIDENT = 50
"""Bytes over the number of characters from which on UTF-8 is beyond doubt."""

FALLBACK = "windows-1252"

# The decoders of the Encoding Standard are supersets of what Python calls by the same name.
_CODECS = {
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "iso-8859-8-i": "iso-8859-8",
    "macintosh": "mac-roman",
    "shift_jis": "cp932",
    "utf-16be": "utf-16-be",
    "utf-16le": "utf-16-le",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac-cyrillic",
}
# Encoding Standard, 4.2: labels of the "replacement" encoding decode to nothing, by design.
_REPLACEMENT = {"replacement", "csiso2022kr", "hz-gb-2312", "iso-2022-cn", "iso-2022-cn-ext", "iso-2022-kr"}

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_XML_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_NAMED = re.compile(rb"[cC](?i:harset)")  # `re` looks for one set of characters quickly
_MARKUP = re.compile(rb"<(?:(!--)|(meta)(?=[\s/])|(/?[a-z])|[!/?])", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)(\")?|'([^']*)(')?|([^\s>]*)))?", re.IGNORECASE
)
_CONTENT_CHARSET = re.compile(rb"charset\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s;\"'][^\s;]*))", re.IGNORECASE)

_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(body: bytes, content_type: str = "") -> tuple[str, str]:
    """The text of an HTML answer and the WHATWG name, in lower case, of the encoding that it was read in.

    `content_type` is the raw header value, "" if there was none. Never raises.
    """
    utf8 = _strict(body, "utf-8")
    read = _read_marked(body) or _read_evident(body, utf8) or _read_declared(body, content_type, utf8)
    text, name = read or _read_undeclared(body, utf8)
    # HTML standard, 13.2.5: NUL is a parse error that becomes U+FFFD.
    return text.replace("\0", "\ufffd") if b"\0" in body else text, name


def printable(text: str) -> str:
    """`text` as it can be encoded: lone surrogates become U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def find_encoding(label: str) -> str | None:
    """The WHATWG name behind a label such as `latin1`; None if the standard does not know it."""
    label = label.strip("\t\n\f\r ").lower()
    name: str | None = None if label in _REPLACEMENT else LABELS.get(label)
    return name


def _read_marked(body: bytes) -> tuple[str, str] | None:
    marked = next(((bom, name) for bom, name in _BOMS if body.startswith(bom)), None)
    return (_lenient(body[len(marked[0]) :], marked[1]), marked[1]) if marked else None


def _read_evident(body: bytes, utf8: str | None) -> tuple[str, str] | None:
    """The text, if it is UTF-8 beyond doubt, whatever is declared.

    No real text in another encoding holds that many characters that are UTF-8 by chance.
    """
    return (utf8, "utf-8") if utf8 is not None and len(body) - len(utf8) >= EVIDENT else None


def _declared(body: bytes, content_type: str) -> Iterator[str]:
    """The encodings that the page names, the most trusted first."""
    return (name for label in _labels(body, content_type) if label and (name := find_encoding(label)))


def _labels(body: bytes, content_type: str) -> Iterator[str | None]:
    """Lazily, since the first is mostly right and the second costs the most."""
    yield _header_label(content_type)
    yield _meta_label(body)
    yield _xml_label(body)


def _header_label(content_type: str) -> str | None:
    found = _HEADER_CHARSET.search(content_type)
    return found[1] if found else None


def _xml_label(body: bytes) -> str | None:
    found = _XML_DECLARATION.match(body)
    return _not_utf16(found[1].decode("ascii")) if found else None


def _read_declared(body: bytes, content_type: str, utf8: str | None) -> tuple[str, str] | None:
    """The text in the first encoding that the page names and its bytes agree with."""
    refuted: list[str] = []
    for name in _declared(body, content_type):
        text = utf8 if name == "utf-8" else _strict(body, name)
        if text is not None:
            return _misdeclared_utf8(body, name, utf8) or (text, name)
        if name == "utf-8" and _is_nearly_utf8(body):
            return _lenient(body, name), name
        refuted.append(name)
    if not refuted:
        return None
    return _misdeclared_utf8(body, FALLBACK, utf8) or (_lenient(body, refuted[0]), refuted[0])


def _misdeclared_utf8(body: bytes, name: str, utf8: str | None) -> tuple[str, str] | None:
    """The text, if it is UTF-8 and only said to be in the single-byte encoding `name`.

    Old servers send "iso-8859-1" with everything; no real text in it looks like UTF-8 by chance.
    """
    if utf8 is None or body.isascii() or not _is_single_byte(name):
        return None
    return utf8, "utf-8"


def _read_undeclared(body: bytes, utf8: str | None) -> tuple[str, str]:
    if utf8 is not None:
        return utf8, FALLBACK if body.isascii() else "utf-8"
    name = "utf-8" if _is_nearly_utf8(body) else FALLBACK
    return _lenient(body, name), name


def _is_single_byte(name: str) -> bool:
    return name.startswith(("windows-", "iso-8859-", "koi8-", "ibm", "mac", "x-mac", "x-user"))


def _is_nearly_utf8(body: bytes) -> bool:
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    other = len(text) - len(text.encode("ascii", "ignore"))
    return bad <= max(1, other * BAD_BYTES_IN_UTF8) and other > bad


def _strict(body: bytes, name: str) -> str | None:
    try:
        return body.decode(_CODECS.get(name, name))
    except (UnicodeDecodeError, LookupError):
        return None


def _lenient(body: bytes, name: str) -> str:
    try:
        return body.decode(_CODECS.get(name, name), "replace")
    except LookupError:  # x-user-defined has no codec; the standard reads it as windows-1252 in a meta
        return body.decode(FALLBACK, "replace")


def _not_utf16(label: str) -> str:
    """HTML standard, 13.2.3.2: who can read the declaration byte by byte is not reading UTF-16."""
    return "utf-8" if (find_encoding(label) or "").startswith("utf-16") else label


def _meta_label(body: bytes) -> str | None:
    """HTML standard, 13.2.3.2, "prescan a byte stream to determine its encoding"."""
    position = named = 0
    while markup := _MARKUP.search(body, position, PRESCAN_LIMIT):
        if named <= markup.start():
            found = _NAMED.search(body, markup.start(), PRESCAN_LIMIT)
            if not found:
                return None
            named = found.start()
        comment, meta, tag = markup.groups()
        if comment:
            # "-->" may share its dashes with the opening: "<!-->" is a whole comment.
            position = _after(body, b"-->", markup.start() + 2)
        elif meta or tag:
            attributes, position = _attributes(body, markup.end())
            label = _label_of(attributes) if meta and position else None
            if label and find_encoding(label):
                return _not_utf16(label)
        else:
            position = _after(body, b">", markup.end())
        if not position:
            return None
    return None


def _after(body: bytes, needle: bytes, position: int) -> int:
    """Where `needle` ends, 0 if it does not come."""
    found = body.find(needle, position, PRESCAN_LIMIT)
    return 0 if found < 0 else found + len(needle)


def _attributes(body: bytes, position: int) -> tuple[dict[bytes, bytes], int]:
    """The attributes of the tag that is open at `position`, and where it ends; 0 if it never does."""
    attributes: dict[bytes, bytes] = {}
    while found := _ATTRIBUTE.match(body, position, PRESCAN_LIMIT):
        name, double, double_end, single, single_end, bare = found.groups()
        if (double is not None and not double_end) or (single is not None and not single_end):
            return attributes, 0
        attributes.setdefault(name.lower(), double or single or bare or b"")
        position = found.end()
    end = body.find(b">", position, PRESCAN_LIMIT)
    return attributes, end + 1


def _label_of(attributes: dict[bytes, bytes]) -> str | None:
    if b"charset" in attributes:
        return attributes[b"charset"].decode("ascii", "replace")
    if attributes.get(b"http-equiv", b"").lower() != b"content-type":
        return None
    found = _CONTENT_CHARSET.search(attributes.get(b"content", b""))
    return (found[1] or found[2] or found[3] or b"").decode("ascii", "replace") if found else None
