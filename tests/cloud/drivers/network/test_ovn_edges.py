"""Where VPCs end: what AWS refuses at the edges, packets that are too big, addresses that move."""

import socket
import struct
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run, succeeds
from skerry.drivers.network.port import AclEntry, FirewallRule, Peers, PublicAddress
from tests.cloud.drivers.network.conftest import LAN
from tests.cloud.drivers.network.stations import (
    becomes,
    connect,
    reaches,
    serve_in,
    stop,
)
from tests.topologies import ANYWHERE, OUT, group, port, tcp, vpc

A, B = "vpc-0a", "vpc-0b"
PUBLIC, OTHER_PUBLIC, WORLD = "198.18.99.10", "198.18.99.11", "198.18.99.1"
METADATA = "169.254.169.254"


@pytest.fixture
def listeners():
    made: list[socket.socket] = []
    yield made
    stop(made)


def _pings(station, address: str, *options: str) -> bool:
    ping = ("ping", "-n", "-c", "1", "-W", "1", *options, address)
    return succeeds("ip", "netns", "exec", station.name, *ping)


def _icmp(kind: int, code: int) -> FirewallRule:
    return FirewallRule("icmp", False, 1, kind, code, Peers(cidr=ANYWHERE))


def test_only_the_icmp_type_of_the_rule_comes_in(world):
    ports = [port(A, 1, "10.0.1.10", "sg-a"), port(A, 2, "10.0.1.11", "sg-b")]
    world.apply(vpc(A, [group("sg-a", OUT), group("sg-b", OUT, _icmp(8, -1))], ports))
    one, two = (world.station(each) for each in ports)
    becomes(True, lambda: _pings(one, two.address))
    assert not _pings(two, one.address)
    world.apply(vpc(A, [group("sg-a", OUT), group("sg-b", OUT, _icmp(13, -1))], ports))
    becomes(False, lambda: _pings(one, two.address))


def test_a_rule_that_names_an_empty_group_lets_nobody_in(world):
    ports = [port(A, 1, "10.0.1.10", "sg-a"), port(A, 2, "10.0.1.11", "sg-b")]
    groups = [
        group("sg-a", OUT),
        group("sg-b", tcp("ref", 80, group_id="sg-empty"), tcp("alt", 81)),
        group("sg-empty"),
    ]
    world.apply(vpc(A, groups, ports))
    one, two = (world.station(each) for each in ports)
    two.serve(80)
    two.serve(81)
    becomes(True, lambda: one.reaches(two.address, 81, 0.3))
    assert not one.reaches(two.address, 80)


def test_a_member_that_joins_a_group_is_let_in_where_the_group_is(world):
    guest, server = port(A, 1, "10.0.1.10", "sg-a"), port(A, 2, "10.0.1.11", "sg-b")
    groups = [group("sg-a", OUT), group("sg-b", tcp("ref", 80, group_id="sg-c")), group("sg-c")]
    world.apply(vpc(A, groups, [guest, server]))
    one, two = (world.station(each) for each in (guest, server))
    two.serve(80)
    assert not one.reaches(two.address, 80)
    world.apply(vpc(A, groups, [replace(guest, group_ids=("sg-a", "sg-c")), server]))
    assert becomes(True, lambda: one.reaches(two.address, 80, 0.3)) < 1


def test_a_network_acl_filters_neither_metadata_nor_anything_within_its_subnet(world, network):
    shut = (AclEntry(10, False, False, None, None, None, ANYWHERE),)
    ports = [port(A, number, f"10.0.2.1{number}", "sg-web") for number in (1, 2)]
    world.apply(vpc(A, [group("sg-web", OUT, tcp("web", 80))], ports, acl=shut))
    one, two = (world.station(each) for each in ports)
    two.serve(80)
    listeners: list[socket.socket] = []
    serve_in(network.service_namespaces()[A].name, 80, listeners, METADATA)
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    becomes(True, lambda: one.reaches(METADATA, 80, 0.3))
    stop(listeners)


