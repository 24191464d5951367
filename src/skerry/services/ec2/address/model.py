"""Elastic IPs, and the ledger of every public address in use."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class Address(Owned, Base):
    __tablename__ = "address"

    id: Mapped[str] = mapped_column(primary_key=True)  # eipalloc-…
    public_ip: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    association_id: Mapped[str | None] = mapped_column(unique=True)  # eipassoc-…
    network_interface_id: Mapped[str | None] = mapped_column(
        ForeignKey("network_interface.id"), index=True
    )
    private_ip: Mapped[str | None]
    domain_name: Mapped[str | None]  # what the address is called in reverse, with its last dot
