"""What packets do: firewalls, routes, public addresses, walls between VPCs."""

import socket

from skerry.drivers.network.port import AclEntry
from tests.cloud.drivers.network.conftest import LAN
from tests.cloud.drivers.network.stations import (
    ask,
    becomes,
    connect,
    reaches,
    serve_in,
    stop,
)
from tests.topologies import ANYWHERE, OPEN_ACL, OUT, group, port, tcp, vpc

A, B = "vpc-0a", "vpc-0b"
PUBLIC, OTHER_PUBLIC = "198.18.99.10", "198.18.99.11"


def _pair(world, *rules, **more):
    """Two ports of one group in A's first subnet; the second one serves port 80."""
    ports = [port(A, 1, "10.0.1.10", "sg-web"), port(A, 2, "10.0.1.11", "sg-web")]
    world.apply(vpc(A, [group("sg-web", OUT, *rules)], ports, **more))
    one, two = (world.station(each) for each in ports)
    two.serve(80)
    return ports, one, two


def test_nothing_comes_in_until_a_rule_allows_it_and_it_takes_effect_within_a_second(world):
    ports, one, two = _pair(world)
    assert not one.reaches(two.address, 80, 2)
    world.apply(vpc(A, [group("sg-web", OUT, tcp("web", 80))], ports))
    assert becomes(True, lambda: one.reaches(two.address, 80, 0.3)) < 1
    world.apply(vpc(A, [group("sg-web", OUT)], ports))
    assert becomes(False, lambda: one.reaches(two.address, 80, 0.3)) < 1


def test_a_rule_that_names_its_own_group_lets_members_in_and_nobody_else(world):
    inside, outside = port(A, 1, "10.0.1.10", "sg-web"), port(A, 3, "10.0.1.12", "sg-other")
    server = port(A, 2, "10.0.1.11", "sg-web")
    groups = [group("sg-web", OUT, tcp("self", 80, group_id="sg-web")), group("sg-other", OUT)]
    world.apply(vpc(A, groups, [inside, outside, server]))
    member, stranger, target = (world.station(each) for each in (inside, outside, server))
    target.serve(80)
    becomes(True, lambda: member.reaches(target.address, 80, 0.3))
    assert not stranger.reaches(target.address, 80)


def test_without_a_rule_for_it_nothing_goes_out(world):
    ports = [port(A, 1, "10.0.1.10", "sg-shut"), port(A, 2, "10.0.1.11", "sg-web")]
    groups = [group("sg-shut"), group("sg-web", OUT, tcp("web", 80))]
    world.apply(vpc(A, groups, ports))
    shut, two = (world.station(each) for each in ports)
    two.serve(80)
    assert not shut.reaches(two.address, 80, 2)
    world.apply(vpc(A, [group("sg-shut", OUT), groups[1]], ports))
    becomes(True, lambda: shut.reaches(two.address, 80, 0.3))


def test_subnets_of_a_vpc_reach_each_other_through_its_router(world):
    ports = [port(A, 1, "10.0.1.10", "sg-web"), port(A, 2, "10.0.2.11", "sg-web")]
    world.apply(vpc(A, [group("sg-web", OUT, tcp("web", 80))], ports))
    one, two = (world.station(each) for each in ports)
    two.serve(80)
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    with connect(one.name, two.address, 80) as session:
        assert ask(session, "who am I") == "10.0.1.10 who am I"


def test_a_network_acl_denies_what_security_groups_allow(world):
    ports = [port(A, 1, "10.0.1.10", "sg-web"), port(A, 2, "10.0.2.11", "sg-web")]
    groups = [group("sg-web", OUT, tcp("web", 80), tcp("alt", 81))]
    world.apply(vpc(A, groups, ports))
    one, two = (world.station(each) for each in ports)
    two.serve(80)
    two.serve(81)
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    no_80 = AclEntry(50, False, False, 6, 80, 80, ANYWHERE)
    world.apply(vpc(A, groups, ports, acl=(no_80, *OPEN_ACL)))
    becomes(False, lambda: one.reaches(two.address, 80, 0.3))
    assert one.reaches(two.address, 81)
    no_replies = AclEntry(50, True, False, 6, 1024, 65535, ANYWHERE)
    world.apply(vpc(A, groups, ports, acl=(no_replies, *OPEN_ACL)))
    becomes(False, lambda: one.reaches(two.address, 81, 0.3))
    world.apply(vpc(A, groups, ports))
    becomes(True, lambda: one.reaches(two.address, 81, 0.3))


