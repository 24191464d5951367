"""The image store without a disk: for tests and for the memory engine."""

from pathlib import Path

from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.port import StoredImage


class MemoryImages:
    """A full twin of ImageStore; the files that its images name do not exist."""

    def __init__(self) -> None:
        self._images: dict[str, StoredImage] = {}

    def add(self, label: ImageLabel, size_gib: int = 1) -> StoredImage:
        """Put an image into the store and return it."""
        image = label.stored(Path("/nonexistent") / label.image_id, size_gib)
        self._images[image.image_id] = image
        return image

    def find(self, image_id: str) -> StoredImage | None:
        """The image, or None."""
        return self._images.get(image_id)

    def all(self) -> list[StoredImage]:
        """Every image in the store, by id."""
        return [self._images[image_id] for image_id in sorted(self._images)]

    def remove(self, image_id: str) -> None:
        """Remove the image; no-op if gone."""
        self._images.pop(image_id, None)
