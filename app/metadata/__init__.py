"""Metadata of a page: `read_metadata` puts the fields together, each from the module that bears its name."""

from __future__ import annotations

import re

from app.metadata.article import read_article
from app.metadata.canonical import read_canonical
from app.metadata.challenge import read_challenge
from app.metadata.containment import contained, nothing
from app.metadata.description import read_description
from app.metadata.document import Document
from app.metadata.embed import read_embed
from app.metadata.encode import encode
from app.metadata.feed import read_feed
from app.metadata.file import feed_type, has_card, is_html, is_text, media_type, read_file
from app.metadata.html.table import COMPILED
from app.metadata.icons import read_feeds, read_icons
from app.metadata.image import read_image
from app.metadata.kind import read_kind
from app.metadata.label_fields import flat_fields
from app.metadata.language import read_language
from app.metadata.media import read_media
from app.metadata.model import Content, Metadata, PageMeta
from app.metadata.oembed import Oembed, find_oembed, needs_oembed, owned_url, read_oembed, with_oembed
from app.metadata.opengraph import read_opengraph
from app.metadata.plain import read_text
from app.metadata.product import read_product
from app.metadata.refresh import read_refresh
from app.metadata.registry import Registry, shipped_registry
from app.metadata.site import declared_name, read_site_name, site_names
from app.metadata.sources import read_sources
from app.metadata.structured import read_json_ld, read_microdata
from app.metadata.title import read_title
from app.metadata.twitter import read_twitter
from app.metadata.values import MAX_LIST

__all__ = [
    "COMPILED",
    "Document",
    "Metadata",
    "Oembed",
    "Registry",
    "encode",
    "find_oembed",
    "flat_fields",
    "has_card",
    "is_html",
    "needs_oembed",
    "owned_url",
    "read_challenge",
    "read_json_ld",
    "read_metadata",
    "read_microdata",
    "read_oembed",
    "read_refresh",
    "read_sources",
    "shipped_registry",
    "with_oembed",
]


def read_metadata(document: Document, registry: Registry | None = None) -> Metadata:
    """Read the card of a page: an HTML page by its content, a file by its type and name.

    `registry` names the providers whose players are embedded: by default those that are shipped.
    """
    page = document.page
    if not is_html(page):
        return _read_other(document)
    og, twitter = read_opengraph(document), read_twitter(document)
    icons, favicon = read_icons(document)
    site = declared_name(document)
    sites = site_names(document, site)
    article, kind = read_article(document, sites), read_kind(document, og)
    title = read_title(document, sites)
    return Metadata(
        url=page.url,
        resolved_url=page.final_url,
        title=title,
        description=read_description(document),
        image=read_image(document, og, twitter),
        site_name=read_site_name(document, site),
        type=og.type,
        open_graph=og,
        twitter=twitter,
        meta=PageMeta(
            author=article.author,
            keywords=_keywords(document),
            theme_color=_meta(document, "theme-color", "msapplication-tilecolor"),
            canonical_url=read_canonical(document, og),
            favicon=favicon,
            language=read_language(document, og),
            charset=document.charset,
            robots=_meta(document, "robots"),
            generator=_meta(document, "generator"),
            application_name=_meta(document, "application-name", "apple-mobile-web-app-title"),
        ),
        article=article,
        icons=icons,
        feeds=read_feeds(document),
        content=Content(media_type(page), page.length, page.status),
        kind=kind,
        media=read_media(document, og, kind),
        product=read_product(document, kind),
        embed=read_embed(document, og, title, registry or shipped_registry()),
    )


def _read_other(document: Document) -> Metadata:
    if feed_type(document.page):
        return read_feed(document)
    return read_text(document) if is_text(document.page) else read_file(document.page)


_meta = contained("meta", nothing)(Document.meta)


@contained("keywords", tuple)
def _keywords(document: Document) -> tuple[str, ...]:
    told = document.meta_all("keywords", "news_keywords")
    words = (word.strip() for value in told for word in re.split("[,，、]", value))
    return tuple(dict.fromkeys(filter(None, words)))[:MAX_LIST]
