"""Cookies are kept and sent as RFC 6265 has it, also where http.cookiejar would not."""

from __future__ import annotations

import pytest

from app.fetch.cookies import MAX_COOKIE, MAX_COOKIE_LENGTH, MAX_SET_COOKIES, CookieJar
from app.fetch.url import parse_url

ASKED = "http://www.example.com/a/b"


def sent(*fields: str, to: str = ASKED, asked: str = ASKED) -> str:
    """The Cookie field for `to` after an answer of `asked` with these Set-Cookie fields."""
    jar = CookieJar()
    jar.keep(parse_url(asked), list(fields))
    return jar.header(parse_url(to))


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        "; Domain=; Path=/",
        "; Domain=www.example.com",
        "; Domain=.example.com",
        "; DOMAIN=EXAMPLE.com ; path = /a",
        '; Version=1; Path="/"',
        "; Path=c",
        "; Path=",
        '; Max-Age="3600"',
        "; Max-Age=soon",
        "; Max-Age=3600; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "; Expires=Fri, 31 Dec 2199 23:59:59 GMT",
        "; Expires=Friday, 31-Dec-49 23:59:59 GMT",
        "; expires=never",
        "; HttpOnly; SameSite=Strict; Partitioned; Priority=High",
        ";;; =; ",
    ],
)
def test_a_cookie_comes_back_whatever_its_attributes_are(attributes: str) -> None:
    assert sent(f"k=v{attributes}") == "k=v"


@pytest.mark.parametrize(
    "attributes",
    [
        "; Max-Age=0",
        "; Max-Age=-1",
        "; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "; Expires=Thursday, 01-Jan-70 00:00:00 GMT",
        "; expires=1 jan 1980 10:00:00",
        "; Max-Age=3600; Max-Age=0",
    ],
)
def test_a_cookie_of_the_past_ends_an_earlier_one(attributes: str) -> None:
    assert sent("k=v", f"k={attributes}") == ""


@pytest.mark.parametrize("attributes", ["; Domain=example.org", "; Domain=w.example.com", "; Domain=com", "; Secure"])
def test_a_cookie_that_may_not_be_set_is_not_kept(attributes: str) -> None:
    assert sent(f"k=v{attributes}") == ""


def test_a_cookie_is_not_shared_below_a_public_suffix() -> None:
    assert sent("k=v; Domain=co.uk", asked="http://a.co.uk/", to="http://b.co.uk/") == ""
    assert sent("k=v; Domain=github.io", asked="http://a.github.io/", to="http://b.github.io/") == ""


@pytest.mark.parametrize(
    ("attributes", "to", "comes"),
    [
        ("", "http://example.com/a/b", False),
        ("", "http://sub.www.example.com/a/b", False),
        ("; Domain=www.example.com", "http://sub.www.example.com/a/b", True),
        ("; Domain=example.com", "http://example.com/a/b", True),
        ("; Domain=example.com", "http://badexample.com/a/b", False),
        ("", "http://www.example.com:8080/a/b", True),
        ("", "https://www.example.com/a/c", True),
        ("", "http://www.example.com/ab", False),
        ("", "http://www.example.com/", False),
        ("; Path=/", "http://www.example.com/", True),
        ("; Path=/a/", "http://www.example.com/a", False),
        ("; Path=/x", "http://www.example.com/x/y", True),
        ("; Path=/x", "http://www.example.com/xy", False),
    ],
)
def test_a_cookie_goes_where_it_belongs(attributes: str, to: str, comes: bool) -> None:
    assert sent(f"k=v{attributes}", to=to) == ("k=v" if comes else "")


def test_a_secure_cookie_goes_over_tls_alone() -> None:
    secure = "https://www.example.com/"
    assert sent("k=v; Secure", asked=secure, to=secure) == "k=v"
    assert sent("k=v; Secure", asked=secure, to="http://www.example.com/") == ""


def test_a_cookie_of_an_address_stays_with_it() -> None:
    assert sent("k=v; Domain=127.0.0.1", asked="http://127.0.0.1/", to="http://127.0.0.1/") == "k=v"
    assert sent("k=v; Domain=0.0.1", asked="http://127.0.0.1/", to="http://127.0.0.1/") == ""


@pytest.mark.parametrize(
    ("field", "cookie"),
    [
        (" k = v w ;x", "k=v w"),
        ("k=a=b", "k=a=b"),
        ('k="a b"', 'k="a b"'),
        ("k", "k"),
        ("=v", "v"),
        ("k=", "k="),
        ("k=\xc3\xa9\xa0", "k=\xc3\xa9\xa0"),
        ("", ""),
        ("=", ""),
        ("k=a\x00b", ""),
        ("k=" + "v" * MAX_COOKIE, ""),
    ],
)
def test_a_name_and_a_value_are_read(field: str, cookie: str) -> None:
    assert sent(field) == cookie


def test_the_longest_path_comes_first_and_then_the_oldest() -> None:
    assert sent("a=1; Path=/", "b=2; Path=/a", "c=3; Path=/") == "b=2; a=1; c=3"


def test_the_latest_value_stands_in_the_place_of_the_first() -> None:
    assert sent("a=1", "b=2", "a=3") == "a=3; b=2"


def test_cookies_are_bounded() -> None:
    assert sent(*(f"k{number}=v" for number in range(100))).count("=") == MAX_SET_COOKIES
    assert sent(*(f"k{number}={'v' * 4_000}" for number in range(MAX_COOKIE_LENGTH // 4_000 + 1))) == ""
