"""nat gateways; routes to anything"""

import sqlalchemy as sa
from alembic import op

from skerry.kernel.db import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE route RENAME COLUMN gateway_id TO target_id")
    op.create_table(
        "nat_gateway",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("vpc_id", sa.String(), nullable=False),
        sa.Column("subnet_id", sa.String(), nullable=False),
        sa.Column("connectivity", sa.String(), nullable=False),
        sa.Column("interface_id", sa.String(), nullable=True),
        sa.Column("private_ip", sa.String(), nullable=True),
        sa.Column("allocation_id", sa.String(), nullable=True),
        sa.Column("association_id", sa.String(), nullable=True),
        sa.Column("public_ip", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nat_gateway")),
    )
    for column in ("account_id", "vpc_id"):
        op.create_index(op.f(f"ix_nat_gateway_{column}"), "nat_gateway", [column])


def downgrade() -> None:
    op.drop_table("nat_gateway")
    op.execute("ALTER TABLE route RENAME COLUMN target_id TO gateway_id")
