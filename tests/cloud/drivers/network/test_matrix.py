"""Packets against the oracle: every case of the matrix, from real ports."""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv6Address

import pytest

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run
from skerry.services.ec2.network_insights.reachability.estate import Estate
from skerry.services.ec2.network_insights.reachability.packet import Kind
from skerry.services.ec2.network_insights.reachability.search import Question, find
from tests.cloud.drivers.network import matrix_ipv6
from tests.cloud.drivers.network.conftest import LAN
from tests.cloud.drivers.network.matrix import OURS, RESOLVED, SERVED, TCP, UDP, Case, Matrix

WAIT_S = 3.5
"""Long enough for a second and a third attempt: a first packet may be lost while its way is learnt."""
MORE_TRIES = 2
"""For what should be answered and is not: a busy machine loses packets; a firewall always drops its own."""
AT_ONCE = 700
KINDS = {
    *("same subnet", "other subnet", "other zone", "peered", "equal addresses", "other account"),
    *("other account's public address", "internet in", "internet out", "out by NAT"),
    *("metadata", "DNS"),
}
KINDS_IPV6 = {
    *("same subnet", "other subnet", "other zone", "peered", "other account"),
    *("internet in", "internet out", "outward only"),
}


@dataclass
class Exchange:
    """One thread that serves and calls, in all namespaces; an answer names who gave it, and whom it saw."""

    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    sockets: list[socket.socket] = field(default_factory=list)

    def serve(self, namespace: str, name: str, number: int, address: str = "::") -> None:
        """At an address of either family; by default at all of both."""
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            listener = self._socket(namespace, kind, 6 if ":" in address else 4)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, number))
            if kind == socket.SOCK_STREAM:
                listener.listen(512)
            answer = self._accept if kind == socket.SOCK_STREAM else self._reply
            self._on(listener, lambda it=listener, does=answer: does(it, name))

    def call(self, cases: Sequence[tuple[str, Case]]) -> dict[int, str]:
        """Index of the case → its answer, of those that got one."""
        answers: dict[int, str] = {}
        calls = [self._call(namespace, case) for namespace, case in cases]
        end, again = time.monotonic() + WAIT_S, 0.0
        for index, (caller, case) in enumerate(zip(calls, cases, strict=True)):
            self._on(caller, lambda i=index, it=caller, c=case[1]: self._hear(it, c, i, answers))
        while len(answers) < len(cases) and (now := time.monotonic()) < end:
            if now > again:
                again = now + 1
                self._ask_again(calls, cases, answers)
            for key, _ in self.selector.select(0.1):
                key.data()
        for caller in calls:
            self._drop(caller)
        return answers

    def close(self) -> None:
        for each in list(self.sockets):
            self._drop(each)
        self.selector.close()

    def _socket(self, namespace: str, kind: int, version: int) -> socket.socket:
        family = socket.AF_INET6 if version == 6 else socket.AF_INET
        made = namespaces.inside(namespace, lambda: socket.socket(family, kind))
        made.setblocking(False)
        self.sockets.append(made)
        return made

    def _on(self, which: socket.socket, does: Callable[[], None]) -> None:
        self.selector.register(which, selectors.EVENT_READ, does)

    def _drop(self, which: socket.socket) -> None:
        with suppress(KeyError):
            self.selector.unregister(which)
        which.close()
        with suppress(ValueError):
            self.sockets.remove(which)

    def _call(self, namespace: str, case: Case) -> socket.socket:
        packet = case.packet
        is_tcp = packet.protocol == TCP
        kind = socket.SOCK_STREAM if is_tcp else socket.SOCK_DGRAM
        caller = self._socket(namespace, kind, packet.source.version)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        caller.bind((str(packet.source), packet.source_port))
        with suppress(BlockingIOError):
            caller.connect((str(packet.destination), packet.destination_port))
        return caller

    def _ask_again(self, calls, cases, answers) -> None:
        for index, (caller, (_, case)) in enumerate(zip(calls, cases, strict=True)):
            if index not in answers and case.packet.protocol == UDP:
                with suppress(OSError):
                    caller.send(b"who")

    def _hear(self, caller: socket.socket, case: Case, index: int, answers: dict[int, str]) -> None:
        try:
            if text := caller.recv(200).decode():
                answers[index] = text
        except BlockingIOError:
            return
        except OSError:
            if case.packet.protocol == UDP:
                return
        self.selector.unregister(caller)

    def _accept(self, listener: socket.socket, name: str) -> None:
        with suppress(BlockingIOError):
            while True:
                connection, peer = listener.accept()
                with suppress(OSError):
                    connection.sendall(_answer(name, peer[0]))
                connection.close()

    def _reply(self, listener: socket.socket, name: str) -> None:
        with suppress(BlockingIOError):
            while True:
                _, peer = listener.recvfrom(200)
                with suppress(OSError):
                    listener.sendto(_answer(name, peer[0]), peer)


