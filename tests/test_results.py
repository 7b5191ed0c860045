"""Encoded JSON, cut and joined: always what a parser of JSON says it should be."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from app.errors import TargetHttpError, TargetTimeout
from app.results import (
    Failure,
    Outcome,
    Success,
    encode_batch,
    encode_envelope,
    encode_list_field,
    encode_result,
    join_objects,
    with_fields,
)

CARD = Success(b'{"title":"A"}', 200, False, 1.0, 2.0)


@pytest.mark.parametrize(
    "objects", [[{}], [{"a": 1}], [{"a": 1}, {}], [{}, {"b": [2]}], [{"a": "}"}, {"b": {}}, {"c": None}]]
)
def test_joined_objects_have_the_fields_of_all(objects: list[dict[str, Any]]) -> None:
    joined = orjson.loads(join_objects(*map(orjson.dumps, objects)))
    assert joined == {name: value for each in objects for name, value in each.items()}


def test_a_field_of_bytes_is_passed_on_as_it_is() -> None:
    assert with_fields(b'{"a":1}', {"b": b'{"x": 1.0}', "c": [2]}) == b'{"a":1,"b":{"x": 1.0},"c":[2]}'


@pytest.mark.parametrize("items", [[], [b"1"], [b"1", b"[]", b'"x"']])
def test_a_list_is_added_in_pieces(items: list[bytes]) -> None:
    encoded = b"".join(encode_list_field(b'{"a":1}', "results", items))
    assert orjson.loads(encoded) == {"a": 1, "results": [orjson.loads(item) for item in items]}


def test_an_envelope_holds_data_and_meta() -> None:
    assert orjson.loads(encode_envelope((b"[1", b"]"), b'{"n":2}')) == {"success": True, "data": [1], "meta": {"n": 2}}


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (CARD, {"success": True, "data": {"title": "A"}, "cache_hit": False}),
        (Success(b"{}", 200, True, 1.0, 2.0), {"success": True, "data": {}, "cache_hit": True}),
        (Success(b"{}", 200, True, 1.0, 2.0, True), {"success": True, "data": {}, "cache_hit": True, "stale": True}),
        (
            Failure(TargetTimeout()),
            {
                "success": False,
                "error": {"code": "TARGET_TIMEOUT", "message": TargetTimeout.message, "retryable": True},
            },
        ),
    ],
)
def test_an_outcome_is_told_with_its_url(outcome: Outcome, told: dict[str, Any]) -> None:
    assert orjson.loads(encode_result("https://a.example/", outcome)) == {"url": "https://a.example/", **told}


def test_an_error_keeps_its_details() -> None:
    encoded = orjson.loads(encode_result("x", Failure(TargetHttpError(503))))
    assert encoded["error"]["details"] == {"http_status": 503}


def test_a_lone_surrogate_is_echoed_as_the_replacement_character() -> None:
    encoded = orjson.loads(b"".join(encode_batch(["a\ud800", "b"], [CARD, CARD])))
    assert [each["url"] for each in encoded["results"]] == ["a\ufffd", "b"]
    assert encoded["summary"] == {"total": 2, "successful": 2, "failed": 0}


def test_a_batch_counts_what_failed() -> None:
    encoded = orjson.loads(b"".join(encode_batch(["a", "b"], [CARD, Failure(TargetTimeout())])))
    assert [each["success"] for each in encoded["results"]] == [True, False]
    assert encoded["summary"] == {"total": 2, "successful": 1, "failed": 1}


def test_an_answer_has_room_for_so_many_bytes_of_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.results.MAX_ANSWER", 120)
    large, small = (Success(orjson.dumps({"title": "x" * size}), 200, False, 1.0, 2.0) for size in (60, 5))
    told = orjson.loads(b"".join(encode_batch(list("abcde"), [small, large, large, small, Failure(TargetTimeout())])))
    codes = [each["error"]["code"] if "error" in each else "" for each in told["results"]]
    assert codes == ["", "", "RESPONSE_TOO_LARGE", "", "TARGET_TIMEOUT"]
    assert told["summary"] == {"total": 5, "successful": 3, "failed": 2}
    assert not told["results"][2]["error"]["retryable"]


def test_an_answer_with_room_for_all_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.results.MAX_ANSWER", 3 * len(CARD.data))
    told = orjson.loads(b"".join(encode_batch(list("abc"), [CARD] * 3)))
    assert told["summary"]["successful"] == 3
