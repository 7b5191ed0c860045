"""A page as its readers see it: tokens, meta values, links, headings, JSON-LD and the base URL.

Rule 1: everything is computed at most once, and only when a reader asks for it.
Rule 2: readers see tokens, never markup.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.metadata.body import Body, unseen_flags
from app.metadata.headings import Heading, Headings
from app.metadata.html import charset, flags, xhtml
from app.metadata.html.references import decode
from app.metadata.html.table import TokenTable, read_table
from app.metadata.jsonld import Graph
from app.metadata.jsonld_scripts import read_blocks
from app.metadata.lazy import OnDemand, lazy
from app.metadata.metas import Metas
from app.metadata.values import absolute_url, clean, first_of, one_line
from app.page import Page

MAX_LINKS = 1_000
"""Link tags looked at; real pages have under 200."""

XHTML = "application/xhtml+xml"

# Most links only tell a browser to load something.
_IDLE_RELS = frozenset(
    ("stylesheet", "preload", "preconnect", "prefetch", "dns-prefetch", "modulepreload", "manifest", "amphtml",
     "shortlink", "pingback", "profile", "search", "archives", "EditURI", "wlwmanifest", "https://api.w.org/")
)  # fmt: skip


@lru_cache(maxsize=256)
def _tokens(rel: str) -> frozenset[str]:
    return frozenset(rel.lower().split())


class Document:
    """Lazily read content of a `Page` that holds HTML."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @lazy
    def _in_utf8(self) -> tuple[bytes, str]:
        markup, name = charset.to_utf8(self.page.body, self.page.content_type)
        is_xhtml = self.page.content_type.lower().lstrip().startswith(XHTML)
        return xhtml.to_html(markup) if is_xhtml else markup, name

    @property
    def charset(self) -> str:
        """WHATWG name of the encoding that the page was written in."""
        return self._in_utf8[1]

    @property
    def markup(self) -> bytes:
        """Whole markup in UTF-8, without NULs; broken characters are kept."""
        return self._in_utf8[0]

    def text(self) -> str:
        """Whole markup as text, without NULs or lone surrogates."""
        return decode(self.markup)

    @lazy
    def table(self) -> TokenTable:
        """Tokens of the page."""
        return read_table(self.markup)

    @lazy
    def metas(self) -> Metas:
        """Meta tags by name."""
        return Metas(self.table)

    @lazy
    def open_graph(self) -> list[tuple[str, str]]:
        """(name, content) of the meta tags of Open Graph with a content, in order."""
        contents = self.metas.contents
        told = [(name, contents[row]) for name, row in self.metas.names if name[:3] == "og:"]
        return [meta for meta in told if meta[1]]

    @lazy
    def _cleaned(self) -> OnDemand[str, str | None]:
        """Cleaned values: most pages repeat theirs."""
        return OnDemand(clean)

    def meta(self, *names: str) -> str | None:
        """First non-empty content of the first of `names` present, cleaned."""
        rows, contents, cleaned = self.metas.rows, self.metas.contents, self._cleaned
        for name in names:
            for row in rows.get(name, ()):
                if value := cleaned[contents[row]]:
                    return value
        return None

    def meta_all(self, *names: str) -> list[str]:
        """Contents under `names`, cleaned, each once, in the order of the names."""
        return list(dict.fromkeys(filter(None, map(self._cleaned.__getitem__, self._contents(*names)))))

    def meta_as_written(self, *names: str) -> str | None:
        """First non-empty content of the first of `names` present, in one line and otherwise untouched."""
        for content in self._contents(*names):
            if value := one_line(content) if "&" in content else self._cleaned[content]:
                return value
        return None

    def present(self, *names: str) -> list[str]:
        """Those of `names` that the page has a meta tag for, in their order."""
        rows = self.metas.rows
        return [name for name in names if name in rows]

    def meta_url(self, *names: str) -> str | None:
        """First usable URL under the names, in their order."""
        return first_of(map(self.resolve_meta, self._contents(*names)))

    def _contents(self, *names: str) -> list[str]:
        rows, contents = self.metas.rows, self.metas.contents
        return [content for name in names if name in rows for row in rows[name] if (content := contents[row])]

    @lazy
    def base_url(self) -> str:
        """HTML standard, 2.4.3: the first `<base>` with an href, itself resolved against the final URL."""
        hrefs = (self.table.attribute(row, "href") for row in self.table.all("base"))
        href = next((href for href in hrefs if href is not None), None)
        return absolute_url(href, self.page.final_url) or self.page.final_url

    @lazy
    def _resolved(self) -> OnDemand[str, str | None]:
        base = self.base_url
        return OnDemand(lambda href: absolute_url(href, base))

    def resolve(self, href: str | None) -> str | None:
        """Resolve `href` to an absolute http(s) URL of this page; None without one."""
        return self._resolved[href] if href else None

    def resolve_meta(self, content: str | None) -> str | None:
        """Resolve the URL in a meta tag; many lack the scheme before `www.`, as no browser follows them."""
        if content and content[:4].lower() == "www.":
            content = f"{self._address.scheme}://{content}"
        return self.resolve(content)

    @lazy
    def links(self) -> list[tuple[frozenset[str], dict[str, str]]]:
        """(set of `rel` tokens in lower case, attributes) of every link tag with a non-empty href."""
        table, links = self.table, []
        for row in table.all("link")[:MAX_LINKS]:
            rel = table.attribute(row, "rel") or ""
            if rel not in _IDLE_RELS and (attributes := table.attributes(row)).get("href"):
                links.append((_tokens(rel), attributes))
        return links

    def link(self, *rels: str) -> str | None:
        """URL of the first link with one of `rels`, in the order of those."""
        hrefs = (link["href"] for rel in rels for tokens, link in self.links if rel in tokens)
        return first_of(map(self.resolve, hrefs))

    @lazy
    def title(self) -> str | None:
        """First `<title>` with a text, outside SVG and templates."""
        return first_of(self._cleaned[self.table.raw_text(row)] for row in self.table.all("title")[:5])

    @lazy
    def _headings(self) -> Headings:
        return Headings(self.table, self.meta("og:title") or self.title or "", self._resolved.__getitem__, self._unseen)

    @property
    def headings(self) -> list[Heading]:
        """First few `<h1>` with a text, but for the name of the site."""
        return self._headings.own

    @property
    def site_headings(self) -> list[str]:
        """Texts of the `<h1>` that link to the home page."""
        return self._headings.of_site

    @property
    def has_headings(self) -> bool:
        """Whether the page has an `<h1>`."""
        return bool(self._headings.top)

    @property
    def lower_headings(self) -> list[str]:
        """Parts of the title that an `<h2>` to `<h6>` of the page's own shows, on a page without `<h1>`."""
        own = (shown for shown in self._headings.shown if not self.table.flags(shown.row) & flags.NOT_OWN)
        return [] if self.has_headings else [shown.text for shown in own if shown.in_heading]

    def shows(self, text: str) -> bool:
        """Whether an element of the body consists of this text."""
        return self._headings.shows(text)

    @property
    def headline(self) -> int | None:
        """Row of the headline, None if none is known."""
        return self._headings.headline

    @lazy
    def body(self) -> Body:
        """Walks over the rows of the body."""
        return Body(self.table, self._unseen, self._headings)

    @lazy
    def _unseen(self) -> int:
        return unseen_flags(self.table)

    @lazy
    def month_first(self) -> bool:
        """Whether 03/04/2020 is the fourth of March on this page."""
        language = (self.language or "").lower()
        return language in ("en-us", "en_us") or (
            language == "en" and self.host.endswith((".com", ".org", ".net", ".us", ".edu", ".gov", ".io"))
        )

    @lazy
    def language(self) -> str | None:
        """Raw `lang` or `xml:lang` of the html element, or of the body."""
        tags = (self.table.merged(name) for name in ("html", "body"))
        return first_of(clean(tag.get(name), 100) for tag in tags for name in ("lang", "xml:lang"))

    @lazy
    def json_ld_blocks(self) -> list[Any]:
        """JSON-LD scripts that could be read."""
        table = self.table
        rows = (row for row in table.all("script") if is_json_ld(table.attribute(row, "type")))
        return list(read_blocks(map(table.raw_text, rows)))

    @lazy
    def json_ld(self) -> Graph:
        """Nodes of JSON-LD, and what they refer to."""
        return Graph(self.json_ld_blocks)

    @lazy
    def _address(self) -> SplitResult:
        try:
            return urlsplit(self.page.final_url)
        except ValueError:
            return urlsplit("")

    @lazy
    def host(self) -> str:
        """Host of the final URL, in lower case and without `www.`."""
        return (self._address.hostname or "").removeprefix("www.")

    @property
    def path(self) -> str:
        """Path of the final URL."""
        return self._address.path


def is_json_ld(kind: str | None) -> bool:
    """Whether a script is JSON-LD by its type, with any parameters."""
    return kind is not None and kind.strip().lower().startswith("application/ld+json")
