"""Instances. Actions write what is wanted, the reconciler what it sees; the state follows from both."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class Wanted(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    TERMINATED = "terminated"


class State(StrEnum):
    """AWS's instance states (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html)."""

    PENDING = "pending"
    RUNNING = "running"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"
    STOPPING = "stopping"
    STOPPED = "stopped"

    @property
    def code(self) -> int:
        return _CODES[self]


_CODES = {
    State.PENDING: 0,
    State.RUNNING: 16,
    State.SHUTTING_DOWN: 32,
    State.TERMINATED: 48,
    State.STOPPING: 64,
    State.STOPPED: 80,
}


class Instance(Owned, Base):
    __tablename__ = "instance"

    id: Mapped[str] = mapped_column(primary_key=True)  # i-…
    reservation_id: Mapped[str] = mapped_column(index=True)
    launch_index: Mapped[int]
    image_id: Mapped[str]
    image_stored_as: Mapped[str]
    instance_type: Mapped[str]
    key_name: Mapped[str | None]
    public_key: Mapped[str | None]  # copied: deleting the key pair does not lock out its instances
    user_data: Mapped[bytes]
    vpc_id: Mapped[str] = mapped_column(index=True)
    subnet_id: Mapped[str]
    zone: Mapped[str]
    root_device_name: Mapped[str]
    client_token: Mapped[str]
    shutdown_behavior: Mapped[str]  # "stop" | "terminate"
    disable_api_termination: Mapped[bool]
    disable_api_stop: Mapped[bool]
    ebs_optimized: Mapped[bool]
    detailed_monitoring: Mapped[bool]
    cpu_credits: Mapped[str]  # "standard" | "unlimited"
    metadata_enabled: Mapped[bool]
    metadata_tokens: Mapped[str]  # "optional" | "required"
    metadata_hop_limit: Mapped[int]
    metadata_tags: Mapped[bool]
    created_at: Mapped[datetime]

    # wanted: written by actions only
    wanted: Mapped[Wanted]
    run: Mapped[int]  # grows with each start; tells a boot from the one before
    reboots_wanted: Mapped[int]  # grows with each RebootInstances
    force_stop: Mapped[bool]
    launched_at: Mapped[datetime]  # of the last start
    wanted_at: Mapped[datetime]  # when `wanted` last changed
    reason_code: Mapped[str | None]  # Client.UserInitiatedShutdown …
    reason: Mapped[str | None]

    # observed: written by the reconciler only
    seen_run: Mapped[int] = mapped_column(default=0)  # the last run whose process was seen running
    ended_run: Mapped[int] = mapped_column(
        default=0
    )  # the last run seen over (powered off, removed)
    ended_by: Mapped[
        str | None
    ]  # why it ended, when not by an action: "guest" | "host" | "capacity"
    ended_at: Mapped[datetime | None]
    reboots_done: Mapped[int] = mapped_column(default=0)
    reached_run: Mapped[int] = mapped_column(
        default=0
    )  # the last run in which the guest spoke to us
    removed_at: Mapped[datetime | None]  # all parts freed after termination

    @property
    def shuts_itself_down(self) -> bool:
        """Whether the guest ended this run by itself and that means termination."""
        over = self.ended_run >= self.run and self.ended_by is not None
        return over and (self.ended_by == "capacity" or self.shutdown_behavior == "terminate")

    @property
    def state(self) -> State:
        if self.wanted is Wanted.TERMINATED or self.shuts_itself_down:
            return State.TERMINATED if self.removed_at else State.SHUTTING_DOWN
        if self.ended_run >= self.run:
            return State.STOPPED
        if self.wanted is Wanted.STOPPED:
            return State.STOPPING
        return State.RUNNING if self.seen_run >= self.run else State.PENDING
