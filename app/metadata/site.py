"""The names of a site: what it calls itself, and what its domain says."""

from __future__ import annotations

import tldextract

from app.metadata import jsonld
from app.metadata.document import Document
from app.metadata.title import split_title
from app.metadata.values import first, squash

MAX_NAME = 40
"""Characters of a part of a title that is taken for the name of a site."""

# Offline: the list of public suffixes that comes with the package.
_split_domain = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def read_site_name(document: Document) -> str | None:
    """The best name of the site that a page belongs to."""
    return first(declared_name(document), _name_in_title(document), domain_label(document.host))


def declared_name(document: Document) -> str | None:
    """What the page says that its site is called."""
    return first(
        document.meta("og:site_name", "og:site"), _publisher(document), document.meta("application-name")
    )


def _publisher(document: Document) -> str | None:
    for node in document.json_ld:
        if names := jsonld.names_of(node.get("publisher"), document.json_ld):
            return names[0]
    return None


def _name_in_title(document: Document) -> str | None:
    """The part of the `<title>` that the rest of the page leaves out, if the domain knows it too."""
    parts = split_title(document.title or "")
    label = squash(domain_label(document.host) or "")
    for part in (parts[-1], parts[0]) if len(parts) > 1 else ():
        squashed = squash(part)
        if label and len(part) <= MAX_NAME and (squashed in label or label in squashed) and len(squashed) > 1:
            return part.strip()
    return None


def domain_label(host: str) -> str | None:
    """`example` of `www.example.co.uk`."""
    return _split_domain.extract_str(host).domain or None


def site_names(document: Document) -> list[str]:
    """Everything that may stand beside a title as the name of the site."""
    names = [declared_name(document), domain_label(document.host), document.host]
    return [name for name in names if name]
