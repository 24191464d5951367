"""What the image store must do: hold boot disks by image id (ami-…), built or imported."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from skerry.drivers.compute.port import DirectBoot


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One image on disk."""

    image_id: str
    name: str  # e.g. "tiny-2026.11.23"
    description: str
    disk: Path  # qcow2, never written after publication
    size_gib: int  # virtual size rounded up: the smallest root volume
    login_user: str
    boot: DirectBoot | None


class Images(Protocol):
    """Boot disks of this host."""

    def find(self, image_id: str) -> StoredImage | None:
        """The image, or None."""
        ...

    def all(self) -> list[StoredImage]:
        """Every image in the store."""
        ...

    def remove(self, image_id: str) -> None:
        """Remove the image's files; no-op if gone. Overlays that back onto it break: ask first."""
        ...
