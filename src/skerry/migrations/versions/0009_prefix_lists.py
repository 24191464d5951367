"""prefix lists; rules that speak of them and of groups in peered VPCs"""

import sqlalchemy as sa
from alembic import op

from skerry.kernel.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OF_PEERS = ("prefix_list_id", "referenced_owner_id", "referenced_vpc_id", "peering_id")


def upgrade() -> None:
    op.create_table(
        "prefix_list",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address_family", sa.String(), nullable=False),
        sa.Column("max_entries", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_change", sa.String(), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prefix_list")),
    )
    op.create_index(op.f("ix_prefix_list_account_id"), "prefix_list", ["account_id"])
    op.create_table(
        "prefix_list_entry",
        sa.Column("prefix_list_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cidr", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prefix_list_id"],
            ["prefix_list.id"],
            name=op.f("fk_prefix_list_entry_prefix_list_id_prefix_list"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "prefix_list_id", "version", "cidr", name=op.f("pk_prefix_list_entry")
        ),
    )
    op.create_index(op.f("ix_prefix_list_entry_account_id"), "prefix_list_entry", ["account_id"])
    for column in _OF_PEERS:
        op.add_column("security_group_rule", sa.Column(column, sa.String(), nullable=True))
    op.create_index(
        op.f("ix_security_group_rule_prefix_list_id"), "security_group_rule", ["prefix_list_id"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_security_group_rule_prefix_list_id"), "security_group_rule")
    for column in _OF_PEERS:
        op.drop_column("security_group_rule", column)
    op.drop_table("prefix_list_entry")
    op.drop_table("prefix_list")
