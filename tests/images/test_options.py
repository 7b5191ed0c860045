"""Options of a picture, read and written."""

from __future__ import annotations

import pytest

from app.images.options import ImageOptions, parse_options


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("-", ImageOptions()),
        ("w600", ImageOptions(width=600)),
        ("h315", ImageOptions(height=315)),
        ("w600,h315,cover,webp", ImageOptions(600, 315, "cover", "webp")),
        ("png,w1", ImageOptions(width=1, format="png")),
        ("contain,jpeg,q1", ImageOptions(format="jpeg", quality=1)),
        ("max976k,q100,w4096", ImageOptions(width=4096, quality=100, max_kib=976)),
    ],
)
def test_options_are_read(text: str, options: ImageOptions) -> None:
    assert parse_options(text) == options
    assert parse_options(str(options)) == options


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "w", "w0", "w-1", "w4097", "w99999", "W600", "w600,", " w600", "w600;h2", "w٣", "w1.5"),
        *("gif", "q0", "q101", "max", "max0k", "max976", "max976m", "max99999k", "cover,contain", "w1,w2", "-,w1"),
        *("w600\n", "w6" * 10_000),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="allowed are w and h"):
        parse_options(text)
