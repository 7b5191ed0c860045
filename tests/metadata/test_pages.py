"""Each page of `tests/pages` is one thing that real pages do; the JSON beside it is what its card must hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.metadata import Document, encode, read_metadata
from app.page import Page

PAGES = sorted((Path(__file__).parent.parent / "pages").glob("*.html"))


def assert_holds(expected: Any, actual: Any, where: str) -> None:
    """An expected object may leave fields out; anything else is equal."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            assert_holds(value, actual[name], f"{where}.{name}")
    else:
        assert actual == expected, where


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_the_card_of_a_page(path: Path) -> None:
    case = json.loads(path.with_suffix(".json").read_text("utf-8"))
    page = Page(case["url"], case["url"], 200, case.get("content_type", "text/html"), path.read_bytes())
    card = orjson.loads(encode(read_metadata(Document(page))))
    assert_holds(case["card"], card, path.stem)
