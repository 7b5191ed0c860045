from __future__ import annotations

import pytest

from app.metadata import read_refresh
from tests.metadata.reading import document


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0; url=/next", "https://example.com/next"),
        ("0;URL='/next'", "https://example.com/next"),
        ('3 , url = "next"', "https://example.com/dir/next"),
        ("0; /next", "https://example.com/next"),
        ("1.5; url=https://other.example/", "https://other.example/"),
        ("0; url=/?a=1&amp;b=2", "https://example.com/?a=1&b=2"),
        ("9;url=/next", "https://example.com/next"),
        (".5; url=/next", "https://example.com/next"),
        ("0; url=/t?a=1&amp;copy=2&amp;region=eu", "https://example.com/t?a=1&copy=2&region=eu"),
        ("0; url=/t?a=1&copy=2&amp;amp;b", "https://example.com/t?a=1&copy=2&amp;b"),
        ("10;url=/next", None),
        ("300", None),
        ("", None),
        ("url=/next", None),
        ("0;url=javascript:alert(1)", None),
        ("0;url=https://user@example.com/next", None),
        ("0;url=/next/@user", "https://example.com/next/@user"),
        ("0;url=https://example.com/dir/page.html", "https://example.com/dir/page.html"),
    ],
)
def test_where_a_page_sends_its_readers(content: str, target: str | None) -> None:
    quote = "'" if '"' in content else '"'
    page = document(f"<META HTTP-EQUIV=Refresh CONTENT={quote}{content}{quote}>")
    assert read_refresh(page) == target


def test_what_is_said_to_readers_without_scripts_is_not_followed() -> None:
    page = document('<noscript><meta http-equiv="refresh" content="0;url=/no-js"></noscript><p>x</p>')
    assert read_refresh(page) is None


def test_a_refresh_after_a_noscript_is_followed() -> None:
    page = document('<noscript><p>x</p></noscript><meta http-equiv="refresh" content="0;url=/next">')
    assert read_refresh(page) == "https://example.com/next"
