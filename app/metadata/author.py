"""Author of a page: declared in its tags, else shown near its headline.

The name of the site serves if nobody else is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice, pairwise

from app.metadata.body import BY_WORD
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.html import flags
from app.metadata.html.patterns import Patterns
from app.metadata.html.table import START, TEXT
from app.metadata.people import LABELLED, MAX_NAME, join, shown_name, turn, without_sites
from app.metadata.values import clean, first_of, squash

AROUND = (3_000, 20_000)
"""Bytes of markup before and after the headline where a byline is looked for first."""

BYLINE_MARKUP = 2_000
"""Bytes of markup read of one byline."""

MAX_ROWS = 100
"""Tags and texts of one byline."""

MAX_BYLINE = 300
"""Characters of one byline; an element with more is a box about the author, whose name begins it, or no byline."""

LABEL_MARKUP = 6_000
"""Bytes of markup after the headline in which a label such as "By" may stand before a name."""

MAX_ADDRESSES = 5
"""`<address>` elements looked at."""

MAX_SIGNED = 20
"""Places of "Written by" looked at."""

_BIBLIOGRAPHIC = ("citation_author", "citation_authors", "bepress_citation_author", "eprints.creators_name")
_METAS = (
    "author", "article:author", "og:article:author", "dc.creator", "dcterms.creator",
    "dc.contributor.author", "parsely-author", "sailthru.author", *_BIBLIOGRAPHIC, "article:author_name",
    "authors", "byl", "byline", "cxenseparse:author", "shareaholic:article_author_name", "rnews:author",
    "creator", "article_author", "article.author", "og:author", "dcsext.author", "vr:author", "dc.contributor",
)  # fmt: skip
_SOCIAL_TITLE = re.compile(
    r"(.{1,60}?)(?:\s\(@[\w.]+\)|\s(?:on|en|auf|sur)\s(?=(?:Instagram|X|Twitter|Threads|TikTok|Facebook|LinkedIn)\b))"
)
_AUTHOR_CLASS = re.compile(
    r"author|byline|by-line|autor(?!i)|verfasser|(?:^|[\s_-])(?:writer|contributor|creator|(?:big)?username|user-name|posted-?by|submitted)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOT_AUTHOR = re.compile(
    r"comment|reply|related|teaser|widget|avatar|image|photo|social|authority|bio\b|review|testimonial", re.IGNORECASE
)
_AUTHOR_PATH = re.compile(
    r"(?:^|[/.])(?:authors?|autor(?:en)?|people|staff|redakteure?|profile?|contributors?|writers?|by|users?)(?:/|\?id=)[^/]"
)
# Parts of the words that are looked for in attributes, in any case of their first letter.
_COMMON = (b"uthor", b"yline")
_COMMON_PATTERNS = Patterns(*_COMMON)
_PATTERNS = Patterns(*_COMMON, b"utor", b"posted", b"username", b"user?id")
_CARD_DATA = (("twitter:label1", "twitter:data1"), ("twitter:label2", "twitter:data2"))
_WRITTEN_BY = re.compile(
    r"(?:written|posted) by|author|(?:verfasst|geschrieben) von|écrit par|auteur|escrit[oa] por|autor|scritto da"
    r"|geschreven door|napisane przez|skriven av|skrevet (?:av|af)|написано автором|автор",
    re.IGNORECASE,
)
_STARTER_WORDS = (b" starter", b"Started by", b"Topic author")
_STARTER = re.compile(r"(?:(?:thread|topic|discussion)\s(?:starter|author)|started by)\b\s?:?\s?", re.IGNORECASE)
_WRITTEN = Patterns(b"ritten by ", b"uthored by ", b"erfasst von ", b"eschrieben von ")
_CLASSES = ("class", "id", "data-testid", "data-component")
_TAGS_WITHOUT_NAMES = frozenset(
    ("meta", "link", "input", "img", "br", "hr", "label", "form", "textarea", "button", "select", "option",
     "body", "html", "head", "svg", "script", "style", "iframe")
)  # fmt: skip
_NOT_OWN = (flags.NOT_OWN & ~flags.ASIDE) | flags.FOREIGN


@contained("author", nothing)
def read_author(document: Document, sites: set[str]) -> str | None:
    """Read the names of the authors, in one line. `sites` are the names of the page's site, squashed."""
    known: set[str] = set()
    only_site = None
    for names in filter(None, _declared(document)):
        known = known or sites.union(map(squash, _publishers(document)))
        if not _is_site(names, document.host, known):
            return without_sites(names, known)
        only_site = only_site or names
    return _social_author(document) or _shown(document) or _linked(document) or only_site


def _publishers(document: Document) -> Iterator[str]:
    for work in document.json_ld.works:
        yield from document.json_ld.names(work.get("publisher"))


def _is_site(names: str, host: str, sites: set[str]) -> bool:
    return squash(names) in sites or bool(host and host in names.lower())


def _social_author(document: Document) -> str | None:
    """Author in the title of a social network: `Name (@name) on X`."""
    for title in (document.meta("og:title"), document.meta("twitter:title")):
        if title and (found := _SOCIAL_TITLE.match(title)):
            return found[1]
    return None


def _declared(document: Document) -> Iterator[str | None]:
    for work in document.json_ld.works:
        for key in ("author", "creator"):
            yield join(document.json_ld.names(work.get(key)))
    for name in document.present(*_METAS):
        told = document.meta_all(name)
        yield join(turn(each) for names in told for each in names.split(";")) if name in _BIBLIOGRAPHIC else join(told)
    yield _card_author(document)


def _linked(document: Document) -> str | None:
    return first_of(shown_name(clean(link.get("title"))) for rels, link in document.links if "author" in rels)