def test_a_public_address_works_from_the_world_and_towards_it(world):
    ports, one, _two = _pair(world, tcp("web", 80))
    groups = [group("sg-web", OUT, tcp("web", 80))]
    world.apply(vpc(A, groups, ports, public=[(PUBLIC, ports[1]), (OTHER_PUBLIC, ports[0])]))
    becomes(True, lambda: reaches(LAN, PUBLIC, 80, 0.3))
    listeners: list[socket.socket] = []
    serve_in(LAN, 8080, listeners)
    with connect(one.name, "198.18.99.1", 8080) as session:
        assert ask(session, "hi") == f"{OTHER_PUBLIC} hi", "the world sees the public address"
    assert one.reaches(PUBLIC, 80), "instances of a VPC reach each other's public addresses"
    stop(listeners)
    world.apply(vpc(A, groups, ports))
    becomes(False, lambda: reaches(LAN, PUBLIC, 80, 0.3))


def test_without_a_public_address_or_a_route_there_is_no_way_to_the_world(world):
    ports = [port(A, 1, "10.0.1.10", "sg-web"), port(A, 2, "10.0.2.11", "sg-web")]
    world.apply(vpc(A, [group("sg-web", OUT, tcp("web", 80))], ports, public=[(PUBLIC, ports[1])]))
    private, routeless = (world.station(each) for each in ports)
    routeless.serve(80)
    listeners: list[socket.socket] = []
    serve_in(LAN, 8080, listeners)
    becomes(True, lambda: private.reaches(routeless.address, 80, 0.3))
    assert not private.reaches("198.18.99.1", 8080)
    assert not routeless.reaches("198.18.99.1", 8080)
    assert not reaches(LAN, PUBLIC, 80)
    stop(listeners)


def test_vpcs_with_equal_addresses_never_meet(world):
    stations = {}
    for vpc_id in (A, B):
        ports = [
            port(vpc_id, 1, "10.0.1.10", f"sg-{vpc_id}"),
            port(vpc_id, 2, "10.0.1.11", f"sg-{vpc_id}"),
        ]
        world.apply(vpc(vpc_id, [group(f"sg-{vpc_id}", OUT, tcp("web", 80))], ports))
        stations[vpc_id] = [world.station(each) for each in ports]
    stations[A][1].serve(80)
    becomes(True, lambda: stations[A][0].reaches("10.0.1.11", 80, 0.3))
    assert not stations[B][0].reaches("10.0.1.11", 80), "that is B's own, which serves nothing"


def test_each_vpc_has_its_own_service_addresses_and_they_see_the_true_source(world, network):
    listeners: list[socket.socket] = []
    for vpc_id in (A, B):
        ports = [port(vpc_id, 1, "10.0.1.10", f"sg-{vpc_id}")]
        world.apply(vpc(vpc_id, [group(f"sg-{vpc_id}")], ports))  # not even egress is allowed
        name = network.service_namespaces()[vpc_id].name
        for address in ("169.254.169.254", "169.254.169.253", "10.0.0.2"):
            serve_in(name, 80, listeners, address)
        station = world.station(ports[0])
        for address in ("169.254.169.254", "169.254.169.253", "10.0.0.2"):
            becomes(True, lambda s=station, a=address: s.reaches(a, 80, 0.3))
            with connect(station.name, address, 80) as session:
                assert ask(session, "me") == "10.0.1.10 me"
    stop(listeners)
