from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.errors import ApiKeyRevoked
from app.settings import Settings
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import KeyStore
from tests.cli.conftest import Call


@pytest.fixture
def store(settings: Settings) -> Iterator[KeyStore]:
    database = open_primary(settings)
    yield KeyStore(database, Generations(settings.generations_file))
    database.engine.dispose()


def create(call: Call, *options: str) -> str:
    return call("keys", "create", "--plan", "pro", *options).stdout.splitlines()[-1]


def listed(call: Call) -> list[dict[str, Any]]:
    return json.loads(call("keys", "list", "--json").stdout)


def test_a_new_key_stands_alone_on_standard_output(call: Call, store: KeyStore) -> None:
    made = call("keys", "create", "--plan", "pro", "--name", "shop")
    key = store.find(made.stdout.strip())
    assert (key.plan, key.name, made.stdout.count("\n")) == ("pro", "shop", 1)


@pytest.mark.parametrize(("kind", "prefix"), [("live", "ks_live_"), ("test", "ks_test_")])
def test_the_kind_of_a_key_shows_in_how_it_begins(call: Call, kind: str, prefix: str) -> None:
    assert create(call, "--kind", kind).startswith(prefix)


def test_a_publishable_key_is_made_for_its_origins(call: Call, store: KeyStore) -> None:
    key = create(call, "--kind", "publishable", "--origin", "https://a.example", "--origin", "https://b.example")
    assert store.find(key).origins == ("https://a.example", "https://b.example")


def test_the_database_that_a_key_is_written_to_is_named(call: Call, settings: Settings) -> None:
    told = call("keys", "create", "--plan", "pro").stderr
    assert told.splitlines()[-1].endswith(f" on plan pro in {settings.data_dir / 'pagecard.sqlite3'}.")


def test_no_database_is_made_in_a_folder_that_nobody_named(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PAGECARD_DATA_DIR")
    monkeypatch.chdir(tmp_path)
    refused = call("keys", "create", "--plan", "pro")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"pagecard: there is no database at {tmp_path}/pagecard-data/pagecard.sqlite3; ")
    assert [*tmp_path.iterdir()] == []


def test_a_database_is_made_on_request(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PAGECARD_DATA_DIR")
    monkeypatch.chdir(tmp_path)
    made = call("keys", "create", "--plan", "pro", "--new-database")
    assert made.stdout.startswith("ks_live_")
    assert f"There was no database yet; a server must use the same one: {tmp_path}/pagecard-data/" in made.stderr


def test_a_database_that_exists_is_used_without_a_word(call: Call) -> None:
    create(call)
    assert call("keys", "create", "--plan", "pro").stderr.count("\n") == 1


def test_an_unknown_plan_is_refused_with_those_that_there_are(call: Call) -> None:
    refused = call("keys", "create", "--plan", "gold")
    assert refused.exit_code == 2
    assert "there is no plan 'gold'; there are free, starter, pro, business, enterprise" in refused.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--kind", "publishable"), "needs at least one origin"),
        (("--origin", "https://a.example"), "no other kind takes any"),
        (("--kind", "publishable", "--origin", "a.example"), "is no origin; write https://example.com"),
    ],
)
def test_origins_that_do_not_fit_are_refused(call: Call, options: tuple[str, ...], told: str) -> None:
    refused = call("keys", "create", "--plan", "pro", *options)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert told in " ".join(refused.stderr.split())


def test_a_list_shows_how_a_key_begins_and_never_the_key(call: Call) -> None:
    key = create(call, "--name", "shop")
    output = call("keys", "list").output + call("keys", "list", "--json").output
    assert key[:12] in output
    assert key[12:] not in output


def test_a_list_cuts_nothing_and_has_a_line_for_each_key(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    origin = "https://a-rather-long-name.of-a-site.example"
    create(call, "--kind", "publishable", "--origin", origin, "--name", "the shop\nand \x1b[31mmore")
    [key] = listed(call)
    head, line = call("keys", "list").stdout.splitlines()
    assert head.split()[:3] == ["id", "prefix", "kind"]
    assert line.split()[:5] == [key["id"], key["prefix"], "publishable", "pro", "active"]
    assert key["created_at"] in line
    assert line.endswith(f"{origin}  the shop\ufffdand \ufffd[31mmore")


def test_a_list_for_machines_says_all_that_may_be_known(call: Call) -> None:
    create(call, "--name", "shop")
    [key] = listed(call)
    assert (key["kind"], key["plan"], key["name"], key["state"], key["last_used_at"]) == (
        "live",
        "pro",
        "shop",
        "active",
        None,
    )


def test_the_file_of_the_database_holds_no_key(call: Call, settings: Settings) -> None:
    key = create(call)
    stored = b"".join(path.read_bytes() for path in Path(settings.data_dir).rglob("*") if path.is_file())
    assert key.encode() not in stored


@pytest.mark.parametrize("name", ["id", "prefix"])
def test_a_key_is_revoked_by_its_id_or_by_how_it_begins(call: Call, store: KeyStore, name: str) -> None:
    key = create(call)
    assert call("keys", "revoke", listed(call)[0][name]).exit_code == 0
    with pytest.raises(ApiKeyRevoked):
        store.find(key)
    assert listed(call)[0]["state"] == "revoked"


def test_revoking_what_there_is_not_is_an_error(call: Call) -> None:
    refused = call("keys", "revoke", "nonsense")
    assert (refused.exit_code, refused.stderr) == (1, "Error: 0 keys that are not revoked match 'nonsense'\n")


def test_a_rotated_key_works_on_beside_its_successor(call: Call, store: KeyStore) -> None:
    old = create(call, "--name", "shop")
    [before] = listed(call)
    new = call("keys", "rotate", before["id"]).stdout.splitlines()[-1]
    assert (store.find(old).id, store.find(new).name) == (before["id"], "shop")
    assert [key["state"] for key in listed(call)] == ["rotated", "active"]


def test_a_key_that_was_rotated_without_overlap_stops_at_once(call: Call, store: KeyStore) -> None:
    old = create(call)
    call("keys", "rotate", listed(call)[0]["id"], "--overlap", "0")
    with pytest.raises(ApiKeyRevoked):
        store.find(old)


def test_a_rotated_key_can_be_revoked_before_its_time(call: Call, store: KeyStore) -> None:
    old = create(call)
    first = listed(call)[0]["id"]
    call("keys", "rotate", first)
    assert call("keys", "revoke", first).exit_code == 0
    with pytest.raises(ApiKeyRevoked):
        store.find(old)
