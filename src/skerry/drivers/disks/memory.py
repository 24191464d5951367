"""Disks that exist in memory alone."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from skerry.drivers.disks.port import Disk


@dataclass(frozen=True, slots=True)
class MemoryVolume:
    """What was asked for when the volume was made."""

    size_gib: int
    image: Path | None


@dataclass(slots=True)
class MemoryShelf:
    """The world: it stays when a control plane ends. Hand the same one to the next MemoryDisks."""

    volumes: dict[str, MemoryVolume] = field(default_factory=dict[str, MemoryVolume])
    lock: threading.Lock = field(default_factory=threading.Lock)


class MemoryDisks:
    """Volumes on a shelf in memory; safe to use from many threads."""

    def __init__(self, shelf: MemoryShelf | None = None) -> None:
        """Use ``shelf``; without one, an empty one."""
        self.shelf = MemoryShelf() if shelf is None else shelf

    def ensure(self, volume_id: str, size_gib: int, image: Path | None) -> Disk:
        """Make the volume unless it exists."""
        with self.shelf.lock:
            self.shelf.volumes.setdefault(volume_id, MemoryVolume(size_gib, image))
        return _disk(volume_id)

    def find(self, volume_id: str) -> Disk | None:
        """The volume, or None."""
        with self.shelf.lock:
            return _disk(volume_id) if volume_id in self.shelf.volumes else None

    def remove(self, volume_id: str) -> None:
        """Forget the volume."""
        with self.shelf.lock:
            self.shelf.volumes.pop(volume_id, None)

    def volumes(self) -> set[str]:
        """Ids of all volumes."""
        with self.shelf.lock:
            return set(self.shelf.volumes)


def _disk(volume_id: str) -> Disk:
    return Disk(Path("/memory") / f"{volume_id}.qcow2", "qcow2")