@contextmanager
def _serving(matrix: Matrix, stations: dict[str, str], services: str) -> Iterator[Exchange]:
    exchange = Exchange()
    try:
        for port_id, namespace in stations.items():
            exchange.serve(namespace, port_id, SERVED)
        exchange.serve(services, OURS, SERVED, "169.254.169.254")
        for address in ("169.254.169.253", "10.0.0.2"):
            exchange.serve(services, OURS, RESOLVED, address)
        exchange.serve(LAN, "internet", SERVED)
        yield exchange
    finally:
        exchange.close()


def expected(estate: Estate, case: Case) -> str:
    """The answer that Reachability Analyzer foretells: who gives it, and whom that one sees."""
    origin, packet = case.origin.port.port_id if case.origin else None, case.packet
    question = Question(
        packet.protocol,
        ((origin, packet.source),),
        (packet.destination,),
        range(packet.source_port, packet.source_port + 1),
        range(packet.destination_port, packet.destination_port + 1),
    )
    finding = find(estate, question, lambda _judged, _arrival: None)
    assert finding is not None
    arrival = finding.judgement.arrival
    if arrival is None:
        return ""
    name = "internet" if arrival.kind is Kind.INTERNET else arrival.name
    return f"{name} {arrival.packet.source}"


def _answer(name: str, peer: str) -> bytes:
    return f"{name} {peer.removeprefix('::ffff:')}".encode()


@pytest.fixture
def matrix() -> Matrix:
    return Matrix()


def _compare(exchange: Exchange, estate: Estate, cases: list[Case], names: dict[str, str]) -> None:
    """Have all cases tried, and fail if one ends otherwise than it is foretold."""
    wrong: list[str] = []
    seen: Counter[tuple[str, bool]] = Counter()
    for first in range(0, len(cases), AT_ONCE):
        batch = cases[first : first + AT_ONCE]
        callers = [names[c.origin.port.port_id] if c.origin else LAN for c in batch]
        calls = list(zip(callers, batch, strict=True))
        oracle = [expected(estate, case) for case in batch]
        answers = exchange.call(calls)
        for _ in range(MORE_TRIES):
            lost = [index for index in range(len(batch)) if oracle[index] and index not in answers]
            heard = exchange.call([calls[index] for index in lost]) if lost else {}
            answers |= {lost[number]: answer for number, answer in heard.items()}
        for index, case in enumerate(batch):
            foretold, answer = oracle[index], answers.get(index, "")
            seen[case.kind, bool(answer)] += 1
            if answer != foretold:
                wrong.append(f"{case}\n  foretold: {foretold!r} answer: {answer!r}")
    print(f"{len(cases)} cases: {dict(seen)}")
    assert not wrong, f"{len(wrong)} of {len(cases)} differ:\n" + "\n".join(wrong[:20])


def test_packets_go_where_the_rules_let_them_and_nowhere_else(world, network, matrix):
    cases = matrix.cases()
    assert {case.kind for case in cases} == KINDS
    for vpc in matrix.vpcs:
        world.apply(vpc)
    stations = {spot.port.port_id: world.station(spot.port).name for spot in matrix.spots}
    services = network.service_namespaces()[OURS].name
    with _serving(matrix, stations, services) as exchange:
        _compare(exchange, Estate.of(matrix.vpcs), cases, stations)


@pytest.fixture
def world_ipv6() -> Iterator[None]:
    """An address of the other family out in the internet."""
    address = (f"{matrix_ipv6.WORLD}/128", "dev", "lo")
    run("ip", "-n", LAN, "link", "set", "lo", "up")
    run("ip", "-n", LAN, "address", "replace", *address)
    yield
    run("ip", "-n", LAN, "address", "del", *address)


@pytest.mark.usefixtures("world_ipv6")
def test_packets_of_the_other_family_do_the_same(world, network, matrix):
    vpcs = [matrix_ipv6.dual(vpc) for vpc in matrix.vpcs]
    cases = matrix_ipv6.ipv6_cases(matrix)
    assert {case.kind for case in cases} == KINDS_IPV6
    for vpc in vpcs:
        world.apply(vpc)
    stations = {spot.port.port_id: world.station(spot.port).name for spot in matrix.spots}
    for spot in matrix.spots:
        _give(stations[spot.port.port_id], matrix_ipv6.like(spot.vpc_id, spot.address))
    services = network.service_namespaces()[OURS].name
    with _serving(matrix, stations, services) as exchange:
        _compare(exchange, Estate.of(vpcs), cases, stations)


def _give(namespace: str, address: IPv6Address) -> None:
    gateway = str(address).rpartition("::")[0] + "::1"
    run("ip", "-n", namespace, "address", "add", f"{address}/64", "dev", "eth0", "nodad")
    run("ip", "-n", namespace, "route", "replace", "default", "via", gateway, "metric", "1")
