"""Find the few tags that a card needs, in one linear pass over the text of a page.

Rule 1: no tree is built, so there is nothing that depth, width or missing ends could blow up.
Rule 2: what browsers do not show as elements is skipped: comments, scripts, styles, SVG, text areas.
Rule 3: a tag stands wherever it stands; real pages have `<meta>` in the body.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from app.metadata.values import MAX_STRING, clean

MAX_TAGS = 20_000
"""Tags looked at on one page; real pages have under 1,000 of those that matter or hide others."""

MAX_ATTRIBUTES = 100
"""Attributes kept of one tag."""

ELEMENT_LIMIT = 5_000
"""Characters of markup searched for the end of an element."""

SHORT_TAG = 2_000
"""Characters of a tag that are looked at to tell what it is."""

LONG_TAG = 100_000
"""Characters of a tag after which no more attributes are read."""

MAX_FINDS = 200
"""Places looked at for one string."""

MAX_BEFORE = 1_000
"""Characters between the start of a tag and what is looked for in it."""

# Their content is text, or nothing that a card is made of.
_RAW_TEXT = ("style", "svg", "textarea", "iframe", "noembed", "noframes", "xmp")
_ELEMENTS = ("time", "html", "h1", "body", "base")


def _any_case(text: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in text)


def _set_of(letters: Iterable[str]) -> str:
    """A pattern of one of these letters in any case."""
    return f"[{''.join(sorted({case for letter in letters for case in (letter, letter.upper())}))}]"


def _start(*names: str) -> str:
    """A pattern of one of these names in any case: twice as fast as `re.IGNORECASE`."""
    return f"(?:{'|'.join(map(_any_case, names))})(?=[\\s/>])"


def _until_end(name: str) -> str:
    """A pattern of all that stands before the end tag; of all that follows if there is none, as in browsers."""
    return rf"[^<]*+(?:<(?!/{_start(name)})[^<]*+)*+"


_NAMES = ("meta", "link", "script", *_RAW_TEXT, *_ELEMENTS, "title", "noscript", "!--")
_FIRST, _SECOND = (_set_of(name[place] for name in _NAMES) for place in (0, 1))
# Most links only tell a browser what to load.
_IDLE_RELS = (
    "stylesheet|preload|preconnect|prefetch|dns-prefetch|modulepreload|manifest|amphtml|shortlink|pingback|profile"
    r"|search|archives|EditURI|wlwmanifest|https://api\.w\.org/"
)
_IDLE_LINK = rf"""\s+rel=(?:"(?:{_IDLE_RELS})"|'(?:{_IDLE_RELS})')[^<>]*+>"""
# How most metas are written.
_USUAL_META = r"""\s+(?:property|name|itemprop)="([^"]*)"\s+content="([^"]*)"\s*/?>"""
_INSIDE = rf"[^>]{{0,{SHORT_TAG}}}+"
# "<!-->" and "<!--->" are whole comments (HTML standard, 13.2.5.43 and 44).
_COMMENT = "!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+)"
# `re` runs to the one literal character that a pattern begins with, and two letters tell most tags apart. What the
# content of says nothing is passed over; the number of the last group says what was found.
_TAG = re.compile(
    rf"<(?={_FIRST}{_SECOND})(?:"
    rf"{_start('meta')}(?:{_USUAL_META}|(){_INSIDE})"
    rf"|{_start('link')}(?:{_IDLE_LINK}|(){_INSIDE})"
    rf"|{_start('script')}({_INSIDE}){_until_end('script')}"
    + "".join(rf"|{_start(name)}{_INSIDE}{_until_end(name)}" for name in _RAW_TEXT)
    + rf"|{_COMMENT}"
    rf"|({_start(*_ELEMENTS)}){_INSIDE}"
    rf"|{_start('title')}(){_INSIDE}{_until_end('title')}"
    rf"|{_start('noscript')}()"
    ")"
)
_META, _ODD_META, _LINK, _SCRIPT, _ELEMENT, _TITLE, _NOSCRIPT = range(2, 9)
_NAMED = {_ODD_META: "meta", _LINK: "link", _SCRIPT: "script", _TITLE: "title"}
_WITH_TEXT = (_SCRIPT, _TITLE)
# How most attributes are written; anything else is read one by one.
_PLAIN = re.compile(rf"""(?:\s+[a-z0-9:_-]+="[^"]*"){{0,{MAX_ATTRIBUTES}}}+\s*/?>""")
_PAIR = re.compile(r"""([a-z0-9:_-]+)="([^"]*)\"""")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
_NOSCRIPT_END = re.compile(rf"</{_start('noscript')}")
_INVISIBLE = ("noscript", "script", "style", "svg", "template")
# What is never closed hides all that follows, as in browsers; and keeps this linear.
_PIECE = (
    r"(?![!nstNST])[^>]*+>?|!--(?:.*?-->|.*)|"
    + "|".join(rf"{_any_case(name)}\b(?:.*?</{_any_case(name)}[^>]*+>?|.*)" for name in _INVISIBLE)
    + r"|[^>]*+>?"
)
_HIDDEN = re.compile(rf"<(?:{_PIECE})(?:\s*+<(?:{_PIECE}))*+", re.DOTALL)
_START_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]{0,30})(?=[\s/])")


