from __future__ import annotations

from pathlib import Path

import pytest

from app.plans import PLANS, Plan, load_plans


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("free", (5, 60, 10, 500, 5, 100)),
        ("starter", (10, 300, 50, 10_000, 20, 500)),
        ("pro", (25, 1_000, 100, 50_000, 100, 2_000)),
        ("business", (50, 2_000, 200, 250_000, 500, 10_000)),
        ("enterprise", (100, 5_000, 500, None, None, None)),
    ],
)
def test_the_table_of_plans(name: str, limits: tuple[int, ...]) -> None:
    assert PLANS[name] == Plan(name, *limits)


@pytest.mark.parametrize(
    ("plan", "tokens"),
    [
        (Plan("a", batch_limit=1, per_minute=60, burst=10), 10),
        (Plan("b", batch_limit=1, per_minute=60), 60),
        (Plan("c", batch_limit=1), None),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_bucket_holds_the_burst_or_else_a_minute(plan: Plan, tokens: int | None) -> None:
    assert plan.bucket_size == tokens


def load(folder: Path, text: str | bytes) -> dict[str, Plan]:
    file = folder / "plans.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return dict(load_plans(file))


def test_a_file_replaces_the_whole_table(tmp_path: Path) -> None:
    text = "[small]\nbatch_limit = 2\n[big]\nbatch_limit = 30\nper_minute = 7\nburst = 3\nper_month = 100\n"
    assert load(tmp_path, text) == {"small": Plan("small", 2), "big": Plan("big", 30, 7, 3, 100)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names no plan; write a table per plan, such as [pro]"),
        ("[pro", "Expected ']'"),
        (b"\xff", "can't decode byte"),
        ("pro = 5", "[pro] is no table"),
        ("[pro]\nper_minute = 5", "[pro] lacks batch_limit"),
        ("[pro]\nbatch_limit = 0", "[pro] batch_limit must be a whole number of at least 1, not 0"),
        ("[pro]\nbatch_limit = true", "[pro] batch_limit must be a whole number of at least 1, not True"),
        ('[pro]\nbatch_limit = "5"', "[pro] batch_limit must be a whole number of at least 1, not '5'"),
        (
            "[pro]\nbatch_limit = 5\nper_day = 1",
            "[pro] has unknown limits per_day; allowed are batch_limit, per_minute",
        ),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_what_does(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(ValueError) as refused:
        load(tmp_path, text)
    assert told in str(refused.value)
    assert "plans.toml" in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No such file"):
        load_plans(tmp_path / "none.toml")
