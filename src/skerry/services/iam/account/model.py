"""Accounts: the walls of the cloud."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base


class Account(Base):
    __tablename__ = "account"

    id: Mapped[str] = mapped_column(primary_key=True)  # twelve digits
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
