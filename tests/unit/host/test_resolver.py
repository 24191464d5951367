"""Answers to questions, as messages."""

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dns.message
import dns.rcode
import pytest

from skerry.host.resolver import NameSource, VpcResolver, answer_known
from skerry.services.ec2.metadata.names import Known
from tests.unit.services.conftest import REGION, database  # noqa: F401 - a fixture


def _ask(name: str, kind: str, known: Known):
    return answer_known(dns.message.make_query(name, kind, use_edns=True), known)


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
        yield VpcResolver(NameSource(database, REGION, pool, tmp_path / "none"), "vpc-1")


def test_a_vpc_that_is_not_there_refuses(resolver: VpcResolver):
    query = dns.message.make_query("example.com", "A")
    found = asyncio.run(resolver.answer(query.to_wire()))
    assert found is not None
    assert found.rcode() == dns.rcode.REFUSED


def test_what_is_no_question_gets_no_answer(resolver: VpcResolver):
    chance = random.Random(3)
    whole = dns.message.make_query("example.com", "A").to_wire()
    response = dns.message.make_response(dns.message.make_query("a.b", "A")).to_wire()
    for wire in (b"", b"x", whole[:-3], response, *(chance.randbytes(40) for _ in range(500))):
        found = asyncio.run(resolver.answer(wire))
        assert found is None or found.rcode() == dns.rcode.REFUSED
