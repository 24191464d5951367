"""What an SDN must do. The whole of a VPC is handed over as one value; the driver makes it so.

``apply`` is level-triggered: it compiles the topology, compares with what exists, and changes only the
difference in one transaction. Applying the same value twice changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Peers:
    """Who a firewall rule speaks of: addresses, or the members of a security group."""

    cidr: IPv4Network | None = None
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """One allow rule of a security group. ``protocol`` is the IP number; None means all traffic.

    For tcp/udp ``from_port``/``to_port`` are ports; for icmp they are type and code, -1 meaning any.
    """

    rule_id: str
    egress: bool
    protocol: int | None
    from_port: int | None
    to_port: int | None
    peers: Peers


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    group_id: str
    rules: tuple[FirewallRule, ...]


@dataclass(frozen=True, slots=True)
class AclEntry:
    """One numbered, stateless entry of a network ACL. Ports and icmp as in FirewallRule."""

    number: int
    egress: bool
    allow: bool
    protocol: int | None
    from_port: int | None
    to_port: int | None
    cidr: IPv4Network


@dataclass(frozen=True, slots=True)
class Route:
    """``target`` is "internet" (through the public network) or "blackhole"; local routes are implied."""

    destination: IPv4Network
    target: str


@dataclass(frozen=True, slots=True)
class Subnet:
    subnet_id: str
    cidr: IPv4Network
    zone: str
    routes: tuple[Route, ...]  # of the route table in force
    acl: tuple[AclEntry, ...]  # of the network ACL in force, default entries included


@dataclass(frozen=True, slots=True)
class Port:
    """A network interface. The first address is the primary one."""

    port_id: str
    subnet_id: str
    mac: str
    addresses: tuple[IPv4Address, ...]
    group_ids: tuple[str, ...]
    source_dest_check: bool = True


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """One-to-one NAT of a public address to a port's private address."""

    public: IPv4Address
    private: IPv4Address
    port_id: str


@dataclass(frozen=True, slots=True)
class Vpc:
    """One VPC, whole."""

    vpc_id: str
    cidrs: tuple[IPv4Network, ...]
    internet: bool  # an internet gateway is attached
    domain: str  # DHCP domain name, e.g. "ec2.internal"
    dns: bool  # hand out the AmazonProvidedDNS resolver
    subnets: tuple[Subnet, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    ports: tuple[Port, ...] = ()
    public: tuple[PublicAddress, ...] = ()


class Network(Protocol):
    """A software-defined network on one host (or the central part of one for many)."""

    def apply(self, vpc: Vpc) -> None:
        """Make the VPC exactly this; returns when the data plane has it (or raises TimeoutError)."""
        ...

    def remove(self, vpc_id: str) -> None:
        """Remove the VPC and everything in it; no-op if gone."""
        ...

    def vpcs(self) -> set[str]:
        """Ids of all VPCs that exist in the network."""
        ...

    def plug(self, port_id: str) -> str:
        """Make the port's tap device on this host and wire it to the port; returns the tap's name."""
        ...

    def unplug(self, port_id: str) -> None:
        """Remove the port's tap; no-op if gone."""
        ...

    def plugged(self) -> set[str]:
        """Ids of all ports that have a tap on this host."""
        ...

    def service_namespaces(self) -> dict[str, Path]:
        """VPC id → network namespace (a path for setns) that owns 169.254.169.254 and .253 there."""
        ...

    def watch(self, changed: Callable[[], None]) -> None:
        """From now on call ``changed()``, from any thread, when service_namespaces() changed."""
        ...

    def close(self) -> None:
        """Disconnect; packets keep flowing."""
        ...
