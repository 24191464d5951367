"""Security groups and their rules; each rule is a row, as in AWS's rule-id API."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class SecurityGroup(Owned, Base):
    __tablename__ = "security_group"
    __table_args__ = (UniqueConstraint("vpc_id", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True)  # sg-…
    vpc_id: Mapped[str] = mapped_column(ForeignKey("vpc.id"), index=True)
    name: Mapped[str]
    description: Mapped[str]
    created_at: Mapped[datetime]


class SecurityGroupRule(Owned, Base):
    """Exactly one of cidr_ipv4, cidr_ipv6, prefix_list_id and referenced_group_id is set.

    ``protocol`` is what AWS shows: "tcp", "udp", "icmp", "icmpv6", "-1" or an IP protocol number.
    """

    __tablename__ = "security_group_rule"

    id: Mapped[str] = mapped_column(primary_key=True)  # sgr-…
    group_id: Mapped[str] = mapped_column(
        ForeignKey("security_group.id", ondelete="CASCADE"), index=True
    )
    egress: Mapped[bool]
    protocol: Mapped[str]
    from_port: Mapped[int]  # -1: all (or ICMP any type)
    to_port: Mapped[int]
    cidr_ipv4: Mapped[str | None]
    cidr_ipv6: Mapped[str | None]
    prefix_list_id: Mapped[str | None] = mapped_column(index=True)
    referenced_group_id: Mapped[str | None] = mapped_column(index=True)
    # of a group in a peered VPC only; the group and the connection may be gone since
    referenced_owner_id: Mapped[str | None]
    referenced_vpc_id: Mapped[str | None]
    peering_id: Mapped[str | None]
    description: Mapped[str | None]
