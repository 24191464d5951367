"""What an image is called and how it starts: all of it but its files."""

from dataclasses import dataclass
from pathlib import Path

from skerry.drivers.compute.port import DirectBoot
from skerry.drivers.images.port import StoredImage
from skerry.kernel.ids import is_id


class InvalidImageIdError(ValueError):
    """An image id is ``ami-`` and 8 or 17 hexadecimal digits, as EC2's are."""


@dataclass(frozen=True, slots=True)
class ImageLabel:
    """An image without its files. ``cmdline`` None: firmware boots the disk, no kernel beside it."""

    image_id: str
    name: str
    description: str
    login_user: str
    cmdline: str | None = None

    def __post_init__(self) -> None:
        if not is_id("ami", self.image_id):
            raise InvalidImageIdError(self.image_id)

    def stored(self, folder: Path, size_gib: int) -> StoredImage:
        """The image as found in ``folder``; the file names are the store's convention."""
        initrd = folder / "initrd"
        boot = None
        if self.cmdline is not None:
            boot = DirectBoot(folder / "kernel", initrd if initrd.exists() else None, self.cmdline)
        return StoredImage(
            image_id=self.image_id,
            name=self.name,
            description=self.description,
            disk=folder / "disk.qcow2",
            size_gib=size_gib,
            login_user=self.login_user,
            boot=boot,
        )
