"""Files other than HTML: their type by header or first bytes, and the cards of images, video, audio and PDF."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from app.metadata.model import Content, Kind, Media, Metadata, OpenGraph, PageMeta
from app.metadata.values import absolute_url, clean, first
from app.page import Page, declared_type, is_untold

HTML_TYPES = frozenset(("text/html", "application/xhtml+xml"))

MARKDOWN_TYPES = frozenset(("text/markdown", "text/x-markdown"))

FEED_TYPES = frozenset(("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"))
_XML_TYPES = frozenset(("application/xml", "text/xml"))
_PDF_TYPES = frozenset(("application/pdf", "application/x-pdf"))
# MIME Sniffing standard, 6.1 and 6.2; (offset, bytes, type)
_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBPVP", "image/webp"),
    (8, b"WAVE", "audio/wave"),
    (8, b"AVI ", "video/avi"),
    (0, b"BM", "image/bmp"),
    (0, b"\x00\x00\x01\x00", "image/x-icon"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "application/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"%PDF-", "application/pdf"),
)
_HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?[\s\x00]{0,1000}(?:<!--|<\?xml|<!doctype\s+html"
    rb"|<(?:html|head|body|script|iframe|h1|div|font|table|a|style|title|b|br|p|meta|link|section|main|article|noscript)[\s/>])",
    re.IGNORECASE,
)
# MIME Sniffing standard, 7.3: the root of a feed, after declarations and comments
_FEED_START = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<\?[^>]*+>|<!--(?:[^-]|-(?!->))*+-->|<!DOCTYPE[^>\[]*+>)*+<(?:(rss)|(feed)|rdf:RDF)[\s>]"
)
_SNIFFED = 4_096  # bytes searched for the root of a feed
_JSON_FEED = b"://jsonfeed.org/version/"
_BINARY = re.compile(rb"[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]")  # MIME Sniffing standard, 3: "binary data byte"
_FILE_NAME = re.compile(r"filename\s*=\s*(?:\"([^\"]*)\"|([^\s;]+))", re.IGNORECASE)
# RFC 6266, 4.3: filename* wins over filename
_ENCODED_FILE_NAME = re.compile(r"filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^\s;]+)", re.IGNORECASE)


def media_type(page: Page) -> str:
    """Media type of a page without parameters, in lower case; sniffed where the header has no meaning."""
    told = declared_type(page.content_type)
    if not is_untold(told):
        return _feed_root(page.body) or told if told == "text/html" else told
    return _feed_root(page.body) or _sniff(page.body) or _text_type(told, page.body) or told


def _sniff(body: bytes) -> str | None:
    for offset, signature, kind in _SIGNATURES:
        if body.startswith(signature, offset):
            return kind
    if _HTML_START.match(body) or body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "text/html"
    return None


def _feed_root(body: bytes) -> str | None:
    """Media type of a feed by the root of its XML; None of anything else."""
    if b"<" not in body[:64] or not (found := _FEED_START.match(body[:_SNIFFED])):
        return None
    return "application/rss+xml" if found[1] else "application/atom+xml" if found[2] else "application/rdf+xml"


def _text_type(told: str, body: bytes) -> str | None:
    """`text/plain` where a body without binary bytes has no type (MIME Sniffing standard, 7.1); None for binary."""
    is_text = bool(body) and not _BINARY.search(body[:_SNIFFED])
    return "text/plain" if is_text and (told == "text/plain" or "/" not in told or "unknown" in told) else None


def feed_type(page: Page) -> str | None:
    """Media type of a feed; None of any other page. XML and HTML are told by their root, JSON by its version."""
    kind = media_type(page)
    if kind in FEED_TYPES:
        return kind
    if kind in _XML_TYPES:
        return _feed_root(page.body)
    if kind == "application/json" and _JSON_FEED in page.body[: 16 * _SNIFFED]:
        return "application/feed+json"
    return None


def is_text(page: Page) -> bool:
    """Whether a page is plain text or Markdown."""
    kind = media_type(page)
    return kind in MARKDOWN_TYPES or (kind == "text/plain" and _text_type(kind, page.body) is not None)


def is_html(page: Page) -> bool:
    """Whether a page is HTML."""
    return media_type(page) in HTML_TYPES


def has_card(page: Page) -> bool:
    """Whether a page is HTML or a type of file with a card."""
    return is_html(page) or _card_type(media_type(page)) is not None or is_text(page) or feed_type(page) is not None


_FAMILIES: dict[str, Kind] = {"image": "image", "video": "video", "audio": "audio"}


def _card_type(kind: str) -> Kind | None:
    if kind in _PDF_TYPES:
        return "document"
    return "audio" if kind == "application/ogg" else _FAMILIES.get(kind.split("/")[0])


def read_file(page: Page) -> Metadata:
    """Read the card of a file: its name, its type, and the URL of an image."""
    kind = media_type(page)
    url = absolute_url(page.final_url, page.url) or page.url
    return Metadata(
        url=page.url,
        resolved_url=page.final_url,
        title=_file_name(page),
        image=url if kind.startswith("image/") else None,
        site_name=None,
        type=_card_type(kind),
        open_graph=OpenGraph(),
        meta=PageMeta(canonical_url=url, favicon=absolute_url("/favicon.ico", page.final_url)),
        content=Content(kind, page.length, page.status),
        kind=_card_type(kind) or "document",
        media=Media(url=url, type=kind) if _card_type(kind) in ("video", "audio") else None,
    )


def _file_name(page: Page) -> str | None:
    return first(named_file(page), _last_part(page), urlsplit(page.final_url).hostname)


def named_file(page: Page) -> str | None:
    """Name of a file by its server, or the last part of its path with an extension."""
    last = _last_part(page)
    extended = last if last and "." in last.strip(".") else None
    return first(_disposition_name(page.headers.get("content-disposition", "")), extended)


def _last_part(page: Page) -> str | None:
    return clean(unquote(urlsplit(page.final_url).path.rstrip("/").rsplit("/", 1)[-1]))


def _disposition_name(disposition: str) -> str | None:
    if encoded := _ENCODED_FILE_NAME.search(disposition):
        return _base_name(unquote(encoded[2], encoded[1], "replace"))
    plain = _FILE_NAME.search(disposition)
    return _base_name(plain[1] or plain[2] or "") if plain else None


def _base_name(name: str) -> str | None:
    """RFC 6266, 4.3: only the last part of a path in the name is trusted."""
    return clean(name.replace("\\", "/").rsplit("/", 1)[-1])
