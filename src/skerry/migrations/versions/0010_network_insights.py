"""Paths of Reachability Analyzer, and what analyses found."""

import sqlalchemy as sa
from alembic import op

from skerry.kernel.db import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "network_insights_path",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("destination", sa.String(), nullable=True),
        sa.Column("source_ip", sa.String(), nullable=True),
        sa.Column("destination_ip", sa.String(), nullable=True),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("destination_port", sa.Integer(), nullable=True),
        sa.Column("filter_at_source", sa.JSON(), nullable=False),
        sa.Column("filter_at_destination", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_insights_path")),
    )
    with op.batch_alter_table("network_insights_path", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_network_insights_path_account_id"), ["account_id"], unique=False
        )

    op.create_table(
        "network_insights_analysis",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("path_id", sa.String(), nullable=False),
        sa.Column("filter_in_arns", sa.JSON(), nullable=False),
        sa.Column("filter_out_arns", sa.JSON(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("warning", sa.String(), nullable=True),
        sa.Column("found", sa.Boolean(), nullable=True),
        sa.Column("forward", sa.JSON(), nullable=False),
        sa.Column("back", sa.JSON(), nullable=False),
        sa.Column("explanations", sa.JSON(), nullable=False),
        sa.Column("suggested_accounts", sa.JSON(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["path_id"],
            ["network_insights_path.id"],
            name=op.f("fk_network_insights_analysis_path_id_network_insights_path"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_insights_analysis")),
    )
    with op.batch_alter_table("network_insights_analysis", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_network_insights_analysis_account_id"), ["account_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_network_insights_analysis_path_id"), ["path_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("network_insights_analysis", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_network_insights_analysis_path_id"))
        batch_op.drop_index(batch_op.f("ix_network_insights_analysis_account_id"))

    op.drop_table("network_insights_analysis")
    with op.batch_alter_table("network_insights_path", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_network_insights_path_account_id"))

    op.drop_table("network_insights_path")
