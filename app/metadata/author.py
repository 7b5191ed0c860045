"""Who wrote a page: what it says to machines, else what it shows near its headline.

Rule 1: a name is a name: no address, no date, no label, no markup.
Rule 2: what is only the name of the site is given when nobody else is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.dates import find_dates
from app.metadata.document import Document
from app.metadata.html.markup import ATTRIBUTES, element_end, find_tags, text_pieces
from app.metadata.html.patterns import Patterns
from app.metadata.html.scan import raw_pieces
from app.metadata.html.tags import Tag, decode
from app.metadata.values import clean, clean_text, first_of, squash

MAX_AUTHORS = 200
"""Characters of all names together."""

MAX_NAME = 60
"""Characters of one name that is read from the body."""

MAX_NAME_WORDS = 6
"""Words of one name that is read from the body."""

AROUND = (3_000, 20_000)
"""Bytes of markup before and after the headline where a byline is looked for first."""

BYLINE_MARKUP = 2_000
"""Bytes of markup read of one byline."""

_METAS = (
    "author", "article:author", "og:article:author", "dc.creator", "dcterms.creator",
    "dc.contributor.author", "parsely-author", "sailthru.author", "citation_author", "article:author_name",
    "authors", "byl", "byline", "cxenseparse:author", "shareaholic:article_author_name", "rnews:author",
    "creator", "article_author", "article.author", "og:author", "dcsext.author", "vr:author",
)  # fmt: skip
_LABEL = re.compile(
    r"^(?:(?:(?:posted|written|published|story|words|text|recipe|article|artikel|beitrag|interview)\s)?"
    r"(?:by|von|vom|durch|par|por)\b(?=\s|:|$)\s?:?\s*"
    r"|(?:text[eo]?|words|story|interview|verfasst von|geschrieben von|redaktion|quelle|source|di|av|door|автор"
    r"|autor(?:in)?|author|auteur|autore|作者|文)\s?[:：/|｜]\s*)+",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"^(?:(?:(?:posted |written |published |story |words |recipe )?by|von|par|por|verfasst von|geschrieben von"
    r"|ein (?:beitrag|artikel|interview|text|gastbeitrag) von|(?:artikel|beitrag|interview) von)\b\s?:?\s?(?=\S|$)"
    r"|(?:text|autor(?:in)?|author|auteur|interview)\s?:\s?(?=\S|$))",
    re.IGNORECASE,
)
_SOCIAL_TITLE = re.compile(
    r"(.{1,60}?)(?:\s\(@[\w.]+\)|\s(?:on|en|auf|sur)\s(?=(?:Instagram|X|Twitter|Threads|TikTok|Facebook|LinkedIn)\b))"
)
_AUTHOR_CLASS = re.compile(
    r"author|byline|by-line|autor(?!i)|verfasser|(?:^|[\s_-])(?:writer|contributor|creator|username|user-name|posted-?by|submitted)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOT_AUTHOR = re.compile(
    r"comment|reply|related|teaser|widget|avatar|image|photo|social|authority|bio\b", re.IGNORECASE
)
_AUTHOR_PATH = re.compile(
    r"(?:^|[/.])(?:authors?|autor(?:en)?|people|staff|redakteure?|profile?|contributors?|writers?|by|users?)(?:/|\?id=)[^/]"
)
# Parts of what is looked for in attributes, whatever case they begin with.
_COMMON = (b"uthor", b"yline")
_COMMON_NEEDLES = Patterns(*_COMMON)
_NEEDLES = Patterns(*_COMMON, b"utor", b"posted", b"username", b"user?id")
_NAMED = Patterns(b'="name"')
_TAGS_WITHOUT_NAMES = frozenset(
    ("meta", "link", "input", "img", "br", "hr", "label", "form", "textarea", "button", "select", "option",
     "body", "html", "head", "svg", "script", "style", "iframe")
)  # fmt: skip
_NO_NAME = re.compile(
    r"[<>={}\[\]\\@#|]|https?:|www\.|\d{3}|\d[:.]\d|\.(?:com|de|org|net)\b|(?:\b|_)(?:comments?|kommentare?|share|teilen|follow|folgen|newsletter"
    r"|erforderlich|required|benutzername|username|passwor[dt]|email|e-mail|name|more|mehr|read|lesen|view|all|alle|home|login|admin|posts?|artikel|articles?"
    r"|author|autor|unknown|updated|published|posted|print|drucken|contact|kontakt|about|über|archive|rss|feed|profil|profile|biography|beiträge|min|minutes?|minuten|uhr)(?:\b|_)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"^/|://|www\.|\[at\]|\(at\)|\S@\S", re.IGNORECASE)
_SITE_AND_PERSON = re.compile(r",\s|\s[-–—|/]\s")
_SPLIT = re.compile(r"\s*[|·•–—]\s*|\s-\s|,\s(?=\d)|\s(?:am|on|vom|le|el)(?:\s(?=\w*\s?\d)|$)|\s?//\s?|\s{2,}")
_AND = re.compile(r",\s|\s(?:und|and|et|y|e|&)\s")
_LINK = re.compile(rb"<a\s(%b)>(.{0,300}?)</a" % ATTRIBUTES, re.IGNORECASE | re.DOTALL)


@contained("author", nothing)
def read_author(document: Document, sites: set[str]) -> str | None:
    """The name of the author, or several, one line. `sites` are the names of the page's site, squashed."""
    known: set[str] = set()
    only_site = None
    for names in filter(None, _declared(document)):
        known = known or sites.union(map(squash, _publishers(document)))
        if not _is_site(names, document.host, known):
            return _without_sites(names, known)
        only_site = only_site or names
    return _social_author(document) or _shown(document) or only_site


