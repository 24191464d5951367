from ipaddress import ip_address
from typing import Any

import pytest

from skerry.drivers.network import port
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.topology import topology_of
from tests.unit.services.calling import Tenant, refused

EVERYTHING = {
    "domain-name": ["corp.example"],
    "domain-name-servers": ["10.0.0.53", "AmazonProvidedDNS", "fd00::53"],
    "ntp-servers": ["10.0.0.123", "fd00::123"],
    "netbios-name-servers": ["10.0.0.137"],
    "netbios-node-type": ["2"],
}


@pytest.fixture
def vpc_id(tenant: Tenant) -> str:
    return tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


def test_a_set_shows_what_it_was_made_of(tenant: Tenant):
    made = create(tenant, EVERYTHING, tags=[{"Key": "Name", "Value": "corp"}])
    assert {
        each["Key"]: [value["Value"] for value in each["Values"]]
        for each in made["DhcpConfigurations"]
    } == EVERYTHING
    assert made["OwnerId"] == tenant.account_id
    assert made["Tags"] == [{"Key": "Name", "Value": "corp"}]
    (found,) = tenant("DescribeDhcpOptions", DhcpOptionsIds=[made["DhcpOptionsId"]])["DhcpOptions"]
    assert found == made


@pytest.mark.parametrize(
    ("name", "value"),
    [("key", "ntp-servers"), ("value", "10.0.0.123"), ("tag:Name", "corp"), ("tag-key", "Name")],
)
def test_sets_are_found_by_what_they_hold(tenant: Tenant, name: str, value: str):
    made = create(tenant, EVERYTHING, tags=[{"Key": "Name", "Value": "corp"}])
    found = tenant("DescribeDhcpOptions", Filters=[{"Name": name, "Values": [value]}])
    assert found["DhcpOptions"] == [made]


def test_a_vpc_hands_out_the_set_that_it_is_associated_with(tenant: Tenant, vpc_id: str):
    associate(tenant, create(tenant, EVERYTHING)["DhcpOptionsId"], vpc_id)
    assert dhcp(tenant, vpc_id) == port.Dhcp(
        domain="corp.example",
        resolvers=tuple(map(ip_address, ("10.0.0.53", "10.0.0.2", "fd00::53"))),
        time_servers=tuple(map(ip_address, ("10.0.0.123", "fd00::123"))),
        netbios_servers=(ip_address("10.0.0.137"),),
        netbios_node_type=2,
    )


