"""API keys: who is asking, on which plan, from where.

Rule 1: a key is shown once, when it is made; only its SHA-256 is stored. (A key holds 192 random bits, so a
        plain hash cannot be searched; slow hashes are for passwords.)
Rule 2: a revoked key stops working at once on this host, and within `COPY_TTL` seconds on every other.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from cachetools import TTLCache

from app.errors import ApiKeyExpired, ApiKeyRevoked, InvalidApiKey
from app.storage.database import Database
from app.storage.generations import Generations
from app.storage.schema import api_keys

log = structlog.get_logger()

PREFIXES = {"live": "ks_live_", "test": "ks_test_", "publishable": "pk_live_"}
SHAPE = re.compile(r"(?:ks_live_|ks_test_|pk_live_)[A-Za-z0-9_-]{32}")
ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
SHOWN = 12  # characters of a key that lists may show

TEST_KEY_TTL = 30 * 86_400  # seconds without use
USE_NOTED = 3_600  # seconds between two notes of a key's last use
COPY_TTL = 5  # seconds that a worker trusts its copy of a key
COPIES = 10_000


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, without its secret. Times are Unix seconds; `origins` is for publishable keys alone."""

    id: str
    prefix: str
    kind: str
    plan: str
    name: str
    origins: tuple[str, ...]
    created_at: float
    last_used_at: float | None = None
    revoked_at: float | None = None

    def revoked(self, now: float) -> bool:
        """Whether the key has stopped working; a key that was rotated stops at the end of its overlap."""
        return self.revoked_at is not None and self.revoked_at <= now

    @property
    def publishable(self) -> bool:
        return self.kind == "publishable"

    def expired(self, now: float) -> bool:
        return self.kind == "test" and now - (self.last_used_at or self.created_at) > TEST_KEY_TTL


def read_origin(text: str) -> str:
    """An `Origin` as browsers send it (RFC 6454, section 6.2): scheme, host, port, and no slash.

    Raises ValueError for anything else.
    """
    origin = text.strip().rstrip("/").lower()
    if not ORIGIN.fullmatch(origin):
        raise ValueError(f"{text!r} is no origin; write https://example.com or http://localhost:3000")
    return re.sub(r"(?<=^http:)(//.*):80$|(?<=^https:)(//.*):443$", lambda m: m[1] or m[2], origin)


class KeyStore:
    """The keys in the database, each with a short-lived copy in memory."""

    def __init__(self, database: Database, generations: Generations) -> None:
        self._database = database
        self._generations = generations
        self._copies: TTLCache[str, tuple[int, ApiKey]] = TTLCache(COPIES, ttl=COPY_TTL)
        self._lock = threading.Lock()

    def create(
        self, plan: str, *, kind: str = "live", name: str = "", origins: Sequence[str] = ()
    ) -> tuple[str, ApiKey]:
        """Create a key: (secret for the client, record kept).

        Raises ValueError if a publishable key has no origin, or another kind has one.
        """
        if (kind == "publishable") != bool(origins):
            raise ValueError("a publishable key needs at least one origin, and no other kind takes any")
        secret = PREFIXES[kind] + secrets.token_urlsafe(24)
        key = ApiKey(
            id=secrets.token_hex(8),
            prefix=secret[:SHOWN],
            kind=kind,
            plan=plan,
            name=name[:200],
            origins=tuple(dict.fromkeys(map(read_origin, origins))),
            created_at=time.time(),
        )
        with self._database.write(durable=True) as connection:
            connection.execute(api_keys.insert().values(hash=_hash(secret), **_row(key)))
        return secret, key

    def find(self, secret: str) -> ApiKey:
        """The key that a client sent. Raises InvalidApiKey, ApiKeyRevoked or ApiKeyExpired."""
        if not SHAPE.fullmatch(secret):
            raise InvalidApiKey("This is no API key of ours; they begin with ks_live_, ks_test_ or pk_live_")
        key = self._find(_hash(secret))
        now = time.time()
        if key.revoked(now):
            raise ApiKeyRevoked
        if key.expired(now):
            raise ApiKeyExpired
        if now - (key.last_used_at or 0) > USE_NOTED:
            self._note_use(key, now)
        return key

    def list(self) -> list[ApiKey]:
        """Every key, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(api_keys).order_by(api_keys.c.created_at)).mappings().all()
        return [_key(row) for row in rows]

    def get(self, key_id: str) -> ApiKey | None:
        """The key of that id, revoked or not."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(api_keys).where(api_keys.c.id == key_id)).mappings().first()
        return _key(row) if row else None

    def revoke(self, id_or_prefix: str) -> ApiKey:
        """Revoke a key by id, prefix or secret. Raises LookupError unless exactly one live key matches."""
        key = self._only(id_or_prefix)
        self._update(key, revoked_at=time.time())
        return key

    def rotate(self, id_or_prefix: str, overlap: float) -> tuple[str, ApiKey, ApiKey]:
        """Replace a key by a new one like it: (new secret, new key, old key).

        The old key works for `overlap` seconds more. Raises LookupError as `revoke` does.
        """
        old = self._only(id_or_prefix)
        secret, new = self.create(old.plan, kind=old.kind, name=old.name, origins=old.origins)
        self._update(old, revoked_at=min(old.revoked_at or math.inf, time.time() + overlap))
        return secret, new, old

    def _only(self, id_or_prefix: str) -> ApiKey:
        found = [key for key in self._named(id_or_prefix) if not key.revoked(time.time())]
        if len(found) != 1:
            raise LookupError(f"{len(found)} keys that are not revoked match {id_or_prefix[:SHOWN]!r}")
        return found[0]

    def _named(self, id_or_prefix: str) -> Sequence[ApiKey]:
        columns = api_keys.c
        named = sa.or_(columns.id == id_or_prefix, columns.prefix == id_or_prefix, columns.hash == _hash(id_or_prefix))
        with self._database.read() as connection:
            return [_key(row) for row in connection.execute(sa.select(api_keys).where(named)).mappings()]

    def _find(self, digest: str) -> ApiKey:
        version = self._generations.of("api-keys")
        with self._lock:
            copy = self._copies.get(digest)
        if copy and copy[0] == version:
            return copy[1]
        with self._database.read() as connection:
            row = connection.execute(sa.select(api_keys).where(api_keys.c.hash == digest)).mappings().first()
        if row is None:
            raise InvalidApiKey
        key = _key(row)
        with self._lock:
            self._copies[digest] = version, key
        return key

    def _note_use(self, key: ApiKey, now: float) -> None:
        try:
            self._update(key, last_used_at=now)
        except sa.exc.SQLAlchemyError as error:  # a full disk must not refuse a good key
            log.error("last use of a key not written", key_id=key.id, problem=str(error).partition("\n")[0])

    def _update(self, key: ApiKey, **values: float) -> None:
        with self._database.write() as connection:
            connection.execute(api_keys.update().where(api_keys.c.id == key.id).values(**values))
        self._generations.bump("api-keys")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _row(key: ApiKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in ApiKey.__slots__} | {"origins": list(key.origins)}


def _key(row: Any) -> ApiKey:
    return ApiKey(**{name: row[name] for name in ApiKey.__slots__} | {"origins": tuple(row["origins"])})
