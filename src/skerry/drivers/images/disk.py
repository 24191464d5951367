"""Disks made from a folder: an ext4 file system, then qcow2. No loop device, no mount."""

from pathlib import Path

from skerry.drivers.images.run import run


def make_ext4(tree: Path, raw: Path, size_bytes: int, offset_bytes: int = 0) -> None:
    """Write ``tree`` as an ext4 file system labelled "root" into the (sparse) file ``raw``.

    Everything that the kernel would otherwise initialise in the background at first boot is
    written now, so that an idle guest's overlay stays small. Raises ImageBuildError.
    """
    with raw.open("ab") as file:
        file.truncate(max(offset_bytes + size_bytes, file.tell()))
    extended = ["root_owner=0:0", "lazy_itable_init=0", "lazy_journal_init=0"]
    if offset_bytes:
        extended.append(f"offset={offset_bytes}")
    run(
        "mke2fs", "-q", "-F", "-t", "ext4", "-L", "root", "-b", "4096", "-i", "16384", "-m", "1",
        "-J", "size=16", "-E", ",".join(extended), "-d", str(tree), str(raw),
        f"{size_bytes // 1024}k",
    )  # fmt: skip


def from_raw(raw: Path, disk: Path, *, compressed: bool = False) -> None:
    """Convert a raw disk. Compressed with zstd it is a half to a third of the size."""
    options = ("-c", "-o", "compression_type=zstd") if compressed else ()
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", *options, str(raw), str(disk))
