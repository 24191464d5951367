"""Follows a packet through VPCs as AWS documents them: a pure function of the rules.

Written from AWS's documentation and from nothing else; in particular it knows nothing of how a network
driver compiles the same values, so that the two can be held against each other. Sources:

- https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html (the longest prefix wins)
- https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html (a public address is translated
  at the gateway, so firewalls see the private one)
- https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
- https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html (not transitive)
- https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html
"""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network
from typing import NoReturn

from skerry.drivers.network.port import (
    EGRESS_INTERNET,
    INTERNET,
    AclEntry,
    FirewallRule,
    IpAddress,
    NatGateway,
    Port,
    Route,
    Subnet,
    Vpc,
)
from skerry.services.ec2.network_insights.reachability.estate import (
    Estate,
    Holder,
    blocks,
    holds,
    is_service,
)
from skerry.services.ec2.network_insights.reachability.firewalls import (
    allowing_rule,
    deciding_entry,
)
from skerry.services.ec2.network_insights.reachability.packet import (
    Arrival,
    Hop,
    Journey,
    Judgement,
    Kind,
    Memory,
    Obstacle,
    Packet,
)

LOCAL = "local"
NOT_PUBLIC = {
    "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS": [
        IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    ],
    "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS": [IPv4Network("100.64.0.0/10")],
}
MAX_HOPS = 64
"""Routers that send a packet round in circles drop it when its time to live ends."""


def judge(estate: Estate, packet: Packet, origin: str | None) -> Judgement:
    """Whether the packet and its answer get through.

    ``origin``: the port that it leaves, or the peering (an edge of the estate) by which it comes; None: the
    internet.
    """
    memory = Memory()
    there = _follow(estate, packet, origin, memory, answering=False)
    end = there.end
    if isinstance(end, Obstacle):
        return Judgement(there, None)
    if end.kind is Kind.SERVICE:
        home = Arrival(Kind.INTERFACE, origin or "", end.packet.reply())
        return Judgement(there, Journey(home.packet, (), home))
    back = _follow(estate, end.packet.reply(), end.name or None, memory, answering=True)
    return Judgement(there, _understood(back, packet, origin))


def _understood(back: Journey, packet: Packet, origin: str | None) -> Journey:
    """An answer that comes to somebody else, or from an address that nobody asked, is none."""
    end = back.end
    if isinstance(end, Obstacle):
        return back
    if end.name == (origin or "") and end.packet == packet.reply():
        return back
    return replace(back, end=Obstacle("GATEWAY_REJECTS_SPOOFED_TRAFFIC", back.hops[-1]))


def _follow(
    estate: Estate, packet: Packet, origin: str | None, memory: Memory, *, answering: bool
) -> Journey:
    walk = _Walk(estate, packet, memory, answering)
    try:
        if origin is None or origin not in estate.owners:
            end = walk.from_edge(origin)
        else:
            end = walk.leave(*estate.port(origin))
    except _StoppedError as stopped:
        return Journey(packet, tuple(walk.hops), stopped.obstacle)
    return Journey(packet, tuple(walk.hops), end)


class _StoppedError(Exception):
    def __init__(self, obstacle: Obstacle) -> None:
        self.obstacle = obstacle
        super().__init__(obstacle.code)


