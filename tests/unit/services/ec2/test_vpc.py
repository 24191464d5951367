"""VPCs, subnets, gateways and routes of one's own."""

import pytest

from skerry.services.ec2.internet_gateway import actions as internet_gateways
from tests.unit.services.calling import Tenant, refused

ANYWHERE = "0.0.0.0/0"


@pytest.fixture
def vpc_id(tenant: Tenant) -> str:
    return tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def subnet_id(tenant: Tenant, vpc_id: str) -> str:
    return tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]


def of_vpc(vpc_id: str) -> list[dict]:
    return [{"Name": "vpc-id", "Values": [vpc_id]}]


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "10.0.0.0/29", "0.0.0.0/0"])
def test_a_vpc_is_between_16_and_28_bits_long(tenant: Tenant, cidr: str):
    with refused("InvalidVpc.Range", f"The CIDR '{cidr}' is invalid."):
        tenant("CreateVpc", CidrBlock=cidr)


@pytest.mark.parametrize("cidr", ["10.0.0.0", "banana", "10.0.0.0/33", "10.0.0.256/16", "::/16"])
def test_what_is_no_cidr_is_refused(tenant: Tenant, cidr: str):
    with refused("InvalidParameterValue"):
        tenant("CreateVpc", CidrBlock=cidr)


def test_host_bits_of_a_cidr_are_cleared(tenant: Tenant):
    assert tenant("CreateVpc", CidrBlock="10.1.2.3/16")["Vpc"]["CidrBlock"] == "10.1.0.0/16"


def test_a_new_vpc_has_its_table_its_acl_and_its_group(tenant: Tenant, vpc_id: str):
    for what in ("SecurityGroups", "RouteTables", "NetworkAcls"):
        assert len(tenant(f"Describe{what}", Filters=of_vpc(vpc_id))[what]) == 1


def test_dns_attributes_are_changed_one_at_a_time(tenant: Tenant, vpc_id: str):
    on = {"Value": True}
    with refused("InvalidParameterCombination"):
        tenant("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport=on, EnableDnsHostnames=on)
    tenant("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames=on)
    shown = tenant("DescribeVpcAttribute", VpcId=vpc_id, Attribute="enableDnsHostnames")
    assert shown == {"VpcId": vpc_id, "EnableDnsHostnames": {"Value": True}}
    tenant("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": False})
    shown = tenant("DescribeVpcAttribute", VpcId=vpc_id, Attribute="enableDnsSupport")
    assert shown == {"VpcId": vpc_id, "EnableDnsSupport": {"Value": False}}


def test_vpcs_are_found_by_tag_and_wildcard(tenant: Tenant, vpc_id: str):
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "blue-7"}]}]
    blue = tenant("CreateVpc", CidrBlock="10.9.0.0/16", TagSpecifications=tags)["Vpc"]
    found = tenant("DescribeVpcs", Filters=[{"Name": "tag:Name", "Values": ["blue-*"]}])["Vpcs"]
    assert [vpc["VpcId"] for vpc in found] == [blue["VpcId"]]
    found = tenant("DescribeVpcs", Filters=[{"Name": "cidr-block", "Values": ["10.?.0.0/16"]}])[
        "Vpcs"
    ]
    assert {vpc["VpcId"] for vpc in found} == {blue["VpcId"], vpc_id}


def test_a_describe_answers_page_by_page(tenant: Tenant):
    made = {tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(11)}
    shown, token = [], None
    while True:
        more = {"NextToken": token} if token else {}
        answer = tenant("DescribeVpcs", MaxResults=5, **more)
        shown += [vpc["VpcId"] for vpc in answer["Vpcs"]]
        token = answer.get("NextToken")
        if token is None:
            break
    assert len(shown) == 12
    assert made < set(shown)


def test_a_subnet_lies_within_its_vpc_and_beside_the_others(tenant: Tenant, vpc_id: str, subnet_id):
    with refused("InvalidSubnet.Range"):
        tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.1.0.0/24")
    with refused("InvalidSubnet.Conflict"):
        tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.128/25")
    with refused("InvalidParameterValue", "us-east-1a, us-east-1b"):
        zone = "eu-west-1a"
        tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.2.0/24", AvailabilityZone=zone)


