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

# The most frequent ones first, since they are tried in turn.
_RAW_TEXT = ("script", "style", "svg", "title", "textarea", "iframe", "noembed", "noframes", "xmp")
_ELEMENTS = ("link", "meta", "time", "html", "h1", "body", "base", "noscript")


def _any_case(text: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in text)


def _one_of(names: Iterable[str]) -> str:
    """A pattern of tag names that shares first letters: twice as fast as `re.IGNORECASE`."""
    by_letter: dict[str, list[str]] = {}
    for name in names:
        by_letter.setdefault(name[0], []).append(name[1:])
    return "|".join(
        f"{_any_case(letter)}(?:{'|'.join(_any_case(rest) for rest in rests)})" for letter, rests in by_letter.items()
    )


def _set_of(letters: Iterable[str]) -> str:
    """A pattern of one of these letters in any case."""
    return f"[{''.join(sorted({case for letter in letters for case in (letter, letter.upper())}))}]"


_NAMES = (*_RAW_TEXT, *_ELEMENTS)
_FIRST, _SECOND = (_set_of(name[place] for name in ("!-", *_NAMES)) for place in (0, 1))
# What says nothing is passed over: comments that hold no tag, links that only tell a browser what to load.
_COMMENT = "!--(?![^<>]*+(?<=--)>)"
_IDLE_RELS = (
    "stylesheet|preload|preconnect|prefetch|dns-prefetch|modulepreload|manifest|amphtml|shortlink|pingback|profile"
    r"|search|archives|EditURI|wlwmanifest|https://api\.w\.org/"
)
_IDLE_LINK = rf"""(?<=link)\s+rel=(?:"(?:{_IDLE_RELS})"|'(?:{_IDLE_RELS})')[^<>]*+>"""
# How most metas are written.
_USUAL_META = r"""(?<=meta)\s+(?:property|name|itemprop)="([^"]*)"\s+content="([^"]*)"\s*/?>"""
_INSIDE = rf"[^>]{{0,{SHORT_TAG}}}+"
# `re` runs to the one literal character that a pattern begins with, and two letters tell most tags apart.
_TAG = re.compile(
    rf"<(?={_FIRST}{_SECOND})((?:{_one_of(_NAMES)})(?=[\s/>])(?!{_IDLE_LINK})|{_COMMENT})(?:{_USUAL_META}|({_INSIDE}))"
)
# How most attributes are written; anything else is read one by one.
_PLAIN = re.compile(rf"""(?:\s+[a-z0-9:_-]+="[^"]*"){{0,{MAX_ATTRIBUTES}}}+\s*/?>""")
_PAIR = re.compile(r"""([a-z0-9:_-]+)="([^"]*)\"""")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
# One literal character and a lookahead: `re` looks for that with memchr.
_END = {name: re.compile(rf"<(?=/{_any_case(name)}[\s/>])") for name in (*_RAW_TEXT, "noscript")}
_COMMENT_END = re.compile("--!?>")
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
    tags = Tags([], defaultdict(list))
    position = noscript = 0
    for _ in range(MAX_TAGS):
        if not (found := _TAG.search(text, position)):
            break
        name, names, content, inside = found.groups()
        position = found.end()
        if content is not None:
            tags.metas.append((names, content))
        elif name == "!--":
            position = _end_of_comment(text, found.end(1), position)
        elif (name := name.lower()) == "title" or (name == "script" and "ld+json" in inside.lower()):
            tag = _read_raw_text(text, name, found)
            tags.by_name[name].append(tag)
            position = tag.end + len(tag.raw)
        elif name in _RAW_TEXT:
            ended = _END[name].search(text, position)
            position = ended.start() if ended else len(text)
        elif name == "noscript":
            noscript = _end_of_raw_text(text, name, position) if position > noscript else noscript
            tags.by_name[name].append(Tag(name, {}, found.start(), noscript))
        else:
            attributes, position = read_attributes(text, found.end(1))
            tags.by_name[name].append(Tag(name, attributes, found.start(), position))
            if name == "meta":
                tags.metas.append(_named(attributes))
    return tags


def _named(meta: dict[str, str]) -> tuple[str, str]:
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


def _read_raw_text(text: str, name: str, found: re.Match[str]) -> Tag:
    """A title, or a script that holds data."""
    attributes, end = read_attributes(text, found.end(1))
    return Tag(name, attributes, found.start(), end, text[end : _end_of_raw_text(text, name, end)])


def _end_of_raw_text(text: str, name: str, position: int) -> int:
    """Where the end tag of the element begins; the end of the text if there is none."""
    found = _END[name].search(text, position)
    return found.start() if found else len(text)


def _end_of_comment(text: str, start: int, closed: int) -> int:
    """Where a comment ends: mostly at `closed`, the first ">" after its `start`."""
    # "<!-->" and "<!--->" are whole comments (HTML standard, 13.2.5.43 and 44)
    if text.startswith("--", closed - 2):
        return closed
    found = _COMMENT_END.search(text, start)
    return found.end() if found else len(text)


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
