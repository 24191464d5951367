"""How many guests a host takes: at once by boots, in all by memory."""

import os
import threading
import time
from pathlib import Path

from skerry.drivers.compute.accel import Accel, AccelKind
from skerry.drivers.compute.port import HostCapacity, NoCapacityError

OVERHEAD_MIB = 80
"""What a QEMU process needs beyond its guest's memory (measured under TCG: 60 to 80)."""

RESERVE_MIB = 256
"""What guests leave to the host."""

_TCG_BOOT_S = 25.0
_KVM_BOOT_S = 10.0
_KVM_BOOTS_PER_CORE = 4


class BootSlots:
    """At most so many boots under way: a guest that is starved in its timer calibration panics."""

    def __init__(self, accel: Accel) -> None:
        tcg = accel.kind is AccelKind.TCG
        self._limit = cores() * (1 if tcg else _KVM_BOOTS_PER_CORE)
        self._boot_s = _TCG_BOOT_S if tcg else _KVM_BOOT_S
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def free(self) -> bool:
        """Whether one more boot may begin."""
        now = time.monotonic()
        with self._lock:
            self._until = {guest: until for guest, until in self._until.items() if until > now}
            return len(self._until) < self._limit

    def begin(self, instance_id: str, age_s: float = 0.0) -> None:
        """A boot began ``age_s`` ago; it counts until it ends or has had its time."""
        with self._lock:
            self._until[instance_id] = time.monotonic() + self._boot_s - age_s

    def end(self, instance_id: str) -> None:
        """The boot is over, well or not."""
        with self._lock:
            self._until.pop(instance_id, None)


class Memory:
    """Memory promised to guests, including what they have not touched yet."""

    def __init__(self) -> None:
        self._promised_mib: dict[str, int] = {}
        self._lock = threading.Lock()

    def promise(self, instance_id: str, memory_mib: int) -> None:
        """Count a guest that already has its memory."""
        with self._lock:
            self._promised_mib[instance_id] = memory_mib + OVERHEAD_MIB

    def take_back(self, instance_id: str) -> None:
        """The guest is gone; no-op if it was not counted."""
        with self._lock:
            self._promised_mib.pop(instance_id, None)

    def admit(self, instance_id: str, memory_mib: int, resident_mib: dict[str, int]) -> None:
        """Count a new guest or raise NoCapacityError; ``resident_mib`` is what each guest has now."""
        with self._lock:
            left_mib = self._left_mib(resident_mib)
            if memory_mib > left_mib:
                raise NoCapacityError(
                    f"{instance_id} needs {memory_mib} MiB, the host has {left_mib} MiB left"
                )
            self._promised_mib[instance_id] = memory_mib + OVERHEAD_MIB

    def capacity(self, resident_mib: dict[str, int]) -> HostCapacity:
        """What one more guest may have."""
        with self._lock:
            return HostCapacity(vcpus=cores(), memory_mib=self._left_mib(resident_mib))

    def _left_mib(self, resident_mib: dict[str, int]) -> int:
        untouched_mib = sum(
            max(0, promised_mib - resident_mib.get(guest, 0))
            for guest, promised_mib in self._promised_mib.items()
        )
        left_mib = available_mib(Path("/proc/meminfo").read_text()) - untouched_mib
        return max(0, left_mib - RESERVE_MIB - OVERHEAD_MIB)


def available_mib(meminfo: str) -> int:
    """MemAvailable of /proc/meminfo, what can be had without swapping."""
    for line in meminfo.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) >> 10
    raise ValueError("the kernel does not say MemAvailable")


def cores() -> int:
    """Processors that we may use."""
    return len(os.sched_getaffinity(0))
