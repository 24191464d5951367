"""Route tables: local routes, targets of every kind, associations, what is refused."""

from typing import Any

import pytest

from skerry.drivers.network import port
from tests.unit.services.calling import Tenant, refused
from tests.unit.services.ec2.test_topology import rows_of

ANYWHERE_IPV6 = {"DestinationIpv6CidrBlock": "::/0"}


@pytest.fixture
def vpc_id(tenant: Tenant) -> str:
    return tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def subnet_id(tenant: Tenant, vpc_id: str) -> str:
    return tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]


@pytest.fixture
def table_id(tenant: Tenant, vpc_id: str, subnet_id: str) -> str:
    table = tenant("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    tenant("AssociateRouteTable", RouteTableId=table, SubnetId=subnet_id)
    return table


def routes(tenant: Tenant, table_id: str) -> list[dict[str, Any]]:
    (table,) = tenant("DescribeRouteTables", RouteTableIds=[table_id])["RouteTables"]
    return table["Routes"]


def in_force(tenant: Tenant, vpc_id: str) -> dict[str, str]:
    (subnet,) = rows_of(tenant, vpc_id).subnets
    return {str(each.destination): each.target for each in subnet.routes}


def test_every_block_of_the_vpc_has_its_local_route(tenant: Tenant, vpc_id: str, table_id: str):
    tenant("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.1.0.0/16")
    six = tenant("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    six = six["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"]
    found = routes(tenant, table_id)
    assert found[0] == {
        "DestinationCidrBlock": "10.0.0.0/16",
        "GatewayId": "local",
        "Origin": "CreateRouteTable",
        "State": "active",
    }
    shown = {r.get("DestinationCidrBlock") or r["DestinationIpv6CidrBlock"] for r in found}
    assert shown == {"10.0.0.0/16", "10.1.0.0/16", six}
    for inside in ("10.1.3.0/24", "10.1.0.0/16"):
        asked = {"RouteTableId": table_id, "DestinationCidrBlock": inside}
        with refused("InvalidParameterValue", "more specific"):
            tenant("CreateRoute", **asked, GatewayId=gateway(tenant, vpc_id))
        with refused("InvalidParameterValue", "cannot remove local route"):
            tenant("DeleteRoute", **asked)


def gateway(tenant: Tenant, vpc_id: str) -> str:
    by_vpc = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
    for present in tenant("DescribeInternetGateways", Filters=by_vpc)["InternetGateways"]:
        return present["InternetGatewayId"]
    made = tenant("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    tenant("AttachInternetGateway", InternetGatewayId=made, VpcId=vpc_id)
    return made


def test_ipv6_goes_out_by_either_gateway(tenant: Tenant, vpc_id: str, table_id: str):
    outward = tenant("CreateEgressOnlyInternetGateway", VpcId=vpc_id)
    outward = outward["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    route = {"RouteTableId": table_id, **ANYWHERE_IPV6}
    tenant("CreateRoute", **route, EgressOnlyInternetGatewayId=outward)
    assert routes(tenant, table_id)[-1]["EgressOnlyInternetGatewayId"] == outward
    assert in_force(tenant, vpc_id) == {"::/0": port.EGRESS_INTERNET}
    with refused("RouteAlreadyExists"):
        tenant("CreateRoute", **route, GatewayId=gateway(tenant, vpc_id))
    tenant("ReplaceRoute", **route, GatewayId=gateway(tenant, vpc_id))
    assert in_force(tenant, vpc_id) == {"::/0": port.INTERNET}
    tenant("DetachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway(tenant, vpc_id))
    assert routes(tenant, table_id)[-1]["State"] == "blackhole"
    assert in_force(tenant, vpc_id) == {"::/0": port.BLACKHOLE}
    four = {"RouteTableId": table_id, "DestinationCidrBlock": "0.0.0.0/0"}
    with refused("InvalidParameterValue"):
        tenant("CreateRoute", **four, EgressOnlyInternetGatewayId=outward)


def test_a_route_to_an_interface_is_a_black_hole_until_a_machine_has_it(
    tenant: Tenant, vpc_id: str, subnet_id: str, table_id: str
):
    interface = tenant("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]
    interface_id = interface["NetworkInterfaceId"]
    route = {"RouteTableId": table_id, "DestinationCidrBlock": "192.168.0.0/16"}
    tenant("CreateRoute", **route, NetworkInterfaceId=interface_id)
    last = routes(tenant, table_id)[-1]
    assert (last["NetworkInterfaceId"], last["State"]) == (interface_id, "blackhole")
    assert in_force(tenant, vpc_id) == {"192.168.0.0/16": interface_id}
    tenant("DeleteRoute", **route)
    with refused("InvalidRoute.NotFound"):
        tenant("DeleteRoute", **route)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "MissingParameter"),
        ({"TransitGatewayId": "tgw-0123456789abcdef0"}, "UnsupportedOperation"),
        ({"VpcEndpointId": "vpce-0123456789abcdef0"}, "UnsupportedOperation"),
        ({"GatewayId": "vgw-0123456789abcdef0"}, "UnsupportedOperation"),
        ({"GatewayId": "igw-0123456789abcdef0"}, "InvalidInternetGatewayID.NotFound"),
        ({"NatGatewayId": "nat-0123456789abcdef0"}, "NatGatewayNotFound"),
        ({"NetworkInterfaceId": "eni-0123456789abcdef0"}, "InvalidNetworkInterfaceID.NotFound"),
        ({"InstanceId": "i-0123456789abcdef0"}, "InvalidInstanceID.NotFound"),
        (
            {"VpcPeeringConnectionId": "pcx-0123456789abcdef0"},
            "InvalidVpcPeeringConnectionID.NotFound",
        ),
        (
            {"GatewayId": "igw-0123456789abcdef0", "NatGatewayId": "nat-0123456789abcdef0"},
            "InvalidParameterCombination",
        ),
    ],
)
def test_what_leads_nowhere_is_no_target(
    tenant: Tenant, table_id: str, more: dict[str, str], code: str
):
    with refused(code):
        tenant("CreateRoute", RouteTableId=table_id, DestinationCidrBlock="9.0.0.0/8", **more)


def test_gateways_have_no_table_and_no_routes_are_propagated(
    tenant: Tenant, vpc_id: str, table_id: str
):
    with refused("UnsupportedOperation"):
        tenant("AssociateRouteTable", RouteTableId=table_id, GatewayId=gateway(tenant, vpc_id))
    for verb in ("Enable", "Disable"):
        with refused("InvalidGatewayID.NotFound"):
            asked = {"RouteTableId": table_id, "GatewayId": "vgw-0123456789abcdef0"}
            tenant(f"{verb}VgwRoutePropagation", **asked)
    with refused("InvalidRouteTableId.Malformed"):
        tenant("DescribeRouteTables", RouteTableIds=["rtb-?"])


def test_the_main_table_is_replaced_by_its_association(tenant: Tenant, vpc_id: str, table_id: str):
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "association.main", "Values": ["true"]}]  # fmt: skip
    (main,) = tenant("DescribeRouteTables", Filters=filters)["RouteTables"]
    (association,) = main["Associations"]
    association_id = association["RouteTableAssociationId"]
    with refused("InvalidParameterValue", "main route table association"):
        tenant("DisassociateRouteTable", AssociationId=association_id)
    asked = {"AssociationId": association_id, "RouteTableId": table_id}
    tenant("ReplaceRouteTableAssociation", **asked)
    (now_main,) = tenant("DescribeRouteTables", Filters=filters)["RouteTables"]
    assert now_main["RouteTableId"] == table_id
    with refused("InvalidAssociationID.NotFound"):
        tenant("ReplaceRouteTableAssociation", **asked)
    tenant("DeleteRouteTable", RouteTableId=main["RouteTableId"])
    with refused("DependencyViolation"):
        tenant("DeleteRouteTable", RouteTableId=table_id)
