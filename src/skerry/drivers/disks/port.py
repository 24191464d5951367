"""What a disk backend must do. A disk is named after its volume id; every verb is idempotent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Disk:
    """Where a hypervisor finds a volume."""

    path: Path
    format: str  # "qcow2" | "raw"


class Disks(Protocol):
    """Volumes on one host."""

    def ensure(self, volume_id: str, size_gib: int, image: Path | None) -> Disk:
        """Make the volume unless it exists: empty, or a thin overlay of ``image`` (a qcow2 file).

        Atomic: after a crash there is either the whole disk or none. An overlay is never smaller
        than its image.
        """
        ...

    def find(self, volume_id: str) -> Disk | None:
        """The volume, or None."""
        ...

    def remove(self, volume_id: str) -> None:
        """Free the volume's bytes; no-op if it is gone."""
        ...

    def volumes(self) -> set[str]:
        """Ids of all volumes on this host."""
        ...
