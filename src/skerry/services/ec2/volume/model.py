"""Volumes. In this issue only root disks exist, made and deleted with their instance."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


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
