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
