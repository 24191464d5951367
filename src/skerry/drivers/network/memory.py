"""A network that exists in memory alone: holds what it was told, refuses what makes no sense."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from skerry.drivers.network.port import Vpc


class BrokenTopologyError(ValueError):
    """A VPC value refers to something that it does not hold."""


@dataclass(slots=True)
class MemoryFabric:
    """The world: it stays when a control plane ends. Hand the same one to the next MemoryNetwork."""

    vpcs: dict[str, Vpc] = field(default_factory=dict[str, Vpc])
    taps: set[str] = field(default_factory=set[str])
    changes: int = 0
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

    def close(self) -> None:
        """Let go."""
        self._watchers.clear()

    def _tell(self) -> None:
        for changed in tuple(self._watchers):
            changed()


def check(vpc: Vpc) -> None:
    """Raise BrokenTopologyError unless everything the VPC refers to is in it."""
    subnets = {subnet.subnet_id: subnet for subnet in vpc.subnets}
    groups = {group.group_id for group in vpc.groups}
    ports = {port.port_id: port for port in vpc.ports}
    for subnet in vpc.subnets:
        _require(any(subnet.cidr.subnet_of(cidr) for cidr in vpc.cidrs), subnet.subnet_id)
    for port in vpc.ports:
        subnet = subnets.get(port.subnet_id)
        _require(subnet is not None and groups.issuperset(port.group_ids), port.port_id)
        _require(subnet is not None and all(a in subnet.cidr for a in port.addresses), port.port_id)
    for group in vpc.groups:
        for rule in group.rules:
            _require(rule.peers.group_id is None or rule.peers.group_id in groups, rule.rule_id)
    for public in vpc.public:
        port = ports.get(public.port_id)
        _require(port is not None and public.private in port.addresses, str(public.public))


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 - a condition is what this takes
    if not holds:
        raise BrokenTopologyError(f"{what} refers to something that its VPC does not hold")
