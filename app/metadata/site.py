"""Names of a site: its own, and that of its domain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.leaks import without_markup
from app.metadata.values import first_of, split_domain, squash

MAX_NAME_WORDS = 4
"""Words of a part of a title that may be the name of a site."""

MAX_TAIL_WORDS = 3
"""Words of the last part of a title that names the site because it has the label of the domain."""

MIN_LABEL = 3
"""Characters of that label; a shorter one stands in many words."""

# Up to three signs between spaces, or one that needs none, or a colon behind a word: all begin with one set of
# characters, as `re` looks for quickly.
SEPARATOR = re.compile(r"[|\-–—»«•·:/~⋆›>│](?:(?<=\s.)[|\-–—»«•·:/~⋆›>│]{0,2}(?=\s)|(?<=[|»•·│])|(?<=\w:)(?=\s))")
"""Separator of the parts of a title, without the spaces around it."""

# Themes of Blogger name it as the publisher of every blog.
_PUBLISHER_OF_BLOGGER = "Blogger"
_SITE = frozenset(("website",))
# "X (formerly Twitter)" is called X.
_EXPLANATION = re.compile(r"\s\([^()]*\)$")
_PAPER_METAS = ("citation_publisher", "dc.publisher", "citation_journal_title")


@contained("site_name", nothing)
def read_site_name(document: Document, declared: str | None) -> str | None:
    """Read the name of the site: declared, else in the title, else the label of the domain."""
    name = declared or _name_in_title(document) or domain_label(document.host)
    return name and (_EXPLANATION.sub("", name) or name)


@contained("site_name", nothing)
def declared_name(document: Document) -> str | None:
    """Read the declared name of the site."""
    sites = jsonld.of_types(document.json_ld.nodes, _SITE)
    return without_markup(
        _publisher(document)
        or document.meta("og:site_name", "og:site", "application-name")
        or first_of(jsonld.text_of(node.get("name")) for node in sites)
        or (document.present("citation_title") and document.meta(*_PAPER_METAS))
        or None
    )


def _publisher(document: Document) -> str | None:
    for node in document.json_ld.nodes:
        names = document.json_ld.names(node.get("publisher"))
        if names and names[0] != _PUBLISHER_OF_BLOGGER:
            return names[0]
    return None


def _name_in_title(document: Document) -> str | None:
    """First or last part of the `<title>` that the domain has as well, else its short last part.

    A part that a heading repeats is one of the title itself.
    """
    title = document.title or ""
    cuts = list(SEPARATOR.finditer(title))
    parts = [part for start, end in _spans(title, cuts) if (part := title[start:end].strip())]
    if len(parts) < 2:
        return None
    label = squash(domain_label(document.host) or "")
    known = (part for part in (parts[-1], parts[0]) if _is_like(squash(part), label))
    last = parts[-1] if len(parts[-1]) < len(parts[0]) and cuts[-1][0] != ":" else None
    last = last if last and not _is_in_heading(document, last) else None
    names = (_without_description(part, label) for part in (*known, last) if part)
    return next((name for name in names if len(name.split()) <= MAX_NAME_WORDS), None)


def _without_description(part: str, label: str) -> str:
    """`Example` of `Example photos and videos`: the label of the domain with words that tell what is there."""
    first, *others = part.split()
    is_described = len(others) > 1 and squash(first) == label and all(word.islower() for word in others)
    return first if is_described else part


def _spans(title: str, cuts: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    starts, ends = [0, *(cut.end() for cut in cuts)], [*(cut.start() for cut in cuts), len(title)]
    return zip(starts, ends, strict=True)


def _is_in_heading(document: Document, part: str) -> bool:
    wanted = squash(part)
    texts = (*(heading.text for heading in document.headings), *document.lower_headings)
    return any(wanted in squash(text) for text in texts)


def _is_like(name: str, label: str) -> bool:
    return len(name) > 1 and bool(label) and (name in label or label in name)


def domain_label(host: str) -> str | None:
    """`example` of `www.example.co.uk`."""
    return split_domain(host).domain or None


def _tail_with_domain(title: str, host: str) -> str | None:
    """Last part of a title that has the label of the domain, and no more than a word or two beside it."""
    cuts = list(SEPARATOR.finditer(title))
    last = title[cuts[-1].end() :].strip() if cuts and cuts[-1][0] != ":" else ""
    label = squash(domain_label(host) or "")
    is_name = len(label) >= MIN_LABEL and label in squash(last) and len(last.split()) <= MAX_TAIL_WORDS
    return last if is_name else None


@contained("site_name", set[str])
def site_names(document: Document, declared: str | None) -> set[str]:
    """Everything that may stand beside a title as the name of the site, squashed."""
    names = [
        declared,
        _tail_with_domain(document.title or "", document.host),
        document.meta("og:site_name"),
        domain_label(document.host),
        document.host,
        *document.site_headings,
    ]
    return {squash(name) for name in dict.fromkeys(names) if name}
