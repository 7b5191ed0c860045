"""Find the few tags that a card needs, in one linear pass over the text of a page.

Rule 1: no tree is built, so there is nothing that depth, width or missing ends could blow up.
Rule 2: what browsers do not show as elements is skipped: comments, scripts, styles, SVG, text areas.
Rule 3: a tag stands wherever it stands; real pages have `<meta>` in the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from app.metadata.values import MAX_STRING, clean

MAX_TAGS = 10_000
"""Tags kept of one page; the largest real page has some 2,000 that matter."""

MAX_ATTRIBUTES = 100
"""Attributes kept of one tag."""

ELEMENT_LIMIT = 5_000
"""Characters of markup searched for the end of an element."""

SHORT_TAG = 2_000
"""Characters of a tag that is read in one go."""

LONG_TAG = 100_000
"""Characters of a tag after which no more attributes are read."""

MAX_FINDS = 200
"""Places looked at for one string."""

MAX_BEFORE = 1_000
"""Characters between the start of a tag and what is looked for in it."""

_RAW_TEXT = ("iframe", "noembed", "noframes", "script", "style", "svg", "textarea", "title", "xmp")
_ELEMENTS = ("base", "body", "h1", "html", "link", "meta", "noscript", "time")


def _any_case(text: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in text)


def _one_of(names: Iterable[str]) -> str:
    """A pattern of tag names that shares first letters: twice as fast as `re.IGNORECASE`."""
    by_letter = groupby(sorted(names), key=lambda name: name[0])
    return "|".join(
        f"{_any_case(letter)}(?:{'|'.join(_any_case(name[1:]) for name in group)})" for letter, group in by_letter
    )


_TAG = re.compile(rf"<(?=[!mltbhsnixMLTBHSNIX])(!--|(?:{_one_of(_RAW_TEXT + _ELEMENTS)})(?=[\s/>]))")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
# One literal character and a lookahead: `re` looks for that with memchr.
_END = {name: re.compile(rf"<(?=/{_any_case(name)}[\s/>])") for name in (*_RAW_TEXT, "noscript")}
# Most links only tell a browser what to load.
_IDLE_LINKS = ('rel="stylesheet"', 'rel="pre', 'rel="dns-prefetch"', "rel='stylesheet'", 'rel="modulepreload"')
# How most of what matters is written; anything else is read attribute by attribute.
_USUAL_TAG = re.compile(
    r"""\s(name|property|itemprop|rel|http-equiv)="([^"]*)"\s(content|href|value)="([^"]*)"\s?/?>"""
)
_COMMENT_END = re.compile("--!?>")
_INVISIBLE = ("noscript", "script", "style", "svg", "template")
# What is never closed hides all that follows, as in browsers; and keeps this linear.
_HIDDEN = re.compile(
    r"<(?![!nstNST])[^>]*(?:>|\Z)|<!--.*?(?:-->|\Z)|"
    + "|".join(rf"<{_any_case(name)}\b.*?(?:</{_any_case(name)}[^>]*>|\Z)" for name in _INVISIBLE)
    + r"|<[^>]*(?:>|\Z)",
    re.DOTALL,
)
_START_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]{0,30})(?=[\s/])")


class Tag(NamedTuple):
    """A start tag: its attributes, where its content begins, and the text inside if it is raw text."""

    name: str
    attributes: dict[str, str]
    start: int
    end: int
    raw: str = ""
    in_noscript: bool = False


def read_tags(text: str) -> list[Tag]:
    """Every tag of `text` that says something about the page, in order."""
    tags: list[Tag] = []
    position = noscript = 0
    while len(tags) < MAX_TAGS and (found := _TAG.search(text, position)):
        name, start, position = found[1].lower(), found.start(), found.end()
        if name == "!--":
            position = _end_of_comment(text, position)
        elif name == "noscript":
            noscript = _end_of_raw_text(text, name, position) if position > noscript else noscript
            tags.append(Tag(name, {}, start, noscript))
        elif name in _END:
            tag, position = _read_raw_text(text, name, start, position)
            if tag:
                tags.append(tag)
        elif name == "link" and _is_idle(text, position):
            continue
        else:
            attributes, position = read_attributes(text, position)
            tags.append(Tag(name, attributes, start, position, "", position <= noscript))
    return tags


def _is_idle(text: str, position: int) -> bool:
    end = text.find(">", position, position + SHORT_TAG)
    return end >= 0 and any(rel in text[position:end] for rel in _IDLE_LINKS)


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
    pattern = re.compile(rf"<{_any_case(name)}(?=[\s/>])")
    while found := pattern.search(text, start):
        attributes, start = read_attributes(text, found.end())
        yield Tag(name, attributes, found.start(), start)


def _read_raw_text(text: str, name: str, start: int, position: int) -> tuple[Tag | None, int]:
    """An element whose content is text, if it is a title or a script that holds data; and where it ends."""
    opened = text.find(">", position) + 1 or len(text)
    data = name == "script" and _holds_data(text[position:opened])
    attributes, opened = read_attributes(text, position) if data else ({}, opened)
    end = _end_of_raw_text(text, name, opened)
    return (Tag(name, attributes, start, opened, text[opened:end]) if data or name == "title" else None), end


def _end_of_raw_text(text: str, name: str, position: int) -> int:
    """Where the end tag of the element begins; the end of the text if there is none."""
    found = _END[name].search(text, position)
    return found.start() if found else len(text)


def _holds_data(attributes: str) -> bool:
    return "json" in attributes or "JSON" in attributes


def _end_of_comment(text: str, position: int) -> int:
    # "<!-->" and "<!--->" are whole comments (HTML standard, 13.2.5.43 and 44)
    if text.startswith((">", "->"), position):
        return position
    found = _COMMENT_END.search(text, position)
    return found.end() if found else len(text)


def read_attributes(text: str, position: int) -> tuple[dict[str, str], int]:
    """The attributes of the tag that is open at `position`, and where the tag ends."""
    if usual := _USUAL_TAG.match(text, position):
        name, value, other, content = usual.groups()
        return {name: value, other: content}, usual.end()
    end = text.find(">", position, position + SHORT_TAG)
    if end >= 0:
        inside = text[position:end]
        # No quote is left open, so this ">" is the end of the tag.
        if "'" not in inside and inside.count('"') % 2 == 0:
            found = _ATTRIBUTE.findall(inside)
            found.reverse()  # the first of two attributes with one name wins
            return {name.lower(): double or bare for name, double, _, bare in found}, end + 1
    return _read_long_tag(text, position)


def _read_long_tag(text: str, position: int) -> tuple[dict[str, str], int]:
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
    for found in re.compile(rf"<(/?){_any_case(name)}(?=[\s/>])").finditer(text, position, end):
        depth += -1 if found[1] else 1
        if depth == 0:
            return found.start()
    return end


def visible_text(fragment: str, limit: int = MAX_STRING) -> str | None:
    """The text of a piece of HTML in one line, without its markup, at most `limit` characters."""
    return clean(_HIDDEN.sub(" ", fragment), limit)


def text_pieces(fragment: str) -> list[str]:
    """The texts between the tags of a piece of HTML, each in one line."""
    return [text for piece in raw_pieces(fragment) if (text := clean(piece))]


def each_piece(fragment: str) -> Iterator[str]:
    """The same as `raw_pieces`, for those who stop early."""
    position = 0
    for hidden in _HIDDEN.finditer(fragment):
        if text := fragment[position : hidden.start()].strip():
            yield text
        position = hidden.end()
    if text := fragment[position:].strip():
        yield text


def raw_pieces(fragment: str) -> list[str]:
    """The texts between the tags of a piece of HTML as they are written, without white space around them."""
    return [text for piece in _HIDDEN.split(fragment) if (text := piece.strip())]
