"""Patterns are found wherever they stand, whatever the windows are in which they are looked for."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from app.metadata.html import patterns
from app.metadata.html.patterns import WINDOW, Patterns, any_case


def test_a_needle_over_the_edge_of_a_window_is_found_once() -> None:
    found = Patterns(b"needle")
    for before in range(WINDOW - 8, WINDOW + 2):
        markup = b"-" * before + b"needle" + b"-" * 10
        assert list(found.find(markup)) == [(0, before, before + 6)]


def test_only_what_stands_between_two_places_is_found() -> None:
    assert list(Patterns(b"ab").find(b"abababab", 1, 7)) == [(0, 2, 4), (0, 4, 6)]


def test_none_is_over_another() -> None:
    markup = b"a" * (WINDOW + 9)
    places = [place for _, place, _ in Patterns(b"aaa").find(markup)]
    assert places == list(range(0, len(markup) - 2, 3))


@given(
    st.lists(st.sampled_from(["a", "b", "ab", "-", *map(bytes.decode, patterns._FILLERS)]), max_size=60).map("".join)
)
def test_what_is_found_is_what_re_finds(text: str) -> None:
    markup = text.encode()
    expected = [(int(found[0] == b"ba"), *found.span()) for found in re.finditer(b"ab|ba", markup)]
    assert list(Patterns(b"ab", b"ba").find(markup)) == expected


def test_every_case_of_a_name() -> None:
    assert sorted(any_case(b"h1b")) == [b"H1B", b"H1b", b"h1B", b"h1b"]
