"""Ways out of a VPC with real packets: guest routers, NAT gateways, peerings, secondary addresses."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from skerry.drivers.network.commands import run
from skerry.drivers.network.port import NatGateway, Peering, PublicAddress, Route
from tests.cloud.drivers.network.conftest import LAN
from tests.cloud.drivers.network.stations import ask, becomes, connect, reaches, serve_in, stop
from tests.topologies import ANYWHERE, OUT, group, port, tcp, vpc

A, B, C = "vpc-0a", "vpc-0b", "vpc-0c"
PUBLIC = "198.18.99.10"


def with_routes(whole, number, *routes):
    """The VPC with these as the routes of its subnet of that number."""
    subnets = tuple(
        replace(each, routes=routes) if each.subnet_id.endswith(f"-{number}") else each
        for each in whole.subnets
    )
    return replace(whole, subnets=subnets)


def test_a_private_subnet_reaches_out_through_a_nat_gateway_and_nobody_comes_in(world):
    inside = port(A, 1, "10.0.2.10", "sg-web")
    gateway = NatGateway("nat-0a", f"{A}-subnet-1", "0a:00:00:00:aa:01", IPv4Address("10.0.1.77"),
                         IPv4Address(PUBLIC))  # fmt: skip
    whole = vpc(A, [group("sg-web", OUT, tcp("web", 80))], [inside])
    whole = with_routes(replace(whole, nat_gateways=(gateway,)), 2, Route(ANYWHERE, "nat-0a"))
    world.apply(whole)
    guest = world.station(inside)
    guest.serve(80)
    listeners = []
    serve_in(LAN, 8099, listeners)
    try:
        becomes(True, lambda: guest.reaches("198.18.99.1", 8099, 0.3))
        with connect(guest.name, "198.18.99.1", 8099) as session:
            assert ask(session, "who am I") == f"{PUBLIC} who am I"
            world.apply(whole)
            assert ask(session, "again") == f"{PUBLIC} again"
        assert not reaches(LAN, PUBLIC, 80)
        world.apply(with_routes(whole, 2, Route(ANYWHERE, "nat-gone")))
        becomes(False, lambda: guest.reaches("198.18.99.1", 8099, 0.3))
    finally:
        stop(listeners)


def test_peered_vpcs_reach_each_other_when_both_hold_the_peering_and_no_further(world):
    here, there, third = (
        port(A, 1, "10.0.1.10", "sg-0a"), port(B, 1, "10.1.1.10", "sg-0b"),
        port(C, 1, "10.2.1.10", "sg-0c"),
    )  # fmt: skip
    whole = {
        each: moved(each, number, one)
        for number, (each, one) in enumerate(((A, here), (B, there), (C, third)))
    }
    whole[A] = peered(whole[A], ("pcx-ab", B, "10.1.0.0/16"))
    whole[A] = routed(whole[A], ("10.1.0.0/16", "pcx-ab"), ("10.2.0.0/16", "pcx-ab"))
    for each in (whole[A], whole[B], whole[C]):
        world.apply(each)
    one, two, far = (world.station(each) for each in (here, there, third))
    two.serve(80)
    far.serve(80)
    assert not one.reaches(two.address, 80)
    whole[B] = peered(whole[B], ("pcx-ab", A, "10.0.0.0/16"), ("pcx-bc", C, "10.2.0.0/16"))
    whole[B] = routed(whole[B], ("10.0.0.0/16", "pcx-ab"), ("10.2.0.0/16", "pcx-bc"))
    whole[C] = peered(whole[C], ("pcx-bc", B, "10.1.0.0/16"))
    whole[C] = routed(whole[C], ("10.1.0.0/16", "pcx-bc"), ("10.0.0.0/16", "pcx-bc"))
    world.apply(whole[B])
    world.apply(whole[C])
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    with connect(one.name, two.address, 80) as session:
        assert ask(session, "who am I") == "10.0.1.10 who am I"
    becomes(True, lambda: two.reaches(far.address, 80, 0.3))
    assert not one.reaches(far.address, 80)
    world.apply(replace(whole[B], peerings=whole[B].peerings[1:]))
    becomes(False, lambda: one.reaches(two.address, 80, 0.3))


def test_a_rule_may_name_a_group_of_a_peer(world):
    here, other = port(A, 1, "10.0.1.10", "sg-0a"), port(A, 2, "10.0.1.11", "sg-other")
    there = port(B, 1, "10.1.1.10", "sg-0b")
    mine = routed(moved(A, 0, here, other), ("10.1.0.0/16", "pcx-ab"))
    mine = replace(mine, groups=(*mine.groups, group("sg-other", OUT)))
    theirs = moved(B, 1, there)
    theirs = replace(theirs, groups=(group("sg-0b", tcp("in", 80, group_id="sg-0a")),))
    theirs = routed(theirs, ("10.0.0.0/16", "pcx-ab"))
    world.apply(peered(mine, ("pcx-ab", B, "10.1.0.0/16")))
    world.apply(peered(theirs, ("pcx-ab", A, "10.0.0.0/16")))
    member, stranger, target = (world.station(each) for each in (here, other, there))
    target.serve(80)
    becomes(True, lambda: member.reaches(target.address, 80, 0.3))
    assert not stranger.reaches(target.address, 80)


def test_a_guest_that_may_forward_is_a_router_for_others(world):
    inside = port(A, 1, "10.0.2.10", "sg-web")
    router = port(A, 2, "10.0.1.20", "sg-web", source_dest_check=False)
    whole = vpc(A, [group("sg-web", OUT, tcp("web", 80))], [inside, router])
    whole = with_routes(whole, 2, Route(IPv4Network("192.0.2.0/24"), router.port_id))
    world.apply(whole)
    guest, way = world.station(inside), world.station(router)
    run("ip", "-n", way.name, "address", "add", "192.0.2.1/32", "dev", "lo")
    run("ip", "-n", way.name, "link", "set", "lo", "up")
    way.serve(80)
    becomes(True, lambda: guest.reaches("192.0.2.1", 80, 0.3))
    world.apply(with_routes(whole, 2))
    becomes(False, lambda: guest.reaches("192.0.2.1", 80, 0.3))


def test_secondary_addresses_are_the_port_s_own_and_have_public_ones_of_their_own(world):
    one = port(A, 1, "10.0.1.10", "sg-web")
    second = IPv4Address("10.0.1.50")
    one = replace(one, addresses=(*one.addresses, second))
    whole = vpc(A, [group("sg-web", OUT, tcp("web", 80))], [one], [(PUBLIC, one)])
    extra = PublicAddress(IPv4Address("198.18.99.11"), second, one.port_id)
    world.apply(replace(whole, public=(*whole.public, extra)))
    guest = world.station(one)
    run("ip", "-n", guest.name, "address", "add", f"{second}/24", "dev", "eth0")
    guest.serve(80, str(second))
    becomes(True, lambda: reaches(LAN, "198.18.99.11", 80, 0.3))
    assert not reaches(LAN, PUBLIC, 80)
    world.apply(whole)
    becomes(False, lambda: reaches(LAN, "198.18.99.11", 80, 0.3))


def test_a_second_cidr_has_subnets_like_the_first(world):
    first, second = port(A, 1, "10.0.1.10", "sg-web"), port(A, 2, "10.9.2.10", "sg-web")
    whole = vpc(A, [group("sg-web", OUT, tcp("web", 80))], [first, second])
    subnets = (whole.subnets[0], replace(whole.subnets[1], cidr=IPv4Network("10.9.2.0/24")))
    world.apply(replace(whole, cidrs=(*whole.cidrs, IPv4Network("10.9.0.0/16")), subnets=subnets))
    one, two = world.station(first), world.station(second)
    two.serve(80)
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))


def moved(vpc_id, number, *ports):
    """The VPC ``vpc_id`` at 10.``number``.0.0/16, its group open for port 80."""
    whole = vpc(vpc_id, [group(f"sg-{vpc_id[-2:]}", OUT, tcp("web", 80))], ports)
    subnets = tuple(
        replace(each, cidr=IPv4Network(f"10.{number}.{position}.0/24"))
        for position, each in enumerate(whole.subnets, start=1)
    )
    return replace(whole, cidrs=(IPv4Network(f"10.{number}.0.0/16"),), subnets=subnets)


def peered(whole, *peerings):
    made = tuple(Peering(name, other, (IPv4Network(cidr),)) for name, other, cidr in peerings)
    return replace(whole, peerings=made)


def routed(whole, *routes):
    return with_routes(whole, 1, *(Route(IPv4Network(cidr), target) for cidr, target in routes))
