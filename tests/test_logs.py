from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog

from app.logs import configure_logs

Logged = Callable[..., str]


class Stream(io.TextIOWrapper):
    """Standard error in memory, as a terminal or as a file."""

    def __init__(self, terminal: bool) -> None:
        self.bytes, self.terminal = io.BytesIO(), terminal
        super().__init__(self.bytes, encoding="utf-8")

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Logged]:
    """Log an event and return the output on standard error."""
    structlog.contextvars.clear_contextvars()

    def log(*, terminal: bool, **event: object) -> str:
        stream = Stream(terminal)
        monkeypatch.setattr(sys, "stderr", stream)
        configure_logs("info")
        structlog.get_logger().info("request", **event)
        return stream.bytes.getvalue().decode()

    yield log
    monkeypatch.undo()
    configure_logs("error")


def test_a_file_gets_json(logged: Logged) -> None:
    [line] = logged(terminal=False, path="/a", status=200).splitlines()
    assert json.loads(line).items() >= {"event": "request", "level": "info", "path": "/a", "status": 200}.items()


def test_a_terminal_gets_aligned_text(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    line = logged(terminal=True, path="/a", status=200)
    assert line[8:].split() == ["[info", "]", "request", "path='/a'", "status=200"]


def test_a_terminal_gets_no_control_sequence_of_a_caller(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in logged(terminal=True, path="/\x1b[2J")


def test_a_terminal_gets_tracebacks_without_local_variables(logged: Logged) -> None:
    secret = "hunter2"
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        told = logged(terminal=True, exc_info=True)
    assert "RuntimeError: broken" in told
    assert secret not in told.replace('secret = "hunter2"', "")