class Tag(NamedTuple):
    """A start tag: its attributes, where its content begins, and the text inside if it is raw text."""

    name: str
    attributes: dict[str, str]
    start: int
    end: int
    raw: str = ""


class Tags(NamedTuple):
    """What a page says in its tags.

    `metas` are the names and the content of every meta tag, as they are written. `by_name` has all tags in the
    order of the page but those metas that are written as most are.
    """

    metas: list[tuple[str, str]]
    by_name: dict[str, list[Tag]]


def read_tags(text: str) -> Tags:
    """Every tag of `text` that says something about the page."""
    reading = _Reading(text)
    while reading.go_on():
        pass
    return reading.tags


class _Reading:
    """How far the tags of a text have been read."""

    def __init__(self, text: str) -> None:
        self.tags = Tags([], defaultdict(list))
        self._text = text
        self._position = self._noscript = self._seen = 0

    def go_on(self) -> bool:
        """Read until a tag ends elsewhere than at its first ">"; whether there is one."""
        metas = self.tags.metas
        for found in islice(_TAG.finditer(self._text, self._position), MAX_TAGS - self._seen):
            self._seen += 1
            kind = found.lastindex
            if kind == _META:
                metas.append((found[1], found[2]))
            elif kind and (kind != _SCRIPT or "ld+json" in found[_SCRIPT].lower()):
                self._position = self._read(kind, found)
                if self._position > found.end() + 1:
                    return True
        return False

    def _read(self, kind: int, found: re.Match[str]) -> int:
        """Keep a tag; where it ends."""
        if kind == _NOSCRIPT:
            return self._read_noscript(found)
        name = _NAMED.get(kind) or found[kind].lower()
        attributes, end = read_attributes(self._text, found.start(kind) if kind in _NAMED else found.end(kind))
        raw = self._text[end : found.end()] if kind in _WITH_TEXT else ""
        self.tags.by_name[name].append(Tag(name, attributes, found.start(), end, raw))
        if kind == _ODD_META:
            self.tags.metas.append(_names_and_content(attributes))
        return end

    def _read_noscript(self, found: re.Match[str]) -> int:
        """Its content is read as well; `end` is where that ends."""
        if found.end() > self._noscript:
            ended = _NOSCRIPT_END.search(self._text, found.end())
            self._noscript = ended.start() if ended else len(self._text)
        self.tags.by_name["noscript"].append(Tag("noscript", {}, found.start(), self._noscript))
        return found.end()


def _names_and_content(meta: dict[str, str]) -> tuple[str, str]:
    """`property`, `name`, `itemprop` and `http-equiv` count alike."""
    names = meta.get("property") or meta.get("name") or meta.get("itemprop") or meta.get("http-equiv") or ""
    return names, meta.get("content") or meta.get("value") or ""


