"""Every combination of what decides about a packet, as VPCs to apply and conversations to try in them.

Four VPCs: ours, one that is its peer, one with the same addresses, and one of another account. Subnets are
the product of network ACLs, routes and zones (and one more, behind a NAT gateway); ports in them, of
security groups and public addresses.
Nothing here says what should happen: that is the oracle's to say and the packets' to show.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from itertools import count, product

from skerry.drivers.network.port import (
    INTERNET,
    AclEntry,
    FirewallRule,
    NatGateway,
    Peering,
    Peers,
    Port,
    PublicAddress,
    Route,
    SecurityGroup,
    Subnet,
    Vpc,
)
from skerry.services.ec2.network_insights.reachability.packet import Packet

ANYWHERE = IPv4Network("0.0.0.0/0")
WORLD = IPv4Address("198.18.99.1")
"""Out in the internet, where tests listen and call from."""
SERVED, RESOLVED = 80, 53
TCP, UDP = 6, 17
CALLS_FROM = 40000

OURS, PEER, TWIN, STRANGER = "vpc-0a", "vpc-0b", "vpc-0c", "vpc-0d"
BLOCKS = {
    OURS: IPv4Network("10.0.0.0/16"),
    PEER: IPv4Network("10.1.0.0/16"),
    TWIN: IPv4Network("10.0.0.0/16"),
    STRANGER: IPv4Network("10.3.0.0/16"),
}
PEERING, NAT = "pcx-1", "nat-1"


_OPEN = tuple(AclEntry(100, egress, True, None, None, None, ANYWHERE) for egress in (False, True))
_QUESTIONS, _ANSWERS = (RESOLVED, SERVED), (1024, 65535)
ACLS: dict[str, tuple[AclEntry, ...]] = {"open": _OPEN}
for _name, (_first, _last) in (("questions", _QUESTIONS), ("answers", _ANSWERS)):
    for _way, _egress in (("in", False), ("out", True)):
        ACLS[f"no {_name} {_way}"] = (
            tuple(
                AclEntry(40 + protocol, _egress, False, protocol, _first, _last, ANYWHERE)
                for protocol in (TCP, UDP)
            )
            + _OPEN
        )
ACLS["nothing"] = ()

_OUT = FirewallRule("out", True, None, None, None, Peers(cidr=ANYWHERE))
_IN = tuple(
    FirewallRule(f"in{protocol}", False, protocol, SERVED, SERVED, Peers(cidr=ANYWHERE))
    for protocol in (TCP, UDP)
)
GROUPS = {"both": (_OUT, *_IN), "out": (_OUT,), "in": _IN}
"""What a security group allows."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A port and what it was made of."""

    port: Port
    vpc_id: str
    zone: str
    public: IPv4Address | None

    @property
    def address(self) -> IPv4Address:
        address = self.port.addresses[0]
        assert isinstance(address, IPv4Address)
        return address


@dataclass(frozen=True, slots=True)
class Case:
    """A packet that leaves a port, or (origin None) the internet."""

    kind: str
    origin: Spot | None
    packet: Packet

    def __str__(self) -> str:
        where = self.origin.port.port_id if self.origin else "the internet"
        return f"{self.kind}: {self.packet} from {where}"


