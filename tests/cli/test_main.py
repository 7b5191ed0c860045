from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import app.cli
from app.cli import COMMANDS
from tests.cli.conftest import Call

HEAVY = ("sqlalchemy", "flask", "gunicorn", "app.fetch", "app.services")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(call: Call, name: str) -> None:
    helped = call(name, "--help")
    assert helped.exit_code == 0
    assert helped.output.startswith(f"Usage: main {name} ")


def test_the_help_names_every_command(call: Call) -> None:
    assert [line.split()[0] for line in call("--help").output.partition("Commands:\n")[2].splitlines()] == [*COMMANDS]


def test_a_command_that_there_is_not_is_refused(call: Call) -> None:
    assert "No such command 'fly'" in call("fly").stderr


@pytest.mark.parametrize("module", ["app.cli", "app.cli.parse", "app.cli.extract", "app.cli.serve", "app.cli.settings"])
def test_help_starts_without_servers_databases_or_the_network(module: str) -> None:
    program = f"import sys, {module}; print(*(name for name in {HEAVY} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded == "\n"


@pytest.mark.parametrize(
    "arguments", [("keys", "list"), ("parse", "/dev/null", "--url", "http://a.example"), ("doctor",)], ids=" ".join
)
def test_commands_run_beside_a_service_of_kubernetes(
    call: Call, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PAGECARD_PORT", "tcp://10.0.0.5:8000")
    monkeypatch.setenv("PAGECARD_SERVICE_HOST", "10.0.0.5")
    assert "no such setting" not in call(*arguments).output


def test_the_sample_pages_come_with_the_package() -> None:
    samples = Path(app.cli.__file__).parent / "samples"
    assert {file.name for file in samples.iterdir()} >= {"rich.html", "bare.html", "slow.html", "lighthouse.svg"}
