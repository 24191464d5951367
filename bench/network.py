"""TCP between two ports of a VPC and from the host to a public address, against a plain Linux bridge.

Ports are namespaces behind veths, so that the network is measured and not QEMU's translation.
"""

import multiprocessing
import socket
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
SECONDS = 3.0
PORT = 5201
BLOCK = bytes(1 << 20)


def run() -> list[Result]:
    bridge = _bridge()
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
            inside = _gigabits(stations[0].name, stations[1].name, "10.0.1.11")
            outside = _gigabits(LAN, stations[1].name, "198.18.88.10")
        finally:
            for station in stations:
                station.remove()
            network.stop()
            namespaces.remove(LAN)
    names = ("TCP port to port in a VPC", "TCP host to public address")
    return [
        Result(f"{name}, against a Linux bridge (same offloads off)", f"{ours:.2f} Gbit/s",
               f"{bridge:.2f} Gbit/s", ours / bridge, "reported", None)
        for name, ours in zip(names, (inside, outside), strict=True)
    ]  # fmt: skip


def _bridge() -> float:
    """Two namespaces on a bridge in a third one, with the same MTU and offloads as ports have."""
    namespaces.ensure(BRIDGE)
    names = [f"{BRIDGE}-{n}" for n in (0, 1)]
    try:
        tool("ip", "-n", BRIDGE, "link", "add", "bench0", "type", "bridge")
        tool("ip", "-n", BRIDGE, "link", "set", "bench0", "mtu", "9001", "up")
        for number, name in enumerate(names):
            namespaces.ensure(name)
            peer = ("peer", "name", f"p{number}", "netns", BRIDGE)
            tool("ip", "link", "add", "eth0", "netns", name, "mtu", "9001", "type", "veth", *peer)
            tool(
                "ip",
                "-n",
                BRIDGE,
                "link",
                "set",
                f"p{number}",
                "mtu",
                "9001",
                "master",
                "bench0",
                "up",
            )
            tool("ip", "-n", name, "address", "add", f"10.9.0.{number + 1}/24", "dev", "eth0")
            tool("ip", "-n", name, "link", "set", "eth0", "up")
            for where, end in ((name, "eth0"), (BRIDGE, f"p{number}")):
                tool("ip", "netns", "exec", where, "ethtool", "-K", end, "tx", "off")
        return _gigabits(names[0], names[1], "10.9.0.2")
    finally:
        for name in (*names, BRIDGE):
            namespaces.remove(name)


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
