"""A subnet of a VPC, in one zone."""

from datetime import datetime
from ipaddress import IPv4Network

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

    @property
    def network(self) -> IPv4Network:
        return IPv4Network(self.cidr)
