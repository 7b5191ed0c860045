"""Options of one extraction, and the key of the cache that follows from them."""

from __future__ import annotations

from dataclasses import dataclass

from app.fetch import TargetUrl
from app.page import Wait

INCLUDES = ("image_info", "json_ld", "microdata", "oembed", "sources", "markdown")
VALIDATION = "validation"
"""Block that `GET /v1/validate` and `pagecard check` are made of; callers cannot include it."""
BESIDE = frozenset(("image_info",))
"""Blocks that are read, and kept, apart from the card."""

FORMATS = ("markdown", "html")


@dataclass(frozen=True, slots=True)
class Options:
    """Options of one extraction; each option that changes the answer is part of the cache key.

    `include` names extra blocks of the card (of `INCLUDES`). With `formats` (of `FORMATS`) the answer is what
    a job's item holds, `{"markdown", "html", "metadata"}`, each null unless asked for; `metadata` is the card, and
    `main_content` leaves the Markdown of the main content alone. `links` and `images`: whether Markdown has them.
    `max_age` is in seconds; `max_stale` is the seconds for which an older card is answered and refreshed behind the
    answer; `fresh` goes past the cache, and stores what it brings. `accept_language`: the field of that name.
    """

    include: frozenset[str] = frozenset()
    formats: frozenset[str] | None = None
    metadata: bool = False
    fresh: bool = False
    max_age: int = 3_600
    max_stale: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None
    render: Wait | None = None
    accept_language: str | None = None
    main_content: bool = False
    links: bool = True
    images: bool = True

    def cache_key(self, target: TargetUrl, tenant: str) -> str:
        return target.text + self.variant(tenant)

    def variant(self, tenant: str) -> str:
        """End of a cache key: "" for a plain card, else every option that changes the answer.

        Headers may carry a tenant's credentials: what they bring is that tenant's alone.
        """
        include = self.include - BESIDE
        asked = include, self.headers, self.proxy, self.render, self.accept_language
        if not any(asked) and self.formats is None:
            return ""
        formats = None if self.formats is None else sorted(self.formats)
        own = (tenant, self.headers) if self.headers else ()
        written = self.main_content, self.links, self.images
        options = self.metadata, self.proxy, self.render, self.accept_language, own, written
        return f" {(sorted(include), formats, *options)!r}"
