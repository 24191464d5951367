"""A hypervisor that exists in memory alone: the full behaviour of the port, in microseconds."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from skerry.drivers.compute.port import (
    CardLeavingError,
    GuestSpec,
    HostCapacity,
    NicSpec,
    NoCapacityError,
    NoSlotError,
    Power,
)

_CONSOLE_LIMIT_BYTES = 65536


@dataclass(slots=True)
class MemoryGuest:
    """What the world knows of one guest."""

    spec: GuestSpec
    power: Power
    console: bytes = b""
    starts: int = 0
    resets: int = 0
    cards: dict[str, NicSpec] = field(default_factory=dict[str, NicSpec])
    leaving: set[str] = field(default_factory=set[str])  # cards asked back and not given yet
    cut: set[str] = field(default_factory=set[str])  # those of them that have no wire any more


@dataclass(slots=True)
class MemoryHost:
    """The world: it stays when a control plane ends. Hand the same one to the next MemoryCompute."""

    vcpus: int = 64
    memory_mib: int = 1 << 40
    boot_slots: int = 1 << 20
    obeys_power_button: bool = True
    gives_cards_back: bool = True
    slots: int = 16
    guests: dict[str, MemoryGuest] = field(default_factory=dict[str, MemoryGuest])
    booting: set[str] = field(default_factory=set[str])
    promised_mib: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryCompute:
    """Compute on a host in memory; safe to use from many threads."""

    def __init__(self, host: MemoryHost | None = None) -> None:
        """Attach to ``host``'s guests; without one, to a large empty host."""
        self.host = MemoryHost() if host is None else host
        self._watchers: list[Callable[[str], None]] = []

    def ensure_running(self, spec: GuestSpec) -> None:
        """Start the guest unless it runs; raises NoCapacityError."""
        host, instance_id = self.host, spec.instance_id
        with host.lock:
            if self.power(instance_id) is Power.RUNNING:
                return
            self._set_power(instance_id, Power.ABSENT)
            if spec.vcpus > host.vcpus or spec.memory_mib > host.memory_mib - host.promised_mib:
                raise NoCapacityError(f"the host cannot take {instance_id} now")
            guest = host.guests.setdefault(instance_id, MemoryGuest(spec, Power.ABSENT))
            guest.spec, guest.console, guest.power = spec, b"", Power.RUNNING
            guest.starts += 1
            guest.cards = {nic.port_id: nic for nic in spec.nics}
            guest.leaving, guest.cut = set(), set()
            host.promised_mib += spec.memory_mib
            host.booting.add(instance_id)
        self._tell(instance_id)

    def boot_slot_free(self) -> bool:
        """Whether one more boot may begin now."""
        with self.host.lock:
            return len(self.host.booting) < self.host.boot_slots

    def booted(self, instance_id: str) -> None:
        """The guest reached user space."""
        with self.host.lock:
            self.host.booting.discard(instance_id)

    def power(self, instance_id: str) -> Power:
        """What the guest is doing now."""
        with self.host.lock:
            guest = self.host.guests.get(instance_id)
            return Power.ABSENT if guest is None else guest.power

    def press_power_button(self, instance_id: str) -> None:
        """The guest shuts down at once, unless the host was told that guests do not obey."""
        if self.host.obeys_power_button:
            self.guest_shuts_down(instance_id)

    def reset(self, instance_id: str) -> None:
        """Count a reset."""
        with self.host.lock:
            if self.power(instance_id) is Power.RUNNING:
                self.host.guests[instance_id].resets += 1

    def plug_card(self, instance_id: str, nic: NicSpec) -> None:
        """Add the card at once; raises NoSlotError, CardLeavingError."""
        with self.host.lock:
            if self.power(instance_id) is not Power.RUNNING:
                return
            guest = self.host.guests[instance_id]
            if nic.port_id in guest.leaving:
                raise CardLeavingError(nic.port_id)
            if nic.port_id in guest.cards:
                return
            if len(guest.spec.disks) + len(guest.cards) >= self.host.slots:
                raise NoSlotError(instance_id)
            guest.cards[nic.port_id] = nic

    def unplug_card(self, instance_id: str, port_id: str, *, force: bool = False) -> bool:
        """The guest lets go at once, unless the host was told that guests do not."""
        with self.host.lock:
            if port_id not in self.cards(instance_id):
                return True
            guest = self.host.guests[instance_id]
            guest.leaving.add(port_id)
            if force:
                guest.cut.add(port_id)
        if self.host.gives_cards_back:
            self.guest_lets_go(instance_id, port_id)
        return self.host.gives_cards_back

    def cards(self, instance_id: str) -> set[str]:
        """The cards of a running guest."""
        with self.host.lock:
            runs = self.power(instance_id) is Power.RUNNING
            return set(self.host.guests[instance_id].cards) if runs else set()

    def remove(self, instance_id: str) -> None:
        """End the guest; its console stays."""
        with self.host.lock:
            changed = self._set_power(instance_id, Power.ABSENT)
        if changed:
            self._tell(instance_id)

    def console(self, instance_id: str) -> bytes:
        """What ``guest_prints`` was given since the last start, its last 64 KiB."""
        with self.host.lock:
            guest = self.host.guests.get(instance_id)
            return b"" if guest is None else guest.console

    def forget(self, instance_id: str) -> None:
        """Remove everything of the guest."""
        self.remove(instance_id)
        with self.host.lock:
            self.host.guests.pop(instance_id, None)

    def instances(self) -> set[str]:
        """All guests that were started and not forgotten."""
        with self.host.lock:
            return set(self.host.guests)

    def watch(self, changed: Callable[[str], None]) -> None:
        """Tell ``changed`` of every power change from now on, in the thread that makes it."""
        self._watchers.append(changed)

    def capacity(self) -> HostCapacity:
        """What one more guest may have."""
        with self.host.lock:
            return HostCapacity(self.host.vcpus, self.host.memory_mib - self.host.promised_mib)

    def close(self) -> None:
        """Let go of the guests; they stay in the host."""
        self._watchers.clear()

    def guest_shuts_down(self, instance_id: str) -> None:
        """For tests: the guest powers itself off; no-op unless running."""
        self._happens(instance_id, Power.POWERED_OFF)

    def guest_lets_go(self, instance_id: str, port_id: str) -> None:
        """For tests: the guest gives back a card that it was asked for."""
        with self.host.lock:
            guest = self.host.guests[instance_id]
            guest.cards.pop(port_id, None)
            guest.leaving.discard(port_id)
            guest.cut.discard(port_id)
        self._tell(instance_id)

    def guest_breaks(self, instance_id: str) -> None:
        """For tests: the guest cannot go on (an I/O error); no-op unless running."""
        self._happens(instance_id, Power.BROKEN)

    def process_dies(self, instance_id: str) -> None:
        """For tests: somebody kills the guest's process; no-op unless running."""
        self._happens(instance_id, Power.ABSENT)

    def guest_prints(self, instance_id: str, data: bytes) -> None:
        """For tests: the guest writes to its serial console."""
        with self.host.lock:
            guest = self.host.guests[instance_id]
            guest.console = (guest.console + data)[-_CONSOLE_LIMIT_BYTES:]

    def _happens(self, instance_id: str, power: Power) -> None:
        with self.host.lock:
            runs = self.power(instance_id) is Power.RUNNING
            changed = runs and self._set_power(instance_id, power)
        if changed:
            self._tell(instance_id)

    def _set_power(self, instance_id: str, power: Power) -> bool:
        """Whether that was a change; call with the lock held."""
        guest = self.host.guests.get(instance_id)
        if guest is None or guest.power is power:
            return False
        guest.power = power
        self.host.booting.discard(instance_id)
        if power is Power.ABSENT:
            self.host.promised_mib -= guest.spec.memory_mib
        return True

    def _tell(self, instance_id: str) -> None:
        # Outside the lock: a watcher may call back, or wait for somebody who does.
        for changed in tuple(self._watchers):
            changed(instance_id)
