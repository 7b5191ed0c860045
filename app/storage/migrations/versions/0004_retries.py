"""Attempts of each item, and the pause before the next one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

DEFERRED = sa.text("retry_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("job_items", sa.Column("error_reason", sa.String(64)))
    op.add_column("job_items", sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
    op.add_column("job_items", sa.Column("retry_at", sa.Double))
    op.create_index("job_items_deferred", "job_items", ["retry_at"], sqlite_where=DEFERRED, postgresql_where=DEFERRED)


def downgrade() -> None:
    op.drop_index("job_items_deferred", "job_items")
    op.drop_column("job_items", "retry_at")
    op.drop_column("job_items", "attempts")
    op.drop_column("job_items", "error_reason")
