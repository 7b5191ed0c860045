"""Paragraphs: pieces of text within emphasis and links (CommonMark 6.2, 6.3).

Rule 1: of the styles and the link that begin at a piece, the one that lasts longest is outermost; no style cuts a link.
Rule 2: delimiters flank as CommonMark 6.2 asks; where a letter stands in the way, a space makes room.
Rule 3: each piece is looked at a bounded number of times: nesting ends with the number of styles.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from app.markdown.addresses import destination
from app.markdown.inline import (
    BOLD,
    BREAK,
    ITALIC,
    PICTURE,
    SPACE,
    STRUCK,
    Link,
    Piece,
    Run,
    escape,
    escape_start,
    pieces_of,
    quoted,
)

_MARKS = {STRUCK: "~~", BOLD: "**", ITALIC: "*"}
_STYLES = tuple(_MARKS)
_TEXT, _OPEN, _CLOSE = range(3)


def render(runs: Sequence[Run]) -> str:
    """One paragraph of Markdown, lines ended by hard breaks; "" where nothing is to be read."""
    if not runs or (runs[-1] is SPACE and len(runs) == 2):
        runs = runs[:1]
    if len(runs) == 1 and runs[0][1:] == _PLAIN:
        return escape_start(escape(" ".join(runs[0].text.split())))
    pieces = pieces_of(runs)
    if any(piece.style or piece.link for piece in pieces):
        text = _Paragraph(pieces).text()
    else:
        text = "".join([part for piece in pieces for part in piece[:2]])
    if BREAK.text not in text:
        return escape_start(text)
    return BREAK.text.join(map(escape_start, text.split(BREAK.text)))


_PLAIN = Run("")[1:]


class _Paragraph:
    """Pieces on their way to Markdown: `_marks` tells texts from delimiters."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = _told_apart(_with_pictures_between(pieces))
        self._texts: list[str] = []
        self._marks: list[int] = []
        self._linked_from = _starts_of_links(pieces)

    def text(self) -> str:
        """All pieces between their delimiters."""
        self._write(0, len(self._pieces), 0, None)
        _make_room(self._texts, self._marks)
        return "".join(self._texts)

    def _add(self, text: str, mark: int = _TEXT) -> None:
        self._texts.append(text)
        self._marks.append(mark)

    def _write(self, start: int, end: int, within: int, link: Link | None) -> None:
        """Write the pieces from `start` to `end`, which stand in the styles `within` and in `link`."""
        at = start
        while at < end:
            piece = self._pieces[at]
            if at > start and piece.space:
                self._add(piece.space)
            style, until = self._longest_style(at, end, within, link)
            if style:
                self._add(_MARKS[style], _OPEN)
                self._write(at, until, within | style, link)
                self._add(_MARKS[style], _CLOSE)
            elif piece.link and piece.link is not link:
                until = self._end_of_link(at, end)
                self._write_link(at, until, within, piece.link)
            else:
                until = at + 1
                self._add(piece.text)
            at = until

    def _longest_style(self, at: int, end: int, within: int, link: Link | None) -> tuple[int, int]:
        """Outermost style that begins at a piece and the piece behind it; 0 where the link is to be opened first."""
        piece = self._pieces[at]
        best, furthest = 0, at
        if not piece.style & ~within:
            return best, furthest
        if piece.link and piece.link is not link:
            furthest = self._end_of_link(at, end)
        for style in _STYLES:
            if piece.style & style & ~within and (until := self._end_of_style(at, end, style, link)) > furthest:
                best, furthest = style, until
        return best, furthest

    def _end_of_style(self, at: int, end: int, style: int, link: Link | None) -> int:
        pieces = self._pieces
        until = at + 1
        while until < end and pieces[until].style & style:
            until += 1
        if until < end and pieces[until].link is not link and pieces[until].link is pieces[until - 1].link:
            return self._linked_from[until]
        return until

    def _end_of_link(self, at: int, end: int) -> int:
        link = self._pieces[at].link
        while at < end and self._pieces[at].link is link:
            at += 1
        return at

    def _write_link(self, at: int, until: int, within: int, link: Link) -> None:
        if self._texts and self._texts[-1][-1:] == "!":  # which would make a picture of the link
            self._texts[-1] = self._texts[-1][:-1] + "\\!"
        self._add("[")
        self._write(at, until, within, link)
        title = f" {quoted(link.title)}" if link.title else ""
        self._add(f"]({destination(link.address)}{title})")