def test_a_new_vpc_hands_out_the_default_set_whatever_others_there_are(tenant: Tenant):
    create(tenant, EVERYTHING)
    vpc_id = tenant("CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    assert dhcp(tenant, vpc_id) == port.Dhcp("ec2.internal", (ip_address("10.9.0.2"),))


def test_a_vpc_without_a_set_tells_of_the_resolver_only(tenant: Tenant, vpc_id: str):
    associate(tenant, "default", vpc_id)
    (vpc,) = tenant("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    assert vpc["DhcpOptionsId"] == "default"
    assert dhcp(tenant, vpc_id) == port.Dhcp(resolvers=(ip_address("169.254.169.253"),))


def test_a_resolver_that_does_not_answer_is_not_told_of(tenant: Tenant, vpc_id: str):
    tenant("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": False})
    assert dhcp(tenant, vpc_id).resolvers == ()
    associate(tenant, "default", vpc_id)
    assert dhcp(tenant, vpc_id).resolvers == ()


def test_a_set_in_use_stays(tenant: Tenant, vpc_id: str):
    options_id = create(tenant, EVERYTHING)["DhcpOptionsId"]
    associate(tenant, options_id, vpc_id)
    with refused("DependencyViolation"):
        tenant("DeleteDhcpOptions", DhcpOptionsId=options_id)
    associate(tenant, "default", vpc_id)
    tenant("DeleteDhcpOptions", DhcpOptionsId=options_id)
    with refused("InvalidDhcpOptionID.NotFound"):
        tenant("DescribeDhcpOptions", DhcpOptionsIds=[options_id])


def test_a_set_goes_when_its_last_vpc_has_gone(tenant: Tenant, vpc_id: str):
    options_id = create(tenant, EVERYTHING)["DhcpOptionsId"]
    associate(tenant, options_id, vpc_id)
    tenant("DeleteVpc", VpcId=vpc_id)
    tenant("DeleteDhcpOptions", DhcpOptionsId=options_id)


def test_the_default_set_comes_back_with_the_next_vpc(tenant: Tenant):
    (default,) = tenant("DescribeDhcpOptions")["DhcpOptions"]
    (vpc,) = tenant("DescribeVpcs")["Vpcs"]
    associate(tenant, "default", vpc["VpcId"])
    tenant("DeleteDhcpOptions", DhcpOptionsId=default["DhcpOptionsId"])
    made = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["DhcpOptionsId"]
    (found,) = tenant("DescribeDhcpOptions")["DhcpOptions"]
    assert found["DhcpOptionsId"] == made != default["DhcpOptionsId"]
    assert found["DhcpConfigurations"] == default["DhcpConfigurations"]


def test_another_account_neither_sees_a_set_nor_uses_it(
    tenant: Tenant, other_tenant: Tenant, vpc_id: str
):
    options_id = create(tenant, EVERYTHING)["DhcpOptionsId"]
    theirs = other_tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with refused("InvalidDhcpOptionID.NotFound"):
        associate(other_tenant, options_id, theirs)
    with refused("InvalidDhcpOptionID.NotFound"):
        other_tenant("DeleteDhcpOptions", DhcpOptionsId=options_id)
    with refused("InvalidVpcID.NotFound"):
        associate(other_tenant, "default", vpc_id)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("color", ["red"]),
        ("", ["red"]),
        ("domain-name", ["a.example", "b.example"]),
        ("domain-name", ['a" injected="1']),
        ("domain-name", ["-a.example"]),
        ("domain-name", ["a..example"]),
        ("domain-name", [" "]),
        ("domain-name", ["a." * 130 + "example"]),
        ("domain-name-servers", ["resolver.example"]),
        ("domain-name-servers", ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]),
        ("domain-name-servers", ["AmazonProvidedDNS", "AmazonProvidedDNS"]),
        ("domain-name-servers", ["fe80::1%eth0"]),
        ("ntp-servers", ["AmazonProvidedDNS"]),
        ("netbios-name-servers", ["fd00::1"]),
        ("netbios-node-type", ["3"]),
        ("netbios-node-type", ["1", "2"]),
    ],
)
def test_an_option_that_guests_cannot_be_told_is_refused(
    tenant: Tenant, key: str, values: list[str]
):
    with refused("InvalidParameterValue"):
        create(tenant, {key: values})


def test_several_domains_are_one_value_with_spaces(tenant: Tenant, vpc_id: str):
    made = create(tenant, {"domain-name": ["a.example b.example"]})
    associate(tenant, made["DhcpOptionsId"], vpc_id)
    assert dhcp(tenant, vpc_id).domain == "a.example b.example"


def test_a_set_says_something_and_each_thing_once(tenant: Tenant):
    with refused("MissingParameter"):
        tenant("CreateDhcpOptions", DhcpConfigurations=[])
    with refused("MissingParameter"):
        create(tenant, {"ntp-servers": []})
    with refused("InvalidParameterValue", "once"):
        twice = {"Key": "ntp-servers", "Values": ["10.0.0.1"]}
        tenant("CreateDhcpOptions", DhcpConfigurations=[twice, twice])


def test_a_lease_time_that_would_not_be_kept_is_refused(tenant: Tenant):
    with refused("UnsupportedOperation"):
        create(tenant, {"ipv6-address-preferred-lease-time": ["140"]})


def test_an_id_that_is_none_is_malformed(tenant: Tenant, vpc_id: str):
    with refused("InvalidDhcpOptionsId.Malformed"):
        associate(tenant, "none", vpc_id)


def create(
    tenant: Tenant, options: dict[str, list[str]], tags: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    specified = [{"ResourceType": "dhcp-options", "Tags": tags}] if tags else []
    return tenant(
        "CreateDhcpOptions",
        DhcpConfigurations=[{"Key": key, "Values": values} for key, values in options.items()],
        TagSpecifications=specified,
    )["DhcpOptions"]


def associate(tenant: Tenant, options_id: str, vpc_id: str) -> None:
    tenant("AssociateDhcpOptions", DhcpOptionsId=options_id, VpcId=vpc_id)


def dhcp(tenant: Tenant, vpc_id: str) -> port.Dhcp:
    with tenant.database.read(None) as session:
        vpc = session.get(Vpc, vpc_id)
        assert vpc is not None
        found = topology_of(session, vpc).dhcp
        assert found is not None
        return found
