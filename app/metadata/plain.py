"""Cards of text files: plain text and Markdown, by their first heading and paragraph."""

from __future__ import annotations

import re
from itertools import islice

from msgspec.structs import replace

from app.metadata.containment import contained
from app.metadata.document import Document
from app.metadata.file import MARKDOWN_TYPES, media_type, named_file, read_file
from app.metadata.model import Metadata
from app.metadata.values import clean, first

MAX_TEXT = 64 * 1024  # bytes
MAX_LINES = 500
MAX_TITLE = 200  # characters
MAX_DESCRIPTION = 300  # characters

_MARKDOWN_NAME = re.compile(r"\.(?:md|markdown|mdown|mkd)$", re.IGNORECASE)
_HEADING = re.compile(r"#{1,6}[ \t]++([^\n]*)")  # CommonMark, 4.2
_UNDERLINE = re.compile(r"(?:=++|-{2,}+)[ \t]*+")  # CommonMark, 4.3
_CLOSING = re.compile(r"(?<![^ \t])#++[ \t]*+$")
_FRONT_MATTER = re.compile(r"(title|description)[ \t]*+:[ \t]*+([^\n]*)", re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\[\]]*+)\](?:\([^()]*+\)|\[[^\[\]]*+\])")
_MARKS = re.compile(r"[*`]++|(?<!\w)_++|_++(?!\w)")


def read_text(document: Document) -> Metadata:
    """Read the card of a text file: its heading, else the name of the file, else its first line."""
    page, card = document.page, read_file(document.page)
    name = named_file(page)
    title, description = _read_words(document, bool(_MARKDOWN_NAME.search(name or "")))
    return replace(
        card,
        title=first(title, card.title),
        description=description,
        type="document",
        meta=replace(card.meta, charset=document.charset),
    )


@contained("text", lambda: (None, None))
def _read_words(document: Document, is_markdown: bool) -> tuple[str | None, str | None]:
    """Title and description of a text."""
    text = document.markup[:MAX_TEXT].decode("utf-8", "replace")
    lines = [line.rstrip() for line in islice(text.splitlines(), MAX_LINES)]
    if is_markdown or media_type(document.page) in MARKDOWN_TYPES:
        front, lines = _front_matter(lines)
        title, rest = _heading(lines)
        told = first(front.get("title"), _unmarked(title)), first(front.get("description"), _unmarked(_paragraph(rest)))
    else:
        first_line = next(filter(None, lines), "")
        title = first_line if named_file(document.page) is None and len(first_line) <= MAX_TITLE else None
        told = title, _paragraph(lines)
    return clean(told[0], MAX_TITLE), clean(told[1], MAX_DESCRIPTION)


def _front_matter(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    """Read `title` and `description` of YAML between two lines of dashes; and the lines after it."""
    if lines[:1] != ["---"] or "---" not in lines[1:]:
        return {}, lines
    end = lines.index("---", 1)
    found = (_FRONT_MATTER.match(line) for line in lines[1:end])
    return {each[1].lower(): each[2].strip(" \t\"'") for each in found if each}, lines[end + 1 :]


def _heading(lines: list[str]) -> tuple[str | None, list[str]]:
    """Find the first heading, outside of fenced code; and the lines after it, or all without a heading."""
    fenced = False
    for index, line in enumerate(lines):
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        if fenced:
            continue
        if heading := _HEADING.match(line):
            return _CLOSING.sub("", heading[1]), lines[index + 1 :]
        if index and lines[index - 1] and _UNDERLINE.fullmatch(line):
            return lines[index - 1], lines[index + 1 :]
    return None, lines


def _paragraph(lines: list[str]) -> str | None:
    """First run of lines with words, joined; headings, pictures, quotes, code and rules are passed over."""
    run: list[str] = []
    for line in lines:
        if re.search(r"\w", line) and not line.startswith(("#", "![", "[![", "<", "```", "~~~", "|", ">")):
            run.append(line.strip())
        elif run:
            break
    return " ".join(run) or None


def _unmarked(text: str | None) -> str | None:
    """Drop the marks of links, emphasis and code."""
    return _MARKS.sub("", _LINK.sub(r"\1", text)) if text else text
