"""managed interfaces"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place: a table that is copied and dropped would take what refers to it along.
    op.add_column(
        "network_interface",
        sa.Column("interface_type", sa.String(), nullable=False, server_default="interface"),
    )


def downgrade() -> None:
    op.drop_column("network_interface", "interface_type")
