"""TCP between two ports of a VPC and from the host to a public address, against a Linux bridge and a veth pair.

Ports are namespaces behind veths, so that the network is measured and not QEMU's translation.
"""

import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from tests.cloud.drivers.network.stations import Station
from tests.topologies import OUT, group, port, tcp, vpc

from bench.report import Result
from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run as tool
from skerry.drivers.network.ovn.driver import OvnNetwork, OvnSettings

LAN, BRIDGE = "skb-lan", "skb-bridge"
ENDS = ("skb-end-0", "skb-end-1")
ROUNDS = 3
SECONDS = 2.0
TRIPS = 2000
PORT = 5201
BLOCK = bytes(1 << 20)


@dataclass(frozen=True)
class Speed:
    """``trip_us``: the median of a byte's way there and back; ``p99_us`` of the same."""

    gigabits: float
    trip_us: float
    p99_us: float


def run() -> list[Result]:
    peers = {
        f"{kind} {how}": _between_ends(join, matched=matched)
        for kind, join in (("a Linux bridge", _bridge), ("a pair of veths", _pair))
        for how, matched in (("as it comes", False), ("with a port's offloads and MTU", True))
    }
    names = ("port to port in a VPC", "host to public address")
    found = list(zip(names, _vpc(), strict=True))
    return [
        Result(f"TCP {name}, against {peer}", f"{ours.gigabits:.2f} Gbit/s",
               f"{its.gigabits:.2f} Gbit/s", ours.gigabits / its.gigabits, "reported", None)
        for name, ours in found
        for peer, its in peers.items()
    ] + [
        Result(f"round trip of a byte {name}, median (p99), against {peer}", _trip(ours), _trip(its),
               ours.trip_us / its.trip_us, "reported", None)
        for name, ours in found
        for peer, its in peers.items()
        if peer.endswith("comes")
    ]  # fmt: skip


def _trip(speed: Speed) -> str:
    return f"{speed.trip_us:.0f} µs ({speed.p99_us:.0f} µs)"


def _vpc() -> tuple[Speed, Speed]:
    """Port to port, and from outside to a public address."""
    with tempfile.TemporaryDirectory(prefix="skb-", dir="/var/tmp") as folder:
        namespaces.ensure(LAN)
        pool = IPv4Network("198.18.88.0/24")
        network = OvnNetwork(OvnSettings("skbench", Path(folder), pool, outside=LAN))
        network.start()
        stations: list[Station] = []
        try:
            ports = [port("vpc-0a", n, f"10.0.1.1{n}", "sg-a") for n in (0, 1)]
            public = [("198.18.88.10", ports[1])]
            rules = [group("sg-a", OUT, tcp("bench", PORT))]
            network.apply(vpc("vpc-0a", rules, ports, public=public))
            stations += [Station(network, each) for each in ports]
            inside = _speed(stations[0].name, stations[1].name, "10.0.1.11")
            outside = _speed(LAN, stations[1].name, "198.18.88.10")
        finally:
            for station in stations:
                station.remove()
            network.stop()
            namespaces.remove(LAN)
    return inside, outside


def _between_ends(join: Callable[[str], list[tuple[str, str]]], *, matched: bool) -> Speed:
    """Two namespaces that are joined plainly; ``matched``: with the MTU and offloads of a VPC's ports."""
    with _two_ends():
        cards = join("9001" if matched else "1500")
        for where, card in cards if matched else ():
            tool("ip", "netns", "exec", where, "ethtool", "-K", card, "tx", "off")
        for number, name in enumerate(ENDS):
            tool("ip", "-n", name, "address", "add", f"10.9.0.{number + 1}/24", "dev", "eth0")
        return _speed(*ENDS, "10.9.0.2")


@contextmanager
def _two_ends() -> Iterator[None]:
    try:
        for name in (*ENDS, BRIDGE):
            namespaces.ensure(name)
        yield
    finally:
        for name in (*ENDS, BRIDGE):
            namespaces.remove(name)


def _bridge(mtu: str) -> list[tuple[str, str]]:
    tool("ip", "-n", BRIDGE, "link", "add", "bench0", "type", "bridge")
    tool("ip", "-n", BRIDGE, "link", "set", "bench0", "mtu", mtu, "up")
    for number, name in enumerate(ENDS):
        _veth(name, BRIDGE, f"p{number}", mtu)
        tool("ip", "-n", BRIDGE, "link", "set", f"p{number}", "master", "bench0")
    return [*((name, "eth0") for name in ENDS), (BRIDGE, "p0"), (BRIDGE, "p1")]


def _pair(mtu: str) -> list[tuple[str, str]]:
    _veth(ENDS[0], ENDS[1], "eth0", mtu)
    return [(name, "eth0") for name in ENDS]


def _veth(name: str, where: str, end: str, mtu: str) -> None:
    peer = ("peer", "name", end, "netns", where)
    tool("ip", "link", "add", "eth0", "netns", name, "type", "veth", *peer)
    tool("ip", "-n", where, "link", "set", end, "mtu", mtu, "up")
    tool("ip", "-n", name, "link", "set", "eth0", "mtu", mtu, "up")


def _speed(source: str, target: str, address: str) -> Speed:
    gigabits = statistics.median(_gigabits(source, target, address) for _ in range(ROUNDS))
    trips = sorted(_trips_us(source, target, address))
    return Speed(gigabits, statistics.median(trips), trips[int(len(trips) * 0.99)])


def _gigabits(source: str, target: str, address: str) -> float:
    with _connection(source, target, address, _swallow) as sender:
        sent, began = 0, time.monotonic()
        while time.monotonic() - began < SECONDS:
            sent += sender.send(BLOCK)
        return sent * 8 / (time.monotonic() - began) / 1e9


def _trips_us(source: str, target: str, address: str) -> list[float]:
    times: list[float] = []
    with _connection(source, target, address, _echo) as asker:
        asker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(TRIPS):
            began = time.perf_counter()
            asker.send(b"x")
            asker.recv(1)
            times.append((time.perf_counter() - began) * 1e6)
    return times


@contextmanager
def _connection(
    source: str, target: str, address: str, other_side: Callable[[socket.socket], None]
) -> Iterator[socket.socket]:
    """To a process of its own, or both sides would share one interpreter."""
    listener = namespaces.inside(target, lambda: socket.create_server(("0.0.0.0", PORT)))
    spawn = multiprocessing.get_context("fork")
    receiver = spawn.Process(target=other_side, args=(listener,), daemon=True)
    receiver.start()
    sender = _connected(source, address)
    try:
        yield sender
    finally:
        sender.close()
        receiver.join(10)
        listener.close()


def _connected(source: str, address: str) -> socket.socket:
    end = time.monotonic() + 10
    while True:
        try:
            return namespaces.inside(source, lambda: socket.create_connection((address, PORT), 1))
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _swallow(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    buffer = bytearray(1 << 20)
    while connection.recv_into(buffer):
        pass


def _echo(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := connection.recv(16):
        connection.send(data)
