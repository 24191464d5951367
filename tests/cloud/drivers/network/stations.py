"""Namespaces that stand in for guests: plugged into the switch by a veth, used through plain sockets."""

import socket
import struct
import threading
import time
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run
from skerry.drivers.network.ovn.driver import OvnNetwork
from skerry.drivers.network.port import (
    AclEntry,
    FirewallRule,
    Peers,
    Port,
    PublicAddress,
    Route,
    SecurityGroup,
    Subnet,
    Vpc,
)

ANYWHERE = IPv4Network("0.0.0.0/0")
OPEN_ACL = tuple(
    AclEntry(100, egress, True, None, None, None, ANYWHERE) for egress in (False, True)
)
OUT = FirewallRule("sgr-out", True, None, None, None, Peers(cidr=ANYWHERE))


def tcp(rule_id: str, port: int, cidr: str = "0.0.0.0/0", group_id: str | None = None):
    peers = Peers(group_id=group_id) if group_id else Peers(cidr=IPv4Network(cidr))
    return FirewallRule(rule_id, False, 6, port, port, peers)


def group(group_id: str, *rules: FirewallRule) -> SecurityGroup:
    unique = tuple(
        FirewallRule(
            f"{group_id}-{r.rule_id}", r.egress, r.protocol, r.from_port, r.to_port, r.peers
        )
        for r in rules
    )
    return SecurityGroup(group_id, unique)


def port(vpc_id: str, number: int, address: str, *group_ids: str, **more: object) -> Port:
    subnet = f"{vpc_id}-subnet-{address.split('.')[2]}"
    mac = f"0a:00:00:00:{int(vpc_id[-2:], 16):02x}:{number:02x}"
    port_id = f"eni-{vpc_id[-2:]}{number:015x}"
    return Port(port_id, subnet, mac, (IPv4Address(address),), group_ids, **more)  # type: ignore[arg-type]


def vpc(vpc_id: str, groups, ports, public=(), acl=OPEN_ACL, *, internet=True) -> Vpc:
    """Two subnets, 10.0.1.0/24 with a way to the internet and 10.0.2.0/24 without."""
    routes = (Route(ANYWHERE, "internet"),)
    cidr = "10.0.{}.0/24"
    subnets = (
        Subnet(f"{vpc_id}-subnet-1", IPv4Network(cidr.format(1)), "a", routes, OPEN_ACL),
        Subnet(f"{vpc_id}-subnet-2", IPv4Network(cidr.format(2)), "b", (), acl),
    )
    public = tuple(
        PublicAddress(IPv4Address(address), each.addresses[0], each.port_id)
        for address, each in public
    )
    network = (IPv4Network("10.0.0.0/16"),)
    return Vpc(
        vpc_id,
        network,
        internet,
        "ec2.internal",
        True,
        subnets,
        tuple(groups),
        tuple(ports),
        public,
    )


class Station:
    """A namespace behind a port."""

    def __init__(self, network: OvnNetwork, port: Port) -> None:
        self.port = port
        self.name = f"skt-{port.port_id[4:]}"
        self.address = str(port.addresses[0])
        self.listeners: list[socket.socket] = []
        device, switch_side = f"v{port.port_id[4:6]}{port.port_id[-10:]}", network.namespace
        gateway = self.address.rsplit(".", 1)[0] + ".1"
        namespaces.ensure(self.name)
        peer = ("peer", "name", device, "netns", switch_side)
        run(
            "ip",
            "link",
            "add",
            "eth0",
            "netns",
            self.name,
            "address",
            port.mac,
            "type",
            "veth",
            *peer,
        )
        run("ip", "-n", switch_side, "link", "set", device, "mtu", "9001", "up")
        run("ip", "-n", self.name, "link", "set", "eth0", "mtu", "9001", "up")
        run("ip", "-n", self.name, "address", "add", f"{self.address}/24", "dev", "eth0")
        run("ip", "-n", self.name, "route", "add", "default", "via", gateway)
        for name, end in ((self.name, "eth0"), (switch_side, device)):
            run("ip", "netns", "exec", name, "ethtool", "-K", end, "tx", "off")
        network._switch.add_port(device, port.port_id)
        self._network, self._device = network, device

    def serve(self, number: int, address: str = "0.0.0.0") -> None:
        """Echo what comes, with the peer's address in front."""
        serve_in(self.name, number, self.listeners, address)

    def reaches(self, address: str, number: int, timeout_s: float = 1.0) -> bool:
        return reaches(self.name, address, number, timeout_s)

    def remove(self) -> None:
        stop(self.listeners)
        run(
            "ip", "-n", self.name, "link", "del", "eth0"
        )  # a namespace goes later than its deletion
        self._network._switch.remove_port(self._device)
        namespaces.remove(self.name)


def serve_in(name: str, number: int, listeners: list, address: str = "0.0.0.0") -> None:
    listener = namespaces.inside(name, lambda: socket.create_server((address, number)))
    listeners.append(listener)

    def echo(connection: socket.socket, peer: str) -> None:
        with connection, suppress(OSError):
            while data := connection.recv(65536):
                connection.sendall(f"{peer} ".encode() + data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, (peer, _) = listener.accept()
                threading.Thread(target=echo, args=(connection, peer), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def stop(listeners: list) -> None:
    """Close; without the shutdown the accepting thread would hold the port."""
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def connect(name: str, address: str, number: int, timeout_s: float = 1.0) -> socket.socket:
    return namespaces.inside(name, lambda: socket.create_connection((address, number), timeout_s))


def ask(session: socket.socket, text: str, timeout_s: float = 5.0) -> str:
    session.settimeout(timeout_s)
    session.sendall(text.encode())
    return session.recv(65536).decode()


def reaches(name: str, address: str, number: int, timeout_s: float = 1.0) -> bool:
    try:
        with connect(name, address, number, timeout_s) as session:
            return ask(session, "x", timeout_s).endswith(" x")
    except OSError:
        return False


def becomes(wanted: bool, test, within_s: float = 5.0) -> float:
    """Seconds until ``test()`` is ``wanted``; fails when it takes longer."""
    began = time.monotonic()
    while test() != wanted:
        assert time.monotonic() - began < within_s, f"not {wanted} within {within_s} s"
        time.sleep(0.01)
    return time.monotonic() - began


def udp_frame(source_mac: str, target_mac: str, source: str, target: str, payload: bytes) -> bytes:
    """An Ethernet frame with a UDP datagram to port 9000, checksums left out or right."""
    udp = struct.pack("!HHHH", 9001, 9000, 8 + len(payload), 0) + payload
    header = struct.pack(
        "!BBHHHBBH4s4s",
        *(0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0),
        *(socket.inet_aton(source), socket.inet_aton(target)),
    )
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + header[12:]
    macs = bytes.fromhex((target_mac + source_mac).replace(":", ""))
    return macs + b"\x08\x00" + header + udp
