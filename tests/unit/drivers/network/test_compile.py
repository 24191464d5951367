"""A VPC compiles to rows: the same ones each time, the right ones for each rule."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from skerry.drivers.network.ovn.compile import compile_vpc
from skerry.drivers.network.ovn.matches import rule_match
from skerry.drivers.network.ovn.names import mac_of
from skerry.drivers.network.ovn.ways import Site
from skerry.drivers.network.port import (
    AclEntry,
    Dhcp,
    FirewallRule,
    Peers,
    Port,
    PublicAddress,
    Route,
    SecurityGroup,
    Subnet,
    Vpc,
)

ANYWHERE = IPv4Network("0.0.0.0/0")
SITE = Site("host", IPv4Address("100.64.0.1"), 16, 9001)
TRANSIT = IPv4Address("100.64.0.16")
OPEN = tuple(AclEntry(100, egress, True, None, None, None, ANYWHERE) for egress in (True, False))


def _rule(**fields) -> FirewallRule:
    values = {
        "rule_id": "sgr-1",
        "egress": False,
        "protocol": 6,
        "from_port": 80,
        "to_port": 80,
        "peers": Peers(cidr=ANYWHERE),
    }
    return FirewallRule(**(values | fields))


def _vpc(*rules: FirewallRule, acl=OPEN, internet=True, source_dest_check=True) -> Vpc:
    subnet = Subnet(
        "subnet-1", IPv4Network("10.0.1.0/24"), "a", (Route(ANYWHERE, "internet"),), acl
    )
    address = IPv4Address("10.0.1.10")
    port = Port("eni-1", "subnet-1", "0a:00:00:00:00:01", (address,), ("sg-1",), source_dest_check)
    return Vpc(
        "vpc-1",
        (IPv4Network("10.0.0.0/16"),),
        internet,
        "ec2.internal",
        True,
        (subnet,),
        (SecurityGroup("sg-1", rules),),
        (port,),
        (PublicAddress(IPv4Address("198.18.0.10"), address, "eni-1"),),
    )


def _rows(vpc: Vpc):
    return compile_vpc(vpc, SITE, TRANSIT).by_key


def test_the_same_vpc_compiles_to_the_same_rows():
    assert _rows(_vpc(_rule())) == _rows(_vpc(_rule()))


def test_one_more_rule_is_one_more_row_and_a_link_to_it():
    before, after = _rows(_vpc(_rule())), _rows(_vpc(_rule(), _rule(rule_id="sgr-2", from_port=81)))
    assert after.keys() - before.keys() == {("ACL", "sgr-2")}
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {("Port_Group", "sg-1")}


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({}, "ip4 && tcp.dst == 80"),
        ({"from_port": 0, "to_port": 65535}, "ip4 && tcp"),
        ({"from_port": 80, "to_port": 90}, "ip4 && tcp.dst >= 80 && tcp.dst <= 90"),
        ({"protocol": 17, "from_port": 53, "to_port": 53}, "ip4 && udp.dst == 53"),
        ({"protocol": None}, "ip4"),
        ({"protocol": 1, "from_port": -1, "to_port": -1}, "ip4 && icmp4"),
        ({"protocol": 1, "from_port": 8, "to_port": -1}, "ip4 && icmp4 && icmp4.type == 8"),
        ({"protocol": 50, "from_port": None, "to_port": None}, "ip4 && ip.proto == 50"),
        (
            {"peers": Peers(group_id="sg-2")},
            "(ip4.src == $sg_2_ip4 || ip6.src == $sg_2_ip6) && tcp.dst == 80",
        ),
        (
            {"egress": True, "peers": Peers(cidr=IPv4Network("10.1.0.0/16"))},
            "ip4 && ip4.dst == 10.1.0.0/16 && tcp.dst == 80",
        ),
    ],
)
def test_a_rule_becomes_the_right_match(fields, match):
    assert rule_match(_rule(**fields)) == match


def test_a_vpc_without_internet_has_no_port_outside_and_no_public_address():
    tables = {table for table, _ in _rows(_vpc(internet=False))}
    assert not tables & {"NAT", "Gateway_Chassis"}
    rows = _rows(_vpc(internet=False)).items()
    routes = [row for (table, _), row in rows if table == "Logical_Router_Static_Route"]
    assert {
        row.columns["nexthop"] for row in routes if row.columns["ip_prefix"] == "0.0.0.0/0"
    } == {"discard"}


def test_an_open_network_acl_costs_no_rows_and_another_ends_in_a_deny():
    assert not [key for key in _rows(_vpc()) if key[0] == "Logical_Router_Policy"]
    closed = (AclEntry(10, False, True, 6, 22, 22, ANYWHERE),)
    rows = _rows(_vpc(acl=closed))
    ours = [row for (table, name), row in rows.items() if table == "ACL" and "acl-in" in name]
    assert sorted((row.columns["priority"], row.columns["action"]) for row in ours) == [
        (1, "drop"),
        (32766, "allow-stateless"),
    ]


def test_entries_of_a_network_acl_keep_their_order_and_come_before_the_final_deny():
    numbers = (32766, 1, 200)
    acl = tuple(AclEntry(number, False, True, 6, 22, 22, ANYWHERE) for number in numbers)
    rows = _rows(_vpc(acl=acl))
    order = {
        name: row.columns["priority"]
        for (table, name), row in rows.items()
        if table == "ACL" and "-acl-in-" in name
    }
    assert sorted(order, key=lambda name: -order[name]) == [
        f"subnet-1-acl-in-{number}" for number in (1, 200, 32766, 32767)
    ]
    assert len(set(order.values())) == 4
    assert min(order.values()) > 0, "0 is OVN's own priority"


def test_unused_addresses_of_a_vpc_are_discarded_and_its_resolver_is_a_service():
    routes = {
        row.columns["ip_prefix"]: row.columns["nexthop"]
        for (table, _), row in _rows(_vpc()).items()
        if table == "Logical_Router_Static_Route"
    }
    assert routes == {
        "0.0.0.0/0": "100.64.0.1",
        "10.0.0.0/16": "discard",
        "10.0.0.2/32": "169.254.169.253",
    }


def test_a_route_that_a_user_made_never_collides_with_one_of_ours():
    routes = (Route(IPv4Network("10.0.0.0/16"), "internet"), Route(IPv4Network("10.0.0.2/32"), "x"))
    value = _vpc()
    subnet = replace(value.subnets[0], routes=routes)
    rows = _rows(replace(value, subnets=(subnet,)))
    hops = [row.columns["nexthop"] for (table, _), row in rows.items() if "Static_Route" in table]
    assert sorted(hops) == ["169.254.169.253", "discard"]


def test_every_group_of_a_vpc_denies_first_and_never_stops_dhcp_and_services():
    rows = _rows(_vpc())
    everyone = rows["Port_Group", "everyone_vpc_1"]
    verdicts = [
        (rows[key].columns["direction"], rows[key].columns["action"])
        for key in everyone.links["acls"]
    ]
    assert sorted(verdicts) == [
        ("from-lport", "allow"),
        ("from-lport", "allow-related"),
        ("from-lport", "drop"),
        ("from-lport", "drop"),
        ("to-lport", "drop"),
    ]


def test_addresses_made_up_for_routers_are_stable_and_locally_administered():
    assert mac_of("vpc-1-external") == mac_of("vpc-1-external") != mac_of("vpc-2-external")
    assert int(mac_of("x").split(":")[0], 16) & 0b11 == 0b10


def test_a_guest_that_may_route_is_held_to_its_mac_alone():
    row = _rows(_vpc(source_dest_check=False))["Logical_Switch_Port", "eni-1"]
    assert row.columns["port_security"] == ["0a:00:00:00:00:01"]


def test_leases_tell_what_the_dhcp_options_say_each_family_its_own():
    servers = (IPv4Address("10.0.0.2"), IPv4Address("192.0.2.53"), IPv6Address("fd00::53"))
    dhcp = Dhcp("example.test", servers, (IPv4Address("192.0.2.123"),), (), 2)
    prefix = IPv6Network("fd12::/64")
    vpc = replace(_vpc(), dhcp=dhcp, ipv6_cidrs=(prefix,))
    vpc = replace(vpc, subnets=(replace(vpc.subnets[0], ipv6=prefix),))
    rows = _rows(vpc)
    four = rows["DHCP_Options", "subnet-1"].columns["options"]
    assert isinstance(four, dict)
    assert four["dns_server"] == "{10.0.0.2, 192.0.2.53}"
    assert four["ntp_server"] == "192.0.2.123"
    assert four["domain_name"] == '"example.test"'
    assert four["netbios_node_type"] == "2"
    assert "netbios_name_server" not in four
    six = rows["DHCP_Options", "subnet-1-ipv6"]
    assert six.columns["cidr"] == "fd12::/64"
    assert isinstance(six.columns["options"], dict)
    assert six.columns["options"]["dns_server"] == "fd00::53"
    assert rows["Logical_Switch_Port", "eni-1"].links["dhcpv6_options"] == [six.key]
