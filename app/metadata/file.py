"""Cards of other files than HTML: images, video, audio and PDF, by their type or first bytes."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from app.metadata.model import Content, Kind, Media, Metadata, OpenGraph, PageMeta
from app.metadata.values import absolute_url, clean, first
from app.page import Page, declared_type, is_untold

HTML_TYPES = frozenset(("text/html", "application/xhtml+xml"))

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
_FILE_NAME = re.compile(r"filename\s*=\s*(?:\"([^\"]*)\"|([^\s;]+))", re.IGNORECASE)
# RFC 6266, 4.3: filename* wins over filename
_ENCODED_FILE_NAME = re.compile(r"filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^\s;]+)", re.IGNORECASE)


def media_type(page: Page) -> str:
    """Media type of a page without parameters, in lower case; sniffed where the header has no meaning."""
    told = declared_type(page.content_type)
    return _sniff(page.body) or told if is_untold(told) else told


def _sniff(body: bytes) -> str | None:
    for offset, signature, kind in _SIGNATURES:
        if body.startswith(signature, offset):
            return kind
    if _HTML_START.match(body) or body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "text/html"
    return None


def is_html(page: Page) -> bool:
    """Whether a page is HTML."""
    return media_type(page) in HTML_TYPES


def has_card(page: Page) -> bool:
    """Whether a page is HTML or a type of file with a card."""
    return is_html(page) or _card_type(media_type(page)) is not None


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
    named = _disposition_name(page.headers.get("content-disposition", ""))
    parts = urlsplit(page.final_url)
    return first(named, clean(unquote(parts.path.rstrip("/").rsplit("/", 1)[-1])), parts.hostname)


def _disposition_name(disposition: str) -> str | None:
    if encoded := _ENCODED_FILE_NAME.search(disposition):
        return _base_name(unquote(encoded[2], encoded[1], "replace"))
    plain = _FILE_NAME.search(disposition)
    return _base_name(plain[1] or plain[2] or "") if plain else None


def _base_name(name: str) -> str | None:
    """RFC 6266, 4.3: only the last part of a path in the name is trusted."""
    return clean(name.replace("\\", "/").rsplit("/", 1)[-1])