def test_a_subnet_can_be_told_to_give_public_addresses(tenant: Tenant, subnet_id: str):
    tenant("ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
    (subnet,) = tenant("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    assert subnet["MapPublicIpOnLaunch"]
    assert not subnet["DefaultForAz"]
    with refused("UnsupportedOperation"):
        tenant("ModifySubnetAttribute", SubnetId=subnet_id, EnableDns64={"Value": True})


def test_a_subnet_with_an_interface_in_it_stays(tenant: Tenant, subnet_id: str):
    interface = tenant("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]
    with refused("DependencyViolation"):
        tenant("DeleteSubnet", SubnetId=subnet_id)
    tenant("DeleteNetworkInterface", NetworkInterfaceId=interface["NetworkInterfaceId"])
    tenant("DeleteSubnet", SubnetId=subnet_id)
    with refused("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist"):
        tenant("DescribeSubnets", SubnetIds=[subnet_id])


def test_a_vpc_has_at_most_one_internet_gateway(tenant: Tenant, vpc_id: str):
    first, second = (
        tenant("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"] for _ in range(2)
    )
    tenant("AttachInternetGateway", InternetGatewayId=first, VpcId=vpc_id)
    with refused("Resource.AlreadyAssociated"):
        tenant("AttachInternetGateway", InternetGatewayId=first, VpcId=vpc_id)
    with refused("InvalidParameterValue", "already has an internet gateway attached"):
        tenant("AttachInternetGateway", InternetGatewayId=second, VpcId=vpc_id)
    with refused("Gateway.NotAttached"):
        tenant("DetachInternetGateway", InternetGatewayId=second, VpcId=vpc_id)


def test_routes_are_made_replaced_and_removed(tenant: Tenant, vpc_id: str):
    table_id = tenant("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    gateway_id = tenant("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    route = {"RouteTableId": table_id, "DestinationCidrBlock": ANYWHERE}
    with refused("InvalidParameterValue", "belong to different networks"):
        tenant("CreateRoute", **route, GatewayId=gateway_id)
    tenant("AttachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)
    with refused("InvalidParameterValue", "Use CreateRoute instead"):
        tenant("ReplaceRoute", **route, GatewayId=gateway_id)
    for _ in range(2):
        assert tenant("CreateRoute", **route, GatewayId=gateway_id) == {"Return": True}
    tenant("ReplaceRoute", **route, GatewayId=gateway_id)
    with refused("NatGatewayNotFound"):
        tenant("ReplaceRoute", **route, NatGatewayId="nat-00000000000000000")
    with refused("UnsupportedOperation", "TransitGatewayId"):
        tenant("ReplaceRoute", **route, TransitGatewayId="tgw-00000000000000000")
    with refused("InvalidParameterCombination", "exactly one target"):
        tenant("ReplaceRoute", **route, GatewayId=gateway_id, InstanceId="i-0123456789abcdef0")
    tenant("DeleteRoute", **route)
    with refused("InvalidRoute.NotFound"):
        tenant("DeleteRoute", **route)
    with refused("InvalidParameterValue", "cannot remove local route"):
        tenant("DeleteRoute", RouteTableId=table_id, DestinationCidrBlock="10.0.0.0/16")


def test_a_subnet_uses_one_table_and_a_vpc_has_one_main(tenant: Tenant, vpc_id: str, subnet_id):
    (main,) = tenant("DescribeRouteTables", Filters=of_vpc(vpc_id))["RouteTables"]
    main_id = main["Associations"][0]["RouteTableAssociationId"]
    one, two = (
        tenant("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"] for _ in range(2)
    )
    made = tenant("AssociateRouteTable", RouteTableId=one, SubnetId=subnet_id)["AssociationId"]
    again = tenant("AssociateRouteTable", RouteTableId=one, SubnetId=subnet_id)["AssociationId"]
    assert made == again
    with refused("Resource.AlreadyAssociated"):
        tenant("AssociateRouteTable", RouteTableId=two, SubnetId=subnet_id)
    with refused("DependencyViolation"):
        tenant("DeleteRouteTable", RouteTableId=one)
    moved = tenant("ReplaceRouteTableAssociation", AssociationId=made, RouteTableId=two)
    tenant("DisassociateRouteTable", AssociationId=moved["NewAssociationId"])
    with refused("InvalidParameterValue", "main"):
        tenant("DisassociateRouteTable", AssociationId=main_id)
    tenant("ReplaceRouteTableAssociation", AssociationId=main_id, RouteTableId=one)
    mains = [{"Name": "association.main", "Values": ["true"]}]
    found = tenant("DescribeRouteTables", Filters=[*of_vpc(vpc_id), *mains])["RouteTables"]
    assert [table["RouteTableId"] for table in found] == [one]
    tenant("DeleteRouteTable", RouteTableId=main["RouteTableId"])


def test_the_tenancy_of_a_vpc_is_the_default_one(tenant: Tenant, vpc_id: str):
    with refused("UnsupportedOperation"):
        tenant("CreateVpc", CidrBlock="10.0.0.0/16", InstanceTenancy="dedicated")
    assert tenant("ModifyVpcTenancy", VpcId=vpc_id, InstanceTenancy="default") == {
        "ReturnValue": True
    }


@pytest.mark.parametrize("cidr", ["0.0.0.0/16", "127.0.0.0/16", "169.254.0.0/16", "240.0.0.0/16"])
def test_a_vpc_is_not_where_no_host_is(tenant: Tenant, cidr: str):
    with refused("InvalidVpc.Range"):
        tenant("CreateVpc", CidrBlock=cidr)


def test_there_are_as_many_internet_gateways_as_vpcs(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(internet_gateways, "MAX_GATEWAYS", 2)  # the default VPC has one
    tenant("CreateInternetGateway")
    with refused("InternetGatewayLimitExceeded", "2"):
        tenant("CreateInternetGateway")
