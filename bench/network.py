"""TCP between two ports of a VPC and from the host to a public address, against a plain Linux bridge.

Ports are namespaces behind veths, so that the network is measured and not QEMU's translation.
"""

import multiprocessing
import socket
import statistics
import tempfile
import time
from ipaddress import IPv4Network
from pathlib import Path

from tests.cloud.drivers.network.stations import Station
from tests.topologies import OUT, group, port, tcp, vpc

from bench.report import Result
from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run as tool
from skerry.drivers.network.ovn.driver import OvnNetwork, OvnSettings

LAN, BRIDGE = "skb-lan", "skb-bridge"
ROUNDS = 3
SECONDS = 2.0
PORT = 5201
BLOCK = bytes(1 << 20)


def run() -> list[Result]:
    plain, matched = _bridge(matched=False), _bridge(matched=True)
    names = ("TCP port to port in a VPC", "TCP host to public address")
    return [
        Result(f"{name}, against a Linux bridge {how}", f"{ours:.2f} Gbit/s", f"{peer:.2f} Gbit/s",
               ours / peer, "reported", None)
        for name, ours in zip(names, _vpc(), strict=True)
        for how, peer in (("as it comes", plain), ("with a port's offloads and MTU", matched))
    ]  # fmt: skip


def _vpc() -> tuple[float, float]:
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
            inside = _median(stations[0].name, stations[1].name, "10.0.1.11")
            outside = _median(LAN, stations[1].name, "198.18.88.10")
        finally:
            for station in stations:
                station.remove()
            network.stop()
            namespaces.remove(LAN)
    return inside, outside


def _bridge(*, matched: bool) -> float:
    """Two namespaces on a bridge in a third; ``matched``: with the MTU and offloads of a VPC's ports."""
    mtu = "9001" if matched else "1500"
    names = [f"{BRIDGE}-{n}" for n in (0, 1)]
    try:
        namespaces.ensure(BRIDGE)
        tool("ip", "-n", BRIDGE, "link", "add", "bench0", "type", "bridge")
        tool("ip", "-n", BRIDGE, "link", "set", "bench0", "mtu", mtu, "up")
        for number, name in enumerate(names):
            _join(name, number, mtu)
            for where, end in ((name, "eth0"), (BRIDGE, f"p{number}")) if matched else ():
                tool("ip", "netns", "exec", where, "ethtool", "-K", end, "tx", "off")
        return _median(names[0], names[1], "10.9.0.2")
    finally:
        for name in (*names, BRIDGE):
            namespaces.remove(name)


def _join(name: str, number: int, mtu: str) -> None:
    """A namespace with one veth on the bridge."""
    end = f"p{number}"
    peer = ("peer", "name", end, "netns", BRIDGE)
    namespaces.ensure(name)
    tool("ip", "link", "add", "eth0", "netns", name, "mtu", mtu, "type", "veth", *peer)
    tool("ip", "-n", BRIDGE, "link", "set", end, "mtu", mtu, "master", "bench0", "up")
    tool("ip", "-n", name, "address", "add", f"10.9.0.{number + 1}/24", "dev", "eth0")
    tool("ip", "-n", name, "link", "set", "eth0", "up")


def _median(source: str, target: str, address: str) -> float:
    return statistics.median(_gigabits(source, target, address) for _ in range(ROUNDS))


def _gigabits(source: str, target: str, address: str) -> float:
    listener = namespaces.inside(target, lambda: socket.create_server(("0.0.0.0", PORT)))
    spawn = multiprocessing.get_context("fork")
    receiver = spawn.Process(target=_swallow, args=(listener,), daemon=True)
    receiver.start()
    sender = _connected(source, address)
    sent, began = 0, time.monotonic()
    while time.monotonic() - began < SECONDS:
        sent += sender.send(BLOCK)
    seconds = time.monotonic() - began
    sender.close()
    receiver.join(10)
    listener.close()
    return sent * 8 / seconds / 1e9


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
