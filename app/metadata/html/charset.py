"""Bytes of any encoding to UTF-8, by the HTML standard and the needs of real pages.

Rule 1: total and linear: any bytes become UTF-8 without NULs.
Rule 2: only encodings of the WHATWG Encoding Standard are ever used, under its labels.
Rule 3: a declared encoding holds as long as the bytes agree.

Order: byte order mark, HTTP header, `<meta>`, XML declaration, UTF-8 if it decodes, windows-1252.
"""

from __future__ import annotations

import re
from codecs import utf_8_decode
from collections.abc import Iterator

from webencodings.labels import LABELS

from app.metadata.html.japanese import decode_euc_jp, decode_iso_2022_jp
from app.metadata.html.patterns import Patterns, any_case

PRESCAN_LIMIT = 65_536
"""Bytes searched for a `<meta>`. The standard asks for 1,024; one real page in eight declares it later."""

BAD_BYTES_IN_UTF8 = 0.05
"""Share of broken characters among the non-ASCII ones of a text in UTF-8."""

EVIDENT = 50
"""Bytes over the number of characters that prove UTF-8."""

EVIDENCE_PIECE = 16_384
"""Bytes searched for evidence at a time."""

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
_JAPANESE = {"euc-jp": decode_euc_jp, "iso-2022-jp": decode_iso_2022_jp}
# Encoding Standard, 4.2: labels of the "replacement" encoding decode to nothing, by design.
_REPLACEMENT = {"replacement", "csiso2022kr", "hz-gb-2312", "iso-2022-cn", "iso-2022-cn-ext", "iso-2022-kr"}

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_HEADER_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?\s*+([^\s\"';,]++)", re.IGNORECASE)
_XML_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_NAME = b"charset"
# What hardly any other word holds of it, in every spelling; those of the whole are too many for a quick search.
_IN_NAME = Patterns(*any_case(_NAME[1:5]))
_MARKUP = re.compile(rb"<(?:(!--)|(meta)(?=[\s/])|(/?[a-z])|[!/?])", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)(\")?|'([^']*)(')?|([^\s>]*)))?", re.IGNORECASE
)
# The rest of most tags.
_PLAIN_TAG = re.compile(rb"""[a-zA-Z0-9:-]*(?:\s+[a-zA-Z0-9:_-]+="[^"]*")*+\s*/?>""")
_CONTENT_CHARSET = re.compile(rb"charset\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s;\"'][^\s;]*+))", re.IGNORECASE)

# Encodings in which bytes that look like ASCII may be something else.
_NOT_ASCII = {"iso-2022-jp", "utf-16be", "utf-16le"}


def to_utf8(body: bytes, content_type: str = "") -> tuple[bytes, str]:
    """Transcode the markup of an HTML answer to UTF-8; (markup, WHATWG name of its encoding in lower case).

    `content_type` is the raw header value, "" if there was none. What was UTF-8 stays as it was, broken characters
    included: who decodes a piece of it replaces them. Never raises.
    """
    name = _encoding(body, content_type)
    markup = body.removeprefix(b"\xef\xbb\xbf") if name == "utf-8" else _transcoded(body, name)
    # HTML standard, 13.2.5: NUL is a parse error that becomes U+FFFD.
    return markup.replace(b"\0", b"\xef\xbf\xbd") if b"\0" in markup else markup, name


def find_encoding(label: str) -> str | None:
    """WHATWG name of a label like `latin1`; None of an unknown label."""
    label = label.strip("\t\n\f\r ").lower()
    name: str | None = None if label in _REPLACEMENT else LABELS.get(label)
    return name


def _encoding(body: bytes, content_type: str) -> str:
    if marked := next((name for bom, name in _BOMS if body.startswith(bom)), None):
        return marked
    evidence = 0 if body.isascii() else _evidence_of_utf8(body)
    # No real text in another encoding holds that many characters that are UTF-8 by chance, whatever is declared.
    if evidence is not None and evidence >= EVIDENT:
        return "utf-8"
    return _declared(body, content_type, evidence) or _undeclared(body, evidence)


def _evidence_of_utf8(body: bytes) -> int | None:
    """Count the bytes over the number of characters, up to `EVIDENT`; None of other encodings than UTF-8."""
    evidence = start = 0
    while start < len(body) and evidence < EVIDENT:
        piece = body[start : start + EVIDENCE_PIECE]
        if piece.isascii():
            start += len(piece)
            continue
        try:
            text, read = utf_8_decode(piece, "strict", start + len(piece) == len(body))
        except UnicodeDecodeError:
            return None
        evidence += read - len(text)
        start += read  # without a character that goes on in the next piece
    return evidence


def _transcoded(body: bytes, name: str) -> bytes:
    if body.isascii() and name not in _NOT_ASCII:
        return body
    try:
        return _decode(body, name, "replace").removeprefix("\ufeff").encode("utf-8", "replace")
    except LookupError:  # x-user-defined has no codec; the standard reads it as windows-1252 in a meta
        return body.decode(FALLBACK, "replace").encode()


def _decode(body: bytes, name: str, errors: str) -> str:
    if name in _JAPANESE:
        return _JAPANESE[name](body, errors)
    return body.decode(_CODECS.get(name, name), errors)


def _labels(body: bytes, content_type: str) -> Iterator[str | None]:
    """Yield the declared encodings lazily: the first is mostly right, and the second costs the most."""
    yield _header_label(content_type)
    yield _meta_label(body)
    yield _xml_label(body)


def _header_label(content_type: str) -> str | None:
    found = _HEADER_CHARSET.search(content_type)
    return found[1] if found else None


def _xml_label(body: bytes) -> str | None:
    found = _XML_DECLARATION.match(body)
    return _not_utf16(found[1].decode("ascii")) if found else None


def _declared(body: bytes, content_type: str, evidence: int | None) -> str | None:
    """Find the first declared encoding in agreement with the bytes."""
    refuted: list[str] = []
    for name in filter(None, map(find_encoding, filter(None, _labels(body, content_type)))):
        if _agrees(body, name, evidence):
            return "utf-8" if evidence and _is_single_byte(name) else name
        refuted.append(name)
    if refuted and not evidence and set(refuted) == {"utf-8"} and not _has_utf8(body):
        return None  # browsers show U+FFFD in place of every such character
    return ("utf-8" if evidence else refuted[0]) if refuted else None


def _agrees(body: bytes, name: str, evidence: int | None) -> bool:
    if name == "utf-8":
        return evidence is not None or _is_nearly_utf8(body)
    try:
        _decode(body, name, "strict")
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _undeclared(body: bytes, evidence: int | None) -> str:
    is_utf8 = evidence or (evidence is None and _is_nearly_utf8(body))
    return "utf-8" if is_utf8 else FALLBACK


def _is_single_byte(name: str) -> bool:
    """Whether UTF-8 is likelier: old servers send "iso-8859-1" with everything, and no real text looks so by chance."""
    return name.startswith(("windows-", "iso-8859-", "koi8-", "ibm", "mac", "x-mac", "x-user"))


def _is_nearly_utf8(body: bytes) -> bool:
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    other = len(text) - len(text.encode("ascii", "ignore"))
    return bad <= max(1, other * BAD_BYTES_IN_UTF8) and other > bad


def _has_utf8(body: bytes) -> bool:
    """Whether any character beyond ASCII is UTF-8."""
    return any(char > "\x7f" for char in set(body.decode("utf-8", "ignore")))


def _not_utf16(label: str) -> str:
    """HTML standard, 13.2.3.2: a declaration in ASCII bytes contradicts UTF-16."""
    return "utf-8" if (find_encoding(label) or "").startswith("utf-16") else label


def _meta_label(body: bytes) -> str | None:
    """HTML standard, 13.2.3.2, "prescan a byte stream to determine its encoding"."""
    position = named = 0
    names = _names(body)
    while markup := _MARKUP.search(body, position, PRESCAN_LIMIT):
        if named <= markup.start():
            named = next((place for place in names if place > markup.start()), 0)
            if not named:
                return None
        comment, meta, tag = markup.groups()
        if comment:
            # "-->" may share its dashes with the opening: "<!-->" is a whole comment.
            position = _after(body, b"-->", markup.start() + 2)
        elif (plain := _PLAIN_TAG.match(body, markup.end(), PRESCAN_LIMIT)) and (tag or plain.end() <= named):
            position = plain.end()
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


def _names(body: bytes) -> Iterator[int]:
    """Places where a charset may be named."""
    for _, place, _ in _IN_NAME.find(body, 1, PRESCAN_LIMIT):
        if body[place - 1 : place - 1 + len(_NAME)].lower() == _NAME:
            yield place - 1


def _after(body: bytes, needle: bytes, position: int) -> int:
    """End of the next `needle`, 0 without any."""
    found = body.find(needle, position, PRESCAN_LIMIT)
    return 0 if found < 0 else found + len(needle)


def _attributes(body: bytes, position: int) -> tuple[dict[bytes, bytes], int]:
    """Attributes of the tag open at `position`, and its end; 0 without an end."""
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
