"""What OVN's firewalls decided, packet by packet, of the ports that want it told.

ACLs with ``log`` send a copy of each packet they match to the controller, which puts it into words and sends
them here as datagrams, within the cloud's namespace. Nothing is kept on disk; what nobody reads is dropped.
Of a connection that was let through, OVN logs the packets of the side that opened it: replies match no ACL.
"""

import re
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from skerry.drivers.network import namespaces
from skerry.drivers.network.port import Flow, FlowLog, Port, Vpc

ADDRESS = ("127.0.0.1", 5140)
"""Of the cloud's own namespace."""
LOG_OPTIONS = (
    *("-vsyslog:off", "-vacl_log:syslog:info"),
    f"--syslog-method=udp:{ADDRESS[0]}:{ADDRESS[1]}",
)
"""How the controller is told to send them."""

MAX_TOLD_PER_S = 1000
"""Packets of one VPC: each costs the controller time, and no guest may take it all."""
_SO_RCVBUFFORCE = 33  # Linux: beyond what an ordinary user may have
_BUFFER_BYTES = 8 * 2**20
_LINE = re.compile(r"verdict=(\w+), severity=\w+, direction=(\S+): (\w+),(.*)")
_PROTOCOLS = {
    name: number
    for names, number in (("tcp tcp6", 6), ("udp udp6", 17), ("sctp sctp6", 132))
    for name in names.split()
} | {"icmp": 1, "icmp6": 58}
_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ece": 64, "cwr": 128}


def told_as(*, accepted: bool) -> tuple[FlowLog, ...]:
    """What a port asks for that is told of packets with this verdict."""
    return (FlowLog.ACCEPT if accepted else FlowLog.REJECT, FlowLog.ALL)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A line in its parts."""

    accepted: bool
    inward: bool  # towards a port of its switch
    protocol: int
    fields: Mapping[str, str]


class FlowSource:
    """Reads the datagrams. Safe to use from many threads."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._lock = threading.Lock()
        self._ports: dict[str, dict[str, Port]] = {}  # VPC id → MAC address → port
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Listen from now on. Raises OSError."""
        if self._socket is None:
            self._socket = namespaces.inside(self._namespace, _listening)

    def close(self) -> None:
        """Let go."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def know(self, vpc: Vpc) -> None:
        """These are the VPC's ports now."""
        ports = {port.mac.lower(): port for port in vpc.ports}
        with self._lock:
            self._ports[vpc.vpc_id] = ports

    def forget(self, vpc_id: str) -> None:
        """The VPC has gone."""
        with self._lock:
            self._ports.pop(vpc_id, None)

    def read(self) -> list[Flow]:
        """What came in since the last time."""
        moment = datetime.now(UTC)
        with self._lock:
            by_mac = {mac: port for ports in self._ports.values() for mac, port in ports.items()}
            lines: list[str] = []
            if self._socket is not None:
                with suppress(BlockingIOError):
                    while True:
                        lines.append(self._socket.recv(65536).decode("ascii", "replace"))
        found = (flow_of(line, by_mac, moment) for line in lines)
        return [each for each in found if each is not None]


def flow_of(line: str, by_mac: Mapping[str, Port], moment: datetime) -> Flow | None:
    """What a line of the controller's says; None: of no port that wants it told, or not to be understood."""
    seen = _parts(line)
    if seen is None:
        return None
    sender = by_mac.get(seen.fields.get("dl_src", ""))
    # A network ACL is where the router enters the subnet: what it drops was on its way to a port.
    ingress = seen.inward or sender is None
    port = by_mac.get(seen.fields.get("dl_dst", "")) if ingress else sender
    if port is None or port.log not in told_as(accepted=seen.accepted):
        return None
    try:
        return _flow(seen, port, ingress=ingress, moment=moment)
    except (KeyError, ValueError):
        return None


def _flow(seen: _Seen, port: Port, *, ingress: bool, moment: datetime) -> Flow:
    """Raises KeyError, ValueError: a line that is not of IP."""
    fields = seen.fields
    source = fields.get("nw_src") or fields["ipv6_src"]
    destination = fields.get("nw_dst") or fields["ipv6_dst"]
    flags = fields.get("tcp_flags", "").split("|")
    return Flow(
        port_id=port.port_id,
        ingress=ingress,
        accepted=seen.accepted,
        protocol=seen.protocol or int(fields["nw_proto"]),
        source=ip_address(source),
        destination=ip_address(destination),
        source_port=int(fields.get("tp_src", "0")),
        destination_port=int(fields.get("tp_dst", "0")),
        packets=1,
        size_bytes=None,
        tcp_flags=sum(_FLAGS.get(each, 0) for each in flags),
        at=moment,
    )


def _parts(line: str) -> _Seen | None:
    found = _LINE.search(line)
    if found is None:
        return None
    verdict, direction, protocol, rest = found.groups()
    pairs = (each.partition("=") for each in rest.strip().split(","))
    return _Seen(
        accepted=verdict == "allow",
        inward=direction == "to-lport",
        protocol=_PROTOCOLS.get(protocol, 0),
        fields={name: value for name, _, value in pairs},
    )


def _listening() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # who comes last hears
        made.bind(ADDRESS)
    except OSError:
        made.close()
        raise
    return made
