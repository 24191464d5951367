"""Egress-only internet gateways: out for IPv6 connections that begin inside."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class EgressOnlyInternetGateway(Owned, Base):
    """Attached to its VPC for life."""

    __tablename__ = "egress_only_internet_gateway"

    id: Mapped[str] = mapped_column(primary_key=True)  # eigw-…
    vpc_id: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
