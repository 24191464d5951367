"""vpc peerings"""

import sqlalchemy as sa
from alembic import op

from skerry.kernel.db import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tag", recreate="always") as batch_op:
        batch_op.drop_index(batch_op.f("ix_tag_account_id"))
        batch_op.drop_constraint(batch_op.f("pk_tag"), type_="primary")
        batch_op.create_primary_key(batch_op.f("pk_tag"), ["account_id", "resource_id", "key"])
    op.create_index(op.f("ix_tag_resource_id"), "tag", ["resource_id"], unique=False)
    op.create_table(
        "vpc_peering",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("ended", sa.String(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vpc_peering")),
    )
    op.create_table(
        "vpc_peering_side",
        sa.Column("peering_id", sa.String(), nullable=False),
        sa.Column("is_requester", sa.Boolean(), nullable=False),
        sa.Column("vpc_id", sa.String(), nullable=False),
        sa.Column("resolves_for_peer", sa.Boolean(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["peering_id"],
            ["vpc_peering.id"],
            name=op.f("fk_vpc_peering_side_peering_id_vpc_peering"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("peering_id", "is_requester", name=op.f("pk_vpc_peering_side")),
    )
    with op.batch_alter_table("vpc_peering_side", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_vpc_peering_side_account_id"), ["account_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_vpc_peering_side_vpc_id"), ["vpc_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("vpc_peering_side", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vpc_peering_side_vpc_id"))
        batch_op.drop_index(batch_op.f("ix_vpc_peering_side_account_id"))
    op.drop_table("vpc_peering_side")
    op.drop_table("vpc_peering")
    # Each account's tags on a shared connection would be in each other's way.
    op.execute("DELETE FROM tag WHERE resource_type = 'vpc-peering-connection'")
    op.drop_index(op.f("ix_tag_resource_id"), table_name="tag")
    with op.batch_alter_table("tag", recreate="always") as batch_op:
        batch_op.drop_constraint(batch_op.f("pk_tag"), type_="primary")
        batch_op.create_primary_key(batch_op.f("pk_tag"), ["resource_id", "key"])
        batch_op.create_index(batch_op.f("ix_tag_account_id"), ["account_id"], unique=False)
