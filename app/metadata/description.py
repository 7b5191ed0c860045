"""The sentence or two that say what a page is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.html.markup import ATTRIBUTES, element_end, element_text, text_pieces, visible_text
from app.metadata.html.patterns import Patterns
from app.metadata.values import clean, first, first_of

MIN_PARAGRAPH = 80
"""Characters; shorter paragraphs are captions, dates and notices."""

MIN_WORDS = 2
"""Words of a paragraph that is taken for want of a longer one."""

MAX_PARAGRAPHS = 40
"""Paragraphs looked at."""

MAX_PARAGRAPH_MARKUP = 3_000
"""Bytes of markup read of one paragraph."""

MAX_BLOCKS = 20_000
"""Bytes of markup in which a text outside of paragraphs is looked for."""

MAX_BEFORE_DESCRIPTION = 40_000
"""Bytes of the body in which an element that is marked as a description is looked for."""

SHORT_PAGE = 5_000
"""Bytes of a body that is its own description if it has no paragraphs."""

_PARAGRAPH = re.compile(rb"<[pP](?:\s%b)?>" % ATTRIBUTES)
_PARAGRAPH_END = re.compile(rb"</?(?:p|div|h[1-6]|section|article|ul|ol|table|body)(?=[\s/>])", re.IGNORECASE)
_HIDING = Patterns(b" hidden", b"aria-hidden", b"display:", b"visibility:")
_DESCRIPTION = Patterns(b'"description"')
_BOXES = frozenset(
    ("article", "aside", "div", "footer", "form", "header", "nav", "ol", "p", "section", "span", "td", "ul")
)
_HIDING_STYLE = re.compile(r"display\s?:\s?none|visibility\s?:\s?hidden", re.IGNORECASE)
# What Jetpack says of a post without an excerpt.
_NOTHING = re.compile(r"Visit the post for more\.", re.IGNORECASE)
_DOTS = re.compile(r"\s?(?:\.\.\.|…|\[(?:\.\.\.|…)\])$")
_INLINE = re.compile(
    rb"</?(?:a|abbr|b|cite|code|em|font|i|mark|q|small|span|strong|sub|sup|time|u)(?:\s%b)?>" % ATTRIBUTES,
    re.IGNORECASE,
)
_POST = re.compile(
    r".{1,60}?\s(?:on|en|auf|sur)\s(?:X|Twitter|Threads|Instagram|Facebook|TikTok|LinkedIn):\s[\"“](.+)[\"”]"
)
_TAG_IN_TEXT = re.compile(r"</?[a-zA-Z][^<>]{0,300}>|<[a-zA-Z][^<>]{0,300}$")


@contained("description", nothing)
def read_description(document: Document) -> str | None:
    """The best description that a page has to offer, in one line."""
    told: list[str] = []
    for text in _declared(document):
        if text in told and text and not _may_go_on(text):
            return _without_tags(text)  # what two tags agree on
        if text and not _NOTHING.fullmatch(text):
            told.append(text)
    if not told:
        return _social_post(document) or _itemprop_description(document) or _first_paragraph(document)
    best = next((text for text in told if told.count(text) > 1), told[0])
    return _without_tags(_whole(best, told))


def _may_go_on(text: str) -> bool:
    return text[-1].isalnum() or text.endswith(("...", "…", "…]", "...]"))


def _without_tags(text: str) -> str | None:
    return clean(_TAG_IN_TEXT.sub(" ", text))


def _declared(document: Document) -> Iterator[str | None]:
    yield document.meta("og:description")
    yield document.meta(
        "description",
        "dc.description",
        "dcterms.description",
        "dcterms.abstract",
        "dc.description.abstract",
        "sailthru.description",
        "abstract",
    )
    yield document.meta("twitter:description")
    yield first_of(jsonld.text_of(work.get("description")) for work in document.works)


def _whole(text: str, others: list[str]) -> str:
    """The text that goes on where `text` was cut off: in mid word, or by dots."""
    longer = [other for other in others if len(other) > len(text)]
    start = _DOTS.sub("", text) if longer else text
    going_on = (other for other in longer if other.startswith(start) and not _DOTS.search(other))
    return next((other for other in going_on if start != text or (text[-1] + other[len(text)]).isalnum()), text)


def _social_post(document: Document) -> str | None:
    """Social networks put what was said into the title: `Name on X: "What was said" / X`."""
    titles = (document.meta("og:title"), document.title)
    return first(*(found[1].strip() for title in titles if title and (found := _POST.match(title))))


def _itemprop_description(document: Document) -> str | None:
    """What the page shows as the description of a thing in microdata or RDFa."""
    start = document.body_start
    for tag in document.tags_with(_DESCRIPTION, start, start + MAX_BEFORE_DESCRIPTION):
        if "description" in (tag.attributes.get("itemprop"), tag.attributes.get("property")):
            return element_text(document.markup, tag.name, tag.end, MAX_PARAGRAPH_MARKUP)
    return None


def _first_paragraph(document: Document) -> str | None:
    start = document.headline or document.body_start
    short = []
    for text in _paragraphs(document, start):
        if len(text) > MIN_PARAGRAPH:
            return text
        short.append(text)
    several = (text for text in short if len(text.split()) >= MIN_WORDS)
    return _first_block(document, start) or next(several, None) or _short_body(document)


def _first_block(document: Document, start: int) -> str | None:
    """The first long text between two tags that break lines, for pages that have no paragraphs."""
    blocks = text_pieces(_INLINE.sub(b"", document.markup[start : start + MAX_BLOCKS]))
    return next((text for text in blocks if len(text) > MIN_PARAGRAPH), None)


def _paragraphs(document: Document, start: int) -> Iterator[str]:
    for opened in islice(_PARAGRAPH.finditer(document.markup, start), MAX_PARAGRAPHS):
        limit = opened.end() + MAX_PARAGRAPH_MARKUP
        end = _PARAGRAPH_END.search(document.markup, opened.end(), limit)
        text = visible_text(document.markup, opened.end(), end.start() if end else limit)
        if text and not document.in_noscript(opened.start()) and not _is_unseen(document, start, opened.end()):
            yield text


def _is_unseen(document: Document, start: int, place: int) -> bool:
    """Whether no reader sees this place, since an element hides it that begins after `start` (as in Readability)."""
    tags = document.tags_with(_HIDING, max(start, place - MAX_BLOCKS), place)
    return any(
        tag.name in _BOXES
        and _is_hidden(tag.attributes)
        and place <= element_end(document.markup, tag.name, tag.end, place + 1 - tag.end)
        for tag in islice(tags, MAX_PARAGRAPHS)
    )


def _is_hidden(attributes: dict[str, str]) -> bool:
    hides = "hidden" in attributes or attributes.get("aria-hidden") == "true"
    return hides or bool(_HIDING_STYLE.search(attributes.get("style", "")))


def _short_body(document: Document) -> str | None:
    start = document.body_start
    if len(document.markup) - start > SHORT_PAGE:
        return None
    pieces = text_pieces(document.markup, start)
    heading = {heading.text for heading in document.headings}
    return " ".join(piece for piece in pieces if piece not in heading) or None
