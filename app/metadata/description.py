"""Description of a page: a sentence or two about its content."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.html import flags
from app.metadata.leaks import without_markup
from app.metadata.paragraphs import is_prose, read_blocks, read_prose
from app.metadata.values import clean, first, first_of

MIN_PARAGRAPH = 80
"""Characters; shorter paragraphs are captions, dates and notices."""

MIN_WORDS = 2
"""Words of a paragraph that serves for want of a longer one."""

MAX_PARAGRAPHS = 40
"""Paragraphs looked at."""

MAX_MARKED = 20
"""Elements looked at that are marked as a description."""

SHORT_PAGE = 5_000
"""Bytes of a body that is its own description if it has no paragraphs."""

_METAS = (
    "description", "dc.description", "dcterms.description", "dcterms.abstract", "dc.description.abstract",
    "sailthru.description", "abstract",
)  # fmt: skip
# Jetpack puts this into posts without an excerpt.
_NOTHING = re.compile(r"Visit the post for more\.", re.IGNORECASE)
_DOTS = re.compile(r"\s?(?:\.\.\.|…|\[(?:\.\.\.|…)\])$")
_POST = re.compile(
    r".{1,60}?\s(?:on|en|auf|sur)\s(?:X|Twitter|Threads|Instagram|Facebook|TikTok|LinkedIn):\s[\"“](.+)[\"”]"
)


@contained("description", nothing)
def read_description(document: Document) -> str | None:
    """Read the best description of a page, in one line."""
    told: list[str] = []
    for text in _declared(document):
        if text in told and text and not _may_go_on(text):
            return without_markup(text)  # two tags agree
        if text and not _NOTHING.fullmatch(text):
            told.append(text)
    if not told:
        return _social_post(document) or _marked_description(document) or _first_paragraph(document)
    best = next((text for text in told if told.count(text) > 1), told[0])
    return without_markup(_whole(best, told))


def _may_go_on(text: str) -> bool:
    return text[-1].isalnum() or text.endswith(("...", "…", "…]", "...]"))


def _declared(document: Document) -> Iterator[str | None]:
    yield document.meta("og:description")
    yield document.meta(*_METAS)
    yield document.meta("twitter:description")
    yield first_of(jsonld.text_of(work.get("description")) for work in document.json_ld.works)


def _whole(text: str, others: list[str]) -> str:
    """The text that goes on where `text` was cut off: in mid word, or by dots."""
    longer = [other for other in others if len(other) > len(text)]
    start = _DOTS.sub("", text) if longer else text
    going_on = (other for other in longer if other.startswith(start) and not _DOTS.search(other))
    return next((other for other in going_on if start != text or (text[-1] + other[len(text)]).isalnum()), text)


def _social_post(document: Document) -> str | None:
    """Text of a post: social networks put it into the title, as in `Name on X: "Text" / X`."""
    titles = (document.meta("og:title"), document.title)
    return first(*(found[1].strip() for title in titles if title and (found := _POST.match(title))))


def _marked_description(document: Document) -> str | None:
    """Visible text of the description of a thing in microdata or RDFa."""
    table = document.table
    for name in ("itemprop", "property"):
        for row in islice(table.having(name), MAX_MARKED):
            is_own = row >= table.body and not table.flags(row) & (document.body.unseen | flags.NOT_OWN)
            if is_own and table.attribute(row, name) == "description" and table.name(row) != "meta":
                return clean(read_prose(table, row, document.body.unseen))
    return None


def _first_paragraph(document: Document) -> str | None:
    table = document.table
    start = document.headline or table.body
    short = []
    for text in _paragraphs(document, start):
        if len(text) > MIN_PARAGRAPH:
            return text
        short.append(text)
    several = (text for text in short if len(text.split()) >= MIN_WORDS)
    return _first_block(document, start) or next(several, None) or _short_body(document)


def _paragraphs(document: Document, start: int) -> Iterator[str]:
    table = document.table
    rows = table.all("p")
    for row in islice(rows, (after := bisect_left(rows, start)), after + MAX_PARAGRAPHS):
        if is_prose(table, row, document.body.unseen) and (text := clean(read_prose(table, row, document.body.unseen))):
            yield text


def _first_block(document: Document, start: int) -> str | None:
    """First long text between two tags that break lines, for pages without paragraphs."""
    blocks = read_blocks(document.table, start, document.body.row_after(start, MAX_BLOCKS), document.body.unseen)
    return next((text for block in blocks if (text := clean(block)) and len(text) > MIN_PARAGRAPH), None)


MAX_BLOCKS = 20_000
"""Bytes of markup in which a text outside of paragraphs is looked for."""


def _short_body(document: Document) -> str | None:
    table = document.table
    if table.body >= len(table) or len(document.markup) - table.start(table.body) > SHORT_PAGE:
        return None
    headings = {heading.text for heading in document.headings}
    return " ".join(run for run in document.body.runs(table.body, len(table)) if run not in headings) or None
