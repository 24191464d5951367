"""A VPC. Its reconciler applies the whole topology; everything inside a VPC wakes the VPC."""

from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class Vpc(Owned, Base):
    __tablename__ = "vpc"

    id: Mapped[str] = mapped_column(primary_key=True)  # vpc-…
    cidr: Mapped[str]  # the primary IPv4 block
    is_default: Mapped[bool]
    tenancy: Mapped[str]
    dns_support: Mapped[bool]
    dns_hostnames: Mapped[bool]
    dhcp_options_id: Mapped[str]
    created_at: Mapped[datetime]
    wanted: Mapped[bool] = mapped_column(default=True)  # False: being removed from the network

    @property
    def network(self) -> IPv4Network:
        return IPv4Network(self.cidr)


class VpcBlock(Owned, Base):
    """A further address block of a VPC: a secondary IPv4 one, or an IPv6 one."""

    __tablename__ = "vpc_block"

    id: Mapped[str] = mapped_column(primary_key=True)  # vpc-cidr-assoc-…
    vpc_id: Mapped[str] = mapped_column(ForeignKey("vpc.id", ondelete="CASCADE"), index=True)
    cidr: Mapped[str]

    @property
    def network(self) -> IPv4Network | IPv6Network:
        return ip_network(self.cidr)
