"""Which claims a judgement makes about the network."""

from dataclasses import replace

from skerry.services.ec2.network_insights.reachability.estate import Estate
from skerry.services.ec2.network_insights.reachability.legs import legs_of
from skerry.services.ec2.network_insights.reachability.walk import judge
from tests.unit.services.ec2.network_insights.test_walk import (
    ACROSS,
    FAR,
    ONE,
    WORLD,
    peers,
    public,
    routed,
    tcp,
    translated,
    vpc,
)


def claims(judgement) -> list[tuple[str | None, bool, str]]:
    return [(leg.probe.port_id, leg.probe.is_answer, leg.end) for leg in legs_of(judgement)]


def test_a_conversation_makes_a_claim_each_way():
    assert claims(judge(Estate.of([vpc()]), ACROSS, ONE)) == [(ONE, False, FAR), (FAR, True, ONE)]


def test_a_packet_that_is_dropped_ends_nowhere_and_makes_no_claim_of_an_answer():
    shut = vpc(groups=(replace(vpc().groups[0], rules=()),))
    assert claims(judge(Estate.of([shut]), ACROSS, ONE)) == [(ONE, False, "")]


def test_the_internet_is_an_end_and_a_beginning():
    ours = routed(public(vpc(), ONE, "9.9.9.1"), 1, ("0.0.0.0/0", "internet"))
    theirs = routed(public(vpc("vpc-b", 1), f"{ONE}-1", "9.9.9.2"), 1, ("0.0.0.0/0", "internet"))
    judged = judge(Estate.of([ours, theirs]), tcp("10.0.1.10", "9.9.9.2"), ONE)
    assert claims(judged) == [
        (ONE, False, "internet"),
        (None, False, f"{ONE}-1"),
        (f"{ONE}-1", True, "internet"),
        (None, True, ONE),
    ]


def test_answers_through_a_nat_gateway_are_not_claimed():
    judged = judge(Estate.of([translated()]), tcp("10.0.1.10", WORLD), ONE)
    assert claims(judged) == [(ONE, False, "internet")]


def test_metadata_is_claimed_and_what_is_beyond_an_edge_is_not():
    known = Estate.of(peers(), edges=["pcx-1"])
    assert claims(judge(known, tcp("10.0.1.10", "169.254.169.254"), ONE)) == [
        (ONE, False, "services")
    ]
    assert claims(judge(known, tcp("10.0.1.10", "10.1.9.9"), ONE)) == []


def test_addresses_around_the_host_are_refused_by_awss_gateways_and_reached_through_ours():
    ours = routed(public(vpc(), ONE, "9.9.9.1"), 1, ("0.0.0.0/0", "internet"))
    judged = judge(Estate.of([ours]), tcp("10.0.1.10", "192.168.1.1"), ONE)
    assert claims(judged) == [(ONE, False, "internet")]
