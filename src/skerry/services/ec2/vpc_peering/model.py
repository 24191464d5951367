"""VPC peering connections: one row that two accounts share, and the side that each of them owns.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
"""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class VpcPeering(Base):
    """What has been decided; the state is told from these columns, the sides, and the time.

    Nobody's alone, so it is only ever reached by way of a side.
    """

    __tablename__ = "vpc_peering"

    id: Mapped[str] = mapped_column(primary_key=True)  # pcx-…
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # unless accepted before
    accepted_at: Mapped[datetime | None]
    ended: Mapped[str | None]  # "failed", "rejected" or "deleted"
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]  # account id; None: nobody, it failed


class PeeringSide(Owned, Base):
    """One end: its account's, and the VPC there. Of a failed request the VPC need not exist."""

    __tablename__ = "vpc_peering_side"

    peering_id: Mapped[str] = mapped_column(
        ForeignKey("vpc_peering.id", ondelete="CASCADE"), primary_key=True
    )
    is_requester: Mapped[bool] = mapped_column(primary_key=True)
    vpc_id: Mapped[str] = mapped_column(index=True)
    resolves_for_peer: Mapped[bool] = mapped_column(default=False)
    """The other side's machines resolve this side's public names to private addresses."""
    applied: Mapped[bool] = mapped_column(default=False)  # observed: the VPC's network holds it
