"""Ports at whose addresses the host answers: wires from the switch into their VPC's service namespace.

Each has a routing table of its own, so that answers leave where the question came in and nowhere else.
"""

import hashlib
import json
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from skerry.drivers.network.commands import run, succeeds
from skerry.drivers.network.ovn.switch import Switch
from skerry.drivers.network.port import Port, Subnet, Vpc

_PREFIX = "hst"
_PREFERENCE = "1000"  # of the rules, before the main table's


@dataclass(frozen=True, slots=True)
class _Wire:
    port: Port
    subnet: Subnet

    @property
    def device(self) -> str:
        """Of both its ends, which are in different namespaces; 15 characters at most."""
        return _PREFIX + hashlib.sha256(self.port.port_id.encode()).hexdigest()[:12]


class HostedPorts:
    """Of all VPCs. Remembers what it has seen to, so that an unchanged VPC costs nothing."""

    def __init__(self, namespace: str, switch: Switch) -> None:
        self._namespace = namespace
        self._switch = switch
        self._done: dict[str, frozenset[_Wire]] = {}  # by VPC

    def ensure(self, vpc: Vpc, inside: str) -> None:
        """Make the wires of the VPC's hosted ports in this namespace, and remove those of others."""
        subnets = {each.subnet_id: each for each in vpc.subnets}
        wanted = frozenset(_Wire(p, subnets[p.subnet_id]) for p in vpc.ports if p.hosted)
        done = self._done.get(vpc.vpc_id)
        if done == wanted:
            return
        present = _devices(inside) if done is None else {each.device for each in done}
        for device in present - {each.device for each in wanted}:
            self._remove(inside, device)
        for wire in wanted - (done or frozenset()):
            self._add(inside, wire)
        self._done[vpc.vpc_id] = wanted

    def remove(self, vpc_id: str, inside: str) -> None:
        """Remove all of the VPC's."""
        self._done.pop(vpc_id, None)
        for device in _devices(inside):
            self._remove(inside, device)

    def forget(self, vpc_id: str) -> None:
        """The namespace has gone, and everything in it."""
        self._done.pop(vpc_id, None)

    def _add(self, inside: str, wire: _Wire) -> None:
        device, subnet = wire.device, wire.subnet
        if not succeeds("ip", "-n", inside, "link", "show", device):
            peer = ("peer", "name", device, "address", wire.port.mac, "netns", inside)
            run("ip", "link", "add", device, "netns", self._namespace, "type", "veth", *peer)
        addresses = [each for each in wire.port.addresses if isinstance(each, IPv4Address)]
        commands = [f"link set {device} up"]
        for address in addresses:
            table = int(address)
            commands += [
                f"address replace {address}/32 dev {device}",
                f"route replace {subnet.cidr} dev {device} scope link table {table}",
                f"route replace default via {subnet.cidr[1]} dev {device} onlink table {table}",
            ]
        run("ip", "-n", inside, "-batch", "-", stdin="\n".join(commands))
        for address in addresses:
            # Fails when the rule is there. One that stays behind leads to a table that is empty by then.
            rule = ("from", str(address), "lookup", str(int(address)), "pref", _PREFERENCE)
            succeeds("ip", "-n", inside, "rule", "add", *rule)
        run("ip", "-n", self._namespace, "link", "set", device, "up")
        for name in (inside, self._namespace):
            run("ip", "netns", "exec", name, "ethtool", "-K", device, "tx", "off")
        self._switch.add_port(device, wire.port.port_id)

    def _remove(self, inside: str, device: str) -> None:
        self._switch.remove_port(device)
        if succeeds("ip", "-n", inside, "link", "show", device):
            run("ip", "-n", inside, "link", "del", device)


def _devices(inside: str) -> set[str]:
    """Wires that end in the namespace."""
    if not succeeds("ip", "-n", inside, "link", "show"):
        return set()
    listing: list[dict[str, Any]] = json.loads(run("ip", "-j", "-n", inside, "link", "show"))
    names = {str(each.get("ifname", "")) for each in listing}
    return {name for name in names if name.startswith(_PREFIX)}
