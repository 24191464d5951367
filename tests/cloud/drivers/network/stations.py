"""Namespaces that stand in for guests: plugged into the switch by a veth, used through plain sockets."""

import socket
import struct
import threading
import time
from contextlib import suppress
from ipaddress import IPv6Network

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run
from skerry.drivers.network.ovn.driver import OvnNetwork
from skerry.drivers.network.port import Port


class Station:
    """A namespace behind a port."""

    def __init__(self, network: OvnNetwork, port: Port) -> None:
        self.port = port
        self.name = f"skn-{port.port_id[4:]}"
        self.address = str(port.addresses[0])
        self.ipv6 = next((str(each) for each in port.addresses if each.version == 6), "")
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
        if self.ipv6:
            prefix = IPv6Network(f"{self.ipv6}/64", strict=False)
            for word in (f"address add {self.ipv6}/64 dev eth0 nodad",
                         f"route add default via {prefix[1]} dev eth0"):  # fmt: skip
                run("ip", "-n", self.name, "-6", *word.split())
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
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = namespaces.inside(
        name, lambda: socket.create_server((address, number), family=family)
    )
    listeners.append(listener)

    def echo(connection: socket.socket, peer: str) -> None:
        with connection, suppress(OSError):
            while data := connection.recv(65536):
                connection.sendall(f"{peer} ".encode() + data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, (peer, *_) = listener.accept()
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


def becomes(wanted: bool, test, within_s: float = 20.0) -> float:
    """Seconds until ``test()`` is ``wanted``; fails when it takes longer.

    The limit is for a machine that does much else; what is promised, callers compare with the result.
    """
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
