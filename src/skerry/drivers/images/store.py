"""Images in a directory: ``<directory>/<image id>/{image.json, disk.qcow2, kernel, initrd}``.

An image appears and goes by one rename, so whoever looks sees a whole one or none. A build holds a
lock on its unfinished folder; a folder that nobody holds was left by a crash.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from skerry.drivers.disks.header import virtual_size_bytes
from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.port import StoredImage
from skerry.kernel.ids import is_id

_UNFINISHED = ".unfinished-"
_METADATA = "image.json"
_GIB = 1 << 30


class ImageExistsError(Exception):
    """An image with this id is in the store; overlays may back onto it, so it is never replaced."""


class ImageStore:
    """The images of this host."""

    def __init__(self, directory: Path) -> None:
        """Open the store, make it if absent, and remove what crashed builds left."""
        self._directory = directory.absolute()  # overlays will name the disks by these paths
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        with _locked(directory):
            for leftover in directory.glob(f"{_UNFINISHED}*"):
                _remove_unless_held(leftover)

    def find(self, image_id: str) -> StoredImage | None:
        """The image, or None."""
        if not is_id("ami", image_id):
            return None
        folder = self._directory / image_id
        try:
            facts = json.loads((folder / _METADATA).read_text())
        except FileNotFoundError:
            return None
        size_gib = int(facts.pop("size_gib"))
        return ImageLabel(**facts).stored(folder, size_gib)

    def all(self) -> list[StoredImage]:
        """Every image in the store, by id."""
        found = (self.find(entry.name) for entry in sorted(self._directory.iterdir()))
        return [image for image in found if image is not None]

    def remove(self, image_id: str) -> None:
        """Remove the image's files; no-op if gone. Overlays that back onto it break: ask first."""
        if not is_id("ami", image_id):
            return
        with self._unfinished(image_id) as grave:
            try:
                (self._directory / image_id).rename(grave / image_id)
            except FileNotFoundError:
                return
            _sync(self._directory)

    def publish(self, label: ImageLabel, fill: Callable[[Path], None]) -> StoredImage:
        """Add an image. ``fill`` writes disk.qcow2 (and kernel, initrd) into the folder it is given.

        Raises ImageExistsError when the id is taken, and whatever ``fill`` raises; then nothing
        of the image stays.
        """
        with self._unfinished(label.image_id) as folder:
            if self.find(label.image_id):
                raise ImageExistsError(label.image_id)
            fill(folder)
            size_gib = -(-virtual_size_bytes(folder / "disk.qcow2") // _GIB)
            facts = asdict(label) | {"size_gib": size_gib}
            (folder / _METADATA).write_text(json.dumps(facts, indent=2) + "\n")
            _settle(folder)
            final = self._directory / label.image_id
            try:
                folder.rename(final)
            except OSError as taken:
                raise ImageExistsError(label.image_id) from taken
            _sync(self._directory)
        return label.stored(final, size_gib)

    @contextmanager
    def _unfinished(self, image_id: str) -> Generator[Path]:
        """A locked folder inside the store that is gone afterwards, unless renamed."""
        with ExitStack() as held:
            with _locked(self._directory):  # nobody may take it for a leftover before it is locked
                name = tempfile.mkdtemp(prefix=f"{_UNFINISHED}{image_id}-", dir=self._directory)
                held.enter_context(_locked(Path(name)))
            try:
                yield Path(name)
            finally:
                shutil.rmtree(name, ignore_errors=True)


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Generator[None]:
    """Hold a folder's lock, which dies with its process. Raises BlockingIOError if not to wait."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(handle)


def _remove_unless_held(leftover: Path) -> None:
    with suppress(BlockingIOError, FileNotFoundError), _locked(leftover, wait=False):
        shutil.rmtree(leftover, ignore_errors=True)


def _settle(folder: Path) -> None:
    """Make the files readable for QEMU's unprivileged user, and durable."""
    for file in folder.iterdir():
        file.chmod(0o644)
        _sync(file)
    folder.chmod(0o755)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