def _card_author(document: Document) -> str | None:
    """Author in the labelled data of Twitter's card, as the most used extension of WordPress writes it."""
    for label, data in _CARD_DATA:
        told = document.meta(label)
        if told and _WRITTEN_BY.fullmatch(told):
            name = document.meta(data) or ""
            return join([name]) if name.lower() != "admin" else None
    return None


def _starter(document: Document, headline: int) -> str | None:
    """Member of a forum who began the thread, who is the author of none of the answers below."""
    table, markup = document.table, document.markup
    start = table.start(headline)
    if not any(markup.find(word, start, start + LABEL_MARKUP) >= 0 for word in _STARTER_WORDS):
        return None
    return _labelled(document, headline, _STARTER)


def _shown(document: Document) -> str | None:
    """Byline nearest to the headline, else one anywhere."""
    headline, table = document.headline, document.table
    if headline is not None:
        if starter := _starter(document, headline):
            return starter
        start, end = document.body.row_after(headline, -AROUND[0]), document.body.row_after(headline, AROUND[1])
        if names := _byline(document, _PATTERNS, start, end) or _labelled(document, headline) or _address(document):
            return names
    return _byline(document, _COMMON_PATTERNS, table.body, len(table)) or _signed(document)


def _signed(document: Document) -> str | None:
    """Name behind "Written by" below the text, as boxes about the author have it."""
    table = document.table
    places = _WRITTEN.find(table.markup, table.start(table.body) if table.body < len(table) else len(table.markup))
    for row in dict.fromkeys(table.at(place) for _, place, _ in islice(places, MAX_SIGNED)):
        is_text = table.kind(row) == TEXT and not table.flags(row) & flags.UNSEEN and _is_own(document, row)
        found = LABELLED.match(table.run(row, MAX_BYLINE).strip()) if is_text else None
        if found and (name := shown_name(clean(found.string[found.end() :]))):
            return name
    return None


def _byline(document: Document, patterns: Patterns, start: int, end: int) -> str | None:
    table = document.table
    rows = document.body.rows_with(patterns, start, end)
    usable = [row for row in rows if table.name(row) not in _TAGS_WITHOUT_NAMES and _is_own(document, row)]
    for is_author in (_is_marked, _is_classed_or_linked):
        marked = [row for row in usable if is_author(table.attributes(row), table.name(row))]
        for row in marked:
            if names := _names_in(document, row):
                return names if is_author is _is_classed_or_linked else _with_neighbours(document, names, row, marked)
    return None


def _is_own(document: Document, row: int) -> bool:
    return not document.table.flags(row) & _NOT_OWN & ~BY_WORD and not document.body.is_foreign(row)


def _is_marked(attributes: dict[str, str], name: str) -> bool:
    told = (attributes.get(each, "").lower().split() for each in ("rel", "itemprop", "property"))
    return name == "author" or any("author" in words for words in told)


def _is_classed_or_linked(attributes: dict[str, str], _: str) -> bool:
    names = " ".join(attributes.get(each, "") for each in _CLASSES)
    if _NOT_AUTHOR.search(names):
        return False
    return bool(_AUTHOR_CLASS.search(names) or _AUTHOR_PATH.search(attributes.get("href", "")))


def _with_neighbours(document: Document, names: str, row: int, others: list[int]) -> str:
    """Add the names of the elements that are marked as authors in the same byline."""
    table = document.table
    box = table.parent(row)
    near = (
        each for each in others if each > row and box in (table.parent(each), table.parent(max(table.parent(each), 0)))
    )
    told = [names, *filter(None, (_names_in(document, each) for each in near))]
    return ", ".join(dict.fromkeys(told))


def _names_in(document: Document, row: int) -> str | None:
    """Names in an element: in its links, else in its first text with a name."""
    table = document.table
    end = min(table.end_of(row), row + MAX_ROWS, document.body.row_after(row, BYLINE_MARKUP))
    tags = [each for each in range(row + 1, end) if table.kind(each) == START]
    for tag in tags:
        if table.attribute(tag, "itemprop") == "name" and (name := shown_name(table.attribute(tag, "content"))):
            return name
    runs = list(document.body.runs(row + 1, end, flags.INERT | flags.FOREIGN))
    if sum(map(len, runs)) > MAX_BYLINE:
        return shown_name(runs[0])
    links = [tag for tag in tags if table.name(tag) == "a" and _leads_to_author(table.attribute(tag, "href"))]
    names = [name for link in links[:5] if (name := shown_name(clean(table.text(link, MAX_BYLINE))))]
    return ", ".join(dict.fromkeys(names)) or first_of(map(shown_name, runs[:4]))


def _leads_to_author(href: str | None) -> bool:
    return href is not None and ("author" in href or bool(_AUTHOR_PATH.search(href)))


def _labelled(document: Document, headline: int, label: re.Pattern[str] = LABELLED) -> str | None:
    """Name after a label like "By", in a short text near the headline."""
    runs = document.body.raw_runs(headline, document.body.row_after(headline, LABEL_MARKUP), flags.UNSEEN | _NOT_OWN)
    for run, following in pairwise(chain(runs, ("",))):
        run = run.lstrip(" |•·–—-")
        found = label.match(run) if len(run) < MAX_NAME + 20 else None
        if found and (name := shown_name(clean(run[found.end() :] or following))):
            return name
    return None


def _address(document: Document) -> str | None:
    """HTML standard, 4.3.10: the contact of the article is often its author."""
    table = document.table
    rows = (row for row in table.all("address")[:MAX_ADDRESSES] if _is_own(document, row))
    return first_of(_names_in(document, row) for row in rows if table.inside(row, "article") >= 0)
