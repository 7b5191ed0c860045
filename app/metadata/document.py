"""A page as its readers see it: markup, tags, meta values, links, JSON-LD and the base URL.

Rule 1: everything is read at most once, and only when somebody asks.
Rule 2: nobody else parses the page.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import SplitResult, urlsplit

from app.metadata import jsonld
from app.metadata.html import charset
from app.metadata.html.markup import element_end, find_elements, find_tags, text_pieces
from app.metadata.html.metas import Metas
from app.metadata.html.patterns import Patterns
from app.metadata.html.references import decode_text
from app.metadata.html.scan import read_metas, read_tags
from app.metadata.html.tags import Tag, Tags, decode
from app.metadata.values import absolute_url, clean, clean_text, first_of, url_path, words
from app.page import Page

T = TypeVar("T")

MAX_LINKS = 1_000
"""Link tags looked at; real pages have under 200."""

MAX_HEADINGS = 5
"""`<h1>` looked at."""

MAX_HEADING_MARKUP = 2_000
"""Bytes of markup read of one `<h1>`."""

MIN_TITLE = 8
"""Characters; where less of a title stands in the body says nothing."""

SHOWN_TITLE = 30
"""Characters of a title that an element of the body must begin with."""

MAX_TITLE = 500
"""Bytes of a title that stands in the body."""

MAX_PLACES = 5
"""Places looked at where a title stands in the body."""

# Most links only tell a browser what to load.
_IDLE_RELS = frozenset(
    ("stylesheet", "preload", "preconnect", "prefetch", "dns-prefetch", "modulepreload", "manifest", "amphtml",
     "shortlink", "pingback", "profile", "search", "archives", "EditURI", "wlwmanifest", "https://api.w.org/")
)  # fmt: skip
_LINKS = Patterns(b"<a", b"<A")
# What is written alike with and without character references.
_PLAIN = re.compile(r"[^&<>'\"‘’“”«»–—…]+")
_TITLE_PARTS = re.compile(r"[|\-–—»«•·:](?:(?<=\s.)(?=\s)|(?<=[|»•·]))")


class lazy(Generic[T]):  # noqa: N801
    """A property that is computed once. Unlike `functools.cached_property` before Python 3.12 it takes no lock."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read
        self.__doc__ = read.__doc__

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, document: Any, _: type | None = None) -> T:
        value = document.__dict__[self._name] = self._read(document)
        return value


class OnDemand(dict[str, T]):
    """What `read` makes of each key, once."""

    def __init__(self, read: Callable[[str], T]) -> None:
        self._read = read

    def __missing__(self, key: str) -> T:
        value = self[key] = self._read(key)
        return value


class Heading(NamedTuple):
    """An `<h1>`: where its content begins, its text, the last piece of that, and whether it leads home."""

    start: int
    text: str
    last: str
    is_site: bool


class ShownTitle(NamedTuple):
    """Where the body shows a part of the title, that part, and whether a heading does so."""

    start: int
    text: str
    in_heading: bool


@lru_cache(maxsize=256)
def _tokens(rel: str) -> frozenset[str]:
    return frozenset(rel.lower().split())


def _is_home(url: str | None) -> bool:
    return url is not None and url_path(url) in ("", "/")


