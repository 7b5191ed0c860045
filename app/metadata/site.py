"""The names of a site: what it calls itself, and what its domain says."""

from __future__ import annotations

import re

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.values import first_of, split_domain, squash

MAX_NAME_WORDS = 4
"""Words of a part of a title that is taken for the name of a site."""

# Up to three signs between spaces, or one that needs none, or a colon behind a word: all begin with one set of
# characters, as `re` looks for quickly.
SEPARATOR = re.compile(r"[|\-–—»«•·:/~⋆›>│](?:(?<=\s.)[|\-–—»«•·:/~⋆›>│]{0,2}(?=\s)|(?<=[|»•·│])|(?<=\w:)(?=\s))")
"""What stands between the parts of a title; the spaces around it are not in it."""

# The publisher that the themes of Blogger name, whoever writes.
_PUBLISHER_OF_BLOGGER = "Blogger"
_SITE = frozenset(("website",))
# "X (formerly Twitter)" is called X.
_EXPLANATION = re.compile(r"\s\([^()]*\)$")


@contained("site_name", nothing)
def read_site_name(document: Document, declared: str | None) -> str | None:
    """The best name of the site that a page belongs to, where it is `declared` to be called so."""
    name = declared or _name_in_title(document) or domain_label(document.host)
    return name and (_EXPLANATION.sub("", name) or name)


@contained("site_name", nothing)
def declared_name(document: Document) -> str | None:
    """What the page says that its site is called."""
    return (
        _publisher(document)
        or document.meta("og:site_name", "og:site", "application-name")
        or first_of(jsonld.text_of(node.get("name")) for node in jsonld.of_types(document.json_ld, _SITE))
    )


def _publisher(document: Document) -> str | None:
    for node in document.json_ld:
        names = jsonld.names_of(node.get("publisher"), document.json_ld_by_id)
        if names and names[0] != _PUBLISHER_OF_BLOGGER:
            return names[0]
    return None


def _name_in_title(document: Document) -> str | None:
    """The short last part of the `<title>`, or the first or last part that the domain knows too."""
    parts = [part.strip() for part in SEPARATOR.split(document.title or "") if part.strip()]
    if len(parts) < 2:
        return None
    label = squash(domain_label(document.host) or "")
    known = (part for part in (parts[-1], parts[0]) if _is_like(squash(part), label))
    last = parts[-1] if len(parts[-1]) < len(parts[0]) else None
    return next((part for part in (*known, last) if part and len(part.split()) <= MAX_NAME_WORDS), None)


def _is_like(name: str, label: str) -> bool:
    return len(name) > 1 and bool(label) and (name in label or label in name)


def domain_label(host: str) -> str | None:
    """`example` of `www.example.co.uk`."""
    return split_domain(host).domain or None


@contained("site_name", set[str])
def site_names(document: Document, declared: str | None) -> set[str]:
    """Everything that may stand beside a title as the name of the site, squashed."""
    names = [
        declared,
        document.meta("og:site_name"),
        domain_label(document.host),
        document.host,
        *document.site_headings,
    ]
    return {squash(name) for name in dict.fromkeys(names) if name}