def test_entries_of_a_network_acl_count_in_the_order_of_their_numbers(world):
    ports = [port(A, 1, "10.0.1.10", "sg-web"), port(A, 2, "10.0.2.11", "sg-web")]
    acl = (
        AclEntry(32766, False, False, 6, 0, 65535, ANYWHERE),
        AclEntry(200, False, True, 6, 81, 81, ANYWHERE),
        AclEntry(100, False, True, 6, 80, 80, IPv4Network("10.0.1.0/24")),
        AclEntry(150, False, False, 6, 80, 81, IPv4Network("10.0.1.0/24")),
        AclEntry(100, True, True, 6, 1024, 65535, ANYWHERE),
    )
    rules = (tcp("web", 80), tcp("alt", 81))
    world.apply(vpc(A, [group("sg-web", OUT, *rules)], ports, acl=acl))
    one, two = (world.station(each) for each in ports)
    two.serve(80)
    two.serve(81)
    one.serve(80)
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    assert not one.reaches(two.address, 81), "150 denies before 200 allows"
    assert not two.reaches(one.address, 80), "no entry allows it out, so the last one denies"


def test_a_packet_too_big_for_the_internet_is_answered_and_bulk_data_gets_through(world, listeners):
    for vpc_id, number, public in ((A, 1, PUBLIC), (B, 2, OTHER_PUBLIC)):
        ports = [port(vpc_id, number, f"10.0.1.1{number}", f"sg-{vpc_id}")]
        rules = (OUT, tcp("web", 80), _icmp(-1, -1))
        world.apply(vpc(vpc_id, [group(f"sg-{vpc_id}", *rules)], ports, [(public, ports[0])]))
        station = world.station(ports[0])
        serve_in(station.name, 80, station.listeners)
        becomes(True, lambda s=station: s.reaches(WORLD, 80, 0.3) or _pings(s, WORLD))
    becomes(True, lambda: _pings(station, WORLD, "-M", "do", "-s", "1400"))
    assert not _pings(station, WORLD, "-M", "do", "-s", "4000"), "told, so it sends no more of it"
    with connect(station.name, PUBLIC, 80) as session:
        _send_through(session, 4 << 20)
    serve_in(LAN, 8080, listeners)
    with connect(station.name, WORLD, 8080) as session:
        _send_through(session, 4 << 20)


