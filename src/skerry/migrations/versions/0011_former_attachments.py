"""former attachments"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place: a table that is copied and dropped would take what refers to it along.
    op.add_column(
        "network_interface", sa.Column("former_attachment_id", sa.String(), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("network_interface", "former_attachment_id")
