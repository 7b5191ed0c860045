from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.cli import checks
from app.cli.checks import Check, State
from app.cli.serving import free_port
from app.fetch import Verdict
from app.networks import parse_networks
from app.settings import Proxy, Settings
from tests.cli.conftest import Call, Run


def found(check: Check, settings: Settings) -> list[tuple[State, str]]:
    return [(finding.state, finding.told) for finding in check(settings)]


def examined(settings: Settings, *names: str) -> dict[str, set[State]]:
    states: dict[str, set[State]] = {}
    for name, finding in checks.examine(settings, names or checks.CHECKS):
        states.setdefault(name, set()).add(finding.state)
    return states


def test_a_service_that_is_well_has_nothing_wrong(run: Run, call: Call) -> None:
    call("keys", "create", "--plan", "pro")
    told = run("doctor", PAGECARD_ALLOW_TARGETS="")
    assert (told.returncode, told.stderr) == (0, "")
    assert "✗" not in told.stdout
    assert "1 API keys work" in told.stdout


def test_settings_that_make_no_sense_are_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGECARD_COLOUR", "red")
    told = call("doctor")
    assert told.exit_code == 1
    assert told.output.startswith("✗  settings  PAGECARD_COLOUR: no such setting")


def test_one_trouble_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    states = examined(Settings(data_dir=tmp_path / "file" / "data", chromium="/none"))
    assert {name for name, each in states.items() if State.BAD in each} == {"data folder", "database", "rendering"}
    assert states["guard"] == states["fetching"] == {State.GOOD}


def test_a_service_without_keys_is_told_how_to_make_one(tmp_path: Path) -> None:
    note = (State.NOTE, "There is no API key: pagecard keys create --plan pro")
    assert note in found(checks.databases, Settings(data_dir=tmp_path))


@pytest.mark.parametrize(("homes", "state"), [(["pagecard"], State.GOOD), (["pagecard", "shop"], State.BAD)])
def test_another_package_of_our_name_is_told(homes: list[str], state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "packages_distributions", lambda: {"app": homes})
    [(found_state, told)] = found(checks.installation, Settings())
    assert found_state is state
    assert state is State.GOOD or "shop" in told


@pytest.mark.parametrize(("compiled", "state"), [(True, State.GOOD), (False, State.NOTE)])
def test_who_scans_the_pages_is_told(compiled: bool, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "COMPILED", compiled)
    assert [each for each, _ in found(checks.reading, Settings())] == [state]


def test_a_damaged_database_is_found(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    found(checks.databases, settings)
    with (tmp_path / "pagecard.sqlite3").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    assert State.BAD in examined(settings, "database")["database"]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("database", {"database_url": "postgresql+psycopg://a:b@127.0.0.1:{port}/c"}),
        ("Redis", {"redis_url": "redis://127.0.0.1:{port}/0"}),
        ("broker", {"broker_url": "amqp://127.0.0.1:{port}//"}),
        ("broker", {"broker_url": "redis://127.0.0.1:{port}/0"}),
        ("ways out", {"egress_proxy": "http://127.0.0.1:{port}"}),
    ],
    ids=str,
)
def test_a_server_that_does_not_answer_is_told(tmp_path: Path, name: str, settings: dict[str, str]) -> None:
    filled = {key: value.format(port=free_port()) for key, value in settings.items()}
    assert State.BAD in examined(Settings(data_dir=tmp_path, **filled), name)[name]  # type: ignore[arg-type]


def test_a_redis_that_answers_is_well(redis_url: str) -> None:
    assert found(checks.redis, Settings(redis_url=redis_url)) == [
        (State.GOOD, "Redis answers"),
        (State.GOOD, "The clock agrees with that of Redis"),
    ]


def test_a_postgresql_that_answers_is_well(tmp_path: Path, postgres_url: str) -> None:
    told = found(checks.databases, Settings(data_dir=tmp_path, database_url=postgres_url))
    assert (State.GOOD, "PostgreSQL answers") in told
    assert (State.GOOD, "The clock agrees with that of PostgreSQL") in told


def test_a_broker_that_answers_is_well(redis_url: str) -> None:
    [(state, told)] = found(checks.broker, Settings(broker_url=redis_url))
    assert (state, told.startswith("The broker answers: redis://")) == (State.GOOD, True)


def test_clocks_that_disagree_are_told() -> None:
    finding = checks.compare_clocks("Redis", time.time() + 60)
    assert finding.state is State.BAD
    assert finding.told.startswith("The clocks here and at Redis are 60.0 s apart")


def test_a_proxy_that_nobody_listens_on_is_told() -> None:
    proxy = Proxy("DE", "mix", f"http://me:secret@127.0.0.1:{free_port()}")
    [(state, told)] = found(checks.ways_out, Settings(proxies=(proxy,)))
    assert (state, "secret" in told) == (State.BAD, False)


def test_too_few_open_files_are_told_with_how_many_are_needed() -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)); from app.cli.checks import *; "
        "print(*(finding.told for finding in open_files(Settings(pool_size=100))))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.startswith("A worker may open 256 files, and needs up to 392 with PAGECARD_POOL_SIZE=100: raise")


def test_a_guard_that_lets_something_through_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "judge", lambda ip: Verdict.PUBLIC if str(ip) == "10.0.0.1" else Verdict.PRIVATE)
    assert found(checks.address_rules, Settings()) == [
        (State.BAD, "The guard would let through 10.0.0.1: do not run this copy of Pagecard")
    ]


def test_what_an_operator_opened_is_told() -> None:
    _, opened = found(checks.address_rules, Settings(allow_targets=parse_networks("10.1.0.0/16, 127.0.0.0/8:9100")))
    assert opened == (
        State.NOTE,
        "PAGECARD_ALLOW_TARGETS opens 10.1.0.0/16, 127.0.0.0/8:9100 to everybody who has a key",
    )


@pytest.mark.parametrize(("chromium", "state"), [("/none", State.BAD), (None, State.NOTE)])
def test_no_browser_is_a_fault_where_one_was_named(
    monkeypatch: pytest.MonkeyPatch, chromium: str | None, state: State
) -> None:
    monkeypatch.setenv("PATH", "/none")
    assert [each for each, _ in found(checks.rendering, Settings(chromium=chromium))] == [state]
