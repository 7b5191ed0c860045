"""The guard where it could be beaten: public and private addresses, in a namespace without a way out."""

from __future__ import annotations

from typing import Any

import pytest

from tests import sandbox

pytestmark = pytest.mark.skipif(sandbox.why_not() is not None, reason=str(sandbox.why_not()))


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    outcomes: dict[str, Any] = sandbox.run("tests.fetch.sandboxed")
    return outcomes


def test_no_canary_was_reached(found: dict[str, Any]) -> None:
    assert found["reached"] == []


@pytest.mark.parametrize(
    "case",
    [
        "public address",
        "public IPv6 address",
        "public name",
        "name with both",
        "flip, before",
        "redirect from public to public",
    ],
)
def test_what_is_public_is_fetched(found: dict[str, Any], case: str) -> None:
    assert found[case] == "200"


@pytest.mark.parametrize(
    "case",
    [
        "good address first",
        "good address last",
        "mapped address",
        "flip, after",
        "other port",
        "redirect to another port",
        "redirect to the same host, which flips",
    ],
)
def test_what_hides_behind_something_public_is_refused(found: dict[str, Any], case: str) -> None:
    assert found[case] == "TARGET_NOT_ALLOWED"


def test_every_private_address_is_refused_as_it_is_by_name_and_after_a_redirect(found: dict[str, Any]) -> None:
    outcomes = {case: outcome for case, outcome in found.items() if "http://" in case}
    assert len(outcomes) > 80
    assert set(outcomes.values()) == {"TARGET_NOT_ALLOWED"}


def test_each_fetch_looks_its_name_up_once(found: dict[str, Any]) -> None:
    assert found["lookups of a name that flips"] == 2
