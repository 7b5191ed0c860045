"""`charset.jsonl` holds the encoding-sniffing cases of html5lib-tests (MIT licence), the HTML standard's own."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.metadata.html.charset import find_encoding, to_utf8

CASES = [json.loads(line) for line in Path(__file__).with_name("charset.jsonl").read_text("utf-8").splitlines()]

# Its bytes are UTF-8 in truth, whatever it declares, and no EUC-JP: with the standard's answer the title
# would be readable but the description would not.
DEVIATIONS = {"test-yahoo-jp.dat:81": "utf-8"}


def decode(body: bytes, content_type: str = "") -> tuple[str, str]:
    markup, name = to_utf8(body, content_type)
    return markup.decode("utf-8", "replace"), name


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_standards_cases(case: dict[str, str]) -> None:
    _, name = decode(base64.b64decode(case["bytes_b64"]))
    assert name == DEVIATIONS.get(case["id"], case["encoding"].lower())


@pytest.mark.parametrize(
    ("body", "content_type", "text", "name"),
    [
        ("é".encode(), "", "é", "utf-8"),
        (b"caf\xe9", "", "café", "windows-1252"),
        (b"caf\xe9", "text/html; charset=ISO-8859-1", "café", "windows-1252"),
        ("é".encode(), "text/html; charset=iso-8859-1", "é", "utf-8"),
        (b"caf\xe9", 'text/html; charset="utf-8"', "café", "windows-1252"),
        (b"caf\xe9 \xc3\xa9t\xc3\xa9", 'text/html; charset="utf-8"', "caf\ufffd été", "utf-8"),
        (b"\xc2\xe8\xad\xa1\xb2\xf3 \xad\xea \x8e\xb1", "text/html; charset=euc-jp", "第①回 ㈱ ｱ", "euc-jp"),
        (b"\xad\xa1\xff\xb2\xf3", "text/html; charset=euc-jp", "①\ufffd回", "euc-jp"),
        (b"a\x1b$BF|-!\x1b(Bb\x1b(I1\x1b(B\n", "text/html; charset=iso-2022-jp", "a日①bｱ\n", "iso-2022-jp"),
        (b'<meta charset="latin1">caf\xe9', "text/html; charset=utf-8", '<meta charset="latin1">café', "windows-1252"),
        ("日本".encode("cp932"), "text/html; charset=x-sjis", "日本", "shift_jis"),
        ("한국".encode("cp949"), "text/html; charset=euc-kr", "한국", "euc-kr"),
        ("中文".encode("gbk"), "text/html; charset=gb2312", "中文", "gbk"),
        ("Ж".encode("koi8-r"), "text/html; charset=KOI8-R", "Ж", "koi8-r"),
        ("\ufeffé".encode("utf-16-le"), "text/html; charset=utf-8", "é", "utf-16le"),
        ("é".encode("utf-16-be"), "text/html; charset=utf-16be", "é", "utf-16be"),
        ('<?xml version="1.0" encoding="iso-8859-2"?>ł'.encode("iso-8859-2"), "",
         '<?xml version="1.0" encoding="iso-8859-2"?>ł', "iso-8859-2"),
        (b"<META ChArSeT=koi8-r>\xf6", "", "<META ChArSeT=koi8-r>Ж", "koi8-r"),
        (b"<p title='charset=big5'><meta charset=koi8-r>\xf6", "",
         "<p title='charset=big5'><meta charset=koi8-r>Ж", "koi8-r"),
        (b"plain", "", "plain", "windows-1252"),
        (b"plain", "text/html; charset=punycode", "plain", "windows-1252"),
        (b"a\0b", "", "a\ufffdb", "windows-1252"),
        (b"", "", "", "windows-1252"),
    ],
)  # fmt: skip
def test_how_bytes_are_read(body: bytes, content_type: str, text: str, name: str) -> None:
    assert decode(body, content_type) == (text, name)


def test_utf8_with_a_few_bad_bytes_is_utf8_even_where_the_page_says_latin1_too() -> None:
    body = b'<meta charset="iso-8859-1">' + "für ".encode() * 100 + b"\xff"
    text, name = decode(body, "text/html; charset=utf-8")
    assert name == "utf-8"
    assert text.count("für") == 100


def test_a_meta_far_down_the_page_is_found() -> None:
    body = b"<!--" + b"x" * 20_000 + b'--><meta charset="windows-1251">\xe6'
    assert decode(body)[1] == "windows-1251"


@pytest.mark.parametrize(
    "label", ["punycode", "idna", "undefined", "zlib", "rot13", "hz-gb-2312", "utf-7", "utf-32", ""]
)
def test_labels_outside_the_standard_are_refused(label: str) -> None:
    assert find_encoding(label) is None


@pytest.mark.parametrize(
    "body",
    [
        b"\xff" * 4_000_000,
        b"<meta " * 600_000,
        b"<!charset" * 400_000,
        b"<!--" * 1_000_000,
        b"<meta charset=" * 280_000,
        b"\0" * 4_000_000,
    ],
)
@pytest.mark.parametrize("content_type", ["", "text/html; charset=gb18030", "text/html; charset=punycode"])
def test_hostile_bytes_are_read_in_linear_time(body: bytes, content_type: str) -> None:
    begun = time.process_time()
    decode(body, content_type)
    assert time.process_time() - begun < 3


@given(st.binary(max_size=300), st.text(max_size=40))
def test_whatever_comes_is_text_without_nuls_or_surrogates(body: bytes, content_type: str) -> None:
    text, name = decode(body, content_type)
    assert name == name.lower()
    assert "\0" not in text
    text.encode("utf-8")
