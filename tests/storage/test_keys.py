"""Keys: made, found, counted as used, revoked; only their hashes are kept."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.errors import ApiKeyRevoked, InvalidApiKey
from app.storage.database import Database
from app.storage.generations import Generations
from app.storage.keys import KeyStore, read_origin
from app.storage.schema import api_keys


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'primary.sqlite3'}")
    database.migrate()
    yield database
    database.engine.dispose()


@pytest.fixture
def keys(database: Database, tmp_path: Path) -> KeyStore:
    return KeyStore(database, Generations(tmp_path / "generations"))


@pytest.mark.parametrize(
    ("kind", "begins", "origins"),
    [("live", "ks_live_", []), ("test", "ks_test_", []), ("publishable", "pk_live_", ["https://a.example"])],
)
def test_a_key_is_its_kind_and_32_random_characters(keys: KeyStore, kind: str, begins: str, origins: list[str]) -> None:
    secrets = {keys.create("free", kind=kind, origins=origins)[0] for _ in range(20)}
    assert len(secrets) == 20
    assert all(re.fullmatch(begins + r"[A-Za-z0-9_-]{32}", secret) for secret in secrets)


def test_only_the_hash_of_a_key_is_stored(keys: KeyStore, database: Database) -> None:
    secret, _ = keys.create("free", name="mine")
    with database.read() as connection:
        [row] = connection.execute(sa.select(api_keys)).mappings().all()
    assert row["hash"] == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in repr(dict(row))
    assert row["prefix"] == secret[:12]


def test_a_key_is_found_with_its_plan(keys: KeyStore) -> None:
    secret, made = keys.create("pro", name="mine")
    found = keys.find(secret)
    assert (found.id, found.plan, found.name, found.kind) == (made.id, "pro", "mine", "live")


@pytest.mark.parametrize("secret", ["", "ks_live_", "ks_live_" + "a" * 32, "ks_live_" + "\ud800" * 32, "x" * 10_000])
def test_an_unknown_key_is_invalid(keys: KeyStore, secret: str) -> None:
    with pytest.raises(InvalidApiKey):
        keys.find(secret)


def test_the_first_use_is_noted_and_the_next_ones_are_not_each(keys: KeyStore) -> None:
    secret, _ = keys.create("free")
    before = time.time()
    keys.find(secret)
    [used] = keys.list()
    keys.find(secret)
    assert used.last_used_at is not None
    assert before <= used.last_used_at <= time.time()
    assert keys.list() == [used]


def test_keys_are_listed_oldest_first(keys: KeyStore) -> None:
    made = [keys.create("free", name=name)[1].id for name in "abc"]
    assert [key.id for key in keys.list()] == made


@pytest.mark.parametrize("named", ["id", "prefix", "secret"])
def test_a_key_is_revoked_by_id_by_prefix_or_whole(keys: KeyStore, named: str) -> None:
    secret, key = keys.create("free")
    other, _ = keys.create("free")
    keys.revoke({"id": key.id, "prefix": key.prefix, "secret": secret}[named])
    with pytest.raises(ApiKeyRevoked):
        keys.find(secret)
    assert keys.find(other)


@pytest.mark.parametrize("named", ["", "ks_live_", "nothing", "ks_live_" + "a" * 32, "%"])
def test_what_names_no_key_revokes_none(keys: KeyStore, named: str) -> None:
    keys.create("free")
    with pytest.raises(LookupError):
        keys.revoke(named)


def test_a_whole_key_that_begins_as_another_does_not_revoke_it(keys: KeyStore) -> None:
    secret, key = keys.create("free")
    with pytest.raises(LookupError):
        keys.revoke(key.prefix + "A" * 28 if not secret.endswith("A" * 28) else key.prefix + "B" * 28)


def test_a_revoked_key_cannot_be_revoked_again(keys: KeyStore) -> None:
    _, key = keys.create("free")
    keys.revoke(key.id)
    with pytest.raises(LookupError):
        keys.revoke(key.id)


def test_a_prefix_of_two_keys_revokes_neither(keys: KeyStore, database: Database) -> None:
    for _ in range(2):
        keys.create("free")
    with database.write() as connection:
        connection.execute(api_keys.update().values(prefix="ks_live_same"))
    with pytest.raises(LookupError, match="2 keys"):
        keys.revoke("ks_live_same")


def test_another_process_revokes_at_once(keys: KeyStore, database: Database, tmp_path: Path) -> None:
    secret, key = keys.create("free")
    keys.find(secret)
    keys.find(secret)
    revoke = (
        "import sys; from pathlib import Path; from app.storage.database import Database\n"
        "from app.storage.keys import KeyStore\n"
        "from app.storage.generations import Generations\n"
        "KeyStore(Database(sys.argv[1]), Generations(Path(sys.argv[2]))).revoke(sys.argv[3])"
    )
    arguments = [sys.executable, "-c", revoke, database.url, str(tmp_path / "generations"), key.id]
    subprocess.run(arguments, check=True, timeout=60)
    with pytest.raises(ApiKeyRevoked):
        keys.find(secret)


def test_only_a_publishable_key_has_origins(keys: KeyStore) -> None:
    with pytest.raises(ValueError, match="origin"):
        keys.create("free", kind="publishable")
    with pytest.raises(ValueError, match="origin"):
        keys.create("free", origins=["https://a.example"])


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://example.com", "https://example.com"),
        ("https://Example.COM/", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("https://example.com:80", "https://example.com:80"),
        ("http://example.com:443", "http://example.com:443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_read_as_browsers_send_it(text: str, origin: str) -> None:
    assert read_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    ["", "*", "null", "example.com", "https://", "https://example.com/path", "ftp://example.com", "https://*.a.b"],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        read_origin(text)
