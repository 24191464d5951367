"""The real server in two namespaces that hold the same addresses."""

import http.client
import os
import random
import socket
import time
from contextlib import closing, suppress
from pathlib import Path

import dns.message
import pytest

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run
from skerry.host.services import GuestServices
from tests.unit.services.conftest import (  # noqa: F401 - fixtures
    REGION,
    database,
    other_tenant,
    region,
    stock,
    stocks,
    tenant,
    vault,
)
from tests.unit.services.ec2.metadata.conftest import Guest, engines  # noqa: F401 - a fixture

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


class TwoVpcs:
    """A network of which only the service namespaces exist; guests are addresses on their loopback."""

    def __init__(self, guests: list[Guest]) -> None:
        self.guests = guests
        for guest in guests:
            name = self.name(guest)
            namespaces.ensure(name)
            for address in ("169.254.169.254", "169.254.169.253", "172.31.0.2", guest.ip):
                run("ip", "-n", name, "address", "add", f"{address}/32", "dev", "lo")

    @staticmethod
    def name(guest: Guest) -> str:
        return f"skt-{guest.vpc_id}"

    def service_namespaces(self) -> dict[str, Path]:
        return {each.vpc_id: namespaces.FOLDER / self.name(each) for each in self.guests}

    def watch(self, changed) -> None:
        self.changed = changed

    def remove(self) -> None:
        for guest in self.guests:
            namespaces.remove(self.name(guest))


async def api(scope, receive, send) -> None:
    """Says by which name it was called."""
    body = dict(scope["headers"])[b"host"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def served(tenant, other_tenant):  # noqa: F811
    address = "172.31.0.77"
    guests = []
    for each in (tenant, other_tenant):
        subnets = each("DescribeSubnets")["Subnets"]
        subnet = next(s["SubnetId"] for s in subnets if s["CidrBlock"] == "172.31.0.0/20")
        guests.append(Guest(each, SubnetId=subnet, PrivateIpAddress=address))
    network = TwoVpcs(guests)
    heard: list[str] = []
    services = GuestServices(tenant.database, REGION, network, b"s" * 32, heard.append, api)
    tenant.database.woken.append(services.woken)
    services.start()
    yield guests, heard
    services.close()
    network.remove()


def _connect(guest: Guest, port: int = 80) -> socket.socket:
    end = time.monotonic() + 5
    target = ("169.254.169.254" if port == 80 else "172.31.0.2", port)
    while True:
        try:
            return namespaces.inside(
                TwoVpcs.name(guest), lambda: socket.create_connection(target, 2, (guest.ip, 0))
            )
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def _get(guest: Guest, path: str, method: str = "GET", **headers: str):
    connection = http.client.HTTPConnection("169.254.169.254")
    connection.sock = _connect(guest)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def test_the_socket_tells_the_vpc_and_the_address_the_instance(served):
    guests, heard = served
    for guest in guests:
        response, body = _get(guest, "/latest/meta-data/instance-id")
        assert body.decode() == guest.instance["InstanceId"]
        assert response.getheader("server") == "EC2ws"
    _get(guests[0], "/latest/meta-data/")
    assert sorted(heard) == sorted(guest.instance["InstanceId"] for guest in guests)


TTL = {"x-aws-ec2-metadata-token-ttl-seconds": "60"}


@pytest.fixture
def wire(served):
    """Every packet on the first guest's network."""
    guest = served[0][0]
    _get(guest, "/")  # the namespace is served
    made = namespaces.inside(
        TwoVpcs.name(guest),
        lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)),
    )
    made.bind(("lo", 0x0800))
    made.setblocking(False)
    yield made
    made.close()


def test_the_answer_with_a_token_travels_no_further_than_its_hop_limit(served, wire):
    guest = served[0][0]
    response, token = _get(guest, "/latest/api/token", "PUT", **TTL)
    assert response.status == 200
    assert _hops_of_answers(wire) == {2}, "its limit of one, and our router"
    named = {"x-aws-ec2-metadata-token": token.decode()}
    assert _get(guest, "/latest/meta-data/mac", **named)[0].status == 200
    assert _hops_of_answers(wire) == {64}


def test_a_token_that_was_lost_on_its_way_is_sent_again_with_the_same_limit(served, wire):
    guest = served[0][0]
    name = TwoVpcs.name(guest)
    lossy = (
        "add table inet loss; "
        "add chain inet loss sent { type filter hook output priority 0; }; "
        "add rule inet loss sent tcp sport 80 tcp flags & psh == psh drop"
    )
    with _connect(guest) as connection:
        connection.settimeout(5)
        run("ip", "netns", "exec", name, "nft", lossy)
        connection.sendall(
            b"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n"
        )
        time.sleep(0.1)
        assert _hops_of_answers(wire) == set(), "it was lost"
        run("ip", "netns", "exec", name, "nft", "delete table inet loss")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert _hops_of_answers(wire) == {2}
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert _hops_of_answers(wire) == {2}, "what follows may carry a resend of the token"


