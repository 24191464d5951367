"""Network interfaces. The network knows a port by this id."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class Detach(StrEnum):
    """How an attachment is to end."""

    ASK = "ask"  # when the guest has let go of the card
    FORCE = "force"  # at once


class NetworkInterface(Owned, Base):
    """The attachment's columns are None while the interface is available."""

    __tablename__ = "network_interface"
    __table_args__ = (UniqueConstraint("subnet_id", "private_ip"),)

    id: Mapped[str] = mapped_column(primary_key=True)  # eni-…
    vpc_id: Mapped[str] = mapped_column(ForeignKey("vpc.id"), index=True)
    subnet_id: Mapped[str] = mapped_column(ForeignKey("subnet.id"), index=True)
    description: Mapped[str]
    mac: Mapped[str] = mapped_column(unique=True)
    private_ip: Mapped[str]
    source_dest_check: Mapped[bool]
    created_at: Mapped[datetime]
    attachment_id: Mapped[str | None]  # eni-attach-…
    instance_id: Mapped[str | None] = mapped_column(index=True)
    device_index: Mapped[int | None]
    attached_at: Mapped[datetime | None]
    delete_on_termination: Mapped[bool]
    auto_public_ip: Mapped[bool] = mapped_column(default=False)  # wants one while its machine runs
    public_ip: Mapped[str | None] = mapped_column(unique=True)  # auto-assigned, not an Elastic IP
    interface_type: Mapped[str] = mapped_column(default="interface")
    """Any other ("vpc_endpoint", "nat_gateway") is managed by what it belongs to, not by its account."""
    detach_wanted: Mapped[str | None]  # a Detach; written by actions only
    attach_seen: Mapped[bool] = mapped_column(default=True)
    """False from an attachment to a guest that runs until its card is in; then the reconciler's word."""
    former_attachment_id: Mapped[str | None]
    """The last that ended: who asks for it by its id is told that it is detached."""
    primary_ipv6: Mapped[bool] = mapped_column(default=False)
    """Whether the first of its IPv6 addresses is for good: it goes with the interface only."""

    @property
    def is_managed(self) -> bool:
        return self.interface_type != "interface"


class NetworkInterfaceGroup(Owned, Base):
    """Membership of an interface in a security group."""

    __tablename__ = "network_interface_group"

    network_interface_id: Mapped[str] = mapped_column(
        ForeignKey("network_interface.id", ondelete="CASCADE"), primary_key=True
    )
    group_id: Mapped[str] = mapped_column(
        ForeignKey("security_group.id"), primary_key=True, index=True
    )
    position: Mapped[int]
