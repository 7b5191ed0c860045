"""Find the few tags that a card needs, in one linear pass over the markup of a page.

Rule 1: no tree is built, so there is nothing that depth, width or missing ends could blow up.
Rule 2: what browsers do not show as elements is skipped: comments, scripts, styles, SVG, text areas.
Rule 3: a tag stands wherever it stands; real pages have `<meta>` in the body.
Rule 4: `scanner.pyx` is the same again for who has a compiler; a test holds both to one answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from app.metadata.html.patterns import Patterns, any_case
from app.metadata.html.references import decode_attribute

MAX_TAGS = 20_000
"""Tags looked at on one page; real pages have under 1,000 of those that matter or hide others."""

MAX_ATTRIBUTES = 100
"""Attributes kept of one tag."""

LONG_TAG = 100_000
"""Bytes of a tag after which no more attributes are read."""

RAW_TEXT = ("style", "svg", "textarea", "iframe", "noembed", "noframes", "xmp")
"""Elements whose content is text, or nothing that a card is made of."""

ELEMENTS = ("meta", "link", "time", "html", "h1", "body", "base")
"""Elements whose start tags say something."""

AFTER_NAME = frozenset((b"\t", b"\n", b"\v", b"\f", b"\r", b" ", b"/", b">"))
"""What may stand behind the name of a tag (HTML standard, 13.2.5.8)."""

_WHOLE_COMMENT = re.compile(rb"-?>")
_COMMENT_END = re.compile(rb"--!?>")
# How most attributes are written; anything else is read one by one.
_PLAIN = re.compile(rb"""(?:\s+[a-z0-9:_-]+="[^"]*"){0,%d}+\s*/?>""" % MAX_ATTRIBUTES)
_PAIR = re.compile(r"""(?<![a-z0-9:_-])([a-z0-9:_-]++)="([^"]*+)\"""")
_ATTRIBUTE = re.compile(rb"""[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")


class Tag(NamedTuple):
    """A start tag: its attributes, where its content begins, and the markup inside if it is raw text."""

    name: str
    attributes: dict[str, str]
    start: int
    end: int
    raw: bytes = b""


Tags = dict[str, list[Tag]]
"""The tags of a page under their names, in order."""


def decode(markup: bytes) -> str:
    """A piece of markup as text; what is broken becomes U+FFFD."""
    return markup.decode("utf-8", "replace")


def read_attributes(markup: bytes, position: int) -> tuple[dict[str, str], int]:
    """The attributes of the tag that is open at `position`, and where the tag ends."""
    plain = _PLAIN.match(markup, position)
    if not plain:
        return _read_one_by_one(markup, position)
    pairs = _PAIR.findall(decode(plain[0]))
    pairs.reverse()  # the first of two attributes with one name wins
    return {name: decode_attribute(value) for name, value in pairs}, plain.end()


def _read_one_by_one(markup: bytes, position: int) -> tuple[dict[str, str], int]:
    attributes: dict[str, str] = {}
    stop = position + LONG_TAG
    while position < stop and (found := _ATTRIBUTE.match(markup, position)):
        name, double, single, bare = found.groups()
        if len(attributes) < MAX_ATTRIBUTES:
            attributes.setdefault(decode(name).lower(), decode_attribute(decode(double or single or bare or b"")))
        position = found.end()
    return attributes, markup.find(b">", position) + 1 or len(markup)


def read_tags(markup: bytes) -> Tags:
    """Every tag of `markup` that says something about the page."""
    reading = _Reading(markup)
    reading.read()
    return reading.tags


class _Reading:
    """How far the tags of some markup have been read."""

    def __init__(self, markup: bytes) -> None:
        self.tags: Tags = defaultdict(list)
        self._markup = markup
        self._left = MAX_TAGS
        self._free = 0  # what begins before this is part of something that was read
        self._closing = ""  # the end tag that all before it is the text of
        self._raw: Tag | None = None  # whose text that is, if it is wanted
        self._noscripts: list[int] = []  # where those begin that are open

    def read(self) -> None:
        """Read all tags."""
        for number, place, after in _TAGS.find(self._markup):
            name, followers, take = _KINDS[number]
            if place < self._free or (self._closing and name != self._closing):
                continue
            if self._markup[after : after + 1] in followers:
                take(self, name, place, after)
                if self._left == 0 and not self._closing:
                    break
        self._close(len(self._markup))
        self._close_noscripts(len(self._markup))

    def _take_element(self, name: str, place: int, after: int) -> None:
        self.tags[name].append(self._read_tag(name, place, after))

    def _take_script(self, name: str, place: int, after: int) -> None:
        attributes, _ = read_attributes(self._markup, after)
        if "ld+json" in attributes.get("type", "").lower():
            self._take_text(name, place, after)
        else:
            self._pass_over(name, place, after)

    def _take_text(self, name: str, place: int, after: int) -> None:
        self._raw = self._read_tag(name, place, after)
        self._closing = f"/{name}"

    def _pass_over(self, name: str, _: int, after: int) -> None:
        self._left -= 1
        self._free = after
        self._closing = f"/{name}"

    def _pass_over_comment(self, _: str, place: int, __: int) -> None:
        """HTML standard, 13.2.5.43 to 51: "<!-->" and "<!--->" are whole comments, and "--!>" ends one, too."""
        self._left -= 1
        start = place + len("<!--")
        ended = _WHOLE_COMMENT.match(self._markup, start) or _COMMENT_END.search(self._markup, start)
        self._free = ended.end() if ended else len(self._markup)

    def _take_noscript(self, _: str, place: int, __: int) -> None:
        """Its content is read as well; `end` is where that ends."""
        self._left -= 1
        self._noscripts.append(place)

    def _take_end(self, name: str, place: int, _: int) -> None:
        if self._closing:
            self._close(place)
        elif name == "/noscript":
            self._close_noscripts(place)

    def _read_tag(self, name: str, place: int, after: int) -> Tag:
        self._left -= 1
        attributes, self._free = read_attributes(self._markup, after)
        return Tag(name, attributes, place, self._free)

    def _close(self, place: int) -> None:
        if self._raw:
            raw = self._markup[self._raw.end : place]
            self.tags[self._raw.name].append(self._raw._replace(raw=raw))
        self._raw, self._closing = None, ""

    def _close_noscripts(self, place: int) -> None:
        for start in self._noscripts:
            self.tags["noscript"].append(Tag("noscript", {}, start, place))
        self._noscripts.clear()


class _Kind(NamedTuple):
    """What is called so, what may stand behind the name, and what is made of it."""

    name: str
    followers: frozenset[bytes]
    take: Callable[[_Reading, str, int, int], None]


def _kinds(take: Callable[[_Reading, str, int, int], None], *names: str) -> list[_Kind]:
    return [_Kind(name, AFTER_NAME, take) for name in names]


_SPELLINGS = {
    spelling: kind
    for kind in (
        *_kinds(_Reading._take_element, *ELEMENTS),
        *_kinds(_Reading._take_text, "title"),
        *_kinds(_Reading._take_script, "script"),
        *_kinds(_Reading._take_noscript, "noscript"),
        *_kinds(_Reading._pass_over, *RAW_TEXT),
        *_kinds(_Reading._take_end, *(f"/{name}" for name in ("title", "script", "noscript", *RAW_TEXT))),
        _Kind("!-", frozenset((b"-",)), _Reading._pass_over_comment),
    )
    for spelling in any_case(f"<{kind.name}".encode())
}
_TAGS = Patterns(*_SPELLINGS)
_KINDS = list(_SPELLINGS.values())
