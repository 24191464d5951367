"""What an SDN must do. The whole of a VPC is handed over as one value; the driver makes it so.

``apply`` is level-triggered: it compiles the topology, compares with what exists, and changes only the
difference in one transaction. Applying the same value twice changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Protocol, TypeAlias

IpAddress: TypeAlias = IPv4Address | IPv6Address
IpNetwork: TypeAlias = IPv4Network | IPv6Network

INTERNET = "internet"
"""Through the public network: from public addresses only, and back to them."""
EGRESS_INTERNET = "egress-internet"
"""The same for IPv6, but only connections that begin inside."""
BLACKHOLE = "blackhole"
SERVICES = "services"
"""Where metadata and names are answered, in the VPC itself; see Network.trace."""
NOWHERE = ""


@dataclass(frozen=True, slots=True)
class Peers:
    """Who a firewall rule speaks of: addresses, or the members of a security group."""

    cidr: IpNetwork | None = None
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
    cidr: IpNetwork


@dataclass(frozen=True, slots=True)
class Route:
    """``target``: INTERNET, EGRESS_INTERNET, BLACKHOLE, or the id of a NAT gateway, peering or port of the
    VPC. Local routes are implied, and an id that the VPC does not hold is a black hole.
    """

    destination: IpNetwork
    target: str


@dataclass(frozen=True, slots=True)
class Subnet:
    subnet_id: str
    cidr: IPv4Network
    zone: str
    routes: tuple[Route, ...]  # of the route table in force
    acl: tuple[AclEntry, ...]  # of the network ACL in force, default entries included
    ipv6: IPv6Network | None = None  # a /64


class FlowLog(Enum):
    """Which connections of a port are told of; see Network.flows."""

    NONE = "NONE"
    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Port:
    """A network interface. The first address is the primary one; IPv6 ones come last.

    ``hosted``: no guest is behind it, the host answers at its addresses, in the VPC's service namespace.
    """

    port_id: str
    subnet_id: str
    mac: str
    addresses: tuple[IpAddress, ...]
    group_ids: tuple[str, ...]
    source_dest_check: bool = True
    hosted: bool = False
    log: FlowLog = FlowLog.NONE


@dataclass(frozen=True, slots=True)
class Flow:
    """Packets of one connection in one direction, seen at a port whose ``log`` asks for them.

    Of an accepted connection that may be its first packet only. Ports are 0 where the protocol has none;
    ``size_bytes`` None: the network does not count them.
    """

    port_id: str
    ingress: bool  # towards the port
    accepted: bool
    protocol: int
    source: IpAddress
    destination: IpAddress
    source_port: int
    destination_port: int
    packets: int
    size_bytes: int | None
    tcp_flags: int  # as in the header, of all packets together
    at: datetime


@dataclass(frozen=True, slots=True)
class Probe:
    """A packet of TCP (protocol 6) or UDP (17) as it leaves a port, or (None) as the world sends it.

    ``is_answer``: of a conversation that every firewall on its way knows.
    """

    port_id: str | None
    protocol: int
    source: IPv4Address
    source_port: int
    destination: IPv4Address
    destination_port: int
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """One-to-one NAT of a public address to a port's private address."""

    public: IPv4Address
    private: IPv4Address
    port_id: str


@dataclass(frozen=True, slots=True)
class NatGateway:
    """Source NAT for the subnets that route to it, from a port of its own (no guest's) in its subnet.

    ``public`` None makes it a private one: what leaves has the private address.
    """

    nat_id: str
    subnet_id: str
    mac: str
    private: IPv4Address
    public: IPv4Address | None


@dataclass(frozen=True, slots=True)
class Peering:
    """A way to another VPC of this network. Open when both VPCs hold it, whichever is applied first."""

    peering_id: str
    vpc_id: str
    cidrs: tuple[IpNetwork, ...]


@dataclass(frozen=True, slots=True)
class Dhcp:
    """What DHCP hands out besides addresses. Empty tuples: the option is left out."""

    domain: str = ""
    resolvers: tuple[
        IpAddress, ...
    ] = ()  # the VPC's own resolver is named by its address, base + 2
    time_servers: tuple[IpAddress, ...] = ()
    netbios_servers: tuple[IPv4Address, ...] = ()
    netbios_node_type: int | None = None


@dataclass(frozen=True, slots=True)
class Vpc:
    """One VPC, whole. The first CIDR is the primary one."""

    vpc_id: str
    cidrs: tuple[IPv4Network, ...]
    internet: bool  # an internet gateway is attached
    domain: str  # DHCP domain name, e.g. "ec2.internal"
    dns: bool  # hand out the AmazonProvidedDNS resolver
    subnets: tuple[Subnet, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    ports: tuple[Port, ...] = ()
    public: tuple[PublicAddress, ...] = ()
    ipv6_cidrs: tuple[IPv6Network, ...] = ()
    egress_only: bool = False  # an egress-only internet gateway is attached
    nat_gateways: tuple[NatGateway, ...] = ()
    peerings: tuple[Peering, ...] = ()
    dhcp: Dhcp | None = None  # None: as ``domain`` and ``dns`` say


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

    def flows(self) -> Sequence[Flow]:
        """What was seen since the last call, each packet once. Nobody's if it is not asked for soon."""
        ...

    def trace(self, probe: Probe) -> str | None:
        """Where a packet would come out: a port's id, INTERNET, SERVICES, NOWHERE; None: there is no telling.

        Sends nothing. The way ends at the first guest or at the edge of the network; answers that a NAT
        gateway must give back to who asked are not known to it.
        """
        ...

    def close(self) -> None:
        """Disconnect; packets keep flowing."""
        ...