class Matrix:
    """The VPCs, the spots in them, and the cases."""

    def __init__(self) -> None:
        self.spots: list[Spot] = []
        self._numbers, self._public = count(1), count(10)
        here = [self._subnet(OURS, *each, "a") for each in product(ACLS, (True, False))]
        here += [self._subnet(OURS, acl, True, "b") for acl in ACLS]
        here.append(replace(self._subnet(OURS, "open", False, "a"), routes=(Route(ANYWHERE, NAT),)))
        there = [self._subnet(PEER, *each, "a") for each in product(ACLS, (True, False))]
        self.translated = here[-1].subnet_id
        outer = WORLD + next(self._public)
        nat = NatGateway(NAT, here[0].subnet_id, "0a:00:00:00:0a:fe", here[0].cidr[99], outer)
        twins = [self._subnet(TWIN, "open", True, "a") for _ in range(2)]
        strange = [self._subnet(STRANGER, acl, True, "a") for acl in ("open", "no questions in")]
        ours, *others = (
            self._vpc(vpc_id, tuple(subnets))
            for vpc_id, subnets in zip(BLOCKS, (here, there, twins, strange), strict=True)
        )
        self.vpcs = (replace(ours, nat_gateways=(nat,)), *others)

    def _subnet(self, vpc_id: str, acl: str, routed: bool, zone: str) -> Subnet:
        number = 1 + sum(1 for _ in {s.port.subnet_id for s in self.spots if s.vpc_id == vpc_id})
        net = list(BLOCKS[vpc_id].subnets(new_prefix=24))[number]
        name = f"{vpc_id}-subnet-{number}"
        routes = (Route(ANYWHERE, INTERNET), *self._peer_routes(vpc_id)) if routed else ()
        # Callers live in our zone a; elsewhere it is enough to be called.
        calls = vpc_id == OURS and zone == "a"
        wanted = [("both", True), ("both", False), ("out", True), ("in", True)]
        if not calls:
            wanted = [("both", vpc_id == STRANGER), ("out", True)]
        for host, (group, public) in enumerate(wanted, 10):
            # Twins have addresses that ours have, and others.
            self._spot(vpc_id, name, zone, net[host + (2 if vpc_id == TWIN else 0)], group, public)
        return Subnet(name, net, zone, routes, ACLS[acl])

    def _peer_routes(self, vpc_id: str) -> tuple[Route, ...]:
        other = {OURS: PEER, PEER: OURS}.get(vpc_id)
        return (Route(BLOCKS[other], PEERING),) if other else ()

    def _spot(
        self, vpc_id: str, subnet: str, zone: str, address: IPv4Address, group: str, public: bool
    ) -> None:
        number = next(self._numbers)
        port = Port(
            f"eni-{vpc_id[-2:]}{number:015x}",
            subnet,
            f"0a:00:00:00:{int(vpc_id[-2:], 16):02x}:{number:02x}",
            (address,),
            (f"{vpc_id}-{group}",),
        )
        outer = WORLD + next(self._public) if public else None
        self.spots.append(Spot(port, vpc_id, zone, outer))

    def _vpc(self, vpc_id: str, subnets: tuple[Subnet, ...]) -> Vpc:
        own = [spot for spot in self.spots if spot.vpc_id == vpc_id]
        other = {OURS: PEER, PEER: OURS}.get(vpc_id)
        return Vpc(
            vpc_id,
            (BLOCKS[vpc_id],),
            True,
            "ec2.internal",
            True,
            subnets,
            tuple(_group(f"{vpc_id}-{name}", rules) for name, rules in GROUPS.items()),
            tuple(spot.port for spot in own),
            tuple(
                PublicAddress(spot.public, spot.address, spot.port.port_id)
                for spot in own
                if spot.public is not None
            ),
            peerings=(Peering(PEERING, other, (BLOCKS[other],)),) if other else (),
        )

    def cases(self) -> list[Case]:
        """All of them, over TCP and over UDP."""
        found: list[Case] = []
        for spot in self.spots:
            if spot.vpc_id == OURS and spot.zone == "a":
                found += self._calls(spot)
            if spot.public is not None:
                found.append(_case("internet in", None, spot.public))
        numbered = zip(count(CALLS_FROM), found, strict=False)
        calls = [replace(c, packet=replace(c.packet, source_port=n)) for n, c in numbered]
        return [replace(c, packet=replace(c.packet, protocol=p)) for c in calls for p in (TCP, UDP)]

    def _calls(self, origin: Spot) -> Iterator[Case]:
        for spot in self.spots:
            if tells(origin, spot):
                yield _case(kind_of(origin, spot), origin, spot.address)
        for spot in self.spots:
            if spot.public is not None and spot.vpc_id == STRANGER:
                yield _case("other account's public address", origin, spot.public)
        kind = "internet out" if origin.port.subnet_id != self.translated else "out by NAT"
        yield _case(kind, origin, WORLD)
        yield _case("metadata", origin, IPv4Address("169.254.169.254"))
        for address in ("169.254.169.253", "10.0.0.2"):
            yield _case("DNS", origin, IPv4Address(address), RESOLVED)


def tells(origin: Spot, spot: Spot) -> bool:
    """Whether calling the other's private address shows what another call does not.

    Public addresses do not matter there, who may not call may as little call those that hear nobody, and
    what a guest sends to its own address never leaves it.
    """
    group, other = (each.port.group_ids[0].split("-")[-1] for each in (origin, spot))
    if spot.vpc_id == OURS and ((spot.public is not None and other == "both") or other == "in"):
        return False
    return (
        spot.address != origin.address
        and (group == "in", other) != (True, "out")
        and ((origin.public is not None and group != "out") or spot.vpc_id in (TWIN, STRANGER))
    )


def kind_of(origin: Spot, spot: Spot) -> str:
    if spot.vpc_id == OURS and spot.port.subnet_id == origin.port.subnet_id:
        return "same subnet"
    if spot.vpc_id == OURS:
        return "other subnet" if spot.zone == origin.zone else "other zone"
    return {PEER: "peered", TWIN: "equal addresses", STRANGER: "other account"}[spot.vpc_id]


def _case(kind: str, origin: Spot | None, address: IPv4Address, number: int = SERVED) -> Case:
    return Case(kind, origin, Packet(TCP, origin.address if origin else WORLD, 0, address, number))


def _group(group_id: str, rules: tuple[FirewallRule, ...]) -> SecurityGroup:
    return SecurityGroup(
        group_id, tuple(replace(rule, rule_id=f"{group_id}-{rule.rule_id}") for rule in rules)
    )