def _send_through(session: socket.socket, count: int) -> None:
    """Send so many bytes to the echo and take all back."""
    session.settimeout(10)
    back = 0
    for _ in range(count // 65536):
        session.sendall(b"x" * 65536)
        while back < 65536:
            back += len(session.recv(1 << 20))
        back -= 65536


def test_unused_addresses_of_a_vpc_are_nowhere(world, listeners):
    ports = [port(A, 1, "10.0.1.10", "sg-a")]
    world.apply(vpc(A, [group("sg-a", OUT)], ports, [(PUBLIC, ports[0])]))
    one = world.station(ports[0])
    run("ip", "-n", LAN, "address", "add", "10.0.77.1/32", "dev", "lo")
    run("ip", "-n", LAN, "address", "add", "10.7.77.1/32", "dev", "lo")
    serve_in(LAN, 8080, listeners)
    becomes(True, lambda: one.reaches("10.7.77.1", 8080, 0.3))
    assert not one.reaches("10.0.77.1", 8080)
    run("ip", "-n", LAN, "address", "flush", "dev", "lo", "scope", "global")


def test_a_public_address_moves_to_another_port_and_to_another_vpc(world):
    ports = {v: [port(v, n, f"10.0.1.1{n}", f"sg-{v}") for n in (1, 2)] for v in (A, B)}
    values = {v: vpc(v, [group(f"sg-{v}", OUT, tcp("web", 80))], ports[v]) for v in (A, B)}
    for value in values.values():
        world.apply(value)
    stations = [world.station(each) for v in (A, B) for each in ports[v]]
    accepted: dict[str, socket.socket] = {}
    for station in stations:
        accepted[station.name] = namespaces.inside(
            station.name, lambda: socket.create_server(("0.0.0.0", 80))
        )
        accepted[station.name].settimeout(0.3)

    def answers(station) -> bool:
        try:
            with connect(LAN, PUBLIC, 80, 0.3):
                connection, _ = accepted[station.name].accept()
                connection.close()
                return True
        except OSError:
            return False

    for number, station in enumerate(stations):
        holder = A if number < 2 else B
        for v in (A, B):
            held = (
                PublicAddress(IPv4Address(PUBLIC), station.port.addresses[0], station.port.port_id),
            )
            world.apply(replace(values[v], public=held if v == holder else ()))
        assert becomes(True, lambda s=station: answers(s)) < 1
    for server in accepted.values():
        server.close()


def test_a_second_private_address_has_a_public_one_of_its_own(world):
    first = port(A, 1, "10.0.1.10", "sg-a")
    both = replace(first, addresses=(IPv4Address("10.0.1.10"), IPv4Address("10.0.1.20")))
    value = vpc(A, [group("sg-a", OUT, tcp("web", 80))], [both], [(PUBLIC, both)])
    second = PublicAddress(IPv4Address(OTHER_PUBLIC), both.addresses[1], both.port_id)
    world.apply(replace(value, public=(*value.public, second)))
    one = world.station(both)
    run("ip", "-n", one.name, "address", "add", "10.0.1.20/24", "dev", "eth0")
    one.serve(80)
    for public in (PUBLIC, OTHER_PUBLIC):
        becomes(True, lambda p=public: reaches(LAN, p, 80, 0.3))


def test_a_guest_that_may_route_sends_from_any_address_but_its_mac_alone(world):
    ports = [
        port(A, 1, "10.0.1.10", "sg-a", source_dest_check=False),
        port(A, 2, "10.0.1.11", "sg-a"),
    ]
    world.apply(vpc(A, [group("sg-a", OUT, tcp("web", 80))], ports))
    one, two = (world.station(each) for each in ports)
    two.serve(80)
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    run("ip", "-n", one.name, "address", "add", "10.9.9.9/32", "dev", "eth0")
    frames = namespaces.inside(
        two.name, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    )
    frames.settimeout(0.5)
    ping = ("ping", "-n", "-c", "1", "-W", "1", "-I", "10.9.9.9", two.address)
    world.apply(vpc(A, [group("sg-a", OUT, tcp("web", 80), _icmp(-1, -1))], ports))
    succeeds("ip", "netns", "exec", one.name, *ping)
    assert socket.inet_aton("10.9.9.9") in [packet[12:16] for packet in _packets(frames)]
    frames.close()


def _packets(frames: socket.socket) -> list[bytes]:
    found: list[bytes] = []
    try:
        while True:
            found.append(frames.recv(2000))
    except TimeoutError:
        return found


def test_dhcp_gives_address_router_mtu_resolver_and_domain(world):
    ports = [port(A, 1, "10.0.1.10", "sg-shut")]
    world.apply(vpc(A, [group("sg-shut")], ports))  # a firewall without rules does not stop DHCP
    one = world.station(ports[0])
    offer = _ask_for_a_lease(one)
    assert socket.inet_ntoa(offer[16:20]) == "10.0.1.10"
    options = _options(offer[240:])
    assert options[3] == socket.inet_aton("10.0.1.1")
    assert options[6] == socket.inet_aton("10.0.0.2")
    assert options[15].rstrip(b"\0") == b"ec2.internal"
    assert struct.unpack("!H", options[26]) == (9001,)


def _ask_for_a_lease(station) -> bytes:
    """The answer to a DHCPDISCOVER (RFC 2131)."""
    client = namespaces.inside(
        station.name, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    )
    with client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        client.bind(("", 68))
        client.settimeout(0.3)
        mac = bytes.fromhex(station.port.mac.replace(":", ""))
        head = struct.pack("!BBBBIHH16x16s192x", 1, 1, 6, 0, 42, 0, 0x8000, mac)
        wanted = bytes([53, 1, 1, 55, 4, 3, 6, 15, 26, 255])
        for _ in range(10):
            client.sendto(head + b"\x63\x82\x53\x63" + wanted, ("255.255.255.255", 67))
            try:
                return client.recv(2000)
            except TimeoutError:
                continue
    raise AssertionError("nobody offered a lease")


def _options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while data and data[0] != 255:
        length = data[1]
        found[data[0]] = data[2 : 2 + length]
        data = data[2 + length :]
    return found
