"""Reads the few fields of a qcow2 header that we need, without a process.

Source: docs/interop/qcow2.txt of QEMU.
"""

import struct
from pathlib import Path

_MAGIC = b"QFI\xfb"
_HEAD = struct.Struct(
    ">4sIQIIQ"
)  # magic, version, backing offset, backing length, cluster bits, size
_CHAIN_LIMIT = 64


class NotQcow2Error(Exception):
    """The file is not a qcow2 image, or its chain of backing files has no end."""


def _head(path: Path) -> tuple[int, int, int]:
    """Backing name's offset and length, and the virtual size in bytes."""
    with path.open("rb") as file:
        raw = file.read(_HEAD.size)
    if len(raw) < _HEAD.size or not raw.startswith(_MAGIC):
        raise NotQcow2Error(f"{path} is not a qcow2 file")
    _, _, offset, length, _, size = _HEAD.unpack(raw)
    return offset, length, size


def virtual_size_bytes(path: Path) -> int:
    """The size that a guest sees."""
    return _head(path)[2]


def backing_file(path: Path) -> Path | None:
    """The file that lies beneath this one, or None."""
    offset, length, _ = _head(path)
    if offset == 0:
        return None
    with path.open("rb") as file:
        file.seek(offset)
        name = file.read(length).decode()
    return path.parent / name


def backing_chain(path: Path) -> tuple[Path, ...]:
    """All files beneath this one, nearest first."""
    chain: list[Path] = []
    beneath = backing_file(path)
    while beneath is not None:
        if len(chain) == _CHAIN_LIMIT:
            raise NotQcow2Error(f"{path} has more than {_CHAIN_LIMIT} files beneath it")
        chain.append(beneath)
        beneath = backing_file(beneath)
    return tuple(chain)