def _hops_of_answers(wire: socket.socket) -> set[int]:
    """Time to live of the packets from port 80 that carried data."""
    found: set[int] = set()
    with suppress(BlockingIOError):
        while packet := wire.recv(65536):
            header = (packet[0] & 15) * 4
            source = int.from_bytes(packet[header : header + 2], "big")
            data = len(packet) - header - (packet[header + 12] >> 4) * 4
            if source == 80 and data > 0:
                found.add(packet[8])
    return found


def test_names_are_resolved_over_udp_and_tcp(served):
    guest = served[0][0]
    name = guest.instance["PrivateDnsName"]
    query = dns.message.make_query(name, "A")
    _get(guest, "/")  # the namespace is served
    datagrams = namespaces.inside(
        TwoVpcs.name(guest), lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    )
    datagrams.bind((guest.ip, 0))
    datagrams.settimeout(3)
    datagrams.sendto(query.to_wire(), ("169.254.169.253", 53))
    assert str(dns.message.from_wire(datagrams.recv(512)).answer[0][0]) == guest.ip
    datagrams.close()
    stream = _connect(guest, 53)
    wire = query.to_wire()
    stream.sendall(len(wire).to_bytes(2, "big") + wire)
    answer = stream.recv(514)[2:]
    assert str(dns.message.from_wire(answer).answer[0][0]) == guest.ip
    stream.close()


def test_it_goes_on_answering_whatever_it_is_sent(served):
    guest = served[0][0]
    chance = random.Random(5)
    for _ in range(200):
        connection = _connect(guest, chance.choice([80, 53]))
        connection.settimeout(0.02)
        with suppress(OSError):
            connection.sendall(chance.randbytes(chance.randrange(1, 2000)))
            if chance.random() < 0.3:
                connection.recv(100)
        connection.close()
    assert _get(guest, "/latest/meta-data/instance-id")[0].status == 200


def test_an_answer_comes_within_milliseconds(served):
    guest = served[0][0]
    times = []
    for _ in range(50):
        began = time.perf_counter()
        _get(guest, "/latest/meta-data/instance-id")
        times.append(time.perf_counter() - began)
    print(f"p50 {sorted(times)[25] * 1e3:.1f} ms")
    assert sorted(times)[25] < 0.05


def test_one_guest_s_idle_connections_and_junk_keep_nobody_waiting_and_fill_no_log(served, caplog):
    (guest, other), _ = served
    caplog.set_level("INFO")
    _get(guest, "/")
    held = [_connect(guest) for _ in range(300)]
    for each in held[::3]:
        each.sendall(b"\x00junk\r\n\r\n")
    began = time.perf_counter()
    for each in (guest, other):
        assert _get(each, "/latest/meta-data/instance-id")[0].status == 200
    assert time.perf_counter() - began < 1
    for each in held:
        each.close()
    assert [each.getMessage() for each in caplog.records if each.levelname != "DEBUG"] == []


def test_a_guest_that_asks_too_much_is_put_off_for_a_second(served):
    guest, other = served[0]
    _get(guest, "/")
    found: list[bytes] = []
    with _connect(guest) as connection:
        end = time.monotonic() + 5
        while b"503" not in found and time.monotonic() < end:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n" * 8)
            time.sleep(0.002)
            found += [each[:3] for each in connection.recv(65536).split(b"HTTP/1.1 ")[1:]]
    assert b"503" in found
    assert _get(other, "/latest/meta-data/instance-id")[0].status == 200
    time.sleep(1)
    assert _get(guest, "/latest/meta-data/instance-id")[0].status == 200


def test_an_endpoint_answers_at_its_address_in_its_vpc_and_nowhere_else(served):
    guest, other = served[0]
    subnets = guest.tenant("DescribeSubnets")["Subnets"]
    endpoint = guest.tenant(
        "CreateVpcEndpoint",
        VpcId=guest.vpc_id,
        ServiceName="com.amazonaws.us-east-1.ec2",
        VpcEndpointType="Interface",
        SubnetIds=[subnets[0]["SubnetId"]],
    )["VpcEndpoint"]
    (one,) = guest.tenant(
        "DescribeNetworkInterfaces", NetworkInterfaceIds=endpoint["NetworkInterfaceIds"]
    )["NetworkInterfaces"]
    address = one["PrivateIpAddress"]
    assert not _answers(guest, address, within_s=0.2), "the listener is there before the address is"
    for each in (guest, other):
        run("ip", "-n", TwoVpcs.name(each), "address", "add", f"{address}/32", "dev", "lo")
    assert _answers(guest, address, within_s=5)
    assert not _answers(other, address, within_s=0.2)
    guest.tenant("DeleteVpcEndpoints", VpcEndpointIds=[endpoint["VpcEndpointId"]])
    end = time.monotonic() + 5
    while _answers(guest, address, within_s=0):
        assert time.monotonic() < end


def _answers(guest: Guest, address: str, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while True:
        connection = http.client.HTTPConnection(address, timeout=2)
        with suppress(OSError), closing(connection):
            connection.sock = namespaces.inside(
                TwoVpcs.name(guest),
                lambda: socket.create_connection((address, 80), 1, (guest.ip, 0)),
            )
            connection.request("GET", "/", headers={"Host": "ec2.us-east-1.amazonaws.com"})
            body = connection.getresponse().read()
            return body == b"ec2.us-east-1.amazonaws.com"
        if time.monotonic() >= end:
            return False
        time.sleep(0.01)