def _starts_of_links(pieces: Sequence[Piece]) -> list[int]:
    """First piece of the link that each piece stands in."""
    starts: list[int] = []
    for index, piece in enumerate(pieces):
        is_same = index and piece.link and piece.link is pieces[index - 1].link
        starts.append(starts[-1] if is_same else index)
    return starts


def _with_pictures_between(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """Pieces with pictures in the styles that the texts on both sides have: none begins or ends with a picture."""
    if not any(piece.style == PICTURE for piece in pieces):
        return pieces
    following = list(accumulate((piece.style for piece in reversed(pieces)), _or_picture, initial=0))[::-1]
    settled: list[Piece] = []
    for piece, after in zip(pieces, following, strict=False):
        before = settled[-1].style if settled else 0
        settled.append(piece._replace(style=before & after) if piece.style == PICTURE else piece)
    return settled


def _or_picture(style: int, other: int) -> int:
    """Style of the nearest text."""
    return style if other == PICTURE else other


def _told_apart(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces without the styles that would end and begin within a word: delimiters that touch are ambiguous."""
    apart = list(pieces)
    for index in range(1, len(apart)):
        before, piece = apart[index - 1], apart[index]
        common = before.style & piece.style
        if piece.space or common in (before.style, piece.style):
            continue
        if before.text[-1].isalnum() and piece.text[0].isalnum():
            apart[index - 1 : index + 1] = before._replace(style=common), piece._replace(style=common)
    return apart


def _make_room(texts: list[str], marks: list[int]) -> None:
    """Set spaces beside the delimiters that would be read as text, or as the end of the emphasis around."""
    at, size = 0, len(texts)
    around: list[int] = []
    while at < size:
        if not marks[at]:
            at += 1
            continue
        start = at
        while at < size and marks[at]:
            at += 1
        _place(texts, marks, range(start, at), around)


def _place(texts: list[str], marks: list[int], span: range, around: list[int]) -> None:
    """Make room at delimiters that touch. `around`: lengths of the runs that opened the emphasis around."""
    start, end = span.start, span.stop
    left = texts[start - 1][-1] if start else ""
    right = texts[end][0] if end < len(texts) else ""
    opening = next((at for at in span if marks[at] == _OPEN), end)
    del around[len(around) - (opening - start) :]
    if start < opening < end:
        texts[opening] = " " + texts[opening]
    elif opening == start:
        inside = _inside(texts[start:end], right)
        if _needs_room(left, inside) or (texts[start - 1] != "[" and _may_close(left, inside, around)):
            texts[start] = " " + texts[start]
    elif _needs_room(right, _inside(texts[start:end][::-1], left)):
        texts[end - 1] += " "
    around += [sum(map(len, texts[opening:end]))] * (end - opening)


def _may_close(outside: str, inside: str, around: Sequence[int]) -> bool:
    """Tell whether an opening delimiter would be read as the end of the emphasis around (6.2, rules 9 and 10)."""
    return bool(around) and not outside.isspace() and (_category(inside) in "PS" or max(around) >= len("***"))


def _inside(delimiters: Sequence[str], text: str) -> str:
    """Character behind the outermost delimiter run, which is of one character."""
    return next((each[0] for each in delimiters if each[0] != delimiters[0][0]), text)


@lru_cache(maxsize=4_096)
def _category(character: str) -> str:
    return unicodedata.category(character)[0]


def _needs_room(outside: str, inside: str) -> bool:
    """Tell whether a delimiter between two characters would be read as text (6.2)."""
    if not outside or outside.isspace() or _category(inside) not in "PS":
        return False
    return _category(outside) != "P" and not (outside.isascii() and _category(outside) == "S")
