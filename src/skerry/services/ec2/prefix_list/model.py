"""Managed prefix lists: each version of one is a whole set of entries, and none is lost.

https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
"""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class PrefixList(Owned, Base):
    __tablename__ = "prefix_list"

    id: Mapped[str] = mapped_column(primary_key=True)  # pl-…
    name: Mapped[str]
    address_family: Mapped[str]  # "IPv4" | "IPv6"
    max_entries: Mapped[int]  # what a reference to the list counts for in limits
    version: Mapped[int]
    last_change: Mapped[str]  # "create", "modify", "restore" or "delete"
    failure: Mapped[str | None]  # why that change was not made
    created_at: Mapped[datetime]

    @property
    def state(self) -> str:
        return f"{self.last_change}-{'complete' if self.failure is None else 'failed'}"


class PrefixListEntry(Owned, Base):
    """One block of one version."""

    __tablename__ = "prefix_list_entry"

    prefix_list_id: Mapped[str] = mapped_column(
        ForeignKey("prefix_list.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    cidr: Mapped[str] = mapped_column(primary_key=True)
    description: Mapped[str | None]
