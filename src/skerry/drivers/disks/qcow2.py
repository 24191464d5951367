"""Volumes as qcow2 files in one directory, thin and quick to make."""

import os
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from skerry.drivers.disks.header import virtual_size_bytes
from skerry.drivers.disks.port import Disk

_SUFFIX = ".qcow2"
_UNFINISHED = ".unfinished-"


class DiskError(Exception):
    """qemu-img refused; the message carries its own words."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who may read and write the files: the hypervisor's unprivileged user."""

    uid: int
    gid: int


class Qcow2Disks:
    """Volumes on this host's file system."""

    def __init__(self, directory: Path, owner: Owner) -> None:
        """Make the directory and remove what a crash left unfinished."""
        self._directory = directory.absolute()
        self._owner = owner
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self._directory.glob(f"{_UNFINISHED}*"):
            path.unlink(missing_ok=True)

    def ensure(self, volume_id: str, size_gib: int, image: Path | None) -> Disk:
        """Make the volume unless it exists; raises DiskError, NotQcow2Error.

        The file appears under its name only when it is whole and on stable storage.
        """
        found = self.find(volume_id)
        if found is not None:
            return found
        handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=self._directory)
        try:
            _create(Path(name), size_gib << 30, image)
            os.fchown(handle, self._owner.uid, self._owner.gid)
            os.fsync(handle)
            with suppress(FileExistsError):  # another thread was faster: its disk is the disk
                os.link(name, self._path(volume_id))
        finally:
            os.close(handle)
            Path(name).unlink(missing_ok=True)
        _sync_directory(self._directory)
        return Disk(self._path(volume_id), "qcow2")

    def find(self, volume_id: str) -> Disk | None:
        """The volume, or None."""
        path = self._path(volume_id)
        return Disk(path, "qcow2") if path.exists() else None

    def remove(self, volume_id: str) -> None:
        """Free the volume's bytes."""
        self._path(volume_id).unlink(missing_ok=True)

    def volumes(self) -> set[str]:
        """Ids of all volumes in the directory."""
        return {
            path.name.removesuffix(_SUFFIX)
            for path in self._directory.iterdir()
            if path.name.endswith(_SUFFIX)
        }

    def _path(self, volume_id: str) -> Path:
        return self._directory / f"{volume_id}{_SUFFIX}"


def _create(path: Path, size_bytes: int, image: Path | None) -> None:
    beneath: list[str] = []
    if image is not None:
        size_bytes = max(size_bytes, virtual_size_bytes(image))
        beneath = ["-b", str(image.absolute()), "-F", "qcow2", "-u"]
    done = subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", *beneath, str(path), str(size_bytes)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DiskError(done.stderr.strip())


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
