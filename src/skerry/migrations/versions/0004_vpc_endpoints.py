"""vpc endpoints"""

import sqlalchemy as sa
from alembic import op

from skerry.kernel.db import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vpc_endpoint",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("vpc_id", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("private_dns", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("group_ids", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vpc_endpoint")),
    )
    op.create_index(op.f("ix_vpc_endpoint_account_id"), "vpc_endpoint", ["account_id"])
    op.create_index(op.f("ix_vpc_endpoint_vpc_id"), "vpc_endpoint", ["vpc_id"])
    op.create_table(
        "vpc_endpoint_interface",
        sa.Column("interface_id", sa.String(), nullable=False),
        sa.Column("endpoint_id", sa.String(), nullable=False),
        sa.Column("subnet_id", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["vpc_endpoint.id"],
            name=op.f("fk_vpc_endpoint_interface_endpoint_id_vpc_endpoint"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["interface_id"],
            ["network_interface.id"],
            name=op.f("fk_vpc_endpoint_interface_interface_id_network_interface"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("interface_id", name=op.f("pk_vpc_endpoint_interface")),
    )
    for column in ("account_id", "endpoint_id"):
        op.create_index(
            op.f(f"ix_vpc_endpoint_interface_{column}"), "vpc_endpoint_interface", [column]
        )


def downgrade() -> None:
    op.drop_table("vpc_endpoint_interface")
    op.drop_table("vpc_endpoint")