def find_tags(text: str, needle: str, start: int = 0, end: int | None = None) -> Iterator[Tag]:
    """The start tags in `text[start:end]` whose attributes hold `needle`, in order.

    The first `MAX_FINDS` places where it stands are looked at.
    """
    end = len(text) if end is None else end
    position = start - 1
    for _ in range(MAX_FINDS):
        position = text.find(needle, position + 1, end)
        if position < 0:
            return
        opened = text.rfind("<", max(0, position - MAX_BEFORE), position)
        found = _START_TAG.match(text, opened) if opened >= 0 else None
        if found and found.end() <= position and ">" not in text[opened:position]:
            attributes, after = read_attributes(text, found.end())
            yield Tag(found[1].lower(), attributes, opened, after)
            position = max(position, after - 1)


def find_elements(text: str, name: str, start: int = 0) -> Iterator[Tag]:
    """The start tags called `name` from `start` on, in order."""
    while found := _start_tag(name).search(text, start):
        attributes, start = read_attributes(text, found.end())
        yield Tag(name, attributes, found.start(), start)


@lru_cache(maxsize=128)
def _start_tag(name: str) -> re.Pattern[str]:
    return re.compile(rf"<{_any_case(name)}(?=[\s/>])")


@lru_cache(maxsize=128)
def _tag(name: str) -> re.Pattern[str]:
    return re.compile(rf"<(/?){_any_case(name)}(?=[\s/>])")


def read_attributes(text: str, position: int) -> tuple[dict[str, str], int]:
    """The attributes of the tag that is open at `position`, and where the tag ends."""
    plain = _PLAIN.match(text, position)
    if not plain:
        return _read_one_by_one(text, position)
    pairs = _PAIR.findall(text, position, plain.end())
    pairs.reverse()  # the first of two attributes with one name wins
    return dict(pairs), plain.end()


def _read_one_by_one(text: str, position: int) -> tuple[dict[str, str], int]:
    attributes: dict[str, str] = {}
    stop = position + LONG_TAG
    while position < stop and (found := _ATTRIBUTE.match(text, position)):
        name, double, single, bare = found.groups()
        if len(attributes) < MAX_ATTRIBUTES:
            attributes.setdefault(name.lower(), double or single or bare or "")
        position = found.end()
    return attributes, text.find(">", position) + 1 or len(text)


def element_text(text: str, name: str, position: int, limit: int = ELEMENT_LIMIT) -> str | None:
    """What a reader sees of the element `name` whose content begins at `position`, in one line."""
    return visible_text(text[position : element_end(text, name, position, limit)])


def element_end(text: str, name: str, position: int, limit: int = ELEMENT_LIMIT) -> int:
    """Where the content of the element `name` ends that begins at `position`."""
    depth = 1
    end = min(len(text), position + limit)
    for found in _tag(name).finditer(text, position, end):
        depth += -1 if found[1] else 1
        if depth == 0:
            return found.start()
    return end


def visible_text(fragment: str, limit: int = MAX_STRING) -> str | None:
    """The text of a piece of HTML in one line, without its markup, at most `limit` characters."""
    return clean(_HIDDEN.sub(" ", fragment), limit)


def text_pieces(fragment: str) -> list[str]:
    """The texts between the tags of a piece of HTML, each in one line."""
    return [text for piece in _HIDDEN.split(fragment) if (text := clean(piece))]


def raw_pieces(fragment: str) -> list[str]:
    """The texts between the tags of a piece of HTML as they are written, without white space around them."""
    return [text for piece in _HIDDEN.split(fragment) if (text := piece.strip())]


def pieces_between(text: str, start: int, end: int) -> Iterator[str]:
    """The `raw_pieces` of `text[start:end]`, for who mostly needs the first few."""
    for hidden in _HIDDEN.finditer(text, start, end):
        if piece := text[start : hidden.start()].strip():
            yield piece
        start = hidden.end()
    if piece := text[start:end].strip():
        yield piece
