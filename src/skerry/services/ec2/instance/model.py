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


class Ended(StrEnum):
    """Why a run ended when no action asked for it."""

    GUEST = "guest"  # the guest shut itself down, and that means stop
    GUEST_FOR_GOOD = "guest-for-good"  # … and that means terminate
    CAPACITY = "capacity"  # the host never had room for it
    FAULT = "fault"  # the host could not start it


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
    wanted_at: Mapped[datetime]  # when `wanted` or `reboots_wanted` last changed
    reason_code: Mapped[str | None]  # Client.UserInitiatedShutdown …
    reason: Mapped[str | None]

    # observed: written by the reconciler only
    seen_run: Mapped[int] = mapped_column(default=0)  # the last run whose process was seen running
    ended_run: Mapped[int] = mapped_column(
        default=0
    )  # the last run seen over (powered off, removed)
    ended_by: Mapped[str | None]  # an Ended; None: by an action
    ended_at: Mapped[datetime | None]
    reboots_done: Mapped[int] = mapped_column(default=0)
    reached_run: Mapped[int] = mapped_column(
        default=0
    )  # the last run in which the guest spoke to us
    removed_at: Mapped[datetime | None]  # all parts freed after termination

    @property
    def is_over(self) -> bool:
        """Whether the last run has ended."""
        return self.ended_run >= self.run

    @property
    def is_to_go(self) -> bool:
        """Whether it is terminated or about to be: by an action, by its guest, or for want of room."""
        if self.wanted is Wanted.TERMINATED:
            return True
        if not self.is_over:
            return False
        never_started = self.ended_by in (Ended.CAPACITY, Ended.FAULT) and self.run == 1
        return never_started or self.ended_by == Ended.GUEST_FOR_GOOD

    @property
    def state(self) -> State:
        if self.is_to_go:
            return State.TERMINATED if self.removed_at else State.SHUTTING_DOWN
        if self.is_over:
            return State.STOPPED
        if self.wanted is Wanted.STOPPED:
            return State.STOPPING
        return State.RUNNING if self.seen_run >= self.run else State.PENDING
