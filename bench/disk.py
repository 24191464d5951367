"""A guest's disk as we configure it against the host's file on the same file system, by ``qemu-img bench``.

qemu-img runs the very block layer that a guest's disk has (qcow2 overlay over the image, O_DIRECT, the
asynchronous engine that the driver picks here) without a guest, so TCG is not in the figures. Scattered
requests step by the golden ratio of the disk: no two that follow each other are neighbours.

Two files of one kind differ up to twofold in speed with where they happen to lie, so each round makes a new
pair, filled alike, in the other order; the figures are medians.
"""

import os
import re
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.cloud.image_cache import tiny_folder
from tests.cloud.real_cloud import TINY

from bench.report import Result
from skerry.drivers.compute.qemu.storage import asynchronous_io
from skerry.drivers.disks.qcow2 import Owner, Qcow2Disks
from skerry.drivers.images.store import ImageStore

PROMISE = 0.6
ROUNDS = 6
SIZE_GIB = 2
LARGE, SMALL = 1 << 20, 4096
SCATTER = int((SIZE_GIB << 30) * 0.6180339887) // SMALL * SMALL
COUNT = {LARGE: SIZE_GIB << 10, SMALL: 40000}
LOADS = {
    "sequential 1 MiB read": (LARGE, False),
    "sequential 1 MiB write": (LARGE, True),
    "scattered 4 KiB read": (SMALL, False),
    "scattered 4 KiB write": (SMALL, True),
}


def run() -> list[Result]:
    image = ImageStore(tiny_folder()).find(TINY)
    assert image is not None
    makers: list[tuple[str, Callable[[Path], Path]]] = [
        ("qcow2", lambda folder: _overlay(folder, image.disk)),
        ("raw", _plain),
    ]
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):
        makers.reverse()
        with tempfile.TemporaryDirectory(prefix="skb-", dir="/var/tmp") as folder:
            pair = [(kind, make(Path(folder))) for kind, make in makers]
            for kind, path in pair:
                _seconds(path, kind, LARGE, write=True)
            for name, (size, write) in LOADS.items():
                for kind, path in pair:
                    seconds = _seconds(path, kind, size, write=write)
                    times.setdefault((name, kind), []).append(seconds)
    return [_compare(name, times[name, "qcow2"], times[name, "raw"]) for name in LOADS]


def _overlay(folder: Path, image: Path) -> Path:
    return Qcow2Disks(folder / "volumes", Owner(0, 0)).ensure("vol-0a", SIZE_GIB, image).path


def _plain(folder: Path) -> Path:
    path = folder / "host.raw"
    path.touch()
    os.truncate(path, SIZE_GIB << 30)
    return path


def _compare(name: str, ours: list[float], theirs: list[float]) -> Result:
    size, _ = LOADS[name]
    print(
        f"disk, {name}: ratios {', '.join(f'{b / a:.2f}' for a, b in zip(ours, theirs, strict=True))}"
    )
    mine, peer = statistics.median(ours), statistics.median(theirs)
    ratio = peer / mine
    return Result(f"guest disk, {name}, against the host's file", _speed(size, mine),
                  _speed(size, peer), ratio, f"≥ {PROMISE}x", ratio >= PROMISE)  # fmt: skip


def _speed(size: int, seconds: float) -> str:
    if size == LARGE:
        return f"{size * COUNT[size] / seconds / 2**20:.0f} MiB/s"
    return f"{COUNT[size] / seconds:.0f}/s"


def _seconds(path: Path, kind: str, size: int, *, write: bool) -> float:
    step = SCATTER if size == SMALL else size
    command = ["qemu-img", "bench", "-f", kind, "-t", "none", "-i", asynchronous_io(), "-d", "16"]
    command += ["-s", str(size), "-S", str(step), "-c", str(COUNT[size])]
    command += [*(["-w"] if write else []), str(path)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"in ([0-9.]+) seconds", printed)
    assert found, printed
    return float(found[1])
