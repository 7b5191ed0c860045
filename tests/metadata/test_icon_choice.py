"""The icon that suits a size."""

from __future__ import annotations

import pytest

from app.metadata.icon_choice import choose_icon, edge
from app.metadata.model import Icon

SMALL, LARGE, HUGE = (Icon(f"https://a.example/{size}.png", "image/png", f"{size}x{size}") for size in (16, 48, 192))
SCALABLE = Icon("https://a.example/icon.svg", "image/svg+xml", "any")
MASK = Icon("https://a.example/mask.svg")
SEVERAL = Icon("https://a.example/favicon.ico", "image/x-icon", "16x16 32x32 48x48")


@pytest.mark.parametrize(
    ("icons", "size", "chosen"),
    [
        ((SMALL, LARGE, HUGE), 48, LARGE),
        ((HUGE, LARGE, SMALL), 32, LARGE),
        ((SMALL, LARGE), 64, LARGE),
        ((LARGE, SCALABLE), 32, SCALABLE),
        ((SCALABLE, LARGE), 48, LARGE),
        ((MASK, SMALL), 32, SMALL),
        ((MASK,), 32, MASK),
        ((HUGE, SEVERAL), 32, SEVERAL),
        ((), 32, None),
    ],
)
def test_the_icon_that_suits_best_is_chosen(icons: tuple[Icon, ...], size: int, chosen: Icon | None) -> None:
    assert choose_icon(icons, size) == chosen


def test_of_equals_the_first_is_chosen() -> None:
    other = Icon("https://a.example/other.png", "image/png", "48x48")
    assert choose_icon((other, LARGE), 48) is other


@pytest.mark.parametrize(
    ("icon", "size", "pixels"),
    [(SEVERAL, 32, 32), (SEVERAL, 40, 48), (SEVERAL, 64, 48), (SCALABLE, 32, None), (MASK, 32, None)],
)
def test_the_edge_nearest_to_the_size_is_told(icon: Icon, size: int, pixels: int | None) -> None:
    assert edge(icon, size) == pixels
