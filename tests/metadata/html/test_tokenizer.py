"""Tags, comments and raw text by the tokenizer states of the HTML standard, 13.2.5.

`tags.jsonl` holds facts of html5lib-tests: inputs with the start tags that the standard sees in them. They are
Copyright (c) 2006-2013 James Graham, Geoffrey Sneddon, and other contributors, under the MIT licence.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.metadata.html.tokenizer import MAX_ATTRIBUTES
from tests.metadata.html.tables import each_reader, names, tags, texts

FACTS = [json.loads(line) for line in Path(__file__).with_name("tags.jsonl").read_text(encoding="utf-8").splitlines()]


@each_reader
@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact["html"][:30])
def test_facts_of_html5lib(read: Any, fact: dict[str, Any]) -> None:
    assert tags(read(fact["html"].encode())) == [(name, attributes) for name, attributes in fact["tags"]]


@each_reader
@pytest.mark.parametrize(
    ("html", "attributes"),
    [
        ("<p a=\"1\" b='2' c=3 d>", {"a": "1", "b": "2", "c": "3", "d": ""}),
        ("<p a = 1 b\n=\t'2'>", {"a": "1", "b": "2"}),
        ("<p A=1 a=2>", {"a": "1"}),
        ("<p a=1/>", {"a": "1/"}),
        ("<p a/b//c />", {"a": "", "b": "", "c": ""}),
        ("<p a= >", {"a": ""}),
        ("<p a=>", {"a": ""}),
        ("<p =a=b>", {"=a": "b"}),
        ("<p a=''='b'>", {"a": "", "='b'": ""}),
        ("<p a='x'b=\"y\">", {"a": "x", "b": "y"}),
        ("<p a=\"b>c<d\" e='<meta>'>", {"a": "b>c<d", "e": "<meta>"}),
        ("<p a=b\"c'd<e=f>", {"a": "b\"c'd<e=f"}),
        ("<p a='x\r\ny\rz'>", {"a": "x\ny\nz"}),
        ("<p a='b\x0bc' d\x0be>", {"a": "b\x0bc", "d\x0be": ""}),
        ("<p É=é ß>", {"É": "é", "ß": ""}),
        ("<p a='\0'>", {"a": "\ufffd"}),
        ("<p og&#x3A;a='og&#x3A;b'>", {"og&#x3a;a": "og:b"}),
        ("<p a='?b&region=c&copy;'>", {"a": "?b&region=c©"}),
        ("<p></p a='b'>", {}),
    ],
)
def test_attributes(read: Any, html: str, attributes: dict[str, str]) -> None:
    assert read(html.encode()).attributes(0) == attributes


@each_reader
def test_broken_bytes_become_replacement_characters(read: Any) -> None:
    assert read(b"<p a='\xff\xc3'>\xfe").attributes(0) == {"a": "\ufffd\ufffd"}


@each_reader
def test_the_first_hundred_attributes_are_kept(read: Any) -> None:
    table = read(b"<p " + b" ".join(b"a%d=%d" % (n, n) for n in range(MAX_ATTRIBUTES + 50)) + b" z><b>")
    assert len(table.attributes(0)) == MAX_ATTRIBUTES
    assert table.attribute(0, "a99") == "99"
    assert table.attribute(0, "a100") is None
    assert names(table) == ["p", "b"]


@each_reader
@pytest.mark.parametrize("html", ["<b><meta", "<b><meta a", "<b><meta a='>x<i>", "<b></i", "<b><meta /"])
def test_a_tag_that_never_ends_is_none(read: Any, html: str) -> None:
    assert names(read(html.encode())) == ["b"]


@each_reader
@pytest.mark.parametrize(
    "text", ["a < b", "a<", "1 <2> 3", "<3", "a<>b", "</", "x <<", "a <\x00 b"]
)  # fmt: skip
def test_less_than_signs_that_are_text(read: Any, text: str) -> None:
    assert texts(read(text.encode())) == [text.replace("\0", "\ufffd")]


@each_reader
@pytest.mark.parametrize(
    "comment",
    [
        "<!-->", "<!--->", "<!---->", "<!--a-->", "<!--a--!>", "<!----!>", "<!--a--b-->", "<!--<b>-->", "<!--<!---->",
        "<!--a->-->", "<!-- -- -->", "<?a>", "<!a>", "</ b>", "</>", "<!>", "<?>", "<!doctype html '>",
        "<![CDATA[x]>", "</1>",
    ],
)  # fmt: skip
def test_comments(read: Any, comment: str) -> None:
    assert names(read(f"<i>{comment}<b>".encode())) == ["i", "b"]
    assert texts(read(f"<i>{comment}<b>".encode())) == []


@each_reader
@pytest.mark.parametrize("comment", ["<!--", "<!--a--!", "<!---!>", "<!--a-- >", "<!--a--", "<?a", "<!a"])
def test_comments_without_end(read: Any, comment: str) -> None:
    assert names(read(f"<i>{comment}<b".encode())) == ["i"]


@each_reader
@pytest.mark.parametrize("name", ["title", "textarea", "style", "xmp", "iframe", "noembed", "noframes", "script"])
def test_raw_text_ends_with_its_own_end_tag(read: Any, name: str) -> None:
    table = read(f"<{name}><b></bx></{name}x></ {name}><!--</{name.upper()}\n a='>'><i>".encode())
    assert names(table) == [name, "i"]
    assert texts(table) == [f"<b></bx></{name}x></ {name}><!--"]


@each_reader
@pytest.mark.parametrize("name", ["title", "style", "script"])
def test_raw_text_without_end_is_all_the_rest(read: Any, name: str) -> None:
    assert texts(read(f"<{name}>a<b></{name}".encode())) == [f"a<b></{name}"]


@each_reader
def test_plaintext_has_no_end(read: Any) -> None:
    assert texts(read(b"<plaintext>a</plaintext><b>&amp;")) == ["a</plaintext><b>&amp;"]


@each_reader
@pytest.mark.parametrize(
    "script",
    [
        "<!--<script></script>-->", "<!--<script></script>", "<!--<script >x</script/>--", "<!-->", "<!--->",
        "<!--a--><script>", "<!--<scriptx>", "<!--<script><!-->", "<!--<SCRIPT>a</sCript>b", "<script>",
        "<!--<script>-->",
    ],
)  # fmt: skip
def test_scripts_in_comments_of_scripts(read: Any, script: str) -> None:
    table = read(f"<script>{script}</script><b>".encode())
    assert texts(table)[0] == script
    assert names(table) == ["script", "b"]


@each_reader
def test_a_double_escaped_script_swallows_the_rest(read: Any) -> None:
    assert names(read(b"<script><!--<script></script><b>")) == ["script"]


@each_reader
def test_references_are_decoded_in_text_and_titles_alone(read: Any) -> None:
    table = read(b"<title>&copy</title><style>&copy;</style><p>&notit;<svg><![CDATA[&copy;]]></svg>")
    assert texts(table) == ["©", "&copy;", "¬it;", "&copy;"]


@each_reader
@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a&amp;b &#39;&#x1F600;&nbsp;", "a&b '\U0001f600\xa0"),
        ("a & b&", "a & b&"),
        ("&nGt;&lt", "\u226b\u20d2<"),
        ("&#128;&#0;&#xD800;&#x110000;", "€\ufffd\ufffd\ufffd"),
        ("&#" + "9" * 5_000 + ";&#x;", "\ufffd&#x;"),
        ("&#13;\r\n&amp;", "\r\n&"),
        ("&nothing;&unknown;", "¬hing;&unknown;"),
    ],
)
def test_references_in_text(read: Any, raw: str, text: str) -> None:
    assert texts(read(f"<p>{raw}".encode())) == [text]


@each_reader
def test_cdata_is_text_in_foreign_content_alone(read: Any) -> None:
    assert texts(read(b"<p><![CDATA[<i>]]>x<svg><![CDATA[<b>]]></svg>")) == ["]]>x", "<b>"]
    assert texts(read(b"<svg><![CDATA[<b>]]")) == ["<b>]]"]


@each_reader
def test_a_newline_at_the_start_of_pre_is_none(read: Any) -> None:
    assert texts(read(b"<pre>\n\na</pre><textarea>\r\nb</textarea><p>\nc")) == ["\na", "b", "\nc"]
