"""Bytes that each job stores, equal results stored once, and an index of open jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

OPEN = sa.text("completed_at IS NULL")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("stored_bytes", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("jobs_open", "jobs", ["key_id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.add_column("job_items", sa.Column("result_of", sa.Integer))
    op.add_column("job_results", sa.Column("digest", sa.String(32)))
    op.create_index("job_results_by_digest", "job_results", ["job_id", "digest"])
    # Results of older jobs count, too; reading their lengths reads no result in full on PostgreSQL.
    op.execute(
        "UPDATE jobs SET stored_bytes = coalesce("
        "(SELECT sum(length(data)) FROM job_results WHERE job_results.job_id = jobs.id), 0)"
    )


def downgrade() -> None:
    op.drop_index("job_results_by_digest", "job_results")
    op.drop_column("job_results", "digest")
    op.drop_column("job_items", "result_of")
    op.drop_index("jobs_open", "jobs")
    op.drop_column("jobs", "stored_bytes")
