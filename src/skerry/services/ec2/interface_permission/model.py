"""What the owner of an interface lets others do with it."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class InterfacePermission(Owned, Base):
    __tablename__ = "interface_permission"

    id: Mapped[str] = mapped_column(primary_key=True)  # eni-perm-…
    network_interface_id: Mapped[str] = mapped_column(
        ForeignKey("network_interface.id", ondelete="CASCADE"), index=True
    )
    grantee_id: Mapped[str] = mapped_column(index=True)  # an account
    permission: Mapped[str]  # "INSTANCE-ATTACH" | "EIP-ASSOCIATE"
