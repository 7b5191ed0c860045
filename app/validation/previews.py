"""Preview of a page on each platform, with the reason for every part that is missing, cut or smaller."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from app.metadata import Document, Metadata
from app.metadata.model import OpenGraphMedia
from app.validation.model import Code, Layout, Part, Preview, Previews, Reason
from app.validation.platforms import PLATFORMS, Platform
from app.validation.tags import Tag, find_tag, is_absolute, is_vector

ELLIPSIS = "…"
LARGE_CARDS = ("summary_large_image", "player")


@dataclass(frozen=True, slots=True)
class Subject:
    """A page to be shown. `robots`: text of its robots.txt. `image_bytes`: size of the picture's file, if known."""

    document: Document
    metadata: Metadata
    robots: str = ""
    image_bytes: int | None = None

    def allows(self, agent: str) -> bool:
        """Tell whether robots.txt lets a crawler read the page (RFC 9309)."""
        parser = RobotFileParser()
        parser.parse(self.robots.splitlines())
        return parser.can_fetch(agent, self.metadata.resolved_url)

    def declared(self, url: str | None) -> OpenGraphMedia | None:
        """Return what Open Graph tags declare of a picture."""
        return next((media for media in self.metadata.open_graph.images if media.url == url), None)


def read_previews(subject: Subject) -> Previews:
    """Read the preview of a page on each platform."""
    return Previews(**{key: _Reader(subject, platform).read() for key, platform in PLATFORMS.items()})


@dataclass
class _Reader:
    """One platform's look at a page."""

    subject: Subject
    platform: Platform
    reasons: list[Reason] = field(default_factory=list)

    def read(self) -> Preview:
        if refused := self._refused():
            self._note("page", *refused)
            return self._preview("none", None, None, None)
        title = self._text("title", self.platform.title, self.platform.title_length)
        description = self._text("description", self.platform.description, self.platform.description_length)
        image = self._image()
        if not title and not image:
            return self._preview("none", None, None, None)
        return self._preview(self._layout(image), title, description, image)

    def _preview(self, layout: Layout, title: str | None, description: str | None, image: str | None) -> Preview:
        metadata = self.subject.metadata
        host = (urlsplit(metadata.resolved_url).hostname or "").removeprefix("www.") or None
        names_site = self.platform.name in ("Slack", "Discord", "Mastodon")
        site = metadata.open_graph.site_name if names_site and metadata.open_graph.site_name else host
        return Preview(
            layout=layout, title=title, description=description, image=image, site=site, reasons=tuple(self.reasons)
        )

    def _refused(self) -> tuple[Code, str] | None:
        platform = self.platform
        if platform.agent and self.subject.robots and not self.subject.allows(platform.agent):
            return "robots", f"robots.txt keeps {platform.agent} from reading the page."
        if platform.needs_card and not self._card and not self._may_go_without_card():
            return "missing", "There is no card without twitter:card, or og:type, og:title and og:description."
        return None

    @cached_property
    def _card(self) -> str | None:
        tag = find_tag(self.subject.document, ("twitter:card",))
        return tag.content.lower() if tag else None

    def _may_go_without_card(self) -> bool:
        return all(find_tag(self.subject.document, (name,)) for name in ("og:type", "og:title", "og:description"))

    def _tag(self, part: Part, names: tuple[str, ...]) -> Tag | None:
        tag = find_tag(self.subject.document, names, page_order=self.platform.page_order)
        window = self.platform.window
        if tag and window and tag.start >= window:
            self._note(part, "too_late", f"{tag.name} stands after the first {window // 1_024} KiB of the markup.")
            return None
        return tag

    def _text(self, part: Part, names: tuple[str, ...], most: int | None) -> str | None:
        if not names:
            self._note(part, "not_shown", f"{self.platform.name} shows no {part}.")
            return None
        before = len(self.reasons)
        tag = self._tag(part, names)
        if tag is None:
            if len(self.reasons) == before:
                self._note(part, "missing", f"The page has none of {', '.join(names)}.")
            return None
        if most and len(tag.content) > most:
            self._note(part, "too_long", f"{len(tag.content)} characters; cut after {most}.")
            return tag.content[: most - 1].rstrip() + ELLIPSIS
        return tag.content

    def _image(self) -> str | None:
        before = len(self.reasons)
        tag = self._tag("image", self.platform.image)
        url = self._usable(tag) if tag else None
        if tag is None and len(self.reasons) == before:
            self._note("image", "missing", f"The page has none of {', '.join(self.platform.image)}.")
        return url

    def _usable(self, tag: Tag) -> str | None:
        """Return the URL of a picture that the platform shows; note the reason if it does not."""
        url = self.subject.document.resolve_meta(tag.content)
        media = self.subject.declared(url)
        refused = self._bad_address(tag, url, media) or (self._bad_size(media) if url else None)
        if refused:
            self._note("image", *refused)
            return None
        return url

    def _bad_address(self, tag: Tag, url: str | None, media: OpenGraphMedia | None) -> tuple[Code, str] | None:
        if not is_absolute(tag.content) and (url is None or not self.platform.joins):
            return "relative", f"{tag.name} is no absolute address: {tag.content[:100]}"
        if is_vector(tag.content, media.type if media else None):
            return "format", "SVG pictures are not shown."
        return None

    def _bad_size(self, media: OpenGraphMedia | None) -> tuple[Code, str] | None:
        platform, size = self.platform, self.subject.image_bytes
        if size and platform.image_bytes and size > platform.image_bytes:
            return "too_large", f"The picture has {size:,} bytes; at most {platform.image_bytes:,} are shown."
        if media is None or not media.width or not media.height:
            return None
        told, (width, height) = f"The picture is {media.width} x {media.height} pixels", platform.least
        if media.width < width or media.height < height:
            return "too_small", f"{told}; at least {width} x {height} are shown."
        if platform.most and max(media.width, media.height) > platform.most:
            return "too_large", f"{told}; at most {platform.most} x {platform.most} are shown."
        if platform.widest and media.width > platform.widest * media.height:
            return "too_wide", f"{told}; at most {platform.widest:g} times as wide as high are shown."
        return None

    def _layout(self, image: str | None) -> Layout:
        if image is None:
            return "text"
        if self.platform.by_card and not self._asks_for_large():
            self._note("card", "missing", "Only twitter:card summary_large_image makes the picture large.")
            return "small"
        return "large" if self._is_large(self.subject.declared(image)) else "small"

    def _asks_for_large(self) -> bool:
        return self._card in LARGE_CARDS

    def _is_large(self, media: OpenGraphMedia | None) -> bool:
        if media is None or not media.width or not media.height:
            return True  # unknown until the crawler has the picture
        width, height = self.platform.large
        if media.width < width or media.height < height:
            needed = f"{width} x {height} pixels" if height else f"{width} pixels in width"
            self._note("image", "too_small", f"Only pictures from {needed} are shown large.")
            return False
        return not self.platform.landscape or media.width > media.height

    def _note(self, part: Part, code: Code, message: str) -> None:
        self.reasons.append(Reason(part=part, code=code, message=message))
