"""What the fetcher brings and the reader reads: the one type that passes between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of a target, whatever its status.

    `url` is the rebuilt URL that was asked, `final_url` the one that answered after redirects.
    `content_type` is the raw header value ("" if there was none). `headers` has lower-case names.
    `body` holds the decoded bytes that were read (at most `MAX_BYTES`; none of a declared image, video, audio
    file or PDF); `truncated` says that there was more, or that it was cut off.
    `length` is the size in bytes that the target declared, or that was read, or None.
    """

    url: str
    final_url: str
    status: int
    content_type: str
    body: bytes
    truncated: bool = False
    length: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """When a rendered page is done: the three are waited for in this order.

    `until` is `commit`, `domcontentloaded`, `load` or `networkidle`, or `settled`, which is for requests
    that say nothing about it: loaded and quiet, or as quiet as it gets within a few seconds.
    `selector` is one of CSS that must match something. `delay` is in seconds, always waited to its end.
    """

    until: str = "settled"
    selector: str | None = None
    delay: float = 0.0
