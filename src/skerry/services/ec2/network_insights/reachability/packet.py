"""A packet as firewalls and routes see it, and what it passes."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from skerry.drivers.network.port import AclEntry, FirewallRule, IpAddress, Route


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a TCP or UDP conversation. ``protocol`` is the IP number, 6 or 17."""

    protocol: int
    source: IpAddress
    source_port: int
    destination: IpAddress
    destination_port: int

    def reply(self) -> "Packet":
        """What comes back."""
        return replace(
            self,
            source=self.destination,
            source_port=self.destination_port,
            destination=self.source,
            destination_port=self.source_port,
        )


class Kind(StrEnum):
    """What a packet passes. Two of these have no name of their own here: they are their subnet's."""

    INTERFACE = "network-interface"
    GROUP = "security-group"
    ACL = "network-acl"  # named by the subnet
    ROUTES = "route-table"  # named by the subnet
    INTERNET = "internet-gateway"  # named by the VPC
    EGRESS_INTERNET = "egress-only-internet-gateway"  # named by the VPC
    NAT = "natgateway"
    PEERING = "vpc-peering-connection"
    SERVICE = "service"  # metadata and names, named by the VPC


@dataclass(frozen=True, slots=True)
class Hop:
    """A component that a packet passes, and the packet as it leaves it."""

    kind: Kind
    name: str
    vpc_id: str
    packet: Packet
    subnet_id: str | None = None
    egress: bool = False  # of a firewall: which direction
    rule: FirewallRule | AclEntry | Route | None = None  # what let it pass


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The component that drops the packet, and why. ``at.rule``: what decided so, if anything did.

    ``code``: https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html
    """

    code: str
    at: Hop
    group_ids: tuple[str, ...] = ()  # groups that have no rule for it


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where the packet ends: at an interface, a service of the VPC, or (name empty) out in the internet."""

    kind: Kind
    name: str
    packet: Packet


@dataclass(frozen=True, slots=True)
class Journey:
    """One way of one packet, as it set out: ``end`` is where it arrives or what stops it."""

    packet: Packet
    hops: tuple[Hop, ...]
    end: Arrival | Obstacle


@dataclass(frozen=True, slots=True)
class Judgement:
    """There and back again: a packet is only of use if its answer comes back."""

    there: Journey
    back: Journey | None  # None: it never got there

    @property
    def obstacle(self) -> Obstacle | None:
        """What stops the packet or its answer; None: nothing does."""
        for journey in (self.there, self.back):
            if journey is not None and isinstance(journey.end, Obstacle):
                return journey.end
        return None

    @property
    def arrival(self) -> Arrival | None:
        """Where the conversation is held; None: nowhere."""
        end = self.there.end
        return end if self.obstacle is None and isinstance(end, Arrival) else None


@dataclass(slots=True)
class Memory:
    """What stateful components remember of a conversation between its first packet and the answer."""

    groups: dict[str, str] = field(default_factory=dict[str, str])  # port → group that let it pass
    translated: dict[str, IpAddress] = field(default_factory=dict[str, IpAddress])  # NAT → who
    gateways: set[str] = field(default_factory=set[str])  # VPCs it left by an egress-only gateway
