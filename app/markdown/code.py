"""Listings: lines as displayed, and the declared language (CommonMark 4.5)."""

from __future__ import annotations

import re
from itertools import islice

from app.metadata.html.elements import IDS
from app.metadata.html.table import RAW, START, TokenTable

_GUTTER = re.compile(
    r"(?:^|\s)(?:gutter|line-?numbers?(?:-rows|-block)?|linenos?|lineno|blob-num|rouge-gutter)(?=\s|$)", re.IGNORECASE
)
_LINE = re.compile(r"(?:^|\s)(?:code-?line|line|view-line|cm-line|CodeMirror-line)(?=\s|$)")
_NUMBERS = re.compile(r"\s*+(?:\d++\s++)*+\d++\s*+")
_NAMED = re.compile(r"(?:language|lang|highlight-source|highlight|brush)[-:]([\w+#.-]{1,30}+)")
_BRUSH = re.compile(r"brush:\s*+([\w+#.-]{1,30}+)")
_MARKED = ("hljs", "sourceCode")
"""Classes beside which a bare name of a language stands."""

_NAME = re.compile(r"[\w+#.-]{1,30}")
_NO_LANGUAGE = frozenset(
    {
        "highlight",
        "block",
        "hljs",
        "sourcecode",
        "wrapper",
        "none",
        "plain",
        "plaintext",
        "text",
        "auto",
        "copy",
    }
)
_FENCES = re.compile(r"`{3,}+")
_DROPPED = frozenset(IDS[name] for name in ("script", "style", "template", "button", "textarea", "select"))
_WRAPPERS = 2
"""Elements around a listing whose class may name the language."""


def is_gutter(table: TokenTable, row: int) -> bool:
    """Tell whether an element holds line numbers alone."""
    return _GUTTER.search(table.attribute(row, "class") or "") is not None


def is_numbers(text: str) -> bool:
    """Tell whether a listing is the numbers of another one's lines."""
    return "\n" in text.strip() and _NUMBERS.fullmatch(text) is not None


def listing(table: TokenTable, row: int) -> str:
    """Text of a listing, each line of the page on a line."""
    parts: list[str] = []
    lines_open: list[int] = []
    at, end = row + 1, table.end_of(row)
    while at < end:
        while lines_open and at >= lines_open[-1]:
            lines_open.pop()
            _end_line(parts)
        if table.kind(at) == START:
            at = _enter(table, at, parts, lines_open)
        else:
            if table.kind(at) != RAW:
                parts.append(table.run(at))
            at += 1
    return "".join(parts).replace("\r\n", "\n").replace("\r", "\n").strip("\n")


def _enter(table: TokenTable, row: int, parts: list[str], lines_open: list[int]) -> int:
    """Row to go on with after a start tag within a listing."""
    if table.element(row) in _DROPPED or is_gutter(table, row):
        return table.end_of(row)
    if table.element(row) == IDS["br"]:
        parts.append("\n")
    elif _is_line(table, row):
        _end_line(parts)
        lines_open.append(table.end_of(row))
    return row + 1


def _is_line(table: TokenTable, row: int) -> bool:
    if table.is_block(row):
        return True
    style = table.attribute(row, "style") or ""
    return "block" in style.replace(" ", "").partition("display:")[2][:12] or bool(
        _LINE.search(table.attribute(row, "class") or "")
    )


def _end_line(parts: list[str]) -> None:
    if parts and not parts[-1].endswith("\n"):
        parts.append("\n")


def language(table: TokenTable, row: int) -> str:
    """Name of a listing's language, "" where the page names none."""
    inner = row + 1
    rows = [row, *([inner] if inner < table.end_of(row) and table.kind(inner) == START else [])]
    rows += islice(table.ancestors(row), _WRAPPERS)
    return next(filter(None, (_told(table, each) for each in rows)), "")


def _told(table: TokenTable, row: int) -> str:
    """Language by one element's attributes, "" without any."""
    attributes = (table.attribute(row, name) or "" for name in ("data-lang", "data-language"))
    classes = table.attribute(row, "class") or ""
    names = classes.split()
    brush = _BRUSH.search(classes)
    found = [*(name.strip() for name in attributes), *([brush[1]] if brush else [])]
    found += [named[1] for name in names if (named := _NAMED.fullmatch(name))]
    found += [name for name in names if any(mark in names for mark in _MARKED)]
    return next((name.lower() for name in found if _is_language(name)), "")


def _is_language(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name.lower() not in _NO_LANGUAGE and not _NAMED.fullmatch(name)


def fenced(text: str, named: str) -> list[str]:
    """A listing between fences longer than any in it."""
    longest = max(map(len, _FENCES.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return [fence + named, *text.split("\n"), fence]
