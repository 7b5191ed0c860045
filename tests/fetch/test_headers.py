"""What a caller may have sent, and what not."""

from __future__ import annotations

import pytest

from app.fetch import check_headers
from app.fetch.headers import MAX_HEADERS

OURS = (
    *("Host", "Content-Length", "Transfer-Encoding", "Connection", "TE", "Upgrade", "Keep-Alive", "Trailer", "Expect"),
    *("Proxy-Authorization", "Proxy-Connection", "Proxy-X"),
)


@pytest.mark.parametrize("name", [*OURS, *map(str.lower, OURS), *map(str.upper, OURS)])
def test_what_says_how_a_message_travels_is_refused(name: str) -> None:
    assert "Pagecard's own" in check_headers({name: "1"})[name]


@pytest.mark.parametrize("name", ["", " ", "X Y", "X:", "X\r\n", "X\nY", "X\0", "é", "X(", "X/", "\tX", "X\x7f"])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    assert "field name" in check_headers({name: "1"})[name]


@pytest.mark.parametrize("value", ["a\r\nX-B: c", "a\nb", "a\rb", "a\0b", "é", "\x7f", "a\tb", "\ud800", "🙂", "\x1b"])
def test_a_value_that_is_not_printable_ascii_is_refused(value: str) -> None:
    assert "printable ASCII" in check_headers({"X-A": value})["X-A"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer abc"),
        ("Cookie", "a=b; c=d"),
        ("X-Api-Key", "~!@#$%^&*()_+ {}|:\"<>?`-=[]\\;',./"),
        ("User-Agent", "Mozilla/5.0"),
        ("Accept-Language", "de"),
        ("Referer", "https://example.com/"),
        ("X-Empty", ""),
        ("!#$%&'*+-.^_`|~09Az", "token"),
    ],
)
def test_an_ordinary_field_is_fine(name: str, value: str) -> None:
    assert check_headers({name: value}) == {}


def test_every_field_that_is_wrong_is_named() -> None:
    assert set(check_headers({"Host": "a", "X-A": "\n", "X-B": "fine"})) == {"Host", "X-A"}


def test_a_field_in_two_spellings_is_refused() -> None:
    assert "once" in check_headers({"X-A": "1", "x-a": "2"})["headers"]


def test_fields_are_bounded_in_number_and_size() -> None:
    assert check_headers({f"X-{number}": "" for number in range(MAX_HEADERS)}) == {}
    assert "at most 50" in check_headers({f"X-{number}": "" for number in range(MAX_HEADERS + 1)})["headers"]
    assert "at most 16,384" in check_headers({"X-A": "a" * 16_382})["headers"]
