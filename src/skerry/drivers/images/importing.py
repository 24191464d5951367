"""Take a disk image made elsewhere into the store: an official cloud image, an appliance.

Whoever made the file could name other files of this host in it, and QEMU would open them while
guessing the format. So the format is told by our own look at the bytes, and whatever can refer to
another file (backing file, external data file, extents, parent) is refused.
"""

import json
import re
import stat
import struct
import subprocess
from pathlib import Path
from typing import Any

from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.port import StoredImage
from skerry.drivers.images.progress import Progress
from skerry.drivers.images.run import ImageBuildError, run
from skerry.drivers.images.store import ImageStore

_SIZE_LIMIT_BYTES = 16 << 40  # the largest EBS volume
_PROGRESS = re.compile(r"\((\d+(?:\.\d+)?)/100%\)")
_PACKED = {b"\x1f\x8b": "gzip", b"\xfd7zXZ": "xz", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd"}
_SECTOR_BYTES = 512


class ImportRefusedError(Exception):
    """The file is not a disk image that Skerry takes; the message is for the operator."""


def import_image(
    store: ImageStore, file: Path, image_id: str, name: str, progress: Progress
) -> StoredImage:
    """Convert a qcow2, raw, VMDK, VHD or VHDX file into a qcow2 of the store's own.

    Firmware boots it; who logs in is the image's own affair, so ``login_user`` is empty. Raises
    ImportRefusedError, ImageExistsError, ImageBuildError.
    """
    source_format = checked_format(file)
    label = ImageLabel(image_id, name, f"Imported from {file.name}", login_user="")

    def fill(folder: Path) -> None:
        _convert(file, source_format, folder / "disk.qcow2", progress)

    return store.publish(label, fill)


def checked_format(file: Path) -> str:
    """QEMU's name for the file's format, if the file stands alone. Raises ImportRefusedError."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise ImportRefusedError(f"{file} is not a regular file")
        source_format = _format_by_content(file)
    except OSError as unreadable:
        raise ImportRefusedError(f"{file}: {unreadable.strerror}") from unreadable
    facts = _facts(file, source_format)
    if facts.get("backing-filename") or facts.get("encrypted"):
        raise ImportRefusedError(f"{file} has a backing file or is encrypted; flatten it first")
    if not 0 < facts["virtual-size"] <= _SIZE_LIMIT_BYTES:
        raise ImportRefusedError(f"{file} is empty or larger than a volume can be (16 TiB)")
    return source_format


def _format_by_content(file: Path) -> str:
    with file.open("rb") as disk:
        head = disk.read(_SECTOR_BYTES).ljust(_SECTOR_BYTES, b"\0")
        size_bytes = disk.seek(0, 2)
        disk.seek(max(0, size_bytes - _SECTOR_BYTES))
        tail = disk.read(_SECTOR_BYTES)
    if head.startswith(b"QFI\xfb"):
        return _lone_qcow2(file, head)
    if head.startswith(b"KDMV"):
        return _lone_vmdk(file, head)
    if head.startswith(b"vhdxfile"):
        return "vhdx"
    if head.startswith(b"conectix") or tail.startswith(b"conectix"):
        return "vpc"
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            raise ImportRefusedError(f"{file} is packed with {name}; unpack it first")
    if head[510:] != b"\x55\xaa":
        raise ImportRefusedError(f"{file} is no disk image: it has no boot sector")
    return "raw"


def _lone_qcow2(file: Path, head: bytes) -> str:
    """Refuse a backing file and, in version 3, an external data file (incompatible feature 2)."""
    version, backing_offset = struct.unpack_from(">IQ", head, 4)
    features = struct.unpack_from(">Q", head, 72)[0] if version >= 3 else 0
    if backing_offset or features & 0b100:
        raise ImportRefusedError(f"{file} refers to another file; flatten it with qemu-img convert")
    return "qcow2"


def _lone_vmdk(file: Path, head: bytes) -> str:
    """Refuse a sparse header without capacity: its descriptor names the files to read instead."""
    (capacity_sectors,) = struct.unpack_from("<Q", head, 12)
    if capacity_sectors == 0:
        raise ImportRefusedError(f"{file} refers to other files; export it as one sparse VMDK")
    return "vmdk"


def _facts(file: Path, source_format: str) -> dict[str, Any]:
    """What qemu-img says about the file; crafted ones may make it eat time and memory, so less."""
    try:
        told = run(
            "prlimit", "--cpu=30", f"--as={1 << 30}", "qemu-img", "info", "--output=json",
            "-f", source_format, str(file.absolute()),
        )  # fmt: skip
    except ImageBuildError as refused:
        raise ImportRefusedError(str(refused)) from refused
    return json.loads(told)


def _convert(file: Path, source_format: str, disk: Path, progress: Progress) -> None:
    command = [
        "qemu-img", "convert", "-p", "-f", source_format, "-O", "qcow2",
        str(file.absolute()), str(disk),
    ]  # fmt: skip
    step = f"converting {file.name}"
    progress(step, 0.0)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as converting:
        try:
            for line in (
                converting.stdout or ()
            ):  # universal newlines: the \r of each step ends a line
                for percent in _PROGRESS.findall(line):
                    progress(step, float(percent) / 100)
            _, complaint = converting.communicate()
        except BaseException:
            converting.kill()
            raise
    if converting.returncode != 0:
        raise ImageBuildError(f"qemu-img convert failed: {complaint.strip()[-500:]}")
