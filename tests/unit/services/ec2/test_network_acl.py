"""Network ACLs: entries in order, subnets under them, what may not be deleted."""

from typing import Any

import pytest

from skerry.drivers.network import port
from skerry.kernel.errors import AwsError
from skerry.services.ec2.network_acl.actions.entries import MAX_ENTRIES
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.topology import topology_of
from tests.unit.services.calling import Tenant

WEB = {"Protocol": "6", "PortRange": {"From": 80, "To": 81}, "CidrBlock": "10.1.2.3/16"}


@pytest.fixture
def vpc_id(tenant: Tenant) -> str:
    return tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def acl_id(tenant: Tenant, vpc_id: str) -> str:
    tags = [{"ResourceType": "network-acl", "Tags": [{"Key": "Name", "Value": "mine"}]}]
    made = tenant("CreateNetworkAcl", VpcId=vpc_id, TagSpecifications=tags)["NetworkAcl"]
    assert made["Tags"] == [{"Key": "Name", "Value": "mine"}]
    assert not made["IsDefault"]
    return made["NetworkAclId"]


def add(tenant: Tenant, acl_id: str, number: int = 100, **entry: Any) -> None:
    asked = {"Egress": False, "RuleAction": "allow", **(WEB | entry)}
    asked = {name: value for name, value in asked.items() if value is not None}
    tenant("CreateNetworkAclEntry", NetworkAclId=acl_id, RuleNumber=number, **asked)


def entries(tenant: Tenant, acl_id: str) -> list[dict[str, Any]]:
    (acl,) = tenant("DescribeNetworkAcls", NetworkAclIds=[acl_id])["NetworkAcls"]
    return [each for each in acl["Entries"] if each["RuleNumber"] < 32767]


def test_a_new_acl_lets_nothing_through_until_entries_do(tenant: Tenant, acl_id: str):
    assert entries(tenant, acl_id) == []
    add(tenant, acl_id, 200, Protocol="icmp", IcmpTypeCode={"Type": 8, "Code": -1})
    add(tenant, acl_id)
    add(tenant, acl_id, 100, Egress=True, Protocol="-1", Ipv6CidrBlock="::/0", CidrBlock=None)
    assert entries(tenant, acl_id) == [
        {"Egress": True, "Protocol": "-1", "RuleAction": "allow", "RuleNumber": 100,
         "Ipv6CidrBlock": "::/0"},
        {"Egress": False, "Protocol": "6", "RuleAction": "allow", "RuleNumber": 100,
         "CidrBlock": "10.1.0.0/16", "PortRange": {"From": 80, "To": 81}},
        {"Egress": False, "Protocol": "1", "RuleAction": "allow", "RuleNumber": 200,
         "CidrBlock": "10.1.0.0/16", "IcmpTypeCode": {"Type": 8, "Code": -1}},
    ]  # fmt: skip


def test_a_number_is_used_once_in_a_direction_and_replaced_only_where_it_is(
    tenant: Tenant, acl_id: str
):
    add(tenant, acl_id)
    with pytest.raises(AwsError) as refused:
        add(tenant, acl_id)
    assert refused.value.code == "NetworkAclEntryAlreadyExists"
    add(tenant, acl_id, Egress=True)
    entry = {"NetworkAclId": acl_id, "RuleNumber": 100, "Egress": False}
    change = entry | WEB | {"RuleAction": "deny"}
    tenant("ReplaceNetworkAclEntry", **change)
    assert [each["RuleAction"] for each in entries(tenant, acl_id)] == ["allow", "deny"]
    tenant("DeleteNetworkAclEntry", **entry)
    for action, request in (("DeleteNetworkAclEntry", entry), ("ReplaceNetworkAclEntry", change)):
        with pytest.raises(AwsError) as refused:
            tenant(action, **request)
        assert refused.value.code == "InvalidNetworkAclEntry.NotFound"


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"number": 0}, "InvalidParameterValue"),
        ({"number": 32767}, "InvalidParameterValue"),
        ({"Protocol": "gre"}, "InvalidParameterValue"),
        ({"Protocol": "256"}, "InvalidParameterValue"),
        ({"Protocol": "²"}, "InvalidParameterValue"),
        ({"PortRange": None}, "MissingParameter"),
        ({"PortRange": {"From": 80}}, "MissingParameter"),
        ({"PortRange": {"From": 81, "To": 80}}, "InvalidParameterValue"),
        ({"PortRange": {"From": 0, "To": 65536}}, "InvalidParameterValue"),
        ({"Protocol": "1"}, "MissingParameter"),
        ({"Protocol": "58", "IcmpTypeCode": {"Type": 256, "Code": 0}}, "InvalidParameterValue"),
        ({"CidrBlock": None}, "MissingParameter"),
        ({"Ipv6CidrBlock": "::/0"}, "InvalidParameterCombination"),
        ({"CidrBlock": "10.0.0.0"}, "InvalidParameterValue"),
        ({"CidrBlock": None, "Ipv6CidrBlock": "10.0.0.0/8"}, "InvalidParameterValue"),
    ],
)
def test_what_is_no_entry_is_refused(tenant: Tenant, acl_id: str, entry: Any, code: str):
    with pytest.raises(AwsError) as refused:
        add(tenant, acl_id, **entry)
    assert refused.value.code == code
    assert entries(tenant, acl_id) == []


def test_entries_are_limited_in_each_direction(tenant: Tenant, acl_id: str):
    for number in range(1, MAX_ENTRIES + 1):
        add(tenant, acl_id, number)
    with pytest.raises(AwsError) as refused:
        add(tenant, acl_id, 1000)
    assert refused.value.code == "NetworkAclEntryLimitExceeded"
    add(tenant, acl_id, 1000, Egress=True)


