from __future__ import annotations

import pytest

from app.metadata.values import MAX_URL, absolute_url, clean

BASE = "https://example.com/dir/page.html?q#f"


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("x.jpg", "https://example.com/dir/x.jpg"),
        ("/x.jpg", "https://example.com/x.jpg"),
        ("//cdn.example.com/x.jpg", "https://cdn.example.com/x.jpg"),
        ("../../x", "https://example.com/x"),
        ("/a/../x", "https://example.com/x"),
        ("?a=1&copy=2&amp;b", "https://example.com/dir/page.html?a=1&copy=2&amp;b"),
        (" \n/x\t.jpg ", "https://example.com/x.jpg"),
        ("HTTPS://Example.com/x", "HTTPS://Example.com/x"),
        ("http://example.com/a b\"c", "http://example.com/a%20b%22c"),
        ("http://example.com/ü", "http://example.com/ü"),
        ("/pics\\2024\\k.jpg?a\\b", "https://example.com/pics/2024/k.jpg?a%5Cb"),
        ("https:\\\\cdn.example.net\\k.jpg", "https://cdn.example.net/k.jpg"),
        ("https:///cdn.example.net/x", "https://cdn.example.net/x"),
        ("http:/other.example/x", "http://other.example/x"),
        ("https:/x", "https://example.com/x"),
        ("https:x", "https://example.com/dir/x"),
        ("https://site.example\\a.jpg", "https://site.example/a.jpg"),
        ("https://user:secret@example.com/x?a@b", "https://example.com/x?a@b"),
        ("//trusted.example@example.net/x", "https://example.net/x"),
        ("https://exa%20mple.com/x", None),
        ("https://example.com%00/x", None),
        ("https://exa mple.com/x", None),
        ("http://localhost:8000/x", "http://localhost:8000/x"),
        ("http://example.com:59999/x", "http://example.com:59999/x"),
        ("http://example.com:65535/x", "http://example.com:65535/x"),
        ("http://example.com:65536/x", None),
        ("http://example.com:٨٠/x", None),
        ("http://example.com:/x", "http://example.com:/x"),
        ("", None),
        (None, None),
        ("javascript:alert(1)", None),
        ("mailto:a@example.com", None),
        ("data:image/png;base64,AA", None),
        ("null", None),
        ("undefined", None),
        ("http://", None),
        ("http://[bad/", None),
        ("http://example.com:99999999/", None),
        ("http://example.com/" + "x" * MAX_URL, None),
        ("/" + "x" * MAX_URL, None),
    ],
)  # fmt: skip
def test_urls_become_absolute_or_nothing(href: str | None, url: str | None) -> None:
    assert absolute_url(href, BASE) == url


@pytest.mark.parametrize("base", ["http://localhost:8000/dir/", "http://[::1]/dir/", "http://192.0.2.1/dir/"])
def test_any_host_can_be_a_base(base: str) -> None:
    assert absolute_url("/x", base) == base.removesuffix("/dir/") + "/x"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  a \n\t b\xa0c ", "a b c"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Tom &amp;amp; Jerry", "Tom &amp; Jerry"),
        ("see /?a=1&region=eu", "see /?a=1&region=eu"),
        ("a\x00\x07b\ud800", "ab"),
        ("soft\xadhyphen", "softhyphen"),
        (" \n ", None),
        ("", None),
        (None, None),
        ("&#1;", None),
    ],
)
def test_text_is_one_clean_line(raw: str | None, text: str | None) -> None:
    assert clean(raw) == text


def test_text_is_cut_at_its_limit() -> None:
    assert clean("word " * 100, 12) == "word word wo"
