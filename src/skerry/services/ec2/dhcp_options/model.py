"""DHCP option sets; every account has the default one."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class DhcpOptions(Owned, Base):
    __tablename__ = "dhcp_options"

    id: Mapped[str] = mapped_column(primary_key=True)  # dopt-…
    configuration: Mapped[dict[str, Any]]  # AWS key → list of values
    created_at: Mapped[datetime]
