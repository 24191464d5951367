"""flow logs"""

import sqlalchemy as sa
from alembic import op

from skerry.kernel.db import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flow_log",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("resource_id", sa.String(), nullable=False),
        sa.Column("vpc_id", sa.String(), nullable=False),
        sa.Column("traffic_type", sa.String(), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("hive", sa.Boolean(), nullable=False),
        sa.Column("per_hour", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_log")),
    )
    for column in ("account_id", "resource_id", "vpc_id"):
        op.create_index(op.f(f"ix_flow_log_{column}"), "flow_log", [column])


def downgrade() -> None:
    op.drop_table("flow_log")
