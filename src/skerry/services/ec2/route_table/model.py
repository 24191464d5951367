"""Route tables, their routes, and which subnets use them."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class RouteTable(Owned, Base):
    __tablename__ = "route_table"

    id: Mapped[str] = mapped_column(primary_key=True)  # rtb-…
    vpc_id: Mapped[str] = mapped_column(ForeignKey("vpc.id"), index=True)
    created_at: Mapped[datetime]


class Route(Owned, Base):
    """A route that a user (or the default VPC) made; the local route is implied by the VPC."""

    __tablename__ = "route"

    route_table_id: Mapped[str] = mapped_column(
        ForeignKey("route_table.id", ondelete="CASCADE"), primary_key=True
    )
    destination: Mapped[str] = mapped_column(primary_key=True)  # IPv4 or IPv6 CIDR, or pl-…
    target_id: Mapped[str]  # igw-…, nat-…, eni-…, pcx-…


class RouteTableAssociation(Owned, Base):
    """A subnet's explicit table, or (subnet_id None) the VPC's main table."""

    __tablename__ = "route_table_association"

    id: Mapped[str] = mapped_column(primary_key=True)  # rtbassoc-…
    route_table_id: Mapped[str] = mapped_column(ForeignKey("route_table.id"), index=True)
    vpc_id: Mapped[str] = mapped_column(index=True)
    subnet_id: Mapped[str | None] = mapped_column(unique=True)
