"""The tables of both databases.

Rule 1: `TRUTH` is what must never be lost: keys, usage, jobs. It is migrated (alembic), once, under a lock.
Rule 2: `SHARED` is what all workers look at and nobody would miss: the cache, the rate buckets.
Rule 3: a secret is a `Secret` or a `SecretText`, so that nothing of it stays in SQLite's file once it is null.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

TRUTH = sa.MetaData()
SHARED = sa.MetaData()

PAGE_SIZE = 4_096  # bytes of a page of SQLite's files
_PADDING = " " * PAGE_SIZE


class _StoredAsGiven(sa.types.UserDefinedType[Any]):
    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "JSON"


class Secret(sa.types.TypeDecorator[Any]):
    """A value of JSON that SQLite stores on overflow pages alone.

    A B-tree page keeps copies of the cells that were moved within it, even with `secure_delete`. Overflow pages are
    never moved and are overwritten when they are freed. A cell's part in the B-tree page is shorter than a page
    (https://sqlite.org/fileformat2.html#b_tree_pages), so white space of that length comes first.
    """

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Declare the column as JSON; SQLite stores the value as given."""
        return dialect.type_descriptor(_StoredAsGiven() if dialect.name == "sqlite" else sa.JSON())

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Encode the value behind the padding where the database is SQLite."""
        return value if value is None or dialect.name != "sqlite" else _PADDING + json.dumps(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """Decode the value; JSON begins with any white space (RFC 8259, section 2)."""
        return value if value is None or dialect.name != "sqlite" else json.loads(value)


class SecretText(sa.types.TypeDecorator[str]):
    """Text without white space at its ends, stored by SQLite as a `Secret` is."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Put the padding in front where the database is SQLite."""
        return value if value is None or dialect.name != "sqlite" else _PADDING + value

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Take the padding off."""
        return value if value is None else value.lstrip()


api_keys = sa.Table(
    "api_keys",
    TRUTH,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),  # SHA-256 of the key, hexadecimal
    sa.Column("prefix", sa.String(16), nullable=False),  # what may be shown: kind and first characters
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("plan", sa.String(64), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("origins", sa.JSON, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),  # Unix seconds, as all times here
    sa.Column("last_used_at", sa.Double),
    sa.Column("revoked_at", sa.Double),
)

usage = sa.Table(
    "usage",
    TRUTH,
    sa.Column("key_id", sa.String(32), primary_key=True),
    sa.Column("month", sa.String(7), primary_key=True),  # "2026-05", UTC
    sa.Column("urls", sa.BigInteger, nullable=False),
)

jobs = sa.Table(
    "jobs",
    TRUTH,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("key_id", sa.String(32), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("completed_at", sa.Double),  # when its last item ended
    sa.Column("config", sa.JSON, nullable=False),  # as the API shows it: no value of a header
    sa.Column("headers", Secret),  # the values; forgotten when the job ends
    sa.Column("invalid_urls", sa.JSON, nullable=False),
    sa.Column("rendered", sa.Boolean, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("waiting", sa.Integer, nullable=False),  # items that are queued
    sa.Column("completed", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("cancelled", sa.Integer, nullable=False),
    sa.Column("stored_bytes", sa.BigInteger, nullable=False, server_default="0"),  # of URLs and results
    sa.Index("jobs_by_key", "key_id", "created_at"),
    sa.Index("jobs_by_end", "completed_at"),
)
sa.Index(
    "jobs_waiting",
    jobs.c.rendered,
    jobs.c.key_id,
    jobs.c.created_at,
    sqlite_where=jobs.c.waiting > 0,
    postgresql_where=jobs.c.waiting > 0,
)

sa.Index(
    "jobs_open",
    jobs.c.key_id,
    sqlite_where=jobs.c.completed_at.is_(None),
    postgresql_where=jobs.c.completed_at.is_(None),
)

job_items = sa.Table(
    "job_items",
    TRUTH,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("input_index", sa.Integer, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(80)),  # who works on it; set while it is `processing`, and only then
    sa.Column("error_code", sa.String(32)),
    sa.Column("error_message", sa.Text),
    sa.Column("http_status", sa.Integer),
    sa.Column("duration_ms", sa.Integer),
    sa.Column("result_of", sa.Integer),  # the item of this job whose result is equal and stored
    sa.Column("error_reason", sa.String(64)),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),  # that have ended
    sa.Column("retry_at", sa.Double),  # end of the pause of a deferred item, by the database's clock
)
sa.Index(
    "job_items_deferred",
    job_items.c.retry_at,
    sqlite_where=job_items.c.retry_at.is_not(None),
    postgresql_where=job_items.c.retry_at.is_not(None),
)
sa.Index(
    "job_items_owned",
    job_items.c.owner,
    sqlite_where=job_items.c.owner.is_not(None),
    postgresql_where=job_items.c.owner.is_not(None),
)

job_results = sa.Table(
    "job_results",
    TRUTH,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("input_index", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),  # JSON: markdown, html, metadata
    sa.Column("digest", sa.String(32)),  # BLAKE2b of the data, hexadecimal
    sa.Index("job_results_by_digest", "job_id", "digest"),
)

job_owners = sa.Table(
    "job_owners",
    TRUTH,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("seen_at", sa.Double, nullable=False),
)

job_requests = sa.Table(
    "job_requests",
    TRUTH,
    sa.Column("key_id", sa.String(32), primary_key=True),
    sa.Column("idempotency_key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),  # SHA-256 of what was asked, hexadecimal
    sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", sa.Double, nullable=False),
)

webhooks = sa.Table(
    "webhooks",
    TRUTH,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", SecretText),  # forgotten with the last try
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.Double, index=True),
    sa.Column("last_attempt_at", sa.Double),
    sa.Column("last_http_status", sa.Integer),
    sa.Column("last_error", sa.String(32)),  # a code of the tree of errors
)

cache_entries = sa.Table(
    "cache_entries_4",
    SHARED,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("stored_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Column("kept_until", sa.Double, nullable=False, index=True),
    sa.Column("failure", sa.LargeBinary, nullable=False),
    sa.Column("failed_at", sa.Double, nullable=False),
    sa.Column("retry_at", sa.Double, nullable=False),
    sa.Column("validators", sa.LargeBinary, nullable=False),
)

rate_buckets = sa.Table(
    "rate_buckets",
    SHARED,
    sa.Column("key_id", sa.String(32), primary_key=True),
    sa.Column("tokens", sa.Double, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)
