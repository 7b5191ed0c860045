from __future__ import annotations

from dataclasses import fields

import pytest

from app.settings import Settings
from app.settings.table import markdown
from tests.cli.conftest import Call


def test_every_setting_is_listed_with_its_value_and_its_description(call: Call) -> None:
    lines = call("settings").stdout.splitlines()
    assert [line.partition("=")[0] for line in lines] == [f"PAGECARD_{each.name.upper()}" for each in fields(Settings)]
    assert "PAGECARD_BATCH_TIMEOUT=20  # seconds for a whole synchronous answer" in lines


def test_a_password_is_hidden(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGECARD_REDIS_URL", "redis://:hunter2@cache:6379/0")
    shown = call("settings").stdout
    assert "PAGECARD_REDIS_URL=redis://:[hidden]@cache:6379/0  #" in shown
    assert "hunter2" not in shown


def test_changed_settings_alone_are_listed_on_request(call: Call) -> None:
    names = [line.partition("=")[0] for line in call("settings", "--changed").stdout.splitlines()]
    assert names == ["PAGECARD_DATA_DIR", "PAGECARD_ALLOW_TARGETS"]


def test_the_table_of_the_readme_is_made_on_request(call: Call) -> None:
    assert call("settings", "--markdown").stdout == markdown() + "\n"


def test_a_mistake_is_told_in_a_line(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGECARD_POOLSIZE", "9")
    refused = call("settings")
    assert refused.exit_code == 1
    assert refused.stderr == "pagecard: PAGECARD_POOLSIZE: no such setting; did you mean PAGECARD_POOL_SIZE?\n"
