"""Address blocks beyond a VPC's first, IPv6 blocks of subnets, and what of them the network gets."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Any

import pytest

from skerry.drivers.network import port
from skerry.kernel.errors import AwsError
from skerry.services.ec2.subnet.api import allocate_ipv6, find_subnet
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.topology import topology_of
from tests.unit.services.calling import Tenant


@pytest.fixture
def vpc_id(tenant: Tenant) -> str:
    return tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


def associate(tenant: Tenant, vpc_id: str, cidr: str) -> dict[str, Any]:
    made = tenant("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock=cidr)
    assert made["CidrBlockAssociation"]["CidrBlockState"] == {"State": "associating"}
    return made["CidrBlockAssociation"]


def associate_ipv6(tenant: Tenant, vpc_id: str) -> dict[str, Any]:
    made = tenant("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    return made["Ipv6CidrBlockAssociation"]


def shown(tenant: Tenant, vpc_id: str) -> dict[str, Any]:
    (vpc,) = tenant("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    return vpc


def topology(tenant: Tenant, vpc_id: str) -> port.Vpc:
    with tenant.database.read(None) as session:
        vpc = session.get(Vpc, vpc_id)
        assert vpc is not None
        return topology_of(session, vpc)


def subnet_of(tenant: Tenant, vpc_id: str, cidr: str, **more: Any) -> dict[str, Any]:
    return tenant("CreateSubnet", VpcId=vpc_id, CidrBlock=cidr, **more)["Subnet"]


def test_a_second_block_holds_subnets_and_goes_when_they_have_gone(tenant: Tenant, vpc_id: str):
    with pytest.raises(AwsError) as refused:
        subnet_of(tenant, vpc_id, "10.9.1.0/24")
    assert refused.value.code == "InvalidSubnet.Range"
    block = associate(tenant, vpc_id, "10.9.0.0/16")
    subnet = subnet_of(tenant, vpc_id, "10.9.1.0/24")["SubnetId"]
    blocks = [each["CidrBlock"] for each in shown(tenant, vpc_id)["CidrBlockAssociationSet"]]
    assert blocks == ["10.0.0.0/16", "10.9.0.0/16"]
    found = tenant("DescribeVpcs", Filters=[
        {"Name": "cidr-block-association.cidr-block", "Values": ["10.9.*"]}])["Vpcs"]  # fmt: skip
    assert [each["VpcId"] for each in found] == [vpc_id]
    assert topology(tenant, vpc_id).cidrs == (
        IPv4Network("10.0.0.0/16"),
        IPv4Network("10.9.0.0/16"),
    )
    request = {"AssociationId": block["AssociationId"]}
    with pytest.raises(AwsError) as refused:
        tenant("DisassociateVpcCidrBlock", **request)
    assert refused.value.code == "InvalidCidrBlock.InUse"
    tenant("DeleteSubnet", SubnetId=subnet)
    gone = tenant("DisassociateVpcCidrBlock", **request)["CidrBlockAssociation"]
    assert gone["CidrBlockState"] == {"State": "disassociating"}
    assert len(shown(tenant, vpc_id)["CidrBlockAssociationSet"]) == 1
    with pytest.raises(AwsError) as refused:
        tenant("DisassociateVpcCidrBlock", **request)
    assert refused.value.code == "InvalidVpcCidrBlockAssociationID.NotFound"


def test_the_first_block_is_for_life(tenant: Tenant, vpc_id: str):
    first = shown(tenant, vpc_id)["CidrBlockAssociationSet"][0]["AssociationId"]
    with pytest.raises(AwsError) as refused:
        tenant("DisassociateVpcCidrBlock", AssociationId=first)
    assert refused.value.code == "OperationNotPermitted"


@pytest.mark.parametrize(
    ("cidr", "code"),
    [
        ("10.0.128.0/20", "InvalidVpc.Range"),
        ("10.0.0.0/8", "InvalidVpc.Range"),
        ("10.8.0.0/29", "InvalidVpc.Range"),
        ("192.168.0.0/16", "InvalidVpc.Range"),
        ("198.19.0.0/24", "InvalidVpc.Range"),
        ("169.254.0.0/24", "InvalidVpc.Range"),
        ("fd00::/56", "InvalidParameterValue"),
    ],
)
def test_what_is_no_further_block_is_refused(tenant: Tenant, vpc_id: str, cidr: str, code: str):
    with pytest.raises(AwsError) as refused:
        associate(tenant, vpc_id, cidr)
    assert refused.value.code == code


def test_a_public_range_fits_any_vpc_and_five_are_the_most(tenant: Tenant, vpc_id: str):
    for number in range(4):
        associate(tenant, vpc_id, f"203.{number}.0.0/16")
    with pytest.raises(AwsError) as refused:
        associate(tenant, vpc_id, "203.5.0.0/16")
    assert refused.value.code == "CidrLimitExceeded"


def test_every_vpc_gets_an_ipv6_block_of_its_own(tenant: Tenant, other_tenant: Tenant):
    made = tenant("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    (block,) = made["Ipv6CidrBlockAssociationSet"]
    network = IPv6Network(block["Ipv6CidrBlock"])
    assert network.prefixlen == 56
    assert network.subnet_of(tenant.region.ipv6_pool)
    assert topology(tenant, made["VpcId"]).ipv6_cidrs == (network,)
    (theirs,) = other_tenant("DescribeVpcs")["Vpcs"]
    assert associate_ipv6(other_tenant, theirs["VpcId"])["Ipv6CidrBlock"] != str(network)


def test_a_subnet_has_one_64_of_the_block(tenant: Tenant, vpc_id: str):
    block = associate_ipv6(tenant, vpc_id)
    first, second = list(IPv6Network(block["Ipv6CidrBlock"]).subnets(new_prefix=64))[:2]
    one = subnet_of(tenant, vpc_id, "10.0.1.0/24", Ipv6CidrBlock=str(first))
    assert one["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] == str(first)
    two = subnet_of(tenant, vpc_id, "10.0.2.0/24")["SubnetId"]
    for wrong, code in ((str(first), "InvalidSubnet.Conflict"),
                        (block["Ipv6CidrBlock"], "InvalidSubnet.Range"),
                        ("fd99::/64", "InvalidSubnet.Range")):  # fmt: skip
        with pytest.raises(AwsError) as refused:
            tenant("AssociateSubnetCidrBlock", SubnetId=two, Ipv6CidrBlock=wrong)
        assert refused.value.code == code
    made = tenant("AssociateSubnetCidrBlock", SubnetId=two, Ipv6CidrBlock=str(second))
    with pytest.raises(AwsError):
        tenant("AssociateSubnetCidrBlock", SubnetId=two, Ipv6CidrBlock=str(second))
    found = {each.subnet_id: each.ipv6 for each in topology(tenant, vpc_id).subnets}
    assert found == {one["SubnetId"]: first, two: second}
    with pytest.raises(AwsError) as refused:
        tenant("DisassociateVpcCidrBlock", AssociationId=block["AssociationId"])
    assert refused.value.code == "InvalidCidrBlock.InUse"
    association = made["Ipv6CidrBlockAssociation"]["AssociationId"]
    tenant("DisassociateSubnetCidrBlock", AssociationId=association)
    with pytest.raises(AwsError) as refused:
        tenant("DisassociateSubnetCidrBlock", AssociationId=association)
    assert refused.value.code == "InvalidSubnetCidrBlockAssociationID.NotFound"


def test_ipv6_addresses_are_given_of_the_subnet_s_block(tenant: Tenant, vpc_id: str):
    block = IPv6Network(associate_ipv6(tenant, vpc_id)["Ipv6CidrBlock"])
    first = next(block.subnets(new_prefix=64))
    plain = subnet_of(tenant, vpc_id, "10.0.1.0/24")["SubnetId"]
    dual = subnet_of(tenant, vpc_id, "10.0.2.0/24", Ipv6CidrBlock=str(first))["SubnetId"]
    with tenant.writing() as ctx:
        with pytest.raises(AwsError):
            allocate_ipv6(ctx, find_subnet(ctx, plain), None)
        subnet = find_subnet(ctx, dual)
        assert IPv6Address(allocate_ipv6(ctx, subnet, None)) in first
        assert allocate_ipv6(ctx, subnet, str(first[0x10])) == str(first[0x10])
        for wrong, code in (("x", "InvalidParameterValue"), ("fd99::1", "InvalidParameterValue"),
                            (str(first[3]), "InvalidParameterValue")):  # fmt: skip
            with pytest.raises(AwsError) as refused:
                allocate_ipv6(ctx, subnet, wrong)
            assert refused.value.code == code


def test_addresses_on_creation_need_a_block(tenant: Tenant, vpc_id: str):
    subnet = subnet_of(tenant, vpc_id, "10.0.1.0/24")["SubnetId"]
    change = {"SubnetId": subnet, "AssignIpv6AddressOnCreation": {"Value": True}}
    with pytest.raises(AwsError):
        tenant("ModifySubnetAttribute", **change)
    first = next(
        IPv6Network(associate_ipv6(tenant, vpc_id)["Ipv6CidrBlock"]).subnets(new_prefix=64)
    )
    tenant("AssociateSubnetCidrBlock", SubnetId=subnet, Ipv6CidrBlock=str(first))
    tenant("ModifySubnetAttribute", **change)
    (found,) = tenant("DescribeSubnets", SubnetIds=[subnet])["Subnets"]
    assert found["AssignIpv6AddressOnCreation"]


def test_a_public_vpc_gets_no_private_block(tenant: Tenant):
    vpc_id = tenant("CreateVpc", CidrBlock="100.64.0.0/16")["Vpc"]["VpcId"]
    associate(tenant, vpc_id, "203.0.112.0/20")
    with pytest.raises(AwsError) as refused:
        associate(tenant, vpc_id, "10.0.0.0/16")
    assert refused.value.code == "InvalidVpc.Range"


def test_a_block_is_smaller_than_what_a_route_leads_away(tenant: Tenant, vpc_id: str):
    (table,) = tenant("DescribeRouteTables", Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])[
        "RouteTables"
    ]
    gateway = tenant("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    tenant("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc_id)
    tenant(
        "CreateRoute",
        RouteTableId=table["RouteTableId"],
        DestinationCidrBlock="10.2.0.0/24",
        GatewayId=gateway,
    )
    for taken in ("10.2.0.0/24", "10.2.0.0/16"):
        with pytest.raises(AwsError) as refused:
            associate(tenant, vpc_id, taken)
        assert refused.value.code == "InvalidVpc.Range"
    associate(tenant, vpc_id, "10.2.0.0/25")
