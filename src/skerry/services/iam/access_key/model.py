"""Access keys. Until IAM policies exist, a key is its account's root."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class AccessKey(Owned, Base):
    """The secret is stored sealed under the cloud's master key, which is kept outside the database."""

    __tablename__ = "access_key"

    id: Mapped[str] = mapped_column(primary_key=True)  # AKIA…
    sealed_secret: Mapped[bytes]
    active: Mapped[bool]
    created_at: Mapped[datetime]
