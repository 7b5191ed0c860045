"""Film or sound of a page: the file that a video or audio page names, and its length."""

from __future__ import annotations

import re
from typing import Any

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.kind import AUDIO_TYPES, VIDEO_TYPES
from app.metadata.model import Kind, Media, OpenGraph, OpenGraphMedia

MAX_DURATION = 10_000_000
"""Seconds; a longer film is a mistake."""

_DURATIONS = ("og:video:duration", "video:duration", "og:duration", "music:duration", "og:audio:duration", "duration")
# ISO 8601, 4.4.3, without years and months, which have no length in seconds.
_ISO = re.compile(
    r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,]\d{1,9})?S)?)?\Z", re.IGNORECASE
)
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{2})\Z")
_SECONDS = re.compile(r"(\d{1,9})(?:\.\d{1,9})?(?: ?s(?:ec(?:onds?)?)?)?\Z")
_NODE_TYPES: dict[str, frozenset[str]] = {"video": VIDEO_TYPES, "audio": AUDIO_TYPES}
_MAX_PIXELS = 100_000


@contained("media", nothing)
def read_media(document: Document, og: OpenGraph, kind: Kind) -> Media | None:
    """Read the film or sound of a page of kind `video` or `audio`; None for any other."""
    if kind not in _NODE_TYPES:
        return None
    declared = next(iter(og.videos if kind == "video" else og.audio), OpenGraphMedia(""))
    node = next(iter(jsonld.of_types(document.json_ld.nodes, _NODE_TYPES[kind])), {})
    media = Media(
        duration=_duration(document, node),
        width=declared.width or _pixels(node.get("width")),
        height=declared.height or _pixels(node.get("height")),
        url=declared.url or document.resolve(jsonld.text_of(node.get("contentUrl"))),
        type=declared.type or jsonld.text_of(node.get("encodingFormat")),
    )
    return media if media != Media() else None


def _duration(document: Document, node: dict[str, Any]) -> int | None:
    told = [*document.meta_all(*_DURATIONS), jsonld.text_of(node.get("duration"))]
    return next((seconds for text in told if text and (seconds := seconds_of(text)) is not None), None)


def seconds_of(text: str) -> int | None:
    """Seconds of an ISO 8601 duration, a clock such as 1:02:03, or a number; None of anything else and of nothing."""
    text = text.strip()
    if found := _ISO.match(text):
        units = (86_400, 3_600, 60, 1)
        total = sum(int(part) * unit for part, unit in zip(found.groups(), units, strict=True) if part)
    elif found := _CLOCK.match(text):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        total = hours * 3_600 + minutes * 60 + seconds
    else:
        plain = _SECONDS.match(text)
        total = int(plain[1]) if plain else 0
    return total if 0 < total <= MAX_DURATION else None


def _pixels(value: Any) -> int | None:
    text = (jsonld.text_of(value) or "").lower().removesuffix("px").strip()
    digits = text.removesuffix(".0")
    return int(digits) if digits.isascii() and digits.isdigit() and 0 < int(digits[:7]) <= _MAX_PIXELS else None
