"""A network that exists in memory alone: holds what it was told, refuses what makes no sense."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skerry.drivers.network.port import Flow, Probe, Vpc
from skerry.drivers.network.topology import check


@dataclass(slots=True)
class MemoryFabric:
    """The world: it stays when a control plane ends. Hand the same one to the next MemoryNetwork."""

    vpcs: dict[str, Vpc] = field(default_factory=dict[str, Vpc])
    taps: set[str] = field(default_factory=set[str])
    changes: int = 0
    seen: list[Flow] = field(default_factory=list[Flow])
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryNetwork:
    """A network in memory; safe to use from many threads."""

    def __init__(self, fabric: MemoryFabric | None = None) -> None:
        """Use ``fabric``; without one, an empty one."""
        self.fabric = MemoryFabric() if fabric is None else fabric
        self._watchers: list[Callable[[], None]] = []

    def apply(self, vpc: Vpc) -> None:
        """Hold the VPC; raises BrokenTopologyError."""
        check(vpc)
        with self.fabric.lock:
            before = self.fabric.vpcs.get(vpc.vpc_id)
            self.fabric.vpcs[vpc.vpc_id] = vpc
            self.fabric.changes += before != vpc
        if before is None:
            self._tell()

    def remove(self, vpc_id: str) -> None:
        """Forget the VPC."""
        with self.fabric.lock:
            gone = self.fabric.vpcs.pop(vpc_id, None)
        if gone is not None:
            self._tell()

    def vpcs(self) -> set[str]:
        """Ids of all VPCs."""
        with self.fabric.lock:
            return set(self.fabric.vpcs)

    def plug(self, port_id: str) -> str:
        """Make the tap."""
        with self.fabric.lock:
            self.fabric.taps.add(port_id)
        return f"tap{port_id[-12:]}"

    def unplug(self, port_id: str) -> None:
        """Remove the tap."""
        with self.fabric.lock:
            self.fabric.taps.discard(port_id)

    def plugged(self) -> set[str]:
        """Ids of all ports that have a tap."""
        with self.fabric.lock:
            return set(self.fabric.taps)

    def service_namespaces(self) -> dict[str, Path]:
        """None: nothing listens in memory."""
        return {}

    def watch(self, changed: Callable[[], None]) -> None:
        """Tell ``changed`` of VPCs that come and go."""
        self._watchers.append(changed)

    def flows(self) -> Sequence[Flow]:
        """What the fabric was given to tell."""
        with self.fabric.lock:
            seen, self.fabric.seen = self.fabric.seen, []
        return seen

    def trace(self, probe: Probe) -> str | None:
        """Nothing flows in memory: there is no telling."""
        del probe

    def close(self) -> None:
        """Let go."""
        self._watchers.clear()

    def _tell(self) -> None:
        for changed in tuple(self._watchers):
            changed()
