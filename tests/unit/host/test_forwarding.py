"""Questions for the world, with an upstream that is made up."""

import asyncio
import os
import socket
import threading
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from skerry.host.forwarding import Forwarder, Upstreams


class _Upstream:
    """Answers over UDP; counts and keeps what it is asked."""

    def __init__(self, records: list[str], authority: list[str], rcode: int) -> None:
        self.asked: list[dns.message.Message] = []
        self._records, self._authority, self._rcode = records, authority, rcode
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while wire_and_peer := self._socket.recvfrom(4096):
            wire, peer = wire_and_peer
            if not wire:
                return
            query = dns.message.from_wire(wire)
            self.asked.append(query)
            response = dns.message.make_response(query, recursion_available=True)
            response.set_rcode(self._rcode)
            response.answer = [dns.rrset.from_text(*each.split(" ", 4)) for each in self._records]
            response.authority = [
                dns.rrset.from_text(*each.split(" ", 4)) for each in self._authority
            ]
            self._socket.sendto(response.to_wire(), peer)

    def close(self) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


@pytest.fixture
def world(tmp_path: Path):
    made: list[_Upstream] = []

    def start(*records: str, authority: tuple[str, ...] = (), rcode: int = 0):
        upstream = _Upstream(list(records), list(authority), rcode)
        made.append(upstream)
        conf = tmp_path / "resolv.conf"
        conf.write_text("nameserver 127.0.0.1\n")
        return upstream, Forwarder(Upstreams(conf, upstream.port))

    yield start
    for each in made:
        each.close()


def _ask(forwarder: Forwarder, name: str = "a.example.com", **how) -> dns.message.Message:
    query = dns.message.make_query(name, "A", **how)
    response = dns.message.make_response(query)
    asyncio.run(forwarder.fill(query, response))
    return response


def test_an_answer_is_remembered_and_grows_older(world, monkeypatch):
    upstream, forwarder = world("a.example.com. 300 IN A 192.0.2.1")
    assert _ask(forwarder).answer[0].ttl == 300
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 100)
    found = _ask(forwarder, "A.Example.com")
    assert str(found.answer[0][0]) == "192.0.2.1"
    assert 199 <= found.answer[0].ttl <= 201
    assert _ask(forwarder).answer[0].ttl == found.answer[0].ttl, "what is remembered is not touched"
    assert len(upstream.asked) == 1


def test_an_answer_is_forgotten_when_its_time_is_over(world, monkeypatch):
    upstream, forwarder = world("a.example.com. 300 IN A 192.0.2.1")
    _ask(forwarder)
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 301)
    assert _ask(forwarder).answer[0].ttl == 300
    assert len(upstream.asked) == 2


def test_nothing_is_remembered_for_longer_than_an_hour(world, monkeypatch):
    upstream, forwarder = world("a.example.com. 9999999 IN A 192.0.2.1")
    _ask(forwarder)
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 3601)
    _ask(forwarder)
    assert len(upstream.asked) == 2


def test_that_a_name_does_not_exist_is_remembered_as_its_zone_says(world):
    soa = "example.com. 60 IN SOA ns.example.com. root.example.com. 1 2 3 4 60"
    upstream, forwarder = world(authority=(soa,), rcode=dns.rcode.NXDOMAIN)
    for _ in range(2):
        assert _ask(forwarder).rcode() == dns.rcode.NXDOMAIN
    assert len(upstream.asked) == 1


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_failure_is_not_remembered(world, rcode):
    upstream, forwarder = world(rcode=rcode)
    for _ in range(2):
        assert _ask(forwarder).rcode() == rcode
    assert len(upstream.asked) == 2


def test_signed_answers_are_asked_for_and_not_remembered(world):
    upstream, forwarder = world("a.example.com. 300 IN A 192.0.2.1")
    for _ in range(2):
        _ask(forwarder, want_dnssec=True)
    assert [bool(each.ednsflags & dns.flags.DO) for each in upstream.asked] == [True, True]


def test_the_upstream_is_asked_in_our_own_words(world):
    upstream, forwarder = world("a.example.com. 0 IN A 192.0.2.1")
    for _ in range(8):
        found = _ask(forwarder, id=7, payload=4096, flags=dns.flags.RD | dns.flags.AA)
        assert found.id == 7
    ids = {each.id for each in upstream.asked}
    assert len(upstream.asked) == 8
    assert len(ids) > 4
    assert {each.payload for each in upstream.asked} == {1232}
    assert not any(each.flags & dns.flags.AA for each in upstream.asked)


def test_nobody_to_ask_is_a_failure_and_new_resolvers_are_noticed(tmp_path: Path):
    conf = tmp_path / "resolv.conf"
    upstreams = Upstreams(conf)
    assert _ask(Forwarder(upstreams)).rcode() == dns.rcode.SERVFAIL
    for second, address in enumerate(("192.0.2.1", "192.0.2.2")):
        conf.write_text(f"nameserver {address}\n")
        os.utime(conf, (second + 1, second + 1))
        assert upstreams.addresses() == [address]
