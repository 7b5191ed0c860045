"""The tree of errors is the one that is drawn at the top of its file."""

from __future__ import annotations

import re

import pytest

from app import errors
from app.errors import PagecardError, ServiceError, TargetError, TargetHttpError, leaves

LEAF = re.compile(r"[├└]── (?P<name>\w+) +(?P<status>\d{3})  (?P<code>[A-Z_]+)(?: +(?P<retryable>retryable.*))?$")


def drawn() -> dict[str, list[tuple[str, int, str, bool]]]:
    """The leaves of the drawing under each branch."""
    branches: dict[str, list[tuple[str, int, str, bool]]] = {}
    for line in (errors.__doc__ or "").splitlines():
        leaf = LEAF.search(line)
        branch = re.search(r"(ServiceError|TargetError)", line)
        if leaf:
            row = leaf["name"], int(leaf["status"]), leaf["code"], bool(leaf["retryable"])
            branches[list(branches)[-1]].append(row)
        elif branch and "──" in line:
            branches[branch[0]] = []
    return branches


@pytest.mark.parametrize("branch", [ServiceError, TargetError])
def test_the_drawing_is_the_tree(branch: type[PagecardError]) -> None:
    tree = [
        (leaf.__name__, leaf.status, leaf.code, leaf is TargetHttpError or getattr(leaf, "retryable", False))
        for leaf in leaves(branch)
    ]
    assert drawn()[branch.__name__] == tree


def test_a_finer_error_is_told_as_the_leaf_that_it_is_of() -> None:
    class Finer(TargetHttpError):
        pass

    assert Finer not in set(leaves())
    assert TargetHttpError in set(leaves())


def test_a_code_has_one_status_wherever_it_is_used() -> None:
    statuses: dict[str, set[int]] = {}
    for leaf in leaves():
        statuses.setdefault(leaf.code, set()).add(leaf.status)
    assert [code for code, used in statuses.items() if len(used) > 1] == []


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (404, False), (407, False), (408, True), (409, False), (424, False), (425, True), (426, False),
     (428, False), (429, True), (430, False), (499, False), (500, True), (503, True), (599, True),
     (600, False), (999, False)],
)  # fmt: skip
def test_an_http_error_may_be_tried_again_where_that_may_help(status: int, retryable: bool) -> None:
    error = TargetHttpError(status)
    assert (error.retryable, error.details) == (retryable, {"http_status": status})
