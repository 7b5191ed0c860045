"""Every spelling of a URL has one reading, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidUrl
from app.fetch.url import MAX_URL_LENGTH, TargetUrl, loggable, parse_url, resolve_reference

LABEL_63 = "a" * 63

HONEST = [  # as it was sent, as it is fetched
    ("http://example.com", "http://example.com/"),
    (" http://example.com/\t\r\n", "http://example.com/"),
    ("\xa0http://example.com/a\u3000", "http://example.com/a"),
    ("https://example.com/", "https://example.com/"),
    ("HTTP://EXAMPLE.COM/Path", "http://example.com/Path"),
    ("hTTpS://Example.Com", "https://example.com/"),
    ("http://example.com:80/", "http://example.com/"),
    ("https://example.com:443/", "https://example.com/"),
    ("http://example.com:443/", "http://example.com:443/"),
    ("http://example.com:8080/a", "http://example.com:8080/a"),
    ("http://example.com:/", "http://example.com/"),
    ("http://example.com:0080/", "http://example.com/"),
    ("http://example.com:65535/", "http://example.com:65535/"),
    ("http://example.com?a=b", "http://example.com/?a=b"),
    ("http://example.com?", "http://example.com/?"),
    ("http://example.com#top", "http://example.com/"),
    ("http://example.com/a#b?c", "http://example.com/a"),
    ("http://example.com/#@127.0.0.1/", "http://example.com/"),
    ("http://example.com/@127.0.0.1/", "http://example.com/@127.0.0.1/"),
    ("http://example.com?@127.0.0.1/", "http://example.com/?@127.0.0.1/"),
    # hosts
    ("http://example.com./", "http://example.com./"),
    ("http://a_b.example.com/", "http://a_b.example.com/"),
    ("http://_dmarc.example.com/", "http://_dmarc.example.com/"),
    ("http://-a.example.com/", "http://-a.example.com/"),
    ("http://ab--cd.example.com/", "http://ab--cd.example.com/"),
    (f"http://{LABEL_63}.com/", f"http://{LABEL_63}.com/"),
    ("http://1e3.example/", "http://1e3.example/"),
    ("http://127.0.0.1.example.com/", "http://127.0.0.1.example.com/"),
    ("http://ex%61mple.com/", "http://example.com/"),
    ("http://%6c%6f%63%61%6c%68%6f%73%74/", "http://localhost/"),
    ("http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "http://localhost/"),
    ("http://ｅｘａｍｐｌｅ．ｃｏｍ/", "http://example.com/"),
    ("http://loc\u00adalhost/", "http://localhost/"),
    ("http://\u212aelvin.com/", "http://kelvin.com/"),
    ("http://münchen.de/", "http://xn--mnchen-3ya.de/"),
    ("http://MÜNCHEN.de/", "http://xn--mnchen-3ya.de/"),
    ("http://m\u0075\u0308nchen.de/", "http://xn--mnchen-3ya.de/"),
    ("http://xn--mnchen-3ya.de/", "http://xn--mnchen-3ya.de/"),
    ("http://XN--MNCHEN-3YA.DE/", "http://xn--mnchen-3ya.de/"),
    ("http://faß.de/", "http://xn--fa-hia.de/"),
    ("http://例え.テスト/", "http://xn--r8jz45g.xn--zckzah/"),
    ("http://例え。テスト/", "http://xn--r8jz45g.xn--zckzah/"),
    ("http://пример.рф/", "http://xn--e1afmkfd.xn--p1ai/"),
    ("http://مثال.إختبار/", "http://xn--mgbh0fb.xn--kgbechtv/"),
    ("http://%C3%BCber.com/", "http://xn--ber-goa.com/"),
    ("http://i❤.ws/", "http://xn--i-7iq.ws/"),
    ("http://💩.la/", "http://xn--ls8h.la/"),
    # addresses
    ("http://192.0.2.1/", "http://192.0.2.1/"),
    ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
    ("http://[::1]/", "http://[::1]/"),
    ("http://[::1]:8080/", "http://[::1]:8080/"),
    ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
    ("https://[2606:2800:0220:0001:0248:1893:25C8:1946]/x", "https://[2606:2800:220:1:248:1893:25c8:1946]/x"),
    ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    # paths
    ("http://example.com/a/../b", "http://example.com/b"),
    ("http://example.com/a/./b", "http://example.com/a/b"),
    ("http://example.com/../../a", "http://example.com/a"),
    ("http://example.com/a/..", "http://example.com/"),
    ("http://example.com/a/b/..", "http://example.com/a/"),
    ("http://example.com/a/.", "http://example.com/a/"),
    ("http://example.com/a/%2e%2E/b", "http://example.com/b"),
    ("http://example.com/a/.%2e/b", "http://example.com/b"),
    ("http://example.com/...", "http://example.com/..."),
    ("http://example.com/..a/.b", "http://example.com/..a/.b"),
    ("http://example.com/a//b", "http://example.com/a//b"),
    ("http://example.com//a", "http://example.com//a"),
    ("http://example.com/a%2Fb%2fc", "http://example.com/a%2Fb%2fc"),
    ("http://example.com/%7Ea~b", "http://example.com/%7Ea~b"),
    ("http://example.com/100%", "http://example.com/100%"),
    ("http://example.com/%zz", "http://example.com/%zz"),
    ("http://example.com/café", "http://example.com/caf%C3%A9"),
    ("http://example.com/caf%C3%A9", "http://example.com/caf%C3%A9"),
    ("http://example.com/caf%E9", "http://example.com/caf%E9"),
    ("http://example.com/日本/🙂", "http://example.com/%E6%97%A5%E6%9C%AC/%F0%9F%99%82"),
    ("http://example.com/a;b=c,d:e@f!$&'()*+", "http://example.com/a;b=c,d:e@f!$&'()*+"),
    ("http://example.com/[a]|b", "http://example.com/[a]|b"),
    ('http://example.com/"<>`{}^', "http://example.com/%22%3C%3E%60%7B%7D%5E"),
    # queries
    ("http://example.com/?a[]=1&a[]=2", "http://example.com/?a[]=1&a[]=2"),
    ("http://example.com/?a=b+c%20d", "http://example.com/?a=b+c%20d"),
    ("http://example.com/?a='b'", "http://example.com/?a='b'"),
    ('http://example.com/?a="<b>"', "http://example.com/?a=%22%3Cb%3E%22"),
    ("http://example.com/?a={b}|^`c", "http://example.com/?a={b}|^`c"),
    ("http://example.com/?a=é", "http://example.com/?a=%C3%A9"),
    ("http://example.com/?a=%E9", "http://example.com/?a=%E9"),
    ("http://example.com/?a=/../b", "http://example.com/?a=/../b"),
    ("http://example.com/?to=http://127.0.0.1/", "http://example.com/?to=http://127.0.0.1/"),
    ("http://example.com/??a?", "http://example.com/??a?"),
    ("http://example.com/?=&&;", "http://example.com/?=&&;"),
]

REFUSED = [  # as it was sent, why
    # no absolute http(s) URL
    ("", "not_absolute"),
    ("example.com", "not_absolute"),
    ("example.com:80/a", "other_scheme"),
    ("/path", "not_absolute"),
    ("//example.com/", "not_absolute"),
    ("http:example.com", "not_absolute"),
    ("http:/example.com", "not_absolute"),
    ("ftp://example.com/", "other_scheme"),
    ("file:///etc/passwd", "other_scheme"),
    ("javascript:alert(1)", "other_scheme"),
    ("data:text/html,x", "other_scheme"),
    ("gopher://example.com/", "other_scheme"),
    ("ws://example.com/", "other_scheme"),
    ("httpx://example.com/", "other_scheme"),
    ("view-source:http://example.com/", "other_scheme"),
    # no host
    ("http://", "no_host"),
    ("http:///", "no_host"),
    ("http:///example.com", "no_host"),
    ("http:////example.com", "no_host"),
    ("http://?a", "no_host"),
    ("http://#a", "no_host"),
    ("http://:80/", "no_host"),
    ("http://::1/", "no_host"),
    # user info
    ("http://user@example.com/", "user_info"),
    ("http://user:pw@example.com/", "user_info"),
    ("http://@example.com/", "user_info"),
    ("http://:@example.com/", "user_info"),
    ("http://example.com@127.0.0.1/", "user_info"),
    ("http://127.0.0.1:80@example.com/", "user_info"),
    ("http://a@b@example.com/", "user_info"),
    # characters
    ("http://127.0.0.1\\@example.com/", "character"),
    ("http:\\\\example.com\\", "character"),
    ("http://example.com/a\\b", "character"),
    ("http://example.com/#a\\b", "character"),
    ("http://example.com/a b", "character"),
    ("http://exa mple.com/", "character"),
    ("http://example.com/\ta", "character"),
    ("java\nscript:alert(1)", "character"),
    ("http://example.com/\r\nHost: x", "character"),
    ("http://example.com/\0", "character"),
    ("http://example.com/\x7f", "character"),
    ("http://example.com/\x85a", "character"),
    ("http://example.com/\xa0a", "character"),
    ("http://example.com/\u2028a", "character"),
    ("http://example.com/\u3000a", "character"),
    ("http://example.com/\ud800", "character"),
    ("http://exa\ud800mple.com/", "character"),
    ("\ufeffhttp://example.com/", "not_absolute"),
    # ports
    ("http://example.com:0/", "port"),
    ("http://example.com:65536/", "port"),
    ("http://example.com:99999999999/", "port"),
    ("http://example.com:-80/", "port"),
    ("http://example.com:+80/", "port"),
    ("http://example.com:80a/", "port"),
    ("http://example.com:0x50/", "port"),
    ("http://example.com:８０/", "port"),
    ("http://example.com:80:80/", "port"),
    ("http://[::1]:a/", "port"),
    # IPv4 in disguise
    ("http://2130706433/", "ipv4"),
    ("http://0x7f000001/", "ipv4"),
    ("http://0X7F.1/", "ipv4"),
    ("http://017700000001/", "ipv4"),
    ("http://0177.0.0.1/", "ipv4"),
    ("http://127.0.0.01/", "ipv4"),
    ("http://127.0.0.0x1/", "ipv4"),
    ("http://127.1/", "ipv4"),
    ("http://127.0.1/", "ipv4"),
    ("http://127.0.0.1./", "ipv4"),
    ("http://0/", "ipv4"),
    ("http://0x/", "ipv4"),
    ("http://256.0.0.1/", "ipv4"),
    ("http://1.2.3.4.5/", "ipv4"),
    ("http://4294967296/", "ipv4"),
    ("http://foo.1/", "ipv4"),
    ("http://foo.0x4/", "ipv4"),
    ("http://１２７.0.0.1/", "ipv4"),
    ("http://①②⑦.⓪.⓪.①/", "ipv4"),
    ("http://127。0。0。1/", "ipv4"),
    ("http://%31%32%37.0.0.1/", "ipv4"),
    ("http://127%2e0%2e0%2e1/", "ipv4"),
    ("http://127.0.0.1%E3%80%82/", "ipv4"),
    ("http://1\u00ad27.0.0.1/", "ipv4"),
    # IPv6
    ("http://[::1/", "host"),
    ("http://[::1]a/", "host"),
    ("http://[::1]]/", "host"),
    ("http://[[::1]]/", "host"),
    ("http://[]/", "host"),
    ("http://[127.0.0.1]/", "host"),
    ("http://[v1.fe]/", "host"),
    ("http://[:::1]/", "host"),
    ("http://[::01.2.3.4]/", "host"),
    ("http://[fe80::1%25eth0]/", "host"),
    ("http://[fe80::1%eth0]/", "host"),
    ("http://[::%31]/", "host"),
    ("http://[１::1]/", "host"),
    # names
    ("http://a..b/", "host"),
    ("http://.a.com/", "host"),
    ("http://a.com../", "host"),
    ("http://./", "host"),
    (f"http://{LABEL_63}a.com/", "host"),
    ("http://" + ".".join([LABEL_63] * 4) + "/", "host"),
    ("http://xn--/", "host"),
    ("http://xn--a/", "host"),
    ("http://xn--foo-.com/", "host"),
    ("http://xn--zzzzzzzzzzzzzzz/", "host"),
    ("http://xn--mnchen-3ya\u00e9.de/", "host"),
    ("http://\u0301a.com/", "host"),
    ("http://\u05d0a.com/", "host"),
    ("http://a\u200db.com/", "host"),
    ("http://\u00ad/", "host"),
    ("http://℀.com/", "host"),
    ("http://\ufdd0.com/", "host"),
    ("http://%/", "host"),
    ("http://ex%6/", "host"),
    ("http://%zz.com/", "host"),
    ("http://%ff.com/", "host"),
    ("http://127.0.0.1%00.example.com/", "host"),
    ("http://example.com%2f.evil.example/", "host"),
    ("http://example.com%23.evil.example/", "host"),
    ("http://example.com%40evil.example/", "host"),
    ("http://example.com%5c.evil.example/", "host"),
    ("http://example.com%20/", "host"),
    ("http://example.com&evil.example/", "host"),
    ("http://example.com,evil.example/", "host"),
    ("http://example.com;evil.example/", "host"),
    ("http://*.example.com/", "host"),
    ("http://a<b.com/", "host"),
    ("http://" + "ü" * 4000 + ".de/", "host"),
    # length
    ("http://example.com/" + "a" * MAX_URL_LENGTH, "too_long"),
]


@pytest.mark.parametrize(("sent", "rebuilt"), HONEST)
def test_an_honest_url_is_rebuilt_without_changing_its_meaning(sent: str, rebuilt: str) -> None:
    assert str(parse_url(sent)) == rebuilt


@pytest.mark.parametrize(("sent", "reason"), REFUSED)
def test_an_ambiguous_url_is_refused_and_the_rule_is_named(sent: str, reason: str) -> None:
    with pytest.raises(InvalidUrl) as refusal:
        parse_url(sent)
    assert refusal.value.reason == reason


def test_a_url_of_4096_characters_is_not_too_long() -> None:
    sent = "http://example.com/".ljust(MAX_URL_LENGTH, "a")
    assert str(parse_url(sent)) == sent


@given(st.text(max_size=40), st.sampled_from(["http://", "http://example.com", "https://example.com/", ""]))
def test_whatever_is_read_reads_as_itself_again(rest: str, start: str) -> None:
    try:
        url = parse_url(start + rest)
    except InvalidUrl:
        return
    assert parse_url(str(url)) == url
    assert str(url).isascii()


@given(st.text(alphabet="./%2eE;a", max_size=30))
def test_no_dot_segment_is_left_in_a_path(path: str) -> None:
    segments = parse_url(f"http://example.com/{path}").path.lower().replace("%2e", ".").split("/")
    assert not {".", ".."} & set(segments)


def test_a_url_knows_its_parts() -> None:
    url = parse_url("https://EXAMPLE.com:8443/a?b#c")
    assert url == TargetUrl("https", "example.com", 8443, "/a?b")
    assert (url.netloc, url.origin, url.path) == ("example.com:8443", "https://example.com:8443", "/a")


def test_an_ipv6_host_has_brackets_where_a_url_needs_them() -> None:
    url = parse_url("http://[::1]:8080/")
    assert (url.host, url.netloc) == ("::1", "[::1]:8080")


def test_a_log_shows_that_there_is_a_query_and_not_what_it_says() -> None:
    assert loggable(parse_url("http://example.com/a?token=secret")) == "http://example.com/a?…"
    assert loggable(parse_url("http://example.com/a")) == "http://example.com/a"


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        ("http://other.example/x", "http://other.example/x"),
        ("//other.example/x", "https://other.example/x"),
        ("/x", "https://example.com/x"),
        ("x", "https://example.com/a/x"),
        ("./x", "https://example.com/a/x"),
        ("../x", "https://example.com/x"),
        ("../../../x", "https://example.com/x"),
        ("?x", "https://example.com/a/b?x"),
        ("#x", "https://example.com/a/b?c=d"),
        ("x/y?z=/../", "https://example.com/a/x/y?z=/../"),
        ("/a b", "https://example.com/a%20b"),
        (" /x\t", "https://example.com/x"),
        ("/é", "https://example.com/%C3%A9"),
        ("", "https://example.com/a/b?c=d"),
        ("?", "https://example.com/a/b?"),
        ("https:x", "https://example.com/a/x"),
        ("https:/x", "https://example.com/x"),
        ("https:?x", "https://example.com/a/b?x"),
        ("https:///other.example/x", "https://other.example/x"),
        ("http:x", "http://x/"),
        ("http:/other.example/x", "http://other.example/x"),
        ("http:\\\\other.example\\x?a\\b", "http://other.example/x?a%5Cb"),
        ("///other.example", "https://other.example/"),
        ("/\\other.example/x", "https://other.example/x"),
        ("\\x\\..\\y", "https://example.com/y"),
        ("..\\x", "https://example.com/x"),
        ("http://other.example\\@evil.example/", "http://other.example/@evil.example/"),
        ("/a\tb\r\nc", "https://example.com/abc"),
        ("ht\ntps://other.example/", "https://other.example/"),
        ("\x00\x1f /x\x01", "https://example.com/x"),
        ("/a\x00\x7f\x85b", "https://example.com/a%00%7F%C2%85b"),
        ("/a\xa0b\u3000", "https://example.com/a%C2%A0b%E3%80%80"),
        ("/a?b c\xa0", "https://example.com/a?b%20c%C2%A0"),
        ("//OTHER.example:443#a\\b", "https://other.example/"),
    ],
)
def test_a_reference_is_read_as_browsers_read_it(reference: str, meant: str) -> None:
    assert str(resolve_reference(parse_url("https://example.com/a/b?c=d"), reference)) == meant


@pytest.mark.parametrize(
    "reference",
    [
        "http://user@other.example/",
        "//other.example:0/",
        "http://",
        "http:///",
        "https://\\\\?x",
        "//other example/",
        "//other.example\xa0/",
        "//[::1",
        "//a\x00b/",
        "http://127.1/",
        "/" + "a" * 9_000,
    ],
)
def test_the_host_of_a_reference_is_read_as_strictly_as_that_of_a_url(reference: str) -> None:
    with pytest.raises(InvalidUrl):
        resolve_reference(parse_url("https://example.com/"), reference)
