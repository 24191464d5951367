"""Machine images (AMIs). The bytes are in the image store under the same id, or another row's."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned

AMAZON = "137112412989"
"""Owner of the images that come with the cloud; alias "amazon", visible to all."""


class Image(Owned, Base):
    __tablename__ = "image"

    id: Mapped[str] = mapped_column(primary_key=True)  # ami-…
    stored_as: Mapped[str]  # id in the image store; a registered copy may share one
    name: Mapped[str]
    description: Mapped[str]
    size_gib: Mapped[int]
    root_device_name: Mapped[str]
    root_volume_type: Mapped[str]  # unless the launch says otherwise, as the next
    root_delete_on_termination: Mapped[bool]
    ena_support: Mapped[bool]  # as it was registered; every network card here is virtio's
    public: Mapped[bool]
    shared_with: Mapped[list[str]]  # account ids
    created_at: Mapped[datetime]

    @property
    def snapshot_id(self) -> str:
        """The id under which the stored bytes appear as a snapshot; copies of an image share it."""
        return "snap-" + self.stored_as.removeprefix("ami-")