def test_a_subnet_is_put_under_another_acl_and_that_one_stays_while_it_is(
    tenant: Tenant, vpc_id: str, acl_id: str
):
    subnet = tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    under = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (default,) = tenant("DescribeNetworkAcls", Filters=under)["NetworkAcls"]
    assert default["IsDefault"]
    (association,) = default["Associations"]
    former = association["NetworkAclAssociationId"]
    request = {"AssociationId": former, "NetworkAclId": acl_id}
    changed = tenant("ReplaceNetworkAclAssociation", **request)["NewAssociationId"]
    assert changed != former
    (acl,) = tenant("DescribeNetworkAcls", Filters=under)["NetworkAcls"]
    assert acl["NetworkAclId"] == acl_id
    for action, parameters, code in (
        ("ReplaceNetworkAclAssociation", request, "InvalidAssociationID.NotFound"),
        ("DeleteNetworkAcl", {"NetworkAclId": acl_id}, "DependencyViolation"),
        ("DeleteNetworkAcl", {"NetworkAclId": default["NetworkAclId"]}, "InvalidParameterValue"),
        ("DeleteNetworkAcl", {"NetworkAclId": "acl-x"}, "InvalidNetworkAclId.Malformed"),
    ):
        with pytest.raises(AwsError) as refused:
            tenant(action, **parameters)
        assert refused.value.code == code
    tenant("ReplaceNetworkAclAssociation", AssociationId=changed,
           NetworkAclId=default["NetworkAclId"])  # fmt: skip
    tenant("DeleteNetworkAcl", NetworkAclId=acl_id)


def test_an_acl_of_another_vpc_does_not_fit(tenant: Tenant, acl_id: str):
    (default,) = tenant("DescribeNetworkAcls", Filters=[{"Name": "default", "Values": ["true"]}, {
        "Name": "association.subnet-id", "Values": ["subnet-*"]}])["NetworkAcls"]  # fmt: skip
    other = default["Associations"][0]["NetworkAclAssociationId"]
    with pytest.raises(AwsError) as refused:
        tenant("ReplaceNetworkAclAssociation", AssociationId=other, NetworkAclId=acl_id)
    assert refused.value.code == "InvalidParameterValue"


def test_a_vpc_with_an_acl_of_its_own_is_not_deleted(tenant: Tenant, vpc_id: str, acl_id: str):
    with pytest.raises(AwsError) as refused:
        tenant("DeleteVpc", VpcId=vpc_id)
    assert refused.value.code == "DependencyViolation"
    tenant("DeleteNetworkAcl", NetworkAclId=acl_id)
    tenant("DeleteVpc", VpcId=vpc_id)


def test_the_network_gets_the_entries_in_force(tenant: Tenant, vpc_id: str, acl_id: str):
    subnet = tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    under = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (default,) = tenant("DescribeNetworkAcls", Filters=under)["NetworkAcls"]
    association = default["Associations"][0]["NetworkAclAssociationId"]
    tenant("ReplaceNetworkAclAssociation", AssociationId=association, NetworkAclId=acl_id)
    add(tenant, acl_id, RuleAction="deny")
    add(tenant, acl_id, 110, Protocol="58", IcmpTypeCode={"Type": 128, "Code": 0},
        CidrBlock=None, Ipv6CidrBlock="fd00::/8")  # fmt: skip
    with tenant.database.read(None) as session:
        vpc = session.get(Vpc, vpc_id)
        assert vpc is not None
        (compiled,) = topology_of(session, vpc).subnets
    denied, ping = compiled.acl
    assert (denied.number, denied.allow, denied.from_port, denied.to_port) == (100, False, 80, 81)
    assert (ping.protocol, ping.from_port, str(ping.cidr)) == (58, 128, "fd00::/8")
    assert isinstance(denied, port.AclEntry)


def test_ipv6_opens_what_was_open_and_leaves_alone_what_was_changed(tenant: Tenant, vpc_id: str):
    by_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]

    def rules(*, egress: bool) -> list[tuple[int, str]]:
        (acl,) = tenant("DescribeNetworkAcls", Filters=by_vpc)["NetworkAcls"]
        return [
            (each["RuleNumber"], each.get("Ipv6CidrBlock") or each["CidrBlock"])
            for each in acl["Entries"]
            if each["Egress"] == egress
        ]

    (acl,) = tenant("DescribeNetworkAcls", Filters=by_vpc)["NetworkAcls"]
    changed = {"NetworkAclId": acl["NetworkAclId"], "Egress": False, "RuleNumber": 100}
    tenant("DeleteNetworkAclEntry", **changed)
    (group,) = tenant("DescribeSecurityGroups", Filters=by_vpc)["SecurityGroups"]
    assert group["IpPermissionsEgress"][0]["Ipv6Ranges"] == []
    tenant("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    assert rules(egress=False) == [(32767, "0.0.0.0/0"), (32768, "::/0")]
    assert rules(egress=True) == [
        (100, "0.0.0.0/0"),
        (101, "::/0"),
        (32767, "0.0.0.0/0"),
        (32768, "::/0"),
    ]
    later = {"GroupName": "later", "Description": "d", "VpcId": vpc_id}
    tenant("CreateSecurityGroup", **later)
    for group in tenant("DescribeSecurityGroups", Filters=by_vpc)["SecurityGroups"]:
        (out,) = group["IpPermissionsEgress"]
        assert out["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}]