class Document:
    """The lazily read content of a `Page` that holds HTML."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @lazy
    def _in_utf8(self) -> tuple[bytes, str]:
        return charset.to_utf8(self.page.body, self.page.content_type)

    @lazy
    def markup(self) -> bytes:
        """The whole markup in UTF-8, without NULs; what is broken in it is left to who decodes it."""
        return self._in_utf8[0]

    @property
    def charset(self) -> str:
        """The WHATWG name of the encoding that the page was written in."""
        return self._in_utf8[1]

    def text(self, start: int = 0, end: int | None = None) -> str:
        """The markup between two positions, without NULs or lone surrogates."""
        return decode(self.markup[start:end])

    @lazy
    def _tags(self) -> Tags:
        return read_tags(self.markup)

    def all(self, name: str) -> list[Tag]:
        """The tags called `name`, in order."""
        return self._tags.get(name, [])

    @lazy
    def _metas(self) -> tuple[Metas, dict[str, list[str]]]:
        return read_metas(self.all("meta"))

    @property
    def metas(self) -> Metas:
        """(name in lower case, raw content) of every meta tag that says something, in order."""
        return self._metas[0]

    @lazy
    def open_graph(self) -> Metas:
        """The metas of Open Graph alone."""
        return [meta for meta in self.metas if meta[0].startswith("og:")]

    @lazy
    def _meta_by_name(self) -> dict[str, list[str]]:
        return self._metas[1]

    @lazy
    def _cleaned(self) -> OnDemand[str | None]:
        """What was said, cleaned: most pages say the same several times."""
        return OnDemand(clean)

    def meta(self, *names: str) -> str | None:
        """The first value that says something under the first of these names that has one, cleaned."""
        by_name, cleaned = self._meta_by_name, self._cleaned
        for name in names:
            if name in by_name:
                for raw in by_name[name]:
                    if value := cleaned[raw]:
                        return value
        return None

    def meta_all(self, *names: str) -> list[str]:
        """Every value under these names, cleaned, each once, in the order of the names."""
        return list(dict.fromkeys(filter(None, map(self._cleaned.__getitem__, self._raw_metas(*names)))))

    def present(self, *names: str) -> list[str]:
        """Those of these names that the page has a meta tag for, in their order."""
        by_name = self._meta_by_name
        return [name for name in names if name in by_name]

    def meta_url(self, *names: str) -> str | None:
        """The first usable URL under the first of these names that has one."""
        return first_of(map(self.resolve, self._raw_metas(*names)))

    def _raw_metas(self, *names: str) -> list[str]:
        return [raw for name in self.present(*names) for raw in self._meta_by_name[name]]

    @lazy
    def base_url(self) -> str:
        """HTML standard, 2.4.3: the first `<base>` with an href, itself resolved against the final URL."""
        href = next((tag.attributes["href"] for tag in self.all("base") if "href" in tag.attributes), None)
        return absolute_url(href, self.page.final_url) or self.page.final_url

    @lazy
    def _resolved(self) -> OnDemand[str | None]:
        base = self.base_url
        return OnDemand(lambda href: absolute_url(href, base))

    def resolve(self, href: str | None) -> str | None:
        """`href` as an absolute http(s) URL of this page, None if it is none."""
        return self._resolved[href] if href else None

    @lazy
    def links(self) -> list[tuple[frozenset[str], dict[str, str]]]:
        """(set of `rel` tokens in lower case, attributes) of every link tag with an href that says something."""
        return [
            (_tokens(rel), tag.attributes)
            for tag in self.all("link")[:MAX_LINKS]
            if (rel := tag.attributes.get("rel", "")) not in _IDLE_RELS and tag.attributes.get("href")
        ]

    def link(self, *rels: str) -> str | None:
        """The URL of the first link whose `rel` holds the first of these that has one."""
        hrefs = (link["href"] for rel in rels for tokens, link in self.links if rel in tokens)
        return next((url for href in hrefs if (url := self.resolve(href))), None)

    @lazy
    def title(self) -> str | None:
        """The first `<title>` that says something and stands outside SVG."""
        return first_of(self._cleaned[decode_text(decode(tag.raw))] for tag in self.all("title")[:5])

    @lazy
    def _all_headings(self) -> list[Heading]:
        return [heading for tag in self.all("h1")[:MAX_HEADINGS] if (heading := self._read_heading(tag))]

    def _read_heading(self, tag: Tag) -> Heading | None:
        inner = self.markup[tag.end : element_end(self.markup, "h1", tag.end, MAX_HEADING_MARKUP)]
        pieces = text_pieces(inner)
        links = find_elements(inner, _LINKS) if b"<" in inner else ()
        home = any(_is_home(self.resolve(link.get("href"))) for link in links)
        return Heading(tag.end, " ".join(pieces), pieces[-1], home) if pieces else None

    @lazy
    def headings(self) -> list[Heading]:
        """The first few `<h1>` that say something, without those that are the name of the site."""
        return [heading for heading in self._all_headings if not heading.is_site]

    @lazy
    def site_headings(self) -> list[str]:
        """The texts of the `<h1>` that lead home: the name of the site."""
        return [heading.text for heading in self._all_headings if heading.is_site]

    def tags_with(self, needles: Patterns, start: int = 0, end: int | None = None) -> Iterator[Tag]:
        """The start tags whose attributes hold one of these strings as they are written here, in order.

        They are looked for between two positions of the markup.
        """
        return find_tags(self.markup, needles, start, end)

    @lazy
    def body_start(self) -> int:
        """Where the body begins in the markup."""
        bodies = self.all("body")
        return bodies[0].end if bodies else max(0, self.markup.find(b"</head"))

    def in_noscript(self, position: int) -> bool:
        """Whether a place in the markup is shown only to readers without scripts."""
        noscripts = self.all("noscript")  # neither starts nor ends ever go back
        before = bisect_left(noscripts, position, key=lambda tag: tag.start)
        return before > 0 and position < noscripts[before - 1].end

    @lazy
    def headline(self) -> int | None:
        """Where the content of the headline begins: of the h1 nearest to the title, or the title in the body."""
        wanted = words(self._told_title)
        shared = [len(wanted & words(heading.text)) for heading in self.headings]
        best = self.headings[shared.index(max(shared))] if shared else None
        if best and (any(shared) or not wanted):
            return best.start
        places = [shown.start for shown in sorted(self._shown_titles, key=lambda shown: not shown.in_heading)]
        return places[0] if places else best and best.start

    @lazy
    def _told_title(self) -> str:
        return self.meta("og:title") or self.title or ""

    @property
    def lower_headings(self) -> list[str]:
        """The parts of the title that are the text of a heading, on a page that has no `<h1>`."""
        return [] if self._all_headings else [shown.text for shown in self._shown_titles if shown.in_heading]

    @lazy
    def _shown_titles(self) -> list[ShownTitle]:
        """Where the body shows the title as it is told, its first part, or its last."""
        parts = [part.strip() for part in _TITLE_PARTS.split(self._told_title)]
        return [
            ShownTitle(place, part, self._is_in_heading(place))
            for part in dict.fromkeys((self._told_title, parts[0], parts[-1]))
            for place in self._shown_at(part)
        ]

    def _shown_at(self, title: str) -> Iterator[int]:
        """Where the body has an element whose text is this title, or begins with as much of it."""
        plain = max(_PLAIN.findall(title), key=len, default="")
        for place in self._places(plain.encode(), self.body_start) if len(plain) > MIN_TITLE else ():
            start = self.markup.rfind(b">", max(0, place - MAX_TITLE), place) + 1
            shown = clean_text(decode(self.markup[start : place + MAX_TITLE].partition(b"<")[0])) if start else None
            if shown and shown[:SHOWN_TITLE] == title[:SHOWN_TITLE]:
                yield start

    def _places(self, text: bytes, start: int) -> Iterator[int]:
        """Where `text` stands in the markup from `start` on, the first `MAX_PLACES` times."""
        place = start - 1
        for _ in range(MAX_PLACES):
            place = self.markup.find(text, place + 1)
            if place < 0:
                return
            yield place

    def _is_in_heading(self, place: int) -> bool:
        opened = self.markup.rfind(b"<h", max(0, place - MAX_HEADING_MARKUP), place)
        return opened >= 0 and self.markup[opened + 2] in b"123456" and b"</h" not in self.markup[opened:place]

    @lazy
    def month_first(self) -> bool:
        """Whether 03/04/2020 is the fourth of March here."""
        language = (self.language or "").lower()
        return language in ("en-us", "en_us") or (
            language == "en" and self.host.endswith((".com", ".org", ".net", ".us", ".edu", ".gov", ".io"))
        )

    @lazy
    def language(self) -> str | None:
        """The raw `lang` or `xml:lang` of the html element, or of the body."""
        tags = [tag.attributes for tag in (*self.all("html"), *self.all("body"))]
        return first_of(clean(tag.get(name), 100) for tag in tags for name in ("lang", "xml:lang"))

    @lazy
    def json_ld(self) -> list[dict[str, Any]]:
        """Every JSON-LD node of the page, flattened."""
        return jsonld.flatten(self.json_ld_blocks)

    @lazy
    def works(self) -> list[dict[str, Any]]:
        """The JSON-LD nodes that say what the page is, the most telling first."""
        return jsonld.works(self.json_ld)

    @lazy
    def json_ld_by_id(self) -> dict[str, dict[str, Any]]:
        """The JSON-LD nodes that others refer to, by their `@id`."""
        return jsonld.by_id(self.json_ld)

    @lazy
    def json_ld_blocks(self) -> list[Any]:
        """Each JSON-LD script that could be read."""
        scripts = (tag.raw for tag in self.all("script") if is_json_ld(tag))
        return list(jsonld.read_blocks(scripts))

    @lazy
    def _address(self) -> SplitResult:
        try:
            return urlsplit(self.page.final_url)
        except ValueError:
            return urlsplit("")

    @lazy
    def host(self) -> str:
        """The host of the final URL, in lower case and without `www.`."""
        return (self._address.hostname or "").removeprefix("www.")

    @property
    def path(self) -> str:
        """The path of the final URL."""
        return self._address.path


def is_json_ld(tag: Tag) -> bool:
    """Whether a script holds JSON-LD, whatever parameters its type has."""
    return tag.attributes.get("type", "").strip().lower().startswith("application/ld+json")
