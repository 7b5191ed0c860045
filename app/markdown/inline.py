"""Inline Markdown: runs of text with their styles become one paragraph (CommonMark 6).

Rule 1: a text stays a text: each character that Markdown would read stands behind a backslash.
Rule 2: white space folds over the borders of runs; a no-break space is a space.
Rule 3: neighbours of one kind are one text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

BOLD, ITALIC, STRUCK = 1, 2, 4
PICTURE = 8
"""Style of a picture: of the texts around it."""

_READ = re.compile(r"[\\`*_~\[\]<&]")
"""Characters that may have to be escaped."""

_MARKS = (
    r"\\(?=[!-/:-@\[-`{-~]|\Z)"  # a backslash that would escape something
    r"|`"
    r"|(?<=\S)\*|\*(?=\S)|^\*|\*\Z"  # emphasis (6.2)
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|~(?=~)|(?<=~)~|^~|~\Z"  # GitHub's strikethrough
    r"|\](?=[(\[:])"  # links and their definitions (6.3, 4.7)
    r"|<(?=[a-zA-Z/!?]|\Z)"  # HTML and autolinks (6.5, 6.6)
    r"|&(?=#?\w{1,31};)"  # character references (2.5)
)
_MARKUP = re.compile(_MARKS)
_IN_LABEL = re.compile(rf"[\[\]]|{_MARKS}")
_LINE_START = re.compile(
    r"(?:#{1,6}+(?=[ \t]|\Z)|[-+*](?=[ \t]|\Z)|>|~~~|=++[ \t]*+\Z|-{2,}+[ \t]*+\Z|_(?:[ \t]*_){2,}+[ \t]*+\Z"
    r"|\|(?=[|:\- ]*+\Z)|:?-++[|:\- ]*+\Z|\[(?=[ xX]\](?: |\Z)))"
)
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=[ \t]|\Z)")
_TICKS = re.compile(r"`++")

_NOTHING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u2060-\u2069\u202a-\u202e\ufeff\ufdd0-\ufdef\U000e0000-\U000e007f]+"
)
"""No text: control characters, marks that only tell where a word may break or which way it runs, and tags."""


class Link(NamedTuple):
    """A link: its absolute address and its title, "" without any."""

    address: str
    title: str
    row: int


class Run(NamedTuple):
    """Some text with one style. `raw` is Markdown already; `code` stands between backticks."""

    text: str
    style: int = 0
    link: Link | None = None
    code: bool = False
    raw: bool = False


class Piece(NamedTuple):
    """Texts of one kind as Markdown, and the white space before them: "", a space or a hard line break."""

    space: str
    text: str
    style: int
    link: Link | None


BREAK = Run("  \n", raw=True)
"""A hard line break (6.7)."""

SPACE = Run(" ")
"""White space, in no style."""


def clean(text: str) -> str:
    """Text without characters that say nothing."""
    return text if text.isascii() and text.isprintable() else _NOTHING.sub("", text)


def escape(text: str) -> str:
    """Text with a backslash before all that Markdown reads."""
    return _MARKUP.sub(r"\\\g<0>", text) if _READ.search(text) else text


def escape_in_label(text: str) -> str:
    """Text between brackets, with its own brackets escaped."""
    return _IN_LABEL.sub(r"\\\g<0>", text) if _READ.search(text) else text


def in_brackets(text: str) -> str:
    """Name of a picture: text that stands between brackets."""
    return escape_in_label(" ".join(clean(text).split()))


def quoted(title: str) -> str:
    """A title of a link or a picture (6.3)."""
    text = escape(" ".join(clean(title).split())).replace('"', '\\"')
    return f'"{text}"'


def code_span(text: str) -> str:
    """A text between as many backticks as keep it whole (6.1)."""
    ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    is_padded = text[0] == text[-1] == " " or "`" in (text[0], text[-1])
    room = " " if is_padded else ""
    return f"{ticks}{room}{text}{room}{ticks}"


def pieces_of(runs: Sequence[Run]) -> list[Piece]:
    """Runs as pieces, their white space folded; none holds white space alone, the first has none before it."""
    pieces: list[Piece] = []
    texts: list[str] = []
    space, before, last = "", "", Run("")
    for run in runs:
        if run is BREAK:
            space = run.text
            continue
        if run is SPACE:
            space = space or " "
            continue
        text = _folded(run)
        words = text if run.code or run.raw else text.strip(" ")
        if not text.strip(" "):
            space = space or text[:1]
            continue
        if text[0] == " " and words is not text:
            space = space or " "
        if texts and run[1:] == last[1:] and space != BREAK.text and not run.raw:
            texts += (space, words)
        else:
            if texts:
                pieces.append(_piece(before, "".join(texts), last, pieces))
            before, texts, last = space if texts else "", [words], run
        space = " " if text[-1] == " " and words is not text else ""
    if texts:
        pieces.append(_piece(before, "".join(texts), last, pieces))
    return pieces


def _folded(run: Run) -> str:
    """Text of a run with its white space folded, a space kept at either end."""
    if run.raw:
        return run.text
    words = run.text.split()
    if not words:
        return " " if run.text else ""
    text = " ".join(words)
    if len(text) == len(run.text):
        return text
    return f"{' ' if run.text[0].isspace() else ''}{text}{' ' if run.text[-1].isspace() else ''}"


def _piece(space: str, text: str, run: Run, before: Sequence[Piece]) -> Piece:
    if run.raw:
        return Piece(space, text, run.style, run.link)
    if run.code:
        return Piece(space, code_span(text), run.style, run.link)
    escaped = escape_in_label(text) if run.link else escape(text)
    if not space and text[0] in "([:" and before and before[-1].text[-1] == "]" and escaped[0] != "\\":
        escaped = "\\" + escaped
    return Piece(space, escaped, run.style, run.link)


def escape_start(line: str) -> str:
    """A line of a paragraph that begins no other block (4.1 to 5.3)."""
    if numbered := _NUMBERED.match(line):
        return f"{numbered[1]}\\{line[numbered.end(1) :]}"
    return "\\" + line if _LINE_START.match(line) else line
