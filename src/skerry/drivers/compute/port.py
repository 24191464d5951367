"""What a hypervisor must do for Skerry. Every verb is idempotent and safe to repeat after a crash.

A guest is named after its instance id; nothing is remembered between calls that the host cannot tell.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Power(StrEnum):
    """What the host shows of a guest right now."""

    ABSENT = "absent"  # no process; never started, or removed
    RUNNING = "running"  # a live process whose vCPUs may run
    POWERED_OFF = (
        "powered_off"  # the guest itself shut down; the process is held so that we can see it
    )
    BROKEN = "broken"  # a process that cannot go on (I/O error, panic-pause, wedged monitor)


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """One block device. ``serial`` is the volume id, so that a guest finds it by name."""

    volume_id: str
    path: Path
    format: str  # "qcow2" | "raw"
    device_name: str  # AWS's name, /dev/xvda for the root


@dataclass(frozen=True, slots=True)
class NicSpec:
    """One network card, backed by a tap that the network driver has already made."""

    port_id: str  # the network interface id (eni-…)
    tap: str  # name of the tap device inside the cloud's network namespace
    mac: str
    mtu: int


@dataclass(frozen=True, slots=True)
class DirectBoot:
    """Boot this kernel without firmware or bootloader (fast; for images that Skerry built)."""

    kernel: Path
    initrd: Path | None
    cmdline: str


@dataclass(frozen=True, slots=True)
class GuestSpec:
    """Everything needed to start a guest from nothing."""

    instance_id: str
    instance_type: str  # shown to the guest in SMBIOS, as EC2 does
    vcpus: int
    memory_mib: int
    disks: tuple[DiskSpec, ...]  # the first is the root disk
    nics: tuple[NicSpec, ...]
    boot: DirectBoot | None  # None: firmware boots the root disk
    most_cards: int = 4  # that it may ever have, those that come while it runs included


@dataclass(frozen=True, slots=True)
class HostCapacity:
    """What guests may use in all."""

    vcpus: int  # the largest vCPU count that one guest may have
    memory_mib: int  # what is left for guests now


class NoCapacityError(Exception):
    """The host cannot take this guest now."""


class NoSlotError(Exception):
    """The guest has no place for one more device."""


class CardLeavingError(Exception):
    """The guest was asked to let go of this card and has not yet: it cannot have it again before."""


class Compute(Protocol):
    """A hypervisor on one host."""

    def ensure_running(self, spec: GuestSpec) -> None:
        """Start the guest unless it runs. A powered-off or broken leftover is removed first.

        Blocks until the process runs or failed to; a boot slot is waited for by ``boot_slot_free``
        beforehand, not here. Raises NoCapacityError when the host lacks memory.
        """
        ...

    def boot_slot_free(self) -> bool:
        """Whether one more boot may begin now without starving those under way."""
        ...

    def booted(self, instance_id: str) -> None:
        """Tell that this guest has reached user space: its boot slot is free."""
        ...

    def power(self, instance_id: str) -> Power:
        """What the guest is doing now, asked of the host and not of memory."""
        ...

    def press_power_button(self, instance_id: str) -> None:
        """Ask the guest to shut down by ACPI. Returns at once; no-op unless running."""
        ...

    def reset(self, instance_id: str) -> None:
        """Hard reset in place, same process. No-op unless running."""
        ...

    def plug_card(self, instance_id: str, nic: NicSpec) -> None:
        """Give a running guest this network card; no-op when it has it or does not run.

        Raises NoSlotError, CardLeavingError.
        """
        ...

    def unplug_card(self, instance_id: str, port_id: str, *, force: bool = False) -> bool:
        """Ask a running guest to let go of this card; whether it has (or does not run).

        Returns soon; when the guest obeys later, watchers are told. ``force``: cut its wire now,
        whatever the guest does.
        """
        ...

    def cards(self, instance_id: str) -> set[str]:
        """Port ids of the cards that a running guest has, also of those that it is to let go."""
        ...

    def remove(self, instance_id: str) -> None:
        """End the process at once and remove its runtime files; the console log stays."""
        ...

    def console(self, instance_id: str) -> bytes:
        """The serial console since the last start, at most its last 64 KiB; empty if none."""
        ...

    def forget(self, instance_id: str) -> None:
        """Remove everything, the console log too."""
        ...

    def instances(self) -> set[str]:
        """Ids of all guests of which this host holds a process or a file."""
        ...

    def watch(self, changed: Callable[[str], None]) -> None:
        """From now on call ``changed(instance_id)``, from any thread, when a guest's power changes,

        and when a guest has let go of a card.
        """
        ...

    def capacity(self) -> HostCapacity:
        """What this host can still take."""
        ...

    def close(self) -> None:
        """Let go of all guests without touching them."""
        ...
