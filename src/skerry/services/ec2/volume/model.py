"""Volumes. In this issue only root disks exist, made and deleted with their instance."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


@dataclass(frozen=True, slots=True)
class VolumeType:
    """The limits of one volume type; ranges are inclusive.

    Source: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
    """

    least_gib: int
    most_gib: int
    bootable: bool = True
    iops: tuple[int, int] | None = None  # that may be asked for; the least is the default
    iops_per_gib: int = 0  # at most, when asked for
    iops_required: bool = False
    throughput_mibps: tuple[int, int] | None = None  # as iops
    baseline_iops_per_gib: int = 0  # where IOPS come with the size
    baseline_iops: tuple[int, int] = (0, 0)

    def default_iops(self, size_gib: int) -> int | None:
        """IOPS that come with this size; None where AWS names none."""
        if not self.baseline_iops_per_gib:
            return None
        least, most = self.baseline_iops
        return min(max(size_gib * self.baseline_iops_per_gib, least), most)


VOLUME_TYPES = {
    "gp2": VolumeType(1, 16384, baseline_iops_per_gib=3, baseline_iops=(100, 16000)),
    "gp3": VolumeType(1, 16384, iops=(3000, 16000), iops_per_gib=500, throughput_mibps=(125, 1000)),
    "io1": VolumeType(4, 16384, iops=(100, 64000), iops_per_gib=50, iops_required=True),
    "io2": VolumeType(4, 65536, iops=(100, 256000), iops_per_gib=1000, iops_required=True),
    "st1": VolumeType(125, 16384, bootable=False),
    "sc1": VolumeType(125, 16384, bootable=False),
    "standard": VolumeType(1, 1024),
}


class VolumeState(StrEnum):
    """AWS's volume states (https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html)."""

    CREATING = "creating"
    AVAILABLE = "available"
    IN_USE = "in-use"
    DELETING = "deleting"


class Volume(Owned, Base):
    """The disk is named after the id. ``wanted`` False: free its bytes, then delete the row."""

    __tablename__ = "volume"

    id: Mapped[str] = mapped_column(primary_key=True)  # vol-…
    zone: Mapped[str]
    size_gib: Mapped[int]
    volume_type: Mapped[str]
    iops: Mapped[int | None]
    throughput_mibps: Mapped[int | None]
    image_stored_as: Mapped[str | None]  # overlay of this image in the image store
    created_at: Mapped[datetime]
    wanted: Mapped[bool] = mapped_column(default=True)
    # attachment; None while available
    instance_id: Mapped[str | None] = mapped_column(index=True)
    device_name: Mapped[str | None]
    attached_at: Mapped[datetime | None]
    delete_on_termination: Mapped[bool]
    # observed
    made_gib: Mapped[int] = mapped_column(default=0)

    @property
    def state(self) -> VolumeState:
        if not self.wanted:
            return VolumeState.DELETING
        if self.made_gib < self.size_gib:
            return VolumeState.CREATING
        return VolumeState.IN_USE if self.instance_id else VolumeState.AVAILABLE

    @property
    def snapshot_id(self) -> str | None:
        """What the disk was made of; images show their bytes under the same id."""
        stored_as = self.image_stored_as
        return "snap-" + stored_as.removeprefix("ami-") if stored_as else None
