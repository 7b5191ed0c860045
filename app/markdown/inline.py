"""Inline Markdown: runs of text with their styles become one paragraph (CommonMark 6).

Rule 1: a text stays a text: each character that Markdown would read stands behind a backslash.
Rule 2: delimiters of emphasis flank as CommonMark 6.2 asks; where a letter stands in the way, a space makes room.
Rule 3: emphasis stays within a link or beside it, never across.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from app.markdown.addresses import destination

BOLD, ITALIC, STRUCK = 1, 2, 4
STYLES = BOLD | ITALIC | STRUCK

_MARKUP = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|\Z)"  # a backslash that would escape something
    r"|`"
    r"|(?<=\S)\*|\*(?=\S)|^\*|\*\Z"  # emphasis (6.2)
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|~(?=~)|(?<=~)~|^~|~\Z"  # GitHub's strikethrough
    r"|\](?=[(\[:])"  # links and their definitions (6.3, 4.7)
    r"|<(?=[a-zA-Z/!?]|\Z)"  # HTML and autolinks (6.5, 6.6)
    r"|&(?=#?\w{1,31};)"  # character references (2.5)
)
_LINE_START = re.compile(
    r"(?:#{1,6}+(?=[ \t]|\Z)|[-+*](?=[ \t]|\Z)|>|~~~|=++[ \t]*+\Z|-{2,}+[ \t]*+\Z|_(?:[ \t]*_){2,}+[ \t]*+\Z"
    r"|\|(?=[|:\- ]*+\Z)|:?-++[|:\- ]*+\Z|\[(?=[^\]]++\]:))"
)
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=[ \t]|\Z)")
_BRACKETS = re.compile(r"[\[\]]")
_TICKS = re.compile(r"`++")

_NOTHING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u2060-\u2069\u202a-\u202e\ufeff\ufdd0-\ufdef\U000e0000-\U000e007f]+"
)
"""No text: control characters, marks that only tell where a word may break or which way it runs, and tags."""

_WRAPPED = re.compile(r"(\s*+)(.*\S)?(\s*+)", re.DOTALL)
_MARKS = {BOLD: "**", ITALIC: "*", STRUCK: "~~"}


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


BREAK = Run("  \n", raw=True)
"""A hard line break (6.7)."""


def clean(text: str) -> str:
    """Text without characters that say nothing."""
    return text if text.isascii() and text.isprintable() else _NOTHING.sub("", text)


def escape(text: str) -> str:
    """Text with a backslash before all that Markdown reads."""
    return _MARKUP.sub(r"\\\g<0>", text)


def escape_label(text: str) -> str:
    """Text that stands between brackets: a name of a link or a picture."""
    folded = " ".join(clean(text).split())
    return _BRACKETS.sub(r"\\\g<0>", _MARKUP.sub(lambda found: "" if found[0] == "]" else "\\" + found[0], folded))


@lru_cache(maxsize=4_096)
def _category(character: str) -> str:
    return unicodedata.category(character)[0]


def _needs_room(outside: str, inside: str) -> bool:
    """Tell whether a delimiter between two characters would be read as text (6.2)."""
    if not outside or outside.isspace() or _category(inside) not in "PS":
        return False
    return _category(outside) != "P" and not (outside.isascii() and _category(outside) == "S")


def render(runs: Sequence[Run]) -> str:
    """One paragraph of Markdown, lines ended by hard breaks; "" where nothing is to be read."""
    pieces: list[str] = []
    for link, linked in groupby(_folded(runs), key=lambda run: run.link):
        inside = list(linked)
        if link:
            _add_link(pieces, link, inside)
        else:
            _add_runs(pieces, inside)
    lines = "".join(pieces).strip().removesuffix("\\\n").split("  \n")
    return "  \n".join(filter(None, (_escape_start(line.strip()) for line in lines)))


def _folded(runs: Iterable[Run]) -> list[Run]:
    """Runs with white space folded over their borders, neighbours of one kind united."""
    folded: list[Run] = []
    spaced = True
    for run in runs:
        if run.raw:
            spaced = run.text == BREAK.text
            if spaced:
                _trim(folded)
            folded.append(run)
            continue
        text = _fold(run.text, after_space=spaced)
        if not text:
            continue
        spaced = text[-1] == " "
        last = folded[-1] if folded else None
        if last and not last.raw and last[1:] == run[1:]:
            folded[-1] = run._replace(text=last.text + text)
        else:
            folded.append(run._replace(text=text))
    _trim(folded)
    return folded


def _fold(text: str, *, after_space: bool) -> str:
    folded = " ".join(text.split(" ")) if text.isspace() else text
    words = folded.split()
    if not words:
        return "" if after_space or not text else " "
    start = " " if text[0].isspace() and not after_space else ""
    return start + " ".join(words) + (" " if text[-1].isspace() else "")


def _trim(runs: list[Run]) -> None:
    """Take white space off the end."""
    while runs and not runs[-1].raw:
        text = runs[-1].text.rstrip(" ")
        if text:
            runs[-1] = runs[-1]._replace(text=text)
            return
        runs.pop()


def _add_link(pieces: list[str], link: Link, runs: Sequence[Run]) -> None:
    before, after = runs[0].text[:1] == " ", runs[-1].text[-1:] == " "
    inner: list[str] = ["["]
    _add_runs(inner, [_on_one_line(run) for run in runs], closing="]")
    label = "".join(inner)[1:].strip()
    pieces.append(" " if before and not runs[0].raw else "")
    if label:
        _guard_picture(pieces)
        title = f" {quoted(link.title)}" if link.title else ""
        pieces.append(f"[{label}]({destination(link.address)}{title})")
    pieces.append(" " if after and not runs[-1].raw else "")


def _on_one_line(run: Run) -> Run:
    """A link ends with its paragraph's line: a break in it becomes a space."""
    return Run(" ", run.style) if run.text == BREAK.text else run


