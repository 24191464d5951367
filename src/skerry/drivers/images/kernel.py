"""Take a Debian kernel package apart: the bare vmlinux, its modules, an initrd of our own."""

import re
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from skerry.drivers.images.run import ImageBuildError, run

_LZ4_LEGACY = b"\x02\x21\x4c\x18"


def vmlinux(bzimage: bytes) -> bytes:
    """The uncompressed ELF kernel inside a bzImage, which QEMU enters by its PVH note.

    Offsets from https://docs.kernel.org/arch/x86/boot.html. Debian compresses with lz4 in its
    legacy framing and appends the unpacked length. Raises ImageBuildError for anything else.
    """
    setup_sectors = bzimage[0x1F1] or 4
    offset, length = struct.unpack_from("<II", bzimage, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    payload = bzimage[start : start + length]
    if not payload.startswith(_LZ4_LEGACY):
        raise ImageBuildError("the kernel is not compressed with lz4")
    return run("lz4", "-dcq", stdin=payload[:-4])


def copy_modules(tree: Path, target: Path, names: Iterable[str]) -> None:
    """Copy modules and all they depend on, in the flat form that busybox's modprobe reads.

    ``tree`` is a /lib/modules/<release> folder, ``target`` the same folder elsewhere. Writes
    modules.dep and modules.alias there.
    """
    known = {_module_name(path): path for path in tree.rglob("*.ko")}
    needs: dict[str, list[str]] = {}
    aliases: list[str] = []
    waiting = [name.replace("-", "_") for name in names]
    target.mkdir(parents=True, exist_ok=True)
    while waiting:
        name = waiting.pop()
        if name in needs:
            continue
        module = known[name].read_bytes()
        needs[name] = [need for need in _facts(module, "depends").split(",") if need]
        aliases += [f"alias {alias} {name}" for alias in _all_facts(module, "alias")]
        waiting += needs[name]
        (target / f"{name}.ko").write_bytes(module)
    lines = [f"{name}.ko: {' '.join(f'{n}.ko' for n in _closure(name, needs))}" for name in needs]
    (target / "modules.dep").write_text("\n".join(sorted(lines)) + "\n")
    (target / "modules.alias").write_text("\n".join(sorted(aliases)) + "\n")


def initrd(tree: Path) -> bytes:
    """A folder of files and folders as an uncompressed newc cpio archive, all owned by root.

    Format: https://docs.kernel.org/driver-api/early-userspace/buffer-format.html. It is read from
    memory at once, so compressing it would only cost boot time.
    """
    archive = bytearray()
    for number, path in enumerate(sorted(tree.rglob("*")), start=1):
        data = path.read_bytes() if path.is_file() else b""
        _append(archive, str(path.relative_to(tree)), data, (number, path.stat().st_mode))
    _append(archive, "TRAILER!!!", b"", (0, 0))
    return bytes(archive)


def _append(archive: bytearray, name: str, data: bytes, inode: tuple[int, int]) -> None:
    number, mode = inode
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    archive += b"070701" + b"".join(b"%08x" % field for field in fields)
    archive += name.encode() + b"\0"
    archive += bytes(-len(archive) % 4)
    archive += data
    archive += bytes(-len(archive) % 4)


def _closure(name: str, needs: dict[str, list[str]]) -> list[str]:
    """Everything the module needs, nearest first, as modules.dep lists it."""
    ordered: list[str] = []
    waiting = list(needs[name])
    while waiting:
        need = waiting.pop(0)
        if need in ordered:
            ordered.remove(need)
        ordered.append(need)
        waiting += needs[need]
    return ordered


def _module_name(path: Path) -> str:
    return path.stem.replace("-", "_")


def _facts(module: bytes, key: str) -> str:
    return next(iter(_all_facts(module, key)), "")


def _all_facts(module: bytes, key: str) -> list[str]:
    """Values of one key in the module's .modinfo section (NUL-separated key=value)."""
    found = re.findall(rb"\0" + key.encode() + rb"=([^\0]*)(?=\0)", module)
    return [value.decode() for value in found]
