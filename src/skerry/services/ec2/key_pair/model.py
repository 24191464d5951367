"""Key pairs; only the public half is kept."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class KeyPair(Owned, Base):
    __tablename__ = "key_pair"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True)  # key-…
    name: Mapped[str]
    key_type: Mapped[str]  # "rsa" | "ed25519"
    fingerprint: Mapped[str]
    public_key: Mapped[str]  # OpenSSH form
    created_at: Mapped[datetime]
