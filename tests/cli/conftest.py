"""The command line, called in this process or, where it must stand on its own feet, in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.logs import configure_logs
from app.settings import PREFIX, Settings

Call = Callable[..., Result]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What the commands find in the environment."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PAGECARD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PAGECARD_ALLOW_TARGETS", "127.0.0.0/8")
    return Settings.from_environ(os.environ)


@pytest.fixture
def call(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Call:
    """`call("keys", "list")`, in this process, whose logs go where the process has them and not into the answer."""
    configure_logs("error")
    monkeypatch.setattr("app.cli.extraction.configure_logs", lambda level: None)

    def call(*arguments: str, input: str | bytes | None = None) -> Result:  # noqa: A002  (click's name)
        return CliRunner().invoke(main, arguments, input=input)

    return call


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Run:
    """`run("extract", url)`, in a process of its own; `environ` adds to the environment."""

    def run(*arguments: str, input: str | None = None, **environ: str) -> subprocess.CompletedProcess[str]:  # noqa: A002
        return subprocess.run(
            [sys.executable, "-P", "-c", "from app.cli import main; main()", *arguments],
            env=os.environ | environ,
            input=input,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
            check=False,
        )

    return run