class _Walk:
    """One way. Each method takes the packet one component further, and returns where it ends."""

    def __init__(self, estate: Estate, packet: Packet, memory: Memory, answering: bool) -> None:  # noqa: FBT001 - made in one place
        self.estate, self.packet, self.memory, self.answering = estate, packet, memory, answering
        self.hops: list[Hop] = []

    # --- interfaces -----------------------------------------------------------------------------

    def leave(self, vpc: Vpc, port: Port) -> Arrival:
        """Out of an interface."""
        here = self._at(Kind.INTERFACE, port.port_id, vpc, port.subnet_id, egress=True)
        if port.source_dest_check and self.packet.source not in port.addresses:
            self._stop("ENI_SOURCE_DEST_CHECK_RESTRICTION", here)
        self._pass(here)
        if is_service(vpc, self.packet.destination):
            return Arrival(Kind.SERVICE, vpc.vpc_id, self.packet)
        self._filter_group(vpc, port, egress=True)
        return self._send(vpc, self.estate.subnets[port.subnet_id])

    def _arrive(self, vpc: Vpc, holder: Holder, before: Subnet | None) -> Arrival:
        """At an interface, having come from a subnet of this VPC or from outside it."""
        subnet = self.estate.subnets[holder.subnet_id]
        if before is not subnet:
            self._filter_acl(vpc, subnet, egress=False)
        if isinstance(holder, NatGateway):
            return self._answer_nat(vpc, holder, subnet)
        here = self._at(Kind.INTERFACE, holder.port_id, vpc, holder.subnet_id)
        is_addressed = self.packet.destination in holder.addresses
        if holder.source_dest_check and not is_addressed:
            self._stop("ENI_SOURCE_DEST_CHECK_RESTRICTION", here)
        self._filter_group(vpc, holder, egress=False)
        self._pass(here)
        if is_addressed:
            return Arrival(Kind.INTERFACE, holder.port_id, self.packet)
        return self.leave(vpc, holder)  # a guest that is a router hands it on

    # --- firewalls ------------------------------------------------------------------------------

    def _filter_group(self, vpc: Vpc, port: Port, *, egress: bool) -> None:
        """Stateful: who let the first packet pass lets the answer pass."""
        if self.answering and port.port_id in self.memory.groups:
            known = self.memory.groups[port.port_id]
            self._pass(self._at(Kind.GROUP, known, vpc, port.subnet_id, egress=egress))
            return
        found = allowing_rule(self.estate, vpc, port, self.packet, egress=egress)
        if found is None:
            here = self._at(Kind.INTERFACE, port.port_id, vpc, port.subnet_id, egress=egress)
            self._stop("ENI_SG_RULES_MISMATCH", here, port.group_ids)
        group_id, rule = found
        self._pass(self._at(Kind.GROUP, group_id, vpc, port.subnet_id, egress=egress, rule=rule))
        self.memory.groups[port.port_id] = group_id

    def _filter_acl(self, vpc: Vpc, subnet: Subnet, *, egress: bool) -> None:
        """Stateless: every packet that crosses the subnet's border, the answer too."""
        entry = deciding_entry(subnet, self.packet, egress=egress)
        name = subnet.subnet_id
        here = self._at(Kind.ACL, name, vpc, name, egress=egress, rule=entry)
        if entry is None or not entry.allow:
            self._stop("SUBNET_ACL_RESTRICTION", here)
        self._pass(here)

    # --- routes ---------------------------------------------------------------------------------

    def _send(self, vpc: Vpc, subnet: Subnet) -> Arrival:
        """Out of an interface into its subnet: to a neighbour, or by the subnet's routes."""
        if holds(subnet, self.packet.destination):
            return self._deliver(vpc, subnet)
        route = _route(vpc, subnet, self.packet.destination)
        target = route.target if route is not None else ""
        nat = self.estate.nat(vpc, target)
        relay = next((port for port in vpc.ports if port.port_id == target), None)
        next_hop = nat or relay
        if next_hop is None or next_hop.subnet_id != subnet.subnet_id:
            self._filter_acl(vpc, subnet, egress=True)
        here = self._at(Kind.ROUTES, subnet.subnet_id, vpc, subnet.subnet_id, rule=route)
        if route is None:
            self._stop("NO_ROUTE_TO_DESTINATION", here)
        if nat is not None:
            self._pass(here)
            return self._translate(vpc, nat, subnet)
        if relay is not None:
            self._pass(here)
            return self._arrive(vpc, relay, subnet)
        return self._by(target, vpc, subnet, here)

    def _by(self, target: str, vpc: Vpc, subnet: Subnet, here: Hop) -> Arrival:
        """Through the router, where the route says."""
        peer = next(
            (vpc for each, vpc in self.estate.peers(vpc) if each.peering_id == target), None
        )
        ways: dict[str, Callable[[], Arrival]] = {LOCAL: lambda: self._deliver(vpc, subnet)}
        if vpc.internet:
            ways[INTERNET] = lambda: self._to_internet(vpc)
        if vpc.egress_only:
            ways[EGRESS_INTERNET] = lambda: self._to_internet_only(vpc)
        if peer is not None:
            ways[target] = lambda: self._across(target, vpc, peer)
        if target not in ways:
            self._stop("BAD_STATE_ROUTE", here)
        self._pass(here)
        return ways[target]()

    def _deliver(self, vpc: Vpc, before: Subnet | None) -> Arrival:
        """To whom in this VPC holds the address."""
        holder = self.estate.holders.get((vpc.vpc_id, self.packet.destination))
        if holder is None:
            self._stop("NO_POSSIBLE_DESTINATION", self.hops[-1])
        return self._arrive(vpc, holder, before)

    def _across(self, peering_id: str, vpc: Vpc, peer: Vpc) -> Arrival:
        """Between two VPCs and no further."""
        here = self._at(Kind.PEERING, peering_id, vpc)
        is_ours = any(self.packet.source in block for block in blocks(vpc))
        is_theirs = any(self.packet.destination in block for block in blocks(peer))
        if not (is_ours and is_theirs):
            self._stop("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", here)
        self._pass(here)
        if peering_id in self.estate.edges:
            return Arrival(Kind.PEERING, peering_id, self.packet)
        return self._deliver(peer, None)

    def from_edge(self, peering_id: str | None) -> Arrival:
        """In from what is not followed further: the internet, or a peering."""
        if peering_id is None:
            return self.from_internet()
        here = Hop(Kind.PEERING, peering_id, "", self.packet)
        for vpc in self.estate.vpcs.values():
            is_its = any(self.packet.destination in block for block in blocks(vpc))
            if is_its and any(each.peering_id == peering_id for each in vpc.peerings):
                self._pass(replace(here, vpc_id=vpc.vpc_id))
                return self._deliver(vpc, None)
        return self._stop("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", here)

    # --- gateways -------------------------------------------------------------------------------

    def _to_internet(self, vpc: Vpc) -> Arrival:
        here = self._at(Kind.INTERNET, vpc.vpc_id, vpc, egress=True)
        public = self.estate.public_of.get((vpc.vpc_id, self.packet.source))
        if public is None:
            self._stop("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", here)
        destination = self.packet.destination
        if not self.answering and destination not in self.estate.public:
            # Answers go out: the networks around the host are part of this cloud's internet.
            for code, networks in NOT_PUBLIC.items():
                if any(destination in each for each in networks):
                    self._stop(code, here)
        self.packet = replace(self.packet, source=public)
        self._pass(self._at(Kind.INTERNET, vpc.vpc_id, vpc, egress=True))
        return self._outside()

    def _to_internet_only(self, vpc: Vpc) -> Arrival:
        """Only what begins inside, and answers to it."""
        here = self._at(Kind.EGRESS_INTERNET, vpc.vpc_id, vpc, egress=True)
        if self.packet.source.version == 4 or self.answering:
            self._stop("PROTOCOL_RESTRICTION", here)
        self.memory.gateways.add(vpc.vpc_id)
        self._pass(here)
        return self._outside()

    def _outside(self) -> Arrival:
        if self.packet.destination in self.estate.public:
            return self.from_internet()
        return Arrival(Kind.INTERNET, "", self.packet)

    def from_internet(self) -> Arrival:
        """Into the VPC that has the public address."""
        vpc_id, private = self.estate.public.get(self.packet.destination, ("", None))
        if private is None:
            here = Hop(Kind.INTERNET, "", "", self.packet)
            self._stop("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", here)
        vpc = self.estate.vpcs[vpc_id]
        is_answer = self.answering and vpc_id in self.memory.gateways
        kind = Kind.EGRESS_INTERNET if is_answer else Kind.INTERNET
        if not vpc.internet and not is_answer:
            self._stop("BAD_STATE_ATTACHMENT", self._at(kind, vpc_id, vpc))
        self.packet = replace(self.packet, destination=private)
        self._pass(self._at(kind, vpc_id, vpc))
        return self._deliver(vpc, None)

    def _translate(self, vpc: Vpc, nat: NatGateway, before: Subnet) -> Arrival:
        """Out through a NAT gateway, which puts its own address in the sender's place."""
        subnet = self.estate.subnets[nat.subnet_id]
        if before is not subnet:
            self._filter_acl(vpc, subnet, egress=False)
        if not any(self.packet.source in block for block in blocks(vpc)):
            here = self._at(Kind.NAT, nat.nat_id, vpc, nat.subnet_id, egress=True)
            self._stop("NGW_REQUIRES_SOURCE_IN_VPC", here)
        self.memory.translated[nat.nat_id] = self.packet.source
        self.packet = replace(self.packet, source=nat.private)
        self._pass(self._at(Kind.NAT, nat.nat_id, vpc, nat.subnet_id, egress=True))
        return self._send(vpc, subnet)

    def _answer_nat(self, vpc: Vpc, nat: NatGateway, subnet: Subnet) -> Arrival:
        sender = self.memory.translated.get(nat.nat_id)
        if not self.answering or sender is None:
            here = self._at(Kind.NAT, nat.nat_id, vpc, nat.subnet_id)
            self._stop("NO_POSSIBLE_DESTINATION", here)
        self.packet = replace(self.packet, destination=sender)
        self._pass(self._at(Kind.NAT, nat.nat_id, vpc, nat.subnet_id))
        return self._send(vpc, subnet)

    # --- the record -----------------------------------------------------------------------------

    def _at(
        self,
        kind: Kind,
        name: str,
        vpc: Vpc,
        subnet_id: str | None = None,
        *,
        egress: bool = False,
        rule: FirewallRule | AclEntry | Route | None = None,
    ) -> Hop:
        return Hop(kind, name, vpc.vpc_id, self.packet, subnet_id, egress, rule)

    def _pass(self, hop: Hop) -> None:
        self.hops.append(hop)
        if len(self.hops) > MAX_HOPS:
            self._stop("NO_POSSIBLE_DESTINATION", hop)

    def _stop(self, code: str, at: Hop, group_ids: tuple[str, ...] = ()) -> NoReturn:
        raise _StoppedError(Obstacle(code, at, group_ids))


def _route(vpc: Vpc, subnet: Subnet, destination: IpAddress) -> Route | None:
    """The longest prefix; the local route before one of the same length."""
    local = [Route(block, LOCAL) for block in blocks(vpc)]
    return max(
        (each for each in (*subnet.routes, *local) if destination in each.destination),
        key=lambda each: (each.destination.prefixlen, each.target == LOCAL),
        default=None,
    )
