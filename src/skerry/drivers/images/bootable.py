"""A disk that a PC's firmware starts: one partition, GRUB embedded in front of it.

Done by writing bytes, as grub-install would do to a mounted disk. Layout: sector 0 GRUB's boot.img
with the partition table, core.img from sector 1, the partition from 1 MiB on.
"""

import struct
from pathlib import Path
from tempfile import TemporaryDirectory

from skerry.drivers.images.run import ImageBuildError, run

PARTITION_START_BYTES = 1 << 20

_SECTOR_BYTES = 512
_GRUB = Path("/usr/lib/grub/i386-pc")
_GRUB_MODULES = (
    "biosdisk",
    "part_msdos",
    "ext2",
    "linux",
    "normal",
    "configfile",
    "boot",
    "minicmd",
)
_LINUX_PARTITION = 0x83
_BEYOND_CHS = (0xFE, 0xFF, 0xFF)  # this partition is addressed by LBA only
_CORE_SECTOR = 1
_CORE_SEGMENT = 0x820  # where diskboot.img goes on loading to: behind its own sector at 0x8000


def make_bootable(raw: Path) -> None:
    """Write partition table and GRUB into a disk whose partition holds /boot/grub/grub.cfg.

    Raises ImageBuildError when GRUB is not installed or does not fit in front of the partition.
    """
    core = _core_image()
    if len(core) > PARTITION_START_BYTES - _SECTOR_BYTES:
        raise ImageBuildError("GRUB's core image does not fit in front of the partition")
    size_sectors = raw.stat().st_size // _SECTOR_BYTES
    with raw.open("r+b") as disk:
        disk.write(_first_sector(size_sectors))
        disk.seek(_CORE_SECTOR * _SECTOR_BYTES)
        disk.write(core)


def _first_sector(size_sectors: int) -> bytes:
    """boot.img told where core.img begins, and one active partition to the end of the disk.

    The offsets are GRUB's: GRUB_BOOT_MACHINE_KERNEL_SECTOR and _DRIVE_CHECK in
    https://git.savannah.gnu.org/cgit/grub.git/tree/include/grub/i386/pc/boot.h
    """
    sector = bytearray((_GRUB / "boot.img").read_bytes())
    struct.pack_into("<Q", sector, 0x5C, _CORE_SECTOR)
    sector[0x66:0x68] = b"\x90\x90"  # believe the drive number that the firmware gives
    first = PARTITION_START_BYTES // _SECTOR_BYTES
    sector[446:510] = bytes(64)
    struct.pack_into(
        "<B3BB3BII", sector, 446,
        0x80, *_BEYOND_CHS, _LINUX_PARTITION, *_BEYOND_CHS, first, size_sectors - first,
    )  # fmt: skip
    return bytes(sector)


def _core_image() -> bytes:
    """GRUB with what it needs to read the partition, told where the rest of itself lies."""
    if not (_GRUB / "boot.img").exists():
        raise ImageBuildError("grub-pc-bin is not installed on this host")
    with TemporaryDirectory() as work:
        target = Path(work) / "core.img"
        run(
            "grub-mkimage", "-O", "i386-pc", "-p", "(hd0,msdos1)/boot/grub", "-o", str(target),
            *_GRUB_MODULES,
        )  # fmt: skip
        core = bytearray(target.read_bytes())
    core += bytes(-len(core) % _SECTOR_BYTES)
    sectors = len(core) // _SECTOR_BYTES
    # The last blocklist entry of diskboot.img: start, length, segment of all but the first sector.
    struct.pack_into("<QHH", core, _SECTOR_BYTES - 12, _CORE_SECTOR + 1, sectors - 1, _CORE_SEGMENT)
    return bytes(core)
