"""Guests that claim to be somebody else: other addresses, the gateway, a DHCP server, the metadata service.

Each claim goes out as a raw frame, next to an honest frame of the same guest that does arrive.
"""

import socket
import struct
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run
from skerry.drivers.network.ovn.names import link_local
from skerry.drivers.network.port import FirewallRule, Peers
from tests.cloud.drivers.network.stations import (
    Station,
    ask,
    becomes,
    connect,
    serve_in,
    stop,
    udp_frame,
)
from tests.topologies import ANYWHERE, OUT, group, port, vpc

A = "vpc-0a"
ONE, TWO, GATEWAY, METADATA = "10.0.1.10", "10.0.1.11", "10.0.1.1", "169.254.169.254"
EVERYBODY = "ff:ff:ff:ff:ff:ff"
BLOCK, ANYWHERE_6 = IPv6Network("fd12:3456:789a::/56"), IPv6Network("::/0")
OPEN = group(
    "sg-web",
    OUT,
    FirewallRule("in", False, None, None, None, Peers(cidr=ANYWHERE)),
    FirewallRule("in-6", False, None, None, None, Peers(cidr=ANYWHERE_6)),
    FirewallRule("out-6", True, None, None, None, Peers(cidr=ANYWHERE_6)),
)


class Wire:
    """What guest one sends, and whether guest two's card sees it."""

    def __init__(self, one: Station, two: Station) -> None:
        self.one, self.two = one.port.mac, two.port.mac
        self._out, self._in = (self._card(each) for each in (one, two))
        self._in.settimeout(0.7)

    def _card(self, station: Station) -> socket.socket:
        every = socket.htons(3)
        card = namespaces.inside(
            station.name, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, every)
        )
        card.bind(("eth0", 0))
        return card

    def carries(self, frame: bytes) -> bool:
        self._out.send(frame)
        try:
            while self._in.recv(2000) != frame:
                pass
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self._out.close()
        self._in.close()


def arp(operation: int, source_mac: str, source: str, target_mac: str, target: str) -> bytes:
    """RFC 826, sent to everybody."""
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    sender, receiver = (
        bytes.fromhex(mac.replace(":", "")) + socket.inet_aton(address)
        for mac, address in ((source_mac, source), (target_mac, target))
    )
    return (
        bytes.fromhex((EVERYBODY + source_mac).replace(":", ""))
        + b"\x08\x06"
        + head
        + sender
        + receiver
    )


def ipv6(source_mac: str, source: str, protocol: int, payload: bytes) -> bytes:
    """A packet to all nodes of the link."""
    macs = bytes.fromhex("333300000001" + source_mac.replace(":", ""))
    head = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 255)
    ends = IPv6Address(source).packed + IPv6Address("ff02::1").packed
    return macs + b"\x86\xdd" + head + ends + payload


def ports(kind: tuple[int, int], frame: bytes) -> bytes:
    """The UDP frame with these ports; a checksum of 0 is none."""
    return frame[:34] + struct.pack("!HH", *kind) + frame[38:40] + b"\0\0" + frame[42:]


@pytest.fixture
def guests(world):
    """Two guests of one subnet and group, which lets in everything."""
    cards = [port(A, 1, ONE, "sg-web"), port(A, 2, TWO, "sg-web")]
    world.apply(vpc(A, [OPEN], cards))
    return [world.station(each) for each in cards]


@pytest.fixture
def wire(guests):
    with closing(Wire(*guests)) as wire:
        honest = udp_frame(wire.one, wire.two, ONE, TWO, b"honest")
        becomes(True, lambda: wire.carries(honest))
        yield wire
        assert wire.carries(honest), "guest one is still heard"


def test_spoofed_addresses_are_dropped(wire):
    assert not wire.carries(udp_frame(wire.one, wire.two, "10.0.1.99", TWO, b"other address"))
    assert not wire.carries(udp_frame("0a:00:00:00:00:99", wire.two, ONE, TWO, b"other card"))


@pytest.mark.parametrize("operation", [1, 2])
@pytest.mark.parametrize("claimed", [GATEWAY, METADATA, "10.0.1.99"])
def test_nobody_hears_a_claim_to_an_address_of_somebody_else(wire, operation, claimed):
    """ARP poisoning: as a question, and as an answer that nobody asked for."""
    assert not wire.carries(arp(operation, wire.one, claimed, wire.two, TWO))


def test_a_dhcp_server_in_a_guest_reaches_nobody(wire):
    for target_mac, target in ((wire.two, TWO), (EVERYBODY, "255.255.255.255")):
        offer = udp_frame(wire.one, target_mac, ONE, target, b"have this address")
        assert not wire.carries(ports((67, 68), offer))


def test_a_guest_cannot_be_the_metadata_service(wire, guests, network):
    one, two = guests
    assert not wire.carries(udp_frame(wire.one, wire.two, METADATA, TWO, b"credentials"))
    run("ip", "-n", one.name, "address", "add", f"{METADATA}/32", "dev", "eth0")
    one.serve(81)  # on every address that it claims
    listeners: list[socket.socket] = []
    serve_in(network.service_namespaces()[A].name, 80, listeners, METADATA)
    becomes(True, lambda: two.reaches(METADATA, 80, 0.3))
    assert two.reaches(ONE, 81)
    assert not two.reaches(METADATA, 81)
    with connect(two.name, METADATA, 80) as session:
        assert ask(session, "who am I") == f"{TWO} who am I"
    stop(listeners)


@pytest.mark.parametrize(
    ("protocol", "payload"),
    [
        pytest.param(
            58,
            struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0),
            id="advertisement",
            marks=pytest.mark.xfail(
                strict=True, reason="OVN lets neighbour discovery pass before it asks any ACL"
            ),
        ),
        pytest.param(17, struct.pack("!HHHH", 547, 546, 8, 0), id="dhcpv6"),
    ],
)
def test_a_guest_is_no_router_and_no_server_of_addresses_in_ipv6(world, protocol, payload):
    prefix = next(BLOCK.subnets(new_prefix=64))
    cards = [
        replace(card, addresses=(*card.addresses, prefix[int(card.mac[-2:], 16) + 16]))
        for card in (port(A, 1, ONE, "sg-web"), port(A, 2, TWO, "sg-web"))
    ]
    value = vpc(A, [OPEN], cards)
    first, *others = value.subnets
    world.apply(replace(value, ipv6_cidrs=(BLOCK,), subnets=(replace(first, ipv6=prefix), *others)))
    with closing(Wire(*(world.station(each) for each in cards))) as wire:
        own = link_local(wire.one)
        honest = ipv6(wire.one, own, 58, struct.pack("!BBHI", 128, 0, 0, 0))
        becomes(True, lambda: wire.carries(honest))
        assert not wire.carries(ipv6(wire.one, own, protocol, payload))
        assert wire.carries(honest)
