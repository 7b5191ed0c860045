"""Jobs: their items and results, who works on them, their idempotency keys and webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("completed_at", sa.Double),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("headers", sa.JSON),
        sa.Column("invalid_urls", sa.JSON, nullable=False),
        sa.Column("rendered", sa.Boolean, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("waiting", sa.Integer, nullable=False),
        sa.Column("completed", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("cancelled", sa.Integer, nullable=False),
    )
    op.create_index("jobs_by_key", "jobs", ["key_id", "created_at"])
    op.create_index("jobs_by_end", "jobs", ["completed_at"])
    waiting = sa.text("waiting > 0")
    op.create_index(
        "jobs_waiting",
        "jobs",
        ["rendered", "key_id", "created_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_table(
        "job_items",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("input_index", sa.Integer, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(80)),
        sa.Column("error_code", sa.String(32)),
        sa.Column("error_message", sa.Text),
        sa.Column("http_status", sa.Integer),
        sa.Column("duration_ms", sa.Integer),
    )
    owned = sa.text("owner IS NOT NULL")
    op.create_index("job_items_owned", "job_items", ["owner"], sqlite_where=owned, postgresql_where=owned)
    op.create_table(
        "job_results",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("input_index", sa.Integer, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "job_owners",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("seen_at", sa.Double, nullable=False),
    )
    op.create_table(
        "job_requests",
        sa.Column("key_id", sa.String(32), primary_key=True),
        sa.Column("idempotency_key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("ix_job_requests_job_id", "job_requests", ["job_id"])
    op.create_table(
        "webhooks",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.Text),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.Double),
        sa.Column("last_attempt_at", sa.Double),
        sa.Column("last_http_status", sa.Integer),
        sa.Column("last_error", sa.String(32)),
    )
    op.create_index("ix_webhooks_next_attempt_at", "webhooks", ["next_attempt_at"])


def downgrade() -> None:
    op.drop_table("webhooks")
    op.drop_table("job_requests")
    op.drop_table("job_owners")
    op.drop_table("job_results")
    op.drop_table("job_items")
    op.drop_table("jobs")
