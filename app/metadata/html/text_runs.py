"""Take HTML to pieces: the texts that readers see between its tags.

Rule: `scanner.pyx` is the same again for who has a compiler; a test holds both to one answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.metadata.html.tags import decode

INVISIBLE = ("noscript", "script", "style", "svg", "template")
"""Elements of whose content readers see nothing."""


def in_any_case(text: str) -> str:
    """A pattern of `text` in any case: twice as fast as `re.IGNORECASE`."""
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in text)


# The rest of a tag: a ">" in a quoted value does not end it (HTML standard, 13.2.5.36).
_REST = r"""(?:[^>=]++|=[\t\n\v\f\r ]*+(?:"[^"]*+"?|'[^']*+'?)?+)*+>?"""
# Elements without an end hide all that follows, as in browsers, which keeps this linear.
_PIECE = (
    rf"(?![!nstNST]){_REST}|!--(?:-?>|.*?(?:--!?>|\Z))|"
    + "|".join(rf"{name}(?=[\s/>])(?:.*?</{name}(?=[\s/>]){_REST}|.*)" for name in map(in_any_case, INVISIBLE))
    + rf"|{_REST}"
)
_HIDDEN = re.compile(rf"<(?:{_PIECE})(?:\s*+<(?:{_PIECE}))*+".encode(), re.DOTALL)


def raw_pieces(markup: bytes, start: int = 0, end: int | None = None) -> Iterator[str]:
    """The texts between the tags of `markup[start:end]` as they are written, without white space around them.

    One after the other: mostly the first few are enough.
    """
    end = len(markup) if end is None else min(end, len(markup))
    for hidden in _HIDDEN.finditer(markup, start, end):
        if piece := decode(markup[start : hidden.start()]).strip():
            yield piece
        start = hidden.end()
    if piece := decode(markup[start:end]).strip():
        yield piece
