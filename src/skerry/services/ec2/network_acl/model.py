"""Network ACLs. The final deny (32767) is implied."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class NetworkAcl(Owned, Base):
    __tablename__ = "network_acl"

    id: Mapped[str] = mapped_column(primary_key=True)  # acl-…
    vpc_id: Mapped[str] = mapped_column(ForeignKey("vpc.id"), index=True)
    is_default: Mapped[bool]
    created_at: Mapped[datetime]


class NetworkAclEntry(Owned, Base):
    __tablename__ = "network_acl_entry"

    network_acl_id: Mapped[str] = mapped_column(
        ForeignKey("network_acl.id", ondelete="CASCADE"), primary_key=True
    )
    egress: Mapped[bool] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    allow: Mapped[bool]
    protocol: Mapped[str]  # "-1" or an IP protocol number
    cidr: Mapped[str]  # IPv4 or IPv6
    from_port: Mapped[int | None]
    to_port: Mapped[int | None]
    icmp_type: Mapped[int | None]  # -1: any
    icmp_code: Mapped[int | None]
