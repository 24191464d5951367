"""NAT gateways. Actions write what is wanted; that the network has one is noted by its VPC's pass."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class State(StrEnum):
    """https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html"""

    PENDING = "pending"
    FAILED = "failed"
    AVAILABLE = "available"
    DELETING = "deleting"
    DELETED = "deleted"


class NatGateway(Owned, Base):
    """Its interface is in its subnet while it is wanted; its addresses are shown after that too."""

    __tablename__ = "nat_gateway"

    id: Mapped[str] = mapped_column(primary_key=True)  # nat-…
    vpc_id: Mapped[str] = mapped_column(index=True)  # which it is shown longer than, when deleted
    subnet_id: Mapped[str]
    connectivity: Mapped[str]  # "public" | "private"
    interface_id: Mapped[str | None]
    private_ip: Mapped[str | None]
    allocation_id: Mapped[str | None]
    association_id: Mapped[str | None]
    public_ip: Mapped[str | None]
    failure: Mapped[str | None]  # AWS's code of why it could not be made
    created_at: Mapped[datetime]
    wanted: Mapped[bool]
    # observed
    applied: Mapped[bool] = mapped_column(default=False)  # the VPC's network has it
    deleted_at: Mapped[datetime | None]

    @property
    def state(self) -> State:
        if self.failure is not None:
            return State.FAILED if self.wanted else State.DELETED
        if self.wanted:
            return State.AVAILABLE if self.applied else State.PENDING
        return State.DELETED if self.deleted_at else State.DELETING
