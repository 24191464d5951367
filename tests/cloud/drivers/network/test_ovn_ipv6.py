"""IPv6 beside IPv4: inside a VPC, to the world and from it, outward only."""

from dataclasses import replace
from ipaddress import IPv6Network

import pytest

from skerry.drivers.network.commands import run
from skerry.drivers.network.port import (
    EGRESS_INTERNET,
    INTERNET,
    AclEntry,
    FirewallRule,
    Peers,
    Route,
)
from tests.cloud.drivers.network.conftest import LAN
from tests.cloud.drivers.network.stations import ask, becomes, connect, reaches, serve_in, stop
from tests.topologies import OPEN_ACL, OUT, group, port, tcp, vpc

A = "vpc-0a"
WHOLE = IPv6Network("fd12:3456:789a::/56")
EVERYWHERE = IPv6Network("::/0")
WORLD = "fd99::1"
OUT6 = FirewallRule("sgr-out6", True, None, None, None, Peers(cidr=EVERYWHERE))
OPEN6 = tuple(AclEntry(101, egress, True, None, None, None, EVERYWHERE) for egress in (False, True))


def tcp6(rule_id: str, number: int, cidr: str = "::/0") -> FirewallRule:
    return FirewallRule(rule_id, False, 6, number, number, Peers(cidr=IPv6Network(cidr)))


def dual(*rules, target=INTERNET, **more):
    """Two ports with both families in two subnets."""
    prefixes = list(WHOLE.subnets(new_prefix=64))
    ports = [port(A, 1, "10.0.1.10", "sg-web"), port(A, 2, "10.0.2.11", "sg-web")]
    ports = [
        replace(each, addresses=(*each.addresses, prefixes[number][number + 0x10]))
        for number, each in enumerate(ports, start=1)
    ]
    whole = vpc(A, [group("sg-web", OUT, OUT6, *rules)], ports, acl=(*OPEN_ACL, *OPEN6))
    subnets = tuple(
        replace(each, ipv6=prefixes[number], acl=(*OPEN_ACL, *OPEN6),
                routes=(*each.routes, Route(EVERYWHERE, target)))
        for number, each in enumerate(whole.subnets, start=1)
    )  # fmt: skip
    return replace(whole, ipv6_cidrs=(WHOLE,), subnets=subnets, **more)


@pytest.fixture
def world6(world):
    """A place in the world with an IPv6 address."""
    run("ip", "-n", LAN, "link", "set", "lo", "up")
    run("ip", "-n", LAN, "-6", "address", "replace", f"{WORLD}/128", "dev", "lo")
    listeners = []
    serve_in(LAN, 8096, listeners, "::")
    yield world
    stop(listeners)


def test_subnets_reach_each_other_where_a_rule_of_that_family_lets_them(world):
    whole = dual(tcp("four", 80))
    world.apply(whole)
    one, two = (world.station(each) for each in whole.ports)
    two.serve(80)
    two.serve(80, "::")
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    assert not one.reaches(two.ipv6, 80)
    world.apply(dual(tcp6("six", 80)))
    becomes(True, lambda: one.reaches(two.ipv6, 80, 0.3))
    assert not one.reaches(two.address, 80)
    own = FirewallRule("sgr-own", False, 6, 80, 80, Peers(group_id="sg-web"))
    world.apply(dual(own))
    becomes(True, lambda: one.reaches(two.ipv6, 80, 0.3))


def test_the_world_is_reached_with_the_guest_s_own_address_and_reaches_it(world6):
    whole = dual(tcp6("six", 80))
    world6.apply(whole)
    one, _ = (world6.station(each) for each in whole.ports)
    one.serve(80, "::")
    becomes(True, lambda: one.reaches(WORLD, 8096, 0.3))
    # The router may still be learning where the host is: a first packet may have to be sent again.
    with connect(one.name, WORLD, 8096, 5) as session:
        assert ask(session, "who am I") == f"{one.ipv6} who am I"
    becomes(True, lambda: reaches(LAN, one.ipv6, 80, 0.3))
    world6.apply(dual(tcp6("six", 80), target="blackhole"))
    becomes(False, lambda: one.reaches(WORLD, 8096, 0.3))
    world6.apply(dual(tcp6("six", 80), internet=False))
    becomes(False, lambda: reaches(LAN, one.ipv6, 80, 0.3))
    assert str(WHOLE) not in run("ip", "-n", LAN, "-6", "route")


def test_an_egress_only_gateway_lets_nobody_in(world6):
    whole = dual(tcp6("six", 80), target=EGRESS_INTERNET, internet=False, egress_only=True)
    world6.apply(whole)
    one, two = (world6.station(each) for each in whole.ports)
    one.serve(80, "::")
    becomes(True, lambda: one.reaches(WORLD, 8096, 0.3))
    becomes(True, lambda: two.reaches(one.ipv6, 80, 0.3))
    assert not reaches(LAN, one.ipv6, 80)


def test_a_network_acl_speaks_of_each_family_alone(world):
    closed = (*OPEN_ACL, AclEntry(90, False, False, 6, 80, 80, EVERYWHERE), *OPEN6)
    whole = dual(tcp6("six", 80), tcp("four", 80))
    subnets = (whole.subnets[0], replace(whole.subnets[1], acl=closed))
    world.apply(replace(whole, subnets=subnets))
    one, two = (world.station(each) for each in whole.ports)
    two.serve(80)
    two.serve(80, "::")
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    assert not one.reaches(two.ipv6, 80)
    world.apply(whole)
    becomes(True, lambda: one.reaches(two.ipv6, 80, 0.3))
