from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.cli.conftest import Call

PAGE = """<!doctype html><html lang="nl"><title>Een molen</title>
<meta name="author" content="Ada"><meta property="og:image" content="/molen.png">"""
FLAT = {"title", "description", "image", "author", "date", "publisher", "lang"} | {
    *("canonical_url", "favicon", "logo", "keywords", "theme_color", "charset")
}


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of saved pages, where the commands run."""
    (tmp_path / "molen.html").write_text(PAGE)
    (tmp_path / "koe.html").write_text("<title>Een koe</title>")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(*asked: Any) -> str:
    return "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in asked)


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_saved_page_is_read_against_its_url(call: Call, pages: Path) -> None:
    card = json.loads(call("parse", "molen.html", "--url", "https://example.com/a/b").stdout)
    assert (card["title"], card["image"]) == ("Een molen", "https://example.com/molen.png")


def test_a_page_may_come_from_standard_input(call: Call) -> None:
    assert json.loads(call("parse", "-", "--url", "https://example.com", input=PAGE).stdout)["title"] == "Een molen"


def test_the_content_type_says_how_to_read_the_bytes(call: Call) -> None:
    page = "<title>Мельница</title>".encode("koi8-r")
    read = call("parse", "-", "--url", "https://example.com", "--content-type", "text/html; charset=koi8-r", input=page)
    assert json.loads(read.stdout)["title"] == "Мельница"


def test_what_has_no_card_is_refused_in_words(call: Call) -> None:
    refused = call("parse", "-", "--url", "https://example.com", "--content-type", "application/zip", input="PK")
    assert (refused.exit_code, refused.stderr) == (1, "Error: The target is neither HTML nor a file that has a card\n")


@pytest.mark.parametrize(
    "arguments", [(), ("molen.html",), ("--url", "https://a.example"), ("molen.html", "--ndjson")], ids=str
)
def test_what_is_missing_or_too_much_is_said(call: Call, pages: Path, arguments: tuple[str, ...]) -> None:
    refused = call("parse", *arguments)
    assert refused.exit_code == 2
    assert "Give a FILE and its --url, or --ndjson and neither." in refused.stderr


def test_a_page_is_read_as_far_as_the_service_would(call: Call, pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGECARD_MAX_BYTES", "1024")
    (pages / "long.html").write_text(f"<title>Long</title>{' ' * 1024}<meta name=author content=Nobody>")
    assert json.loads(call("parse", "long.html", "--url", "https://a.example").stdout)["meta"]["author"] is None


def test_many_pages_are_answered_in_order_a_line_each(call: Call, pages: Path) -> None:
    asked = [{"id": i, "html_path": p, "url": "https://a.example"} for i, p in ((7, "molen.html"), ("b", "koe.html"))]
    read = call("parse", "--ndjson", input=lines(*asked))
    assert [(each["id"], each["title"], each["data"]["title"]) for each in answers(read)] == [
        (7, "Een molen", "Een molen"),
        ("b", "Een koe", "Een koe"),
    ]
    assert read.exit_code == 0


def test_a_line_holds_the_flat_fields_that_collections_use(call: Call, pages: Path) -> None:
    asked = {"id": 1, "html_path": "molen.html", "url": "https://a.example", "expected": {"title": "ignored"}}
    [answer] = answers(call("parse", "--ndjson", input=lines(asked)))
    assert set(answer) >= FLAT | {"id", "data"}
    assert (answer["author"], answer["lang"]) == ("Ada", "nl")


def test_a_line_may_bring_its_content_type(call: Call, pages: Path) -> None:
    (pages / "m.html").write_bytes("<title>Мельница</title>".encode("koi8-r"))
    asked = {"id": 1, "html_path": "m.html", "url": "https://a.example", "content_type": "text/html; charset=koi8-r"}
    assert answers(call("parse", "--ndjson", input=lines(asked)))[0]["title"] == "Мельница"


def test_pages_are_looked_for_below_the_root_that_is_named(
    call: Call, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    asked = {"id": 1, "html_path": "koe.html", "url": "https://a.example"}
    assert answers(call("parse", "--ndjson", "--root", str(pages), input=lines(asked)))[0]["title"] == "Een koe"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("{\n", {"id": None, "error": "line 1: unexpected end of data: line 2 column 1 (char 2)"}),
        ([1], {"id": None, "error": "line 1: must be a JSON object"}),
        ({"id": 1, "url": "https://a.example"}, {"id": 1, "error": "html_path must be given, as a string"}),
        ({"id": 1, "html_path": 3}, {"id": 1, "error": "html_path and url must be given, as a string"}),
        (
            {"id": 1, "html_path": "none.html", "url": "https://a.example"},
            {"id": 1, "error": "none.html: No such file or directory"},
        ),
        (
            {"id": 1, "html_path": "koe.html", "url": "https://a.example", "content_type": "application/zip"},
            {"id": 1, "error": "The target is neither HTML nor a file that has a card"},
        ),
    ],
    ids=str,
)
def test_a_page_that_cannot_be_read_costs_its_own_line_alone(
    call: Call, pages: Path, line: Any, answer: dict[str, Any]
) -> None:
    read = call("parse", "--ndjson", input=lines(line, {"id": 2, "html_path": "koe.html", "url": "https://a.example"}))
    first, second = answers(read)
    assert first == answer
    assert second["title"] == "Een koe"
    assert read.exit_code == 1


def test_empty_lines_are_passed_over(call: Call, pages: Path) -> None:
    read = call("parse", "--ndjson", input="\n  \n")
    assert (read.stdout, read.exit_code) == ("", 0)