def _publishers(document: Document) -> Iterator[str]:
    for work in document.works:
        yield from jsonld.names_of(work.get("publisher"), document.json_ld_by_id)


def _without_sites(names: str, sites: set[str]) -> str:
    """`names` without the site that some of its pages name beside the person: `The Site - Ann`."""
    parts = _SITE_AND_PERSON.split(names)
    people = [part for part in parts if squash(part) not in sites]
    told = ", ".join(people)
    return told if len(people) < len(parts) and " " in told else names


def _is_site(names: str, host: str, sites: set[str]) -> bool:
    return squash(names) in sites or bool(host and host in names.lower())


def _social_author(document: Document) -> str | None:
    """Social networks put the author into the title: `Name (@name) on X`."""
    for title in (document.meta("og:title"), document.meta("twitter:title")):
        if title and (found := _SOCIAL_TITLE.match(title)):
            return found[1]
    return None


def _declared(document: Document) -> Iterator[str | None]:
    for work in document.works:
        for key in ("author", "creator"):
            yield _people(jsonld.names_of(work.get(key), document.json_ld_by_id))
    for name in document.present(*_METAS):
        yield _people(document.meta_all(name))


def _people(names: Iterable[str]) -> str | None:
    """The names as one line, without labels, addresses and dates."""
    people = (_person(name) for name in names)
    return clean(", ".join(dict.fromkeys(person for person in people if person)), MAX_AUTHORS)


def _person(name: str) -> str | None:
    name = _LABEL.sub("", name.strip()).strip(" ,;|·•-–—:@[]()")
    if not name or _ADDRESS.search(name) or name.isdigit() or find_dates(name):
        return None
    return name if len(name) <= MAX_AUTHORS else None


def _shown(document: Document) -> str | None:
    """The byline nearest to the headline, or else one anywhere."""
    headline = document.headline
    if headline is not None:
        start, end = max(0, headline - AROUND[0]), headline + AROUND[1]
        if names := _byline(document, _NEEDLES, start, end) or _labelled(document, headline):
            return names
    return _byline(document, _COMMON_NEEDLES, document.body_start, len(document.markup))


def _byline(document: Document, needles: Patterns, start: int, end: int) -> str | None:
    tags = document.tags_with(needles, start, end)
    usable = [tag for tag in tags if tag.name not in _TAGS_WITHOUT_NAMES]
    for judge in (_is_marked, _is_classed_or_linked):
        for tag in usable:
            if judge(tag.attributes) and (names := _names_in(document.markup, tag)):
                return names
    return None


def _is_marked(attributes: dict[str, str]) -> bool:
    return any("author" in attributes.get(name, "").lower().split() for name in ("rel", "itemprop", "property"))


def _is_classed_or_linked(attributes: dict[str, str]) -> bool:
    names = f"{attributes.get('class', '')} {attributes.get('id', '')} {attributes.get('data-testid', '')}"
    if _NOT_AUTHOR.search(names):
        return False
    return bool(_AUTHOR_CLASS.search(names) or _AUTHOR_PATH.search(attributes.get("href", "")))


def _names_in(markup: bytes, tag: Tag) -> str | None:
    """The names that an element shows: those of its links, else its first text that is a name."""
    content = markup[tag.end : element_end(markup, tag.name, tag.end, BYLINE_MARKUP)]
    for named in find_tags(content, _NAMED):
        if named.attributes.get("itemprop") == "name" and (name := _name(named.attributes.get("content", ""))):
            return name
    linked = [
        _name(clean(" ".join(text_pieces(shown))))
        for href, shown in ((decode(link[1]), link[2]) for link in islice(_LINK.finditer(content), 5))
        if _AUTHOR_PATH.search(href) or "author" in href
    ]
    names = [name for name in linked if name]
    return ", ".join(dict.fromkeys(names)) or first_of(_name(piece) for piece in text_pieces(content)[:4])


def _labelled(document: Document, headline: int) -> str | None:
    """A name after a word such as "By", in a text near the headline that holds little else."""
    pieces = raw_pieces(document.markup[headline : headline + 6_000].replace(b"&nbsp;", b" "))
    for piece, following in pairwise(chain(pieces, ("",))):
        label = _LABELLED.match(piece) if len(piece) < MAX_NAME + 20 else None
        if label and (name := _name(clean_text(piece[label.end() :] or following))):
            return name
    return None


def _name(text: str | None) -> str | None:
    """The name, or the names, that a piece of text is; None if it is something else."""
    for part in _SPLIT.split(text or ""):
        names = _LABEL.sub("", part).strip(" ,;|·•-–—:()./\"'@")
        if names:
            return names if all(_is_name(name) for name in _AND.split(names)) else None
    return None


def _is_name(name: str) -> bool:
    return (
        1 < len(name) <= MAX_NAME
        and len(name.split()) <= MAX_NAME_WORDS
        and any(letter.isalpha() for letter in name)
        and not _NO_NAME.search(name)
        and not (" " in name and (name.islower() or any(letter.isdigit() for letter in name)))
        and not find_dates(name)
    )
