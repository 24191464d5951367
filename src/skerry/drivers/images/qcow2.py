"""qcow2 files: their size, and how Skerry's own are made."""

import struct
from pathlib import Path

from skerry.drivers.images.run import run

_HEADER = struct.Struct(">4sIQIIQ")  # magic, version, backing offset and size, cluster bits, size


class NotQcow2Error(Exception):
    """The file does not begin as a qcow2 image does."""


def virtual_size_bytes(disk: Path) -> int:
    """The size of the disk that a guest sees.

    From the header (https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.txt).
    Raises NotQcow2Error.
    """
    with disk.open("rb") as file:
        header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or not header.startswith(b"QFI\xfb"):
        raise NotQcow2Error(str(disk))
    size_bytes: int = _HEADER.unpack(header)[5]
    return size_bytes


def from_raw(raw: Path, disk: Path, *, compressed: bool = False) -> None:
    """Convert a raw disk. Compressed (zstd) it is a third of the size, and slower to read."""
    options = ("-c", "-o", "compression_type=zstd") if compressed else ()
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", *options, str(raw), str(disk))
