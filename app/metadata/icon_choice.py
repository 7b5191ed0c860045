"""Choice of the icon that suits a size, by the declared `sizes` and `type`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.metadata.model import Icon

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


def choose_icon(icons: Iterable[Icon], size: int) -> Icon | None:
    """Return the best icon for `size` pixels, the first of equals.

    Best is the exact size, then a scalable icon, the smallest larger one, the largest smaller one, and last an icon
    without a size.
    """
    return min(icons, key=lambda icon: _rank(icon, size), default=None)


def edge(icon: Icon, size: int) -> int | None:
    """Return the declared edge in pixels that is nearest to `size`; None for scalable icons and those without one."""
    edges = [min(int(width), int(height)) for width, height in _SIZE.findall(icon.sizes or "")]
    return min(edges, key=lambda each: _distance(each, size), default=None)


def _rank(icon: Icon, size: int) -> tuple[int, int]:
    declared = edge(icon, size)
    if declared is not None:
        return _distance(declared, size)
    scalable = icon.type == "image/svg+xml" or "any" in (icon.sizes or "").lower().split()
    return (1, 0) if scalable else (4, 0)


def _distance(declared: int, size: int) -> tuple[int, int]:
    if declared == size:
        return 0, 0
    return (2, declared - size) if declared > size else (3, size - declared)
