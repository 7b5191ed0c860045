"""JSON-LD: spellings that are mended, and what it costs."""

from __future__ import annotations

import json
import time

import pytest

from app.metadata import read_metadata
from tests.metadata.reading import document

NODE = '{"@type": "Article", "author": "Ida Roe"}'


def author(script: str) -> str | None:
    return read_metadata(document(f'<script type="application/ld+json">{script}</script>')).meta.author


@pytest.mark.parametrize(
    "script",
    [
        f"<!-- a comment -->{NODE}",
        f"\ufeff{NODE}",
        '{"@type": "Organization", "name": "Wind"}\n' + NODE,
        '{"@type": "Article", // who wrote it\n "author": "Ida Roe"}',
        '{"@type": "Article", "datePublished": "2023-06-14"., "author": "Ida Roe"}',
        '{"@type": "Article", "url": "https://example.com//x", "author": "Ida Roe",}',
    ],
)
def test_spellings_that_are_mended(script: str) -> None:
    assert author(script) == "Ida Roe"


def test_unescaped_quotes_are_not_guessed_at() -> None:
    assert author('{"@type": "Article", "headline": "The "best" kite", "author": "Ida Roe"}') is None


def test_a_long_text_is_no_name() -> None:
    assert author(json.dumps({"@type": "Article", "author": "2099 " * 2_000})) is None


@pytest.mark.slow
def test_many_references_to_a_long_name_cost_little() -> None:
    articles = [{"@type": "Article", "author": {"@id": "#a"}} for _ in range(50)]
    page = document(
        f'<script type="application/ld+json">{json.dumps([*articles, {"@id": "#a", "name": "2099 " * 2_000}])}</script>'
    )
    begun = time.process_time()
    read_metadata(page)
    assert time.process_time() - begun < 0.2
