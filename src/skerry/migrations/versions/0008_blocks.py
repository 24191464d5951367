"""further blocks of VPCs, IPv6 blocks of subnets"""

import sqlalchemy as sa
from alembic import op

from skerry.kernel.db import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vpc_block",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("vpc_id", sa.String(), nullable=False),
        sa.Column("cidr", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vpc_id"], ["vpc.id"], name=op.f("fk_vpc_block_vpc_id_vpc"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vpc_block")),
    )
    for column in ("account_id", "vpc_id"):
        op.create_index(op.f(f"ix_vpc_block_{column}"), "vpc_block", [column])
    op.create_table(
        "egress_only_internet_gateway",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("vpc_id", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_egress_only_internet_gateway")),
        sa.UniqueConstraint("vpc_id", name=op.f("uq_egress_only_internet_gateway_vpc_id")),
    )
    op.create_index(
        op.f("ix_egress_only_internet_gateway_account_id"),
        "egress_only_internet_gateway",
        ["account_id"],
    )
    op.add_column("subnet", sa.Column("ipv6_cidr", sa.String(), nullable=True))
    op.add_column("subnet", sa.Column("ipv6_association_id", sa.String(), nullable=True))
    op.add_column(
        "subnet",
        sa.Column("assign_ipv6", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index(op.f("ix_subnet_ipv6_cidr"), "subnet", ["ipv6_cidr"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_subnet_ipv6_cidr"), "subnet")
    for column in ("assign_ipv6", "ipv6_association_id", "ipv6_cidr"):
        op.drop_column("subnet", column)
    op.drop_table("egress_only_internet_gateway")
    op.drop_table("vpc_block")
