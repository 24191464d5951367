"""Which VPCs are served, and what happens when they cannot be."""

import gc
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from skerry.drivers.network import namespaces
from skerry.host import services
from skerry.host.endpoints import EndpointApi
from skerry.host.services import GuestServices
from tests.unit.services.conftest import REGION


async def no_api(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody calls it")


class _Network:
    """``present``: what there is to serve, asked for ``looks`` times."""

    def __init__(self) -> None:
        self.present: dict[str, Path] = {}
        self.looks = 0
        self.failures = 0
        self.changed: Callable[[], None] = lambda: None

    def service_namespaces(self) -> dict[str, Path]:
        self.looks += 1
        if self.looks <= self.failures:
            raise LookupError("not yet")
        return self.present

    def watch(self, changed: Callable[[], None]) -> None:
        self.changed = changed


@pytest.fixture
def network(monkeypatch):
    """Namespaces are this one; every service has a port of its own."""
    monkeypatch.setattr(services, "RETRY_S", 0.05)
    monkeypatch.setattr(namespaces, "inside", lambda _name, work: work())
    monkeypatch.setattr(services, "METADATA", "127.0.0.1")
    monkeypatch.setattr(services, "RESOLVER", "127.0.0.1")
    real = services._bound
    monkeypatch.setattr(services, "_bound", lambda at, _port, *kind: real(at, 0, *kind))
    return _Network()


@pytest.fixture
def served(network, database):
    made = GuestServices(database, REGION, network, b"s" * 32, lambda _id: None, no_api)
    yield made
    made.close()


def _until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_vpcs_that_are_not_ready_are_looked_at_again_once_and_not_once_each(
    network, served, monkeypatch, caplog
):
    def absent(_name: str, _work: object) -> object:
        raise FileNotFoundError("no such namespace")

    monkeypatch.setattr(namespaces, "inside", absent)
    caplog.set_level("INFO")
    network.present = {f"vpc-{number}": Path(f"/absent-{number}") for number in range(8)}
    served.start()
    time.sleep(0.52)
    assert 3 <= network.looks <= 11
    for _ in range(20):
        network.changed()
    time.sleep(0.2)
    assert network.looks <= 11 + 20 + 5
    assert len(caplog.records) == 8, "each is told of once"


@pytest.mark.parametrize("trouble", [OSError, LookupError])
def test_one_vpc_that_fails_keeps_none_of_the_others_waiting(
    network, served, monkeypatch, trouble, tmp_path
):
    real = GuestServices._second

    def failing(self: GuestServices, vpc_id: str) -> str | None:
        if vpc_id == "vpc-bad" and network.looks < 4:
            raise trouble(vpc_id)
        return real(self, vpc_id)

    monkeypatch.setattr(GuestServices, "_second", failing)
    network.present = dict.fromkeys(("vpc-a", "vpc-bad", "vpc-z"), tmp_path)
    served.start()
    _until(lambda: served._open.keys() == {"vpc-a", "vpc-z"})
    _until(lambda: served._open.keys() == network.present.keys())
    looks = network.looks
    time.sleep(0.2)
    assert network.looks == looks, "all are ready: nothing to look for"


def test_a_network_that_cannot_be_asked_is_asked_again(network, served, tmp_path):
    network.failures = 3
    network.present = {"vpc-a": tmp_path}
    served.start()
    _until(lambda: served._open)


def test_connections_of_a_vpc_that_has_gone_are_closed(network, served, tmp_path):
    network.present = {"vpc-a": tmp_path}
    served.start()
    _until(lambda: served._open)
    target = served._open["vpc-a"].servers[0].sockets[0].getsockname()
    with socket.create_connection(target, 5) as guest:
        _until(lambda: served._open["vpc-a"].limits.seats._taken)
        network.present = {}
        network.changed()
        assert guest.recv(1) == b""
    _until(lambda: not served._open)


@pytest.mark.parametrize("_again", range(10))
def test_a_connection_that_comes_while_all_is_closed_is_closed_as_well(
    network, database, tmp_path, _again
):
    made = GuestServices(database, REGION, network, b"s" * 32, lambda _id: None, no_api)
    network.present = {"vpc-a": tmp_path}
    made.start()
    _until(lambda: made._open)
    server = made._open["vpc-a"].servers[0]
    target = server.sockets[0].getsockname()
    made._loop.call_soon_threadsafe(time.sleep, 0.02)  # they are accepted in the loop's last turns
    guests = [socket.create_connection(target, 5) for _ in range(8)]
    made.close()
    gc.collect()  # would say what was left open
    for guest in guests:
        with guest, suppress(ConnectionResetError):
            assert guest.recv(1) == b""


def test_services_that_never_started_leave_nothing_open(network, database):
    made = GuestServices(database, REGION, network, b"s" * 32, lambda _id: None, no_api)
    made.close()
    assert made._loop.is_closed()


def test_endpoints_that_come_and_go_are_followed(network, served, monkeypatch, tmp_path):
    found: dict[str, set[str]] = {}
    followed: list[set[str]] = []

    async def follow(_api: EndpointApi, addresses: set[str]) -> None:
        if addresses == {"not yet"}:
            raise OSError("no such namespace")
        followed.append(addresses)

    monkeypatch.setattr(GuestServices, "_endpoints", lambda _self: found)
    monkeypatch.setattr(EndpointApi, "follow", follow)
    network.present = {"vpc-a": tmp_path}
    served.start()
    _until(lambda: served._open and followed == [set()])
    found["vpc-a"] = {"172.31.0.9"}
    served.woken({("vpc", "vpc-a")})
    served.woken({("vpc_endpoint", "vpce-1")})
    _until(lambda: followed[-1] == {"172.31.0.9"})
    found["vpc-a"] = {"not yet"}
    served.woken({("vpc_endpoint", "vpce-1")})
    time.sleep(0.02)
    found["vpc-a"] = {"172.31.0.10"}
    _until(lambda: followed[-1] == {"172.31.0.10"})  # tried again by itself
