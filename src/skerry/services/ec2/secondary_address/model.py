"""Addresses of an interface beyond its primary private one."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class SecondaryAddress(Owned, Base):
    """A secondary private IPv4 address, or an IPv6 address, of which none is primary by nature."""

    __tablename__ = "secondary_address"

    subnet_id: Mapped[str] = mapped_column(ForeignKey("subnet.id"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)  # in its shortest form
    network_interface_id: Mapped[str] = mapped_column(
        ForeignKey("network_interface.id", ondelete="CASCADE"), index=True
    )
    ipv6: Mapped[bool]
    position: Mapped[int]  # grows in the order of assignment
