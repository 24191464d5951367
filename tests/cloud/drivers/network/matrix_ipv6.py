"""The matrix once more, over IPv6: every rule, route and address has its like in the other family.

Where a NAT gateway leads out, the egress-only gateway does. All addresses are public, so that another
account's VPC is reached through the internet.
"""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import count

from skerry.drivers.network.port import (
    EGRESS_INTERNET,
    INTERNET,
    AclEntry,
    FirewallRule,
    IpAddress,
    Peering,
    Peers,
    Port,
    Route,
    SecurityGroup,
    Subnet,
    Vpc,
)
from skerry.services.ec2.network_insights.reachability.packet import Packet
from tests.cloud.drivers.network.matrix import (
    CALLS_FROM,
    NAT,
    OURS,
    PEER,
    SERVED,
    TCP,
    TWIN,
    UDP,
    Case,
    Matrix,
    Spot,
    kind_of,
    tells,
)

ANYWHERE = IPv6Network("::/0")
WORLD = IPv6Address("2001:db8:ffff::1")


def like(vpc_id: str, address: IPv4Address) -> IPv6Address:
    """A port's address in the other family."""
    subnet, host = address.packed[2:]
    return IPv6Address(f"2001:db8:{vpc_id[-2:]}:{subnet:x}::{host:x}")


def block(vpc_id: str) -> IPv6Network:
    return IPv6Network(f"2001:db8:{vpc_id[-2:]}::/56")


def dual(vpc: Vpc) -> Vpc:
    """The VPC with both families."""
    return replace(
        vpc,
        ipv6_cidrs=(block(vpc.vpc_id),),
        egress_only=vpc.vpc_id == OURS,
        subnets=tuple(_subnet(vpc.vpc_id, each) for each in vpc.subnets),
        groups=tuple(_group(each) for each in vpc.groups),
        ports=tuple(_port(vpc.vpc_id, each) for each in vpc.ports),
        peerings=tuple(_peering(each) for each in vpc.peerings),
    )


def ipv6_cases(matrix: Matrix) -> list[Case]:
    """Over TCP and over UDP."""
    found = list(_cases(matrix))
    numbered = zip(count(CALLS_FROM), found, strict=False)
    calls = [replace(c, packet=replace(c.packet, source_port=n)) for n, c in numbered]
    return [replace(c, packet=replace(c.packet, protocol=p)) for c in calls for p in (TCP, UDP)]


def _cases(matrix: Matrix) -> Iterator[Case]:
    for origin in matrix.spots:
        if origin.vpc_id == OURS:
            yield Case("internet in", None, _packet(WORLD, _address(origin)))
        if origin.vpc_id != OURS or origin.zone != "a" or origin.public is None:
            continue
        own = _address(origin)
        for spot in matrix.spots:
            if spot.vpc_id != TWIN and tells(origin, spot):
                yield Case(kind_of(origin, spot), origin, _packet(own, _address(spot)))
        kind = "internet out" if origin.port.subnet_id != matrix.translated else "outward only"
        yield Case(kind, origin, _packet(own, WORLD))


def _address(spot: Spot) -> IPv6Address:
    return like(spot.vpc_id, spot.address)


def _packet(source: IpAddress, destination: IpAddress) -> Packet:
    return Packet(TCP, source, 0, destination, SERVED)


def _subnet(vpc_id: str, subnet: Subnet) -> Subnet:
    number = subnet.cidr.network_address.packed[2]
    routes = tuple(_route(each) for each in subnet.routes)
    entries = tuple(_entry(each) for each in subnet.acl)
    return replace(
        subnet,
        ipv6=IPv6Network(f"2001:db8:{vpc_id[-2:]}:{number:x}::/64"),
        routes=subnet.routes + routes,
        acl=subnet.acl + entries,
    )


def _route(route: Route) -> Route:
    if route.target == INTERNET:
        return Route(ANYWHERE, INTERNET)
    if route.target == NAT:
        return Route(ANYWHERE, EGRESS_INTERNET)
    is_ours = IPv4Network("10.0.0.0/16") == route.destination
    return Route(block(OURS if is_ours else PEER), route.target)


def _entry(entry: AclEntry) -> AclEntry:
    return replace(entry, number=entry.number + 1000, cidr=ANYWHERE)


def _group(group: SecurityGroup) -> SecurityGroup:
    return replace(group, rules=(*group.rules, *map(_rule, group.rules)))


def _rule(rule: FirewallRule) -> FirewallRule:
    return replace(rule, rule_id=f"{rule.rule_id}-6", peers=Peers(cidr=ANYWHERE))


def _port(vpc_id: str, port: Port) -> Port:
    (address,) = port.addresses
    assert isinstance(address, IPv4Address)
    return replace(port, addresses=(address, like(vpc_id, address)))


def _peering(peering: Peering) -> Peering:
    return replace(peering, cidrs=(*peering.cidrs, block(peering.vpc_id)))
