"""The names of a site: what it calls itself, and what its domain says."""

from __future__ import annotations

import tldextract

from app.metadata import jsonld
from app.metadata.document import Document

# Offline: the list of public suffixes that comes with the package.
_split_domain = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def declared_name(document: Document) -> str | None:
    """What the page says that its site is called."""
    return (
        document.meta("og:site_name", "og:site") or _publisher(document) or document.meta("application-name")
    )


def _publisher(document: Document) -> str | None:
    for node in document.json_ld:
        if names := jsonld.names_of(node.get("publisher"), document.json_ld):
            return names[0]
    return None


def domain_label(host: str) -> str | None:
    """`example` of `www.example.co.uk`."""
    return _split_domain.extract_str(host).domain or None


def site_names(document: Document) -> list[str]:
    """Everything that may stand beside a title as the name of the site."""
    names = [declared_name(document), domain_label(document.host), document.host]
    return [name for name in names if name]
