"""Answers to questions, as messages."""

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dns.message
import dns.opcode
import dns.rcode
import pytest
from dns.update import UpdateMessage

from skerry.host.forwarding import Upstreams
from skerry.host.limits import Turns
from skerry.host.resolver import NameSource, VpcResolver, fill_known
from skerry.services.ec2.metadata.names import Known
from tests.unit.services.conftest import REGION, database  # noqa: F401 - a fixture


def _ask(name: str, kind: str, known: Known):
    response = dns.message.make_response(dns.message.make_query(name, kind, use_edns=True))
    fill_known(response, known)
    return response


def test_an_address_is_answered_and_another_type_is_empty():
    assert str(_ask("a.ec2.internal", "A", Known("A", "1.2.3.4")).answer[0][0]) == "1.2.3.4"
    empty = _ask("a.ec2.internal", "AAAA", Known("A", "1.2.3.4"))
    assert (empty.rcode(), empty.answer) == (dns.rcode.NOERROR, [])


def test_a_name_of_ours_without_a_value_does_not_exist():
    assert _ask("a.ec2.internal", "A", Known("A", None)).rcode() == dns.rcode.NXDOMAIN


def test_a_pointer_is_a_name():
    pointer = _ask("1.0.31.172.in-addr.arpa", "PTR", Known("PTR", "ip-172-31-0-1.ec2.internal"))
    assert str(pointer.answer[0][0]) == "ip-172-31-0-1.ec2.internal."


@pytest.fixture
def resolver(database, tmp_path: Path):  # noqa: F811
    with ThreadPoolExecutor(1) as pool:
        source = NameSource(database, REGION, Upstreams(tmp_path / "none"))
        yield VpcResolver(source, "vpc-1", Turns(pool))


def _rcode(resolver: VpcResolver, wire: bytes) -> int | None:
    found = asyncio.run(resolver.answer(wire))
    return None if found is None else found.rcode()


def test_a_vpc_that_is_not_there_refuses(resolver: VpcResolver):
    wire = dns.message.make_query("example.com", "A").to_wire()
    assert _rcode(resolver, wire) == dns.rcode.REFUSED


def test_what_is_no_question_gets_no_answer(resolver: VpcResolver):
    response = dns.message.make_response(dns.message.make_query("a.b", "A")).to_wire()
    for wire in (b"", b"x", response):
        assert _rcode(resolver, wire) is None


def test_what_cannot_be_read_is_called_so(resolver: VpcResolver):
    whole = dns.message.make_query("example.com", "A").to_wire()
    assert _rcode(resolver, whole[:-3]) == dns.rcode.FORMERR
    assert _rcode(resolver, whole[:5] + b"\x00" + whole[6:12]) == dns.rcode.FORMERR
    chance = random.Random(3)
    fit = {None, dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.REFUSED, dns.rcode.BADVERS}
    for _ in range(500):
        assert _rcode(resolver, chance.randbytes(40)) in fit


@pytest.mark.parametrize("kind", ["AXFR", "IXFR", "TSIG", "MAILB"])
def test_transfers_are_refused_and_reach_nobody(resolver: VpcResolver, kind: str):
    wire = dns.message.make_query("example.com", kind).to_wire()
    assert _rcode(resolver, wire) == dns.rcode.REFUSED


@pytest.mark.parametrize("rdclass", ["CH", "HS", "ANY"])
def test_other_classes_are_refused_even_for_names_of_ours(launch, resolver, rdclass, caplog):
    guest = launch()
    resolver = VpcResolver(resolver._source, guest.vpc_id, resolver._turns)
    query = dns.message.make_query(guest.instance["PrivateDnsName"], "A", rdclass)
    assert _rcode(resolver, query.to_wire()) == dns.rcode.REFUSED
    assert not caplog.records


def test_other_opcodes_are_not_implemented(resolver: VpcResolver):
    update = UpdateMessage("example.com")
    update.add("a", 60, "A", "1.2.3.4")
    assert _rcode(resolver, update.to_wire()) == dns.rcode.NOTIMP
    found = asyncio.run(resolver.answer(update.to_wire()))
    assert found is not None
    assert (found.id, found.opcode()) == (update.id, dns.opcode.UPDATE)


def test_a_newer_edns_is_told_which_one_is_spoken(resolver: VpcResolver):
    query = dns.message.make_query("example.com", "A", use_edns=1)
    assert _rcode(resolver, query.to_wire()) == dns.rcode.BADVERS


def test_a_name_may_have_several_addresses():
    answer = _ask("a.vpce.amazonaws.com", "A", Known("A", "10.0.0.9", ("10.0.1.9",))).answer[0]
    assert sorted(map(str, answer)) == ["10.0.0.9", "10.0.1.9"]
