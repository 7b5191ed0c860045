"""What a page says is text, and stays it: nothing of it becomes Markdown.

Without this, a page that shows `<script>` as a text would put one into the Markdown, and one that shows
`[x](javascript:…)` a link.

Rule 1: only what could be read as Markdown is escaped, where it stands; most punctuation is left alone.
Rule 2: escaped characters go through the converter as noncharacters (Unicode 23.7), which mean nothing to it, and
        become themselves behind a backslash afterwards.
Rule 3: code is no text: the converter puts it between as many backticks as it needs.
"""

from __future__ import annotations

import re

from lxml import etree

_SPECIAL = r"\`*_[]<&~!(:"
_HELD = {character: chr(0xFDD0 + place) for place, character in enumerate(_SPECIAL)}
_FREED = {held: f"\\{character}" for character, held in _HELD.items()}

_MARKUP = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|\Z)"  # a backslash that would escape something
    r"|`"
    r"|(?<=\S)\*|\*(?=\S)|^\*|\*\Z"  # emphasis (CommonMark 6.2)
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|~(?=~)|(?<=~)~"  # GitHub's strikethrough
    r"|\](?=[(\[:])"  # links and their definitions (6.3, 4.7)
    r"|<(?=[a-zA-Z/!?]|\Z)"  # HTML and autolinks (6.5, 6.6)
    r"|&(?=#?\w{1,31};)"  # character references (2.5)
)
_SECOND_HALVES = ("(", "[", ":")  # of links and their definitions, behind a closing bracket

_DROPPED = "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ufdd0-\ufdef"
"""What is no text: control characters, what only says where a word may be broken, and noncharacters."""

_NOTHING = re.compile(f"[{_DROPPED}]+")
_CANDIDATE = re.compile(rf"[\\`*_\]<&~{_DROPPED}]|\A[(\[:]|!\Z")
_LEFT = re.compile(f"[{_DROPPED}]")

_CODE = frozenset({"pre", "code", "kbd", "samp", "tt"})
_NAMES = ("alt", "title")
_INSIDE = etree.XPath("descendant::text()", smart_strings=False)


def hold(tree: etree._Element) -> None:
    """Put noncharacters in the place of what could be read as Markdown."""
    for element in tree.iter():
        text, tail = element.text, element.tail
        if text and _CANDIDATE.search(text):
            element.text = _NOTHING.sub("", text) if element.tag in _CODE else _held_text(text, element)
        if tail and _CANDIDATE.search(tail):
            element.tail = _held_text(tail, element, is_tail=True)
        for name in _NAMES:
            if value := element.get(name):
                element.set(name, _held_name(value))


def free(markdown: str) -> str:
    """Escape what was held."""
    return _LEFT.sub(lambda found: _FREED.get(found[0], ""), markdown)


def _held(text: str) -> str:
    return _MARKUP.sub(lambda found: _HELD[found[0]], text)


def _held_name(text: str) -> str:
    """What stands between brackets or quotation marks, on one line."""
    text = _held(_NOTHING.sub("", " ".join(text.split())))
    return text.replace("[", _HELD["["]).replace("]", _HELD["]"])


def _held_text(text: str, element: etree._Element, *, is_tail: bool = False) -> str:
    """A text, and what its ends would make together with what stands before and behind it."""
    text = _NOTHING.sub("", text)
    held = _held(text)
    if text.startswith(_SECOND_HALVES) and _character_before(element, is_tail) == "]":
        held = _HELD[text[0]] + held[1:]
    if text.endswith("!") and _is_before_link(element, is_tail):  # which would be an image
        held = held[:-1] + _HELD["!"]
    return held


def _is_before_link(element: etree._Element, is_tail: bool) -> bool:
    follows = element.getnext() if is_tail else next(iter(element), None)
    return follows is not None and follows.tag == "a"


def _character_before(element: etree._Element | None, is_tail: bool) -> str:
    """The last character before a text, in the order of the page; white space does not count."""
    while element is not None:
        found = _last_inside(element) if is_tail else ""
        previous = element.getprevious()
        if not found and previous is not None:
            found = _last(previous.tail)
            element, is_tail = previous, True
        elif not found:
            element, is_tail = element.getparent(), False
            found = "" if element is None else _last(element.text)
        if found:
            return found
    return ""


def _last_inside(element: etree._Element) -> str:
    return next(filter(None, map(_last, reversed(_INSIDE(element)))), "")


def _last(text: str | None) -> str:
    return (text or "").rstrip()[-1:]
