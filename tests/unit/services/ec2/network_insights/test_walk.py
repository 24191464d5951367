"""The oracle: what AWS's documentation says of a packet, case by case."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from skerry.drivers.network.port import (
    AclEntry,
    FirewallRule,
    NatGateway,
    Peering,
    Peers,
    Port,
    PublicAddress,
    Route,
    SecurityGroup,
    Subnet,
    Vpc,
)
from skerry.services.ec2.network_insights.reachability.estate import Estate
from skerry.services.ec2.network_insights.reachability.packet import Judgement, Kind, Packet
from skerry.services.ec2.network_insights.reachability.walk import judge

ANYWHERE, ANYWHERE_6 = IPv4Network("0.0.0.0/0"), IPv6Network("::/0")
WORLD, WORLD_6 = IPv4Address("203.0.113.9"), IPv6Address("2001:db8:ffff::9")
OPEN = tuple(
    AclEntry(100 + (cidr is ANYWHERE_6), egress, True, None, None, None, cidr)
    for egress in (False, True)
    for cidr in (ANYWHERE, ANYWHERE_6)
)
OUT = tuple(
    FirewallRule(f"out-{cidr}", True, None, None, None, Peers(cidr=cidr))
    for cidr in (ANYWHERE, ANYWHERE_6)
)
WEB = FirewallRule("web", False, 6, 80, 80, Peers(cidr=ANYWHERE))
WEB_6 = FirewallRule("web-6", False, 6, 80, 80, Peers(cidr=ANYWHERE_6))
ONE, NEAR, FAR = "eni-one", "eni-near", "eni-far"


def vpc(name: str = "vpc-a", block: int = 0, **more) -> Vpc:
    """Two subnets with a group each: .1 holds ONE and NEAR, .2 holds FAR. Everything may pass."""
    nets = [f"10.{block}.{n}.0/24" for n in (1, 2)]
    subnets = tuple(
        Subnet(f"{name}-subnet-{n}", IPv4Network(net), "ab"[n - 1], (), OPEN)
        for n, net in enumerate(nets, 1)
    )
    at = [(ONE, 1, 10), (NEAR, 1, 11), (FAR, 2, 10)]
    ports = tuple(
        Port(
            each if name == "vpc-a" else f"{each}-{block}",
            f"{name}-subnet-{n}",
            "0a:00:00:00:00:01",
            (IPv4Address(f"10.{block}.{n}.{host}"),),
            (f"{name}-sg",),
        )
        for each, n, host in at
    )
    groups = (SecurityGroup(f"{name}-sg", (*OUT, WEB, WEB_6)),)
    cidrs = (IPv4Network(f"10.{block}.0.0/16"),)
    plain = Vpc(name, cidrs, True, "", True, subnets, groups, ports)
    return replace(plain, **more)


def with_subnet(of: Vpc, number: int, **more) -> Vpc:
    subnets = [
        replace(each, **more) if index == number - 1 else each
        for index, each in enumerate(of.subnets)
    ]
    return replace(of, subnets=tuple(subnets))


def with_port(of: Vpc, which: str, **more) -> Vpc:
    ports = [replace(each, **more) if each.port_id == which else each for each in of.ports]
    return replace(of, ports=tuple(ports))


def with_rules(of: Vpc, *rules: FirewallRule) -> Vpc:
    return replace(of, groups=(SecurityGroup(of.groups[0].group_id, rules),))


def public(of: Vpc, port_id: str, address: str) -> Vpc:
    port = next(each for each in of.ports if each.port_id == port_id)
    pair = PublicAddress(IPv4Address(address), port.addresses[0], port_id)
    return replace(of, public=(*of.public, pair))


def routed(of: Vpc, number: int, *routes: tuple[str, str]) -> Vpc:
    made = tuple(
        Route(IPv6Network(net) if ":" in net else IPv4Network(net), target)
        for net, target in routes
    )
    return with_subnet(of, number, routes=made)


def tcp(source, destination, number: int = 80) -> Packet:
    def address(text):
        return IPv6Address(text) if ":" in str(text) else IPv4Address(text)

    return Packet(6, address(str(source)), 40000, address(str(destination)), number)


def ask(origin: str | None, packet: Packet, *vpcs: Vpc) -> Judgement:
    return judge(Estate.of(vpcs), packet, origin)


def code(judgement: Judgement) -> str:
    return judgement.obstacle.code if judgement.obstacle else "reached"


def passed(judgement: Judgement) -> list[Kind]:
    return [hop.kind for hop in judgement.there.hops]


NEIGHBOURS = tcp("10.0.1.10", "10.0.1.11")
ACROSS = tcp("10.0.1.10", "10.0.2.10")


def test_neighbours_talk_past_network_acls_and_routes():
    shut = with_subnet(vpc(), 1, acl=())
    found = ask(ONE, NEIGHBOURS, shut)
    assert found.arrival.name == NEAR
    assert passed(found) == [Kind.INTERFACE, Kind.GROUP, Kind.GROUP, Kind.INTERFACE]


def test_another_subnet_is_reached_past_two_acls_and_the_local_route():
    found = ask(ONE, ACROSS, vpc())
    assert found.arrival.name == FAR
    assert passed(found) == [
        Kind.INTERFACE,
        Kind.GROUP,
        Kind.ACL,
        Kind.ROUTES,
        Kind.ACL,
        Kind.GROUP,
        Kind.INTERFACE,
    ]
    groups = [hop for hop in found.back.hops if hop.kind is Kind.GROUP]
    assert [hop.rule for hop in groups] == [None, None], "answers are remembered"


@pytest.mark.parametrize("rules", [(WEB,), OUT])
def test_a_group_without_a_rule_stops_the_packet_on_its_way_out_or_in(rules):
    found = ask(ONE, ACROSS, with_rules(vpc(), *rules))
    assert code(found) == "ENI_SG_RULES_MISMATCH"
    assert found.obstacle.at.egress == (rules == (WEB,))
    assert found.obstacle.at.name == (ONE if rules == (WEB,) else FAR)
    assert found.obstacle.group_ids == ("vpc-a-sg",)


def test_a_rule_is_about_its_ports_and_its_protocol():
    assert code(ask(ONE, tcp("10.0.1.10", "10.0.2.10", 81), vpc())) == "ENI_SG_RULES_MISMATCH"
    assert code(ask(ONE, replace(ACROSS, protocol=17), vpc())) == "ENI_SG_RULES_MISMATCH"


def test_a_rule_that_names_a_group_is_about_the_private_addresses_of_its_members():
    rule = replace(WEB, peers=Peers(group_id="vpc-a-sg"))
    ours = public(
        routed(with_rules(vpc(), *OUT, rule), 1, ("0.0.0.0/0", "internet")), ONE, "9.9.9.1"
    )
    ours = public(routed(ours, 2, ("0.0.0.0/0", "internet")), FAR, "9.9.9.2")
    assert ask(ONE, ACROSS, ours).arrival.name == FAR
    assert code(ask(ONE, tcp("10.0.1.10", "9.9.9.2"), ours)) == "ENI_SG_RULES_MISMATCH"


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("egress", [False, True])
def test_an_acl_is_asked_about_packets_and_answers_in_the_order_of_its_numbers(number, egress):
    denies = AclEntry(99, egress, False, None, None, None, ANYWHERE)
    late = replace(denies, number=101)
    assert ask(ONE, ACROSS, with_subnet(vpc(), number, acl=(late, *OPEN))).arrival
    found = ask(ONE, ACROSS, with_subnet(vpc(), number, acl=(denies, *OPEN)))
    assert code(found) == "SUBNET_ACL_RESTRICTION"
    assert found.obstacle.at.rule == denies
    assert found.obstacle.at.subnet_id == f"vpc-a-subnet-{number}"
    is_about_the_answer = (number == 1) != egress
    assert (found.back is not None) == is_about_the_answer


def test_an_answer_goes_to_the_port_that_the_question_came_from():
    denies = AclEntry(99, True, False, 6, 1024, 65535, ANYWHERE)
    shut = with_subnet(vpc(), 2, acl=(denies, *OPEN))
    assert code(ask(ONE, ACROSS, shut)) == "SUBNET_ACL_RESTRICTION"
    assert ask(ONE, replace(ACROSS, source_port=1000), shut).arrival


def test_an_acl_without_entries_denies():
    assert code(ask(ONE, ACROSS, with_subnet(vpc(), 2, acl=()))) == "SUBNET_ACL_RESTRICTION"


def test_an_address_that_nobody_has_is_no_destination():
    assert code(ask(ONE, tcp("10.0.1.10", "10.0.1.99"), vpc())) == "NO_POSSIBLE_DESTINATION"
    assert code(ask(ONE, tcp("10.0.1.10", "10.0.9.9"), vpc())) == "NO_POSSIBLE_DESTINATION"


def test_the_internet_needs_a_route_a_gateway_and_a_public_address():
    out = tcp("10.0.1.10", WORLD)
    assert code(ask(ONE, out, vpc())) == "NO_ROUTE_TO_DESTINATION"
    routes = routed(vpc(), 1, ("0.0.0.0/0", "internet"))
    assert code(ask(ONE, out, routes)) == "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"
    whole = public(routes, ONE, "9.9.9.1")
    assert ask(ONE, out, whole).arrival.packet.source == IPv4Address("9.9.9.1")
    assert code(ask(ONE, out, replace(whole, internet=False))) == "BAD_STATE_ROUTE"


@pytest.mark.parametrize(
    ("address", "name"),
    [("10.9.0.1", "RFC1918"), ("172.31.0.1", "RFC1918"), ("100.64.0.1", "RFC6598")],
)
def test_private_addresses_are_not_in_the_internet(address, name):
    whole = public(routed(vpc(), 1, ("0.0.0.0/0", "internet")), ONE, "9.9.9.1")
    found = ask(ONE, tcp("10.0.1.10", address), whole)
    assert code(found) == f"IGW_DESTINATION_ADDRESS_NOT_IN_{name}_EGRESS"


def test_the_internet_comes_in_to_a_public_address_and_needs_a_route_back():
    into = tcp(WORLD, "9.9.9.1")
    assert code(ask(None, into, vpc())) == "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"
    found = ask(None, into, public(vpc(), ONE, "9.9.9.1"))
    assert (code(found), found.back is None) == ("NO_ROUTE_TO_DESTINATION", False)
    whole = routed(public(vpc(), ONE, "9.9.9.1"), 1, ("0.0.0.0/0", "internet"))
    assert ask(None, into, whole).arrival.packet.destination == IPv4Address("10.0.1.10")
    assert code(ask(None, into, replace(whole, internet=False))) == "BAD_STATE_ATTACHMENT"
    outsiders = replace(WEB, peers=Peers(cidr=IPv4Network("203.0.113.0/24")))
    assert ask(None, into, with_rules(whole, outsiders)).arrival


def test_public_addresses_meet_outside_each_seen_as_public():
    ours = routed(public(vpc(), ONE, "9.9.9.1"), 1, ("0.0.0.0/0", "internet"))
    theirs = routed(public(vpc("vpc-b", 1), f"{ONE}-1", "9.9.9.2"), 1, ("0.0.0.0/0", "internet"))
    found = ask(ONE, tcp("10.0.1.10", "9.9.9.2"), ours, theirs)
    assert found.arrival.name == f"{ONE}-1"
    assert found.arrival.packet == tcp("9.9.9.1", "10.1.1.10")


def test_vpcs_with_equal_addresses_never_meet():
    ours, theirs = vpc(), vpc("vpc-b")
    twins = with_port(theirs, f"{ONE}-0", addresses=(IPv4Address("10.0.1.77"),))
    assert ask(ONE, NEIGHBOURS, ours, twins).arrival.name == NEAR
    assert code(ask(ONE, tcp("10.0.1.10", "10.0.1.77"), ours, twins)) == "NO_POSSIBLE_DESTINATION"


def peers() -> tuple[Vpc, Vpc]:
    ours = routed(vpc(), 1, ("10.1.0.0/16", "pcx-1"))
    theirs = routed(vpc("vpc-b", 1), 1, ("10.0.0.0/16", "pcx-1"))
    return (
        replace(ours, peerings=(Peering("pcx-1", "vpc-b", theirs.cidrs),)),
        replace(theirs, peerings=(Peering("pcx-1", "vpc-a", ours.cidrs),)),
    )


def test_peers_reach_each_other_where_routes_lead_there_and_back():
    ours, theirs = peers()
    over = tcp("10.0.1.10", "10.1.1.10")
    assert ask(ONE, over, ours, theirs).arrival.name == f"{ONE}-1"
    assert code(ask(ONE, over, routed(ours, 1), theirs)) == "NO_ROUTE_TO_DESTINATION"
    found = ask(ONE, over, ours, routed(theirs, 1))
    assert (code(found), found.obstacle.at.vpc_id) == ("NO_ROUTE_TO_DESTINATION", "vpc-b")
    assert code(ask(ONE, over, ours, replace(theirs, peerings=()))) == "BAD_STATE_ROUTE"
    by_group = with_rules(theirs, replace(WEB, peers=Peers(group_id="vpc-a-sg")))
    assert ask(ONE, over, ours, by_group).arrival, "a rule may name a peer's group"


def test_peering_leads_no_further_than_the_peer():
    ours, theirs = peers()
    ours = routed(ours, 1, ("0.0.0.0/0", "pcx-1"))
    assert (
        code(ask(ONE, tcp("10.0.1.10", WORLD), ours, theirs)) == "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
    )


def test_an_edge_is_an_end_and_a_beginning():
    ours, theirs = peers()
    known = Estate.of((ours, theirs), edges=["pcx-1"])
    found = judge(known, tcp("10.0.1.10", "10.1.9.9"), ONE)
    assert (found.arrival.kind, found.arrival.name) == (Kind.PEERING, "pcx-1")
    into = judge(known, tcp("10.1.9.9", "10.0.1.10"), "pcx-1")
    assert (into.arrival.name, into.back.end.name) == (ONE, "pcx-1")
    assert (
        code(judge(known, tcp("10.1.9.9", "10.9.0.1"), "pcx-1"))
        == "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
    )


def test_the_longest_prefix_wins():
    ours = routed(vpc(), 1, ("203.0.113.0/24", "blackhole"), ("0.0.0.0/0", "internet"))
    ours = public(ours, ONE, "9.9.9.1")
    assert code(ask(ONE, tcp("10.0.1.10", WORLD), ours)) == "BAD_STATE_ROUTE"
    assert ask(ONE, tcp("10.0.1.10", "203.0.114.1"), ours).arrival


def translated() -> Vpc:
    nat = NatGateway(
        "nat-1", "vpc-a-subnet-2", "0a:0", IPv4Address("10.0.2.99"), IPv4Address("9.9.9.3")
    )
    ours = routed(vpc(nat_gateways=(nat,)), 1, ("0.0.0.0/0", "nat-1"))
    return routed(ours, 2, ("0.0.0.0/0", "internet"))


def test_a_nat_gateway_leads_out_and_answers_come_back_and_nothing_else_does():
    ours, out = translated(), tcp("10.0.1.10", WORLD)
    found = ask(ONE, out, ours)
    assert found.arrival.packet.source == IPv4Address("9.9.9.3")
    assert found.back.end.packet == out.reply()
    assert code(ask(None, tcp(WORLD, "9.9.9.3"), ours)) == "NO_POSSIBLE_DESTINATION"


@pytest.mark.parametrize("egress", [False, True])
def test_a_nat_gateways_subnet_asks_its_acl_too(egress):
    denies = AclEntry(99, egress, False, 6, 80, 80, ANYWHERE)
    shut = with_subnet(translated(), 2, acl=(denies, *OPEN))
    assert code(ask(ONE, tcp("10.0.1.10", WORLD), shut)) == "SUBNET_ACL_RESTRICTION"


def test_a_private_nat_gateway_has_no_way_into_the_internet():
    ours = translated()
    private = replace(ours, nat_gateways=(replace(ours.nat_gateways[0], public=None),))
    found = ask(ONE, tcp("10.0.1.10", WORLD), private)
    assert code(found) == "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"


def test_a_guest_routes_for_others_only_without_source_and_destination_check():
    ours = routed(vpc(), 1, ("0.0.0.0/0", FAR))
    ours = public(routed(ours, 2, ("0.0.0.0/0", "internet")), FAR, "9.9.9.1")
    out = tcp("10.0.1.10", WORLD)
    assert code(ask(ONE, out, ours)) == "ENI_SOURCE_DEST_CHECK_RESTRICTION"
    router = with_port(ours, FAR, source_dest_check=False)
    found = ask(ONE, out, router)
    assert code(found) == "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", "its public address is its own"
    assert [hop.name for hop in found.there.hops].count(FAR) == 2


def test_a_forged_source_is_dropped():
    found = ask(ONE, tcp("10.0.1.66", "10.0.1.11"), vpc())
    assert code(found) == "ENI_SOURCE_DEST_CHECK_RESTRICTION"


def test_routers_that_send_in_circles_end():
    ours = with_port(with_port(vpc(), ONE, source_dest_check=False), FAR, source_dest_check=False)
    open_in = FirewallRule("in", False, None, None, None, Peers(cidr=ANYWHERE))
    ours = with_rules(
        routed(routed(ours, 1, ("0.0.0.0/0", FAR)), 2, ("0.0.0.0/0", ONE)), *OUT, open_in
    )
    assert code(ask(ONE, tcp("10.0.1.10", WORLD), ours)) == "NO_POSSIBLE_DESTINATION"


@pytest.mark.parametrize("address", ["169.254.169.254", "169.254.169.253", "10.0.0.2"])
def test_nothing_filters_what_the_vpc_itself_answers(address):
    shut = with_subnet(with_rules(vpc(internet=False)), 1, acl=())
    found = ask(ONE, tcp("10.0.1.10", address), shut)
    assert (found.arrival.kind, found.arrival.name) == (Kind.SERVICE, "vpc-a")


def _dual(**more) -> Vpc:
    ours = vpc(ipv6_cidrs=(IPv6Network("2001:db8:1::/56"),), **more)
    for number, port_id, host in ((1, ONE, 10), (2, FAR, 10)):
        net = f"2001:db8:1:{number}::"
        ours = with_subnet(ours, number, ipv6=IPv6Network(f"{net}/64"))
        address = IPv6Address(f"{net}{host:x}")
        old = next(each for each in ours.ports if each.port_id == port_id)
        ours = with_port(ours, port_id, addresses=(*old.addresses, address))
    return ours


def test_ipv6_is_routed_and_filtered_like_the_rest():
    over = tcp("2001:db8:1:1::a", "2001:db8:1:2::a")
    assert ask(ONE, over, _dual()).arrival.name == FAR
    assert code(ask(ONE, over, with_rules(_dual(), *OUT, WEB))) == "ENI_SG_RULES_MISMATCH"


def test_ipv6_needs_no_translation_to_meet_the_world():
    ours = routed(_dual(), 1, ("::/0", "internet"))
    assert ask(ONE, tcp("2001:db8:1:1::a", WORLD_6), ours).arrival
    assert ask(None, tcp(WORLD_6, "2001:db8:1:1::a"), ours).arrival


def test_an_egress_only_gateway_lets_answers_in_and_nothing_else():
    ours = routed(_dual(internet=False, egress_only=True), 1, ("::/0", "egress-internet"))
    assert ask(ONE, tcp("2001:db8:1:1::a", WORLD_6), ours).arrival
    assert code(ask(None, tcp(WORLD_6, "2001:db8:1:1::a"), ours)) == "BAD_STATE_ATTACHMENT"
    both = replace(ours, internet=True)
    assert code(ask(None, tcp(WORLD_6, "2001:db8:1:1::a"), both)) == "PROTOCOL_RESTRICTION"
