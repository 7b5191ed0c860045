"""Flags that attributes give an element."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from itertools import islice

from app.metadata.html import flags
from app.metadata.html.elements import NAMES
from app.metadata.html.patterns import Patterns
from app.metadata.html.tokenizer import ATTRIBUTE, MAX_ATTRIBUTES

OF_NUMBER = [flags.OF_ELEMENT.get(name, 0) for name in NAMES]
"""Flags of the known elements, by number."""

_WORD_START = rb"(?:(?<![A-Za-z0-9])|(?<=[a-z0-9])(?=[A-Z]))"
_WORDS = b"|".join(b"(%b)" % word.replace(b"-", b"[-_]{0,3}+") for word in flags.OF_WORD)
_LETTERS = bytes({word[0] for word in flags.OF_WORD})
_WORD = re.compile(b"(?=(?i:[%b]))%b(?i:%b)" % (_LETTERS, _WORD_START, _WORDS))
_FLAGS = tuple(flags.OF_WORD.values())
_PART = re.compile(rb"([A-Za-z0-9]*+)[^\t\n\f\r ]*+")
_SPACE = rb"[\t\n\f\r ]*+"
_UNSHOWN = re.compile(
    rb"(?<![a-z-])(?:display%b:%bnone|visibility%b:%bhidden)" % ((_SPACE,) * 4), re.IGNORECASE
)  # fmt: skip


class Telling:
    """Tell the few tags whose attributes may give flags, for tags in order."""

    def __init__(self, markup: bytes) -> None:
        self._places = (place for _, place, _ in _TELLING.find(markup.lower()))
        self.next = next(self._places, len(markup))

    def is_in(self, start: int, end: int) -> bool:
        """Whether the tag at these positions has a telling word."""
        while self.next < start:
            self.next = next(self._places, sys.maxsize)
        return self.next < end


def read_flags(attributes: bytes) -> int:
    """Flags of an element with these attributes; the first of two with one name counts."""
    values = values_of(attributes)
    found = 0
    for name, of_value in _OF_ATTRIBUTE.items():
        if name in values:
            found |= of_value(values[name])
    return found & ~_of_streamed(values)


def _of_streamed(values: dict[bytes, bytes]) -> int:
    """Flag that an element lacks although it is hidden: React streams content so, and a script shows it at once."""
    is_streamed = b"hidden" in values and values.get(b"id", b"").startswith(flags.STREAMED)
    return flags.HIDDEN if is_streamed else 0


def values_of(attributes: bytes) -> dict[bytes, bytes]:
    """Raw values of the attributes of a tag, by name in lower case."""
    values: dict[bytes, bytes] = {}
    for name, double, single, bare in map(re.Match.groups, islice(ATTRIBUTE.finditer(attributes), MAX_ATTRIBUTES)):
        values.setdefault(name.lower(), double or single or bare or b"")
    return values


def _of_words(value: bytes) -> int:
    """Flags of the words in a `class` or `id`, but those of parts that begin with one of `flags.UNMARKED`."""
    if not _WORD.search(value):
        return 0
    found = 0
    for part in _PART.finditer(value):
        if part[1].lower() not in flags.UNMARKED:
            for word in _WORD.finditer(value, part.start(), part.end()):
                found |= _FLAGS[(word.lastindex or 1) - 1]
    return found


def _of_style(value: bytes) -> int:
    return flags.HIDDEN if _UNSHOWN.search(value) else 0


def _of_hidden(value: bytes) -> int:
    return 0 if value.lower() == b"until-found" else flags.HIDDEN


def _of_aria_hidden(value: bytes) -> int:
    return flags.ARIA_HIDDEN if value.lower() == b"true" else 0


def _of_aria_modal(value: bytes) -> int:
    return flags.DIALOG if value.lower() == b"true" else 0


def _of_role(value: bytes) -> int:
    return flags.OF_ROLE.get(value.lower(), 0)


def _of_itemprop(value: bytes) -> int:
    return flags.OF_ITEMPROP.get(value.lower(), 0)


_OF_ATTRIBUTE: dict[bytes, Callable[[bytes], int]] = {
    b"class": _of_words,
    b"id": _of_words,
    b"style": _of_style,
    b"hidden": _of_hidden,
    b"aria-hidden": _of_aria_hidden,
    b"aria-modal": _of_aria_modal,
    b"role": _of_role,
    b"itemprop": _of_itemprop,
}
_STEMS = {word.partition(b"-")[0] for word in flags.OF_WORD} | {b"hidden", b"display", b"role", b"modal", b"itemprop"}
_TELLING = Patterns(*sorted(_STEMS))