def _guard_picture(pieces: list[str]) -> None:
    """Keep a `!` before a link from making a picture of it."""
    last = next((index for index in range(len(pieces) - 1, -1, -1) if pieces[index]), None)
    if last is not None and pieces[last].endswith("!") and not pieces[last].endswith("\\!"):
        pieces[last] = pieces[last][:-1] + "\\!"


def quoted(title: str) -> str:
    """A title of a link or a picture (6.3)."""
    text = escape(" ".join(clean(title).split())).replace('"', '\\"')
    return f'"{text}"'


def _add_runs(pieces: list[str], runs: Sequence[Run], closing: str = "") -> None:
    """Add runs that share a link, style by style."""
    groups = [(style, list(group)) for style, group in groupby(runs, key=lambda run: run.style & STYLES)]
    groups = _told_apart(groups)
    for index, (style, group) in enumerate(groups):
        following = _first_character(groups[index + 1][1]) if index + 1 < len(groups) else closing
        _add_styled(pieces, style, group, following)


def _told_apart(groups: list[tuple[int, list[Run]]]) -> list[tuple[int, list[Run]]]:
    """Merge touching groups into their common style: adjacent delimiters would be ambiguous."""
    apart: list[tuple[int, list[Run]]] = []
    for style, group in groups:
        last = apart[-1] if apart else None
        if last and style and last[0] and not _has_space_between(last[1], group):
            apart[-1] = (last[0] & style, last[1] + group)
        else:
            apart.append((style, group))
    return apart


def _has_space_between(before: Sequence[Run], after: Sequence[Run]) -> bool:
    return before[-1].text[-1:].isspace() or after[0].text[:1].isspace()


def _first_character(runs: Sequence[Run]) -> str:
    return runs[0].text[:1]


def _last_character(pieces: Sequence[str]) -> str:
    return next((piece[-1] for piece in reversed(pieces) if piece), "")


def _add_styled(pieces: list[str], style: int, runs: Sequence[Run], following: str) -> None:
    inner: list[str] = []
    for run in runs:
        _add_run(inner, run, _last_character(inner) or _last_character(pieces))
    text = "".join(inner)
    found = _WRAPPED.fullmatch(text)
    before, content, after = (found[1], found[2], found[3]) if found and found[2] else (text, "", "")
    if not style or not content:
        pieces.append(text)
        return
    marks = "".join(_MARKS[each] for each in (STRUCK, BOLD, ITALIC) if style & each)
    if not before and _needs_room(_last_character(pieces), content[0]):
        before = " "
    if not after and _needs_room(following, content[-1]):
        after = " "
    pieces.append(f"{before}{marks}{content}{marks[::-1]}{after}")


def _add_run(pieces: list[str], run: Run, before: str) -> None:
    if run.raw:
        pieces.append(run.text)
    elif run.code:
        pieces.append(("" if before != "`" else " ") + code_span(run.text))
    else:
        text = escape(run.text)
        pieces.append("\\" + text if before == "]" and text[0] in "([:" else text)


def code_span(text: str) -> str:
    """A text between as many backticks as keep it whole (6.1)."""
    content = " ".join(text.split())
    if not content:
        return ""
    ticks = "`" * (max(map(len, _TICKS.findall(content)), default=0) + 1)
    room = " " if content[0] == "`" or content[-1] == "`" else ""
    return f"{ticks}{room}{content}{room}{ticks}"


def _escape_start(line: str) -> str:
    """A line of a paragraph that begins no other block (4.1 to 5.3)."""
    if numbered := _NUMBERED.match(line):
        return f"{numbered[1]}\\{line[numbered.end(1) :]}"
    return "\\" + line if _LINE_START.match(line) else line
