"""A guest's disk as we configure it against the host's file on the same file system, by ``qemu-img bench``.

qemu-img runs the very block layer that a guest's disk has (qcow2 overlay over the image, O_DIRECT, the
asynchronous engine that the driver picks here) without a guest, so TCG is not in the figures. Scattered
requests step by the golden ratio of the disk: no two that follow each other are neighbours.
"""

import re
import subprocess
import tempfile
from pathlib import Path

from tests.cloud.image_cache import tiny_folder
from tests.cloud.real_cloud import TINY

from bench.report import Result
from skerry.drivers.compute.qemu.storage import asynchronous_io
from skerry.drivers.disks.qcow2 import Owner, Qcow2Disks
from skerry.drivers.images.store import ImageStore

PROMISE = 0.6
ROUNDS = 3
SIZE_GIB = 2
SCATTER = int((SIZE_GIB << 30) * 0.6180339887) // 4096 * 4096


def run() -> list[Result]:
    image = ImageStore(tiny_folder()).find(TINY)
    assert image is not None
    with tempfile.TemporaryDirectory(prefix="skb-", dir="/var/tmp") as folder:
        raw = Path(folder) / "host.raw"
        subprocess.run(["qemu-img", "create", "-q", "-f", "raw", "-o", "preallocation=full", raw,
                        f"{SIZE_GIB}G"], check=True)  # fmt: skip
        disks = Qcow2Disks(Path(folder) / "volumes", Owner(0, 0))
        ours = disks.ensure("vol-0123456789abcdef0", SIZE_GIB, image.disk).path
        for path, kind in ((ours, "qcow2"), (raw, "raw")):  # a disk that has been written once
            _seconds(path, kind, size=1 << 20, count=SIZE_GIB << 10, write=True)
        return [
            _compare(name, ours, raw, **settings)
            for name, settings in (
                ("sequential 1 MiB read", {"size": 1 << 20, "count": 1024, "write": False}),
                ("sequential 1 MiB write", {"size": 1 << 20, "count": 1024, "write": True}),
                ("scattered 4 KiB read", {"size": 4096, "count": 40000, "write": False}),
                ("scattered 4 KiB write", {"size": 4096, "count": 40000, "write": True}),
            )
        ]


def _compare(name: str, ours: Path, raw: Path, *, size: int, count: int, write: bool) -> Result:
    mine = theirs = float("inf")
    for _ in range(ROUNDS):
        mine = min(mine, _seconds(ours, "qcow2", size=size, count=count, write=write))
        theirs = min(theirs, _seconds(raw, "raw", size=size, count=count, write=write))
    ratio = theirs / mine
    return Result(f"guest disk, {name}, against the host's file", _speed(size, count, mine),
                  _speed(size, count, theirs), ratio, f"≥ {PROMISE}x", ratio >= PROMISE)  # fmt: skip


def _speed(size: int, count: int, seconds: float) -> str:
    if size > 4096:
        return f"{size * count / seconds / 2**20:.0f} MiB/s"
    return f"{count / seconds:.0f}/s"


def _seconds(path: Path, kind: str, *, size: int, count: int, write: bool) -> float:
    step = size if size > 4096 else SCATTER
    command = ["qemu-img", "bench", "-f", kind, "-t", "none", "-i", asynchronous_io(), "-d", "16"]
    command += ["-s", str(size), "-S", str(step), "-c", str(count)]
    command += [*(["-w"] if write else []), str(path)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"in ([0-9.]+) seconds", printed)
    assert found, printed
    return float(found[1])
