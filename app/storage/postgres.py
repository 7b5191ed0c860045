"""Connections to PostgreSQL, each step of which ends in time.

Nothing outlives a transaction or depends on the connection, so PgBouncer may pool by transaction.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

CONNECT_TIMEOUT = 3  # seconds, with PostgreSQL
STATEMENT_TIMEOUT = 30  # seconds
LOCK_TIMEOUT = 10  # seconds that a statement waits for a row
POOL_TIMEOUT = 5  # seconds that a thread waits for a connection
SILENCE = 15  # seconds after which a server that acknowledges nothing is gone

ARGUMENTS = {
    "connect_timeout": CONNECT_TIMEOUT,
    "tcp_user_timeout": SILENCE * 1_000,  # milliseconds (tcp(7))
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "prepare_threshold": None,
}


def postgres_engine(url: str) -> sa.Engine:
    """Build the pool of connections to a database."""
    engine = sa.create_engine(
        url,
        pool_size=8,
        max_overflow=24,
        pool_timeout=POOL_TIMEOUT,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged, and parameters hold callers' secrets
        connect_args=ARGUMENTS,
    )

    @sa.event.listens_for(engine, "connect")
    def limit(connection: Any, _record: Any) -> None:
        # Behind PgBouncer this reaches one of its connections, and in time each.
        connection.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}s'")
        connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}s'")
        connection.commit()

    return engine
