"""Leaked markup: tags in a text by mistake, as opposed to the subject of the text."""

from __future__ import annotations

import re
from itertools import islice

from app.metadata.values import one_line

MAX_TAGS = 100
"""Tags looked at in one text."""

_TAG = re.compile(
    r"""<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})((?:\s++[a-zA-Z-]++\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>]++))*+)\s*+/?>"""
    r"(?!\s(?:elements?|tags?)\b)"
)
_CUT_TAG = re.compile(r"<[a-zA-Z]{1,10}\s++[a-zA-Z-]++\s*=[^<>]{0,500}$")
# Elements of text that editors leave behind; `<name>`, `<T>` and `<dialog>` are words of a text.
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "big",
        "blockquote",
        "center",
        "cite",
        "code",
        "div",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "i",
        "li",
        "mark",
        "ol",
        "p",
        "q",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tr",
        "tt",
        "u",
        "ul",
    ]
)
_JOINED = frozenset(
    [
        "a",
        "abbr",
        "b",
        "big",
        "cite",
        "code",
        "em",
        "font",
        "i",
        "mark",
        "q",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "tt",
        "u",
    ]
)
"""Elements within a line: no space takes their place."""

_ALONE = frozenset(("br", "p", "img", "hr"))


def without_markup(text: str | None) -> str | None:
    """Remove leaked tags: with attributes, alone like `<br>`, or in pairs like `<b>` and `</b>`."""
    if not text or "<" not in text:
        return text
    tags = list(islice(_TAG.finditer(text), MAX_TAGS))
    opened, closed = ({tag[2].lower() for tag in tags if bool(tag[1]) == is_end} for is_end in (False, True))
    paired = opened & closed & _INLINE

    def replace(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        if name in paired or name in _ALONE or (tag[3] and name in _INLINE):
            return "" if name in _JOINED else " "
        return tag[0]

    return one_line(_CUT_TAG.sub("", _TAG.sub(replace, text, count=MAX_TAGS)))
