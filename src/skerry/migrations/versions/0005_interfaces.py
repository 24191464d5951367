"""hot attachment, secondary addresses, reverse names"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INTERFACE_COLUMNS = (
    sa.Column("detach_wanted", sa.String(), nullable=True),
    sa.Column("attach_seen", sa.Boolean(), nullable=False, server_default=sa.true()),
    sa.Column("primary_ipv6", sa.Boolean(), nullable=False, server_default=sa.false()),
)


def upgrade() -> None:
    # In place: a table that is copied and dropped would take what refers to it along.
    for column in _INTERFACE_COLUMNS:
        op.add_column("network_interface", column.copy())
    op.add_column("address", sa.Column("domain_name", sa.String(), nullable=True))
    op.create_table(
        "secondary_address",
        sa.Column("subnet_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("network_interface_id", sa.String(), nullable=False),
        sa.Column("ipv6", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subnet_id"], ["subnet.id"], name=op.f("fk_secondary_address_subnet_id_subnet")
        ),
        sa.ForeignKeyConstraint(
            ["network_interface_id"],
            ["network_interface.id"],
            name=op.f("fk_secondary_address_network_interface_id_network_interface"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subnet_id", "address", name=op.f("pk_secondary_address")),
    )
    for table, column in _INDEXES:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


_INDEXES = (
    ("secondary_address", "account_id"),
    ("secondary_address", "network_interface_id"),
)


def downgrade() -> None:
    for table, column in reversed(_INDEXES):
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    op.drop_table("secondary_address")
    op.drop_column("address", "domain_name")
    for column in reversed(_INTERFACE_COLUMNS):
        op.drop_column("network_interface", column.name)
