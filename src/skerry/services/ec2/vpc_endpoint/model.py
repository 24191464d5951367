"""VPC endpoints of type Interface: addresses in a VPC at which one of the cloud's services answers."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class VpcEndpoint(Owned, Base):
    __tablename__ = "vpc_endpoint"

    id: Mapped[str] = mapped_column(primary_key=True)  # vpce-…
    vpc_id: Mapped[str] = mapped_column(index=True)
    service: Mapped[str]  # "ec2", "sts"
    label: Mapped[str]  # what DNS names have besides the id
    private_dns: Mapped[bool]
    policy: Mapped[str]
    group_ids: Mapped[list[str]]  # also of interfaces to come
    created_at: Mapped[datetime]
    wanted: Mapped[bool] = mapped_column(default=True)  # False: leaving the VPC's network
    applied: Mapped[bool] = mapped_column(default=False)  # observed: the network has its interfaces


class VpcEndpointInterface(Owned, Base):
    """The endpoint's interface in one subnet."""

    __tablename__ = "vpc_endpoint_interface"

    interface_id: Mapped[str] = mapped_column(
        ForeignKey("network_interface.id", ondelete="CASCADE"), primary_key=True
    )
    endpoint_id: Mapped[str] = mapped_column(
        ForeignKey("vpc_endpoint.id", ondelete="CASCADE"), index=True
    )
    subnet_id: Mapped[str]
    zone: Mapped[str]
