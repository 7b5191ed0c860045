"""The title of a page: without the name of its site, and as the page itself shows it.

What the page says in its tags stays untouched in `open_graph.title` and `twitter.title`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document, Heading
from app.metadata.model import OpenGraph, TwitterCard
from app.metadata.site import SEPARATOR
from app.metadata.values import first_of, squash, words

MIN_HEADING = 8
"""Characters; a shorter heading says too little to replace a title."""

MAX_ARTICLES = 3
"""Articles of JSON-LD that are asked for a headline; more of them are a list of others."""

MIN_SHARE = 0.35
"""Of the title that a heading must make up to replace it."""

MIN_OVERLAP = 0.4
"""Of the words of the shorter that a title and a heading must share to be two versions of the same."""

_METAS = ("parsely-title", "dc.title", "dcterms.title", "sailthru.title", "citation_title", "title", "headline")
_QUOTES = str.maketrans("’‘‚ʼ´`“”„«»–—", "''''''\"\"\"\"\"--")


@contained("title", nothing)
def read_title(document: Document, og: OpenGraph, twitter: TwitterCard, sites: set[str]) -> str | None:
    """The best title that a page has to offer, in one line. `sites` are the names of its site, squashed."""
    headline = _json_ld_headline(document)
    told = og.title or twitter.title or headline or document.title or document.meta(*_METAS)
    if not told:
        return first_of((*(heading.text for heading in document.headings), *document.site_headings))
    title = _without_site(told, sites)
    return (
        _heading_within(title, document.headings)
        or next((text for text in document.lower_headings if squash(text) not in sites), None)
        or _agreed(document.headings, headline, _without_site(document.title or "", sites))
        or (og.title and _other_version(title, document.headings))
        or title
    )


def _json_ld_headline(document: Document) -> str | None:
    """The headline of an article, or its name: Wikipedia's headline says what the page is, its name is the title."""
    articles = jsonld.of_types(document.works, jsonld.ARTICLE_TYPES)[:MAX_ARTICLES]
    told = [text for node in articles for key in ("headline", "name") if (text := jsonld.text_of(node.get(key)))]
    title = _fold(document.title or "")
    return next((text for text in told[:2] if _fold(text) in title), None) or first_of(told)


def _without_site(title: str, names: set[str]) -> str:
    """`title` without the first or last part that is one of the site's `names`."""
    cuts = [(found.start(), found.end()) for found in SEPARATOR.finditer(title)]
    if cuts and squash(title[cuts[-1][1] :]) in names:
        return title[: cuts[-1][0]].strip() or title
    if cuts and squash(title[: cuts[0][0]]) in names:
        return title[cuts[0][1] :].strip() or title
    return title


def _heading_within(title: str, headings: list[Heading]) -> str | None:
    """A heading, or its last piece, that the title holds: most of it, or all before a separator."""
    whole = _fold(title)
    heads = {_fold(title[: cut.start()]) for cut in SEPARATOR.finditer(title)}
    for text in _texts(headings):
        folded = _fold(text)
        if len(text) > MIN_HEADING and folded in whole and (len(text) >= MIN_SHARE * len(title) or folded in heads):
            return text
    return None


def _agreed(headings: list[Heading], *others: str | None) -> str | None:
    """The heading that JSON-LD or the `<title>` repeats word for word."""
    known = {squash(other) for other in others if other}
    return next((text for text in _texts(headings) if squash(text) in known), None)


def _texts(headings: list[Heading]) -> Iterable[str]:
    """The texts of the headings and their last pieces, each once."""
    return dict.fromkeys(text for heading in headings for text in (heading.text, heading.last))


def _other_version(title: str, headings: list[Heading]) -> str | None:
    """The only heading of a page, if it says in other words what the title says."""
    if len(headings) != 1 or _fold(title) in _fold(headings[0].text):
        return None
    ours, theirs = words(title), words(headings[0].text)
    smaller = min(len(ours), len(theirs))
    return headings[0].text if smaller > 2 and len(ours & theirs) >= MIN_OVERLAP * smaller else None


@lru_cache(maxsize=32)
def _fold(text: str) -> str:
    return text.translate(_QUOTES).casefold().strip()
