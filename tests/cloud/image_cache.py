"""Images for tests, built once per machine and once per version of what builds them."""

import hashlib
import os
import shutil
from pathlib import Path

from skerry.drivers.images import debian, tiny
from skerry.drivers.images.debian.build import build_debian
from skerry.drivers.images.store import ImageStore
from skerry.drivers.images.tiny.build import build_tiny

CACHE = Path(os.environ.get("SKERRY_TEST_CACHE", "/var/cache/skerry-tests"))
DEBIAN = "ami-0deb1a12000000000"


def tiny_folder() -> Path:
    """The store that holds ``tiny`` as the sources of today build it."""
    folder = _store(tiny.__path__[0])
    build_tiny(ImageStore(folder), CACHE, lambda *_: None)
    return folder


def debian_is_there() -> bool:
    return (_store(debian.__path__[0]) / DEBIAN).is_dir()


def debian_folder() -> Path:
    """As ``tiny_folder``; building takes a minute or two."""
    folder = _store(debian.__path__[0])
    build_debian(ImageStore(folder), CACHE, lambda *_: None)
    return folder


def take(store: Path, images: Path) -> None:
    """Put a store's images into a cloud's own, by hard links where the file system can."""
    for image in store.glob("ami-*"):
        shutil.copytree(image, images / image.name, copy_function=_link, dirs_exist_ok=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _store(sources: str) -> Path:
    digest = hashlib.sha256()
    for path in sorted(Path(sources).rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.name.encode() + path.read_bytes())
    return CACHE / f"images-{Path(sources).name}-{digest.hexdigest()[:12]}"
