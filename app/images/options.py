"""Options of a picture, as the path of the image proxy spells them: `w600,h315,cover,webp,q80,max976k`, or `-`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

MAX_SIDE = 4_096  # pixels
MAX_QUALITY = 100
MAX_KIB = 10 * 1_024
NONE = "-"
ALLOWED = (
    f"allowed are w and h (1 to {MAX_SIDE} pixels), cover or contain, webp, jpeg or png, q (1 to {MAX_QUALITY}), "
    f"max…k (1 to {MAX_KIB} KiB), each once, joined by commas, or - for none"
)

Fit = Literal["cover", "contain"]
Format = Literal["webp", "jpeg", "png"]

_PARTS: Mapping[str, re.Pattern[str]] = {
    "width": re.compile(r"w([1-9][0-9]{0,3})"),
    "height": re.compile(r"h([1-9][0-9]{0,3})"),
    "fit": re.compile(r"(cover|contain)"),
    "format": re.compile(r"(webp|jpeg|png)"),
    "quality": re.compile(r"q([1-9][0-9]{0,2})"),
    "max_kib": re.compile(r"max([1-9][0-9]{0,4})k"),
}
_MOST = {"width": MAX_SIDE, "height": MAX_SIDE, "quality": MAX_QUALITY, "max_kib": MAX_KIB}


class ImageOptions(Struct, frozen=True):
    """Wanted form of a picture. Sides are pixels; a picture is never enlarged.

    `contain` fits the whole picture into the sides; `cover` cuts it to their ratio. Without a `format` the answer has
    the type of the source where browsers and mail programs read it, else PNG or WebP. `max_kib`: KiB of the answer,
    reached by less quality first, then by fewer pixels.
    """

    width: int | None = None
    height: int | None = None
    fit: Fit = "contain"
    format: Format | None = None
    quality: int = 80
    max_kib: int | None = None

    def __str__(self) -> str:
        parts = (
            f"w{self.width}" if self.width else "",
            f"h{self.height}" if self.height else "",
            self.fit if self.fit == "cover" else "",
            self.format or "",
            f"q{self.quality}" if self.quality != ImageOptions().quality else "",
            f"max{self.max_kib}k" if self.max_kib else "",
        )
        return ",".join(filter(None, parts)) or NONE


def parse_options(text: str) -> ImageOptions:
    """Read options as a path spells them. Raises ValueError with what is wrong and what is allowed."""
    read: dict[str, int | str] = {}
    for part in () if text == NONE else text.split(","):
        name, value = _read_part(part)
        if name in read:
            raise ValueError(f"option {part!r}: {name} is given twice; {ALLOWED}")
        read[name] = value
    return ImageOptions(**read)  # type: ignore[arg-type]


def _read_part(part: str) -> tuple[str, int | str]:
    for name, pattern in _PARTS.items():
        if found := pattern.fullmatch(part):
            value = int(found[1]) if name in _MOST else found[1]
            if isinstance(value, str) or value <= _MOST[name]:
                return name, value
    raise ValueError(f"option {part[:40]!r} is unknown; {ALLOWED}")
