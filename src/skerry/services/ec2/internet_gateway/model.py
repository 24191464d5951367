"""Internet gateways."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class InternetGateway(Owned, Base):
    __tablename__ = "internet_gateway"

    id: Mapped[str] = mapped_column(primary_key=True)  # igw-…
    vpc_id: Mapped[str | None] = mapped_column(unique=True)  # attached to
    created_at: Mapped[datetime]
