"""A subnet of a VPC, in one zone."""

from datetime import datetime
from ipaddress import IPv4Network, IPv6Network

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class Subnet(Owned, Base):
    __tablename__ = "subnet"

    id: Mapped[str] = mapped_column(primary_key=True)  # subnet-…
    vpc_id: Mapped[str] = mapped_column(ForeignKey("vpc.id"), index=True)
    cidr: Mapped[str]
    zone: Mapped[str]
    default_for_az: Mapped[bool]
    map_public_ip: Mapped[bool]
    network_acl_id: Mapped[str]
    network_acl_association_id: Mapped[str]
    created_at: Mapped[datetime]
    ipv6_cidr: Mapped[str | None] = mapped_column(index=True, unique=True)  # a /64
    ipv6_association_id: Mapped[str | None]  # subnet-cidr-assoc-…
    assign_ipv6: Mapped[bool] = mapped_column(default=False)  # to interfaces made in it

    @property
    def ipv6_network(self) -> IPv6Network | None:
        return IPv6Network(self.ipv6_cidr) if self.ipv6_cidr else None

    @property
    def network(self) -> IPv4Network:
        return IPv4Network(self.cidr)
