"""Title of a page: without the name of its site, and as the page itself shows it.

The titles of the tags stay as they are written in `open_graph.title` and `twitter.title`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.headings import Heading
from app.metadata.leaks import without_markup
from app.metadata.site import SEPARATOR
from app.metadata.values import first_of, squash, words

MIN_HEADING = 8
"""Characters; a shorter heading replaces a title only if that begins with it."""

MAX_ARTICLES = 3
"""Articles of JSON-LD whose headlines are read; more of them are a list of others."""

MIN_SHARE = 0.35
"""Share of the title that a heading must make up to replace it."""

MIN_OVERLAP = 0.4
"""Share of the words of the shorter that a title and a heading must have in common to be two versions of one."""

MAX_TITLE = 150
"""Characters of a heading that replaces a title; a longer one is a sentence of the text."""

_METAS = ("parsely-title", "dc.title", "dcterms.title", "sailthru.title", "citation_title", "title", "headline")
# Reddit gives this title to the posts that it draws by script.
_OF_EVERY_PAGE = frozenset(("Reddit - The heart of the internet",))
_QUOTES = str.maketrans("’‘‚ʼ´`“”„«»–—", "''''''\"\"\"\"\"--")
_SEPARATOR = re.compile(r"\s*[|\-–—»«•·:/~⋆›>│+(\[\"'.!?]")
_SIGN = re.compile(r"\s[|\-–—»•·/›>│]\s")
_ENDS_WITH_SEPARATOR = re.compile(r"[|\-–—»«•·:/~⋆›>│)\]\"'.!?]\s*$")
_LEADING_SEPARATOR = re.compile(r"^[|\-–—·•»›:]\s+")


@contained("title", nothing)
def read_title(document: Document, sites: set[str]) -> str | None:
    """Read the best title of a page, in one line. `sites` are the names of its site, squashed."""
    told = first_of(_declared(document))
    if not told:
        return without_markup(first_of((*(heading.text for heading in document.headings), *document.site_headings)))
    is_site = squash(told) in sites
    best = next((title for title in _declared(document) if squash(title) not in sites), told) if is_site else told
    return _LEADING_SEPARATOR.sub("", _as_shown(document, _without_site(document, best, sites), sites), count=1)


def _declared(document: Document) -> Iterator[str]:
    """Titles in tags and JSON-LD, the most trusted first."""
    for read in _READERS:
        if (title := without_markup(read(document))) and title not in _OF_EVERY_PAGE:
            yield title


def _as_shown(document: Document, title: str, sites: set[str]) -> str:
    """Title as in a heading, if only the site, its section or its slogan is left out."""
    headings, tag = document.headings, _without_site(document, document.title or "", sites)
    return (
        _heading_within(document, title, sites)
        or next((text for text in document.lower_headings if title.startswith(text)), None)
        or _agreed(headings, _json_ld_headline(document), tag)
        or (document.meta("og:title") and _other_version(title, headings))
        or title
    )


def _json_ld_headline(document: Document) -> str | None:
    """Headline of an article, or its name: Wikipedia puts a description into the headline, the title into the name."""
    articles = jsonld.of_types(document.json_ld.works, jsonld.ARTICLE_TYPES)[:MAX_ARTICLES]
    told = [text for node in articles for key in ("headline", "name") if (text := jsonld.text_of(node.get(key)))]
    title = _fold(document.title or "")
    return next((text for text in told[:2] if _fold(text) in title), None) or first_of(told)


_READERS: tuple[Callable[[Document], str | None], ...] = (
    lambda document: document.meta("og:title"),
    lambda document: document.meta("twitter:title"),
    _json_ld_headline,
    lambda document: document.title,
    lambda document: document.meta(*_METAS),
)


def _without_site(document: Document, title: str, sites: set[str]) -> str:
    """Cut the last parts of `title` that name the site, else a first part that does."""
    cuts = [(found.start(), found.end()) for found in SEPARATOR.finditer(title)]
    end = len(title)
    while cuts and squash(title[cuts[-1][1] : end]) in sites:
        end, _ = cuts.pop()
    if end < len(title):
        return title[: _end_of_topic(title, cuts, end)].strip() or title
    if cuts and not _is_slogan(document, title[cuts[0][0]]) and squash(title[: cuts[0][0]]) in sites:
        return title[cuts[0][1] :].strip() or title
    return title


def _end_of_topic(title: str, cuts: list[tuple[int, int]], end: int) -> int:
    """End of the first part of `Topic / Board / Site`, as forums write it; `end` of any other title."""
    return cuts[-1][0] if cuts and title[end] == title[cuts[-1][0]] == "/" else end


def _is_slogan(document: Document, separator: str) -> bool:
    """Whether the name of the site belongs to its slogan: in the title of its front page."""
    return document.path in ("", "/") and separator not in "|•»"


def _heading_within(document: Document, title: str, sites: set[str]) -> str | None:
    """Heading, or its last run, within the title: most of the title, or all before a separator."""
    whole = _fold(title)
    heads = {_fold(title[: cut.start()]) for cut in SEPARATOR.finditer(title)}
    for text in _texts(document.headings):
        folded = _fold(text)
        is_within = folded in whole and (len(text) > MIN_HEADING or _is_first_part(folded, whole))
        is_most = len(text) >= MIN_SHARE * len(title) or folded in heads
        if is_within and is_most and _cuts_off_others(document, title, text, sites):
            return text
    return None


def _is_first_part(heading: str, title: str) -> bool:
    """Whether a short heading is all of the title before a sign between spaces."""
    return len(heading) > 2 and title.startswith(heading) and bool(_SIGN.match(title, len(heading)))


def _cuts_off_others(document: Document, title: str, heading: str, sites: set[str]) -> bool:
    """Whether the rest of the title names the site, its section or its slogan, and not a part of the thing.

    It does behind a separator, and if the page shows it in another place as well.
    """
    at = _fold(title).find(_fold(heading))
    before, after = title[:at], title[at + len(heading) :]
    is_other_before = not before.strip() or _ENDS_WITH_SEPARATOR.search(before) or _is_shown(document, before, sites)
    is_other_after = not after.strip() or _SEPARATOR.match(after) or _is_shown(document, after, sites)
    return bool(is_other_before and is_other_after)


def _is_shown(document: Document, rest: str, sites: set[str]) -> bool:
    part = next((part for each in SEPARATOR.split(rest) if (part := each.strip(" ,;.+&"))), "")
    return squash(part) in sites or document.shows(part)


def _agreed(headings: list[Heading], *others: str | None) -> str | None:
    """Heading that JSON-LD or the `<title>` repeats word for word."""
    known = {squash(other) for other in others if other}
    return next((text for text in _texts(headings) if squash(text) in known), None)


def _texts(headings: list[Heading]) -> Iterable[str]:
    """Texts of the headings and their last runs, each once."""
    return dict.fromkeys(text for heading in headings for text in (heading.text, heading.last))


def _other_version(title: str, headings: list[Heading]) -> str | None:
    """The only heading of a page, if it has most words of the title."""
    if len(headings) != 1 or _fold(title) in _fold(headings[0].text):
        return None
    ours, theirs = words(title), words(headings[0].text)
    smaller = min(len(ours), len(theirs))
    is_version = smaller > 2 and len(ours & theirs) >= MIN_OVERLAP * smaller
    return headings[0].text if is_version and len(headings[0].text) <= MAX_TITLE else None


@lru_cache(maxsize=32)
def _fold(text: str) -> str:
    return text.translate(_QUOTES).casefold().strip()
