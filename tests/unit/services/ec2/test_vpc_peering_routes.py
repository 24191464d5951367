"""Routes that lead to a peered VPC, and blocks that stand in the way."""

from ipaddress import IPv4Network

from skerry.drivers.network import port
from skerry.reconcile.work import Work
from tests.unit.services.calling import Tenant, refused
from tests.unit.services.ec2.test_topology import rows_of
from tests.unit.services.ec2.test_vpc_peering import (  # noqa: F401 - fixtures
    accept,
    apply,
    ask,
    network,
    two,
    work,
)


def test_a_route_to_a_peer_is_a_black_hole_until_the_connection_is_active(
    tenant: Tenant,
    other_tenant: Tenant,
    work: Work,  # noqa: F811
    two: tuple[str, str],  # noqa: F811
):
    first, second = two
    peering_id = ask(tenant, first, second)
    by_vpc = [{"Name": "vpc-id", "Values": [first]}]

    def table() -> dict:
        return tenant("DescribeRouteTables", Filters=by_vpc)["RouteTables"][0]

    route = {"RouteTableId": table()["RouteTableId"], "DestinationCidrBlock": "10.1.0.0/16"}
    tenant("CreateRoute", **route, VpcPeeringConnectionId=peering_id)
    tenant("CreateSubnet", VpcId=first, CidrBlock="10.0.1.0/24")
    shown_route = {
        "DestinationCidrBlock": "10.1.0.0/16",
        "VpcPeeringConnectionId": peering_id,
        "Origin": "CreateRoute",
    }
    assert table()["Routes"][1] == shown_route | {"State": "blackhole"}
    accept(tenant, peering_id)
    apply(work, first, second)
    assert table()["Routes"][1] == shown_route | {"State": "active"}
    there = IPv4Network("10.1.0.0/16")
    assert rows_of(tenant, first).subnets[0].routes == (port.Route(there, peering_id),)
    by_target = [{"Name": "route.vpc-peering-connection-id", "Values": [peering_id]}]
    assert len(tenant("DescribeRouteTables", Filters=by_target)["RouteTables"]) == 1
    with refused("InvalidParameterCombination", "exactly one target"):
        tenant("ReplaceRoute", **route, VpcPeeringConnectionId=peering_id, GatewayId="igw-1")
    default = [{"Name": "cidr", "Values": ["172.31.0.0/16"]}]
    home = tenant("DescribeVpcs", Filters=default)["Vpcs"][0]["VpcId"]
    at_home = [{"Name": "vpc-id", "Values": [home]}]
    (strange,) = tenant("DescribeRouteTables", Filters=at_home)["RouteTables"]
    with refused("InvalidParameterValue", "belong to different networks"):
        elsewhere = {**route, "RouteTableId": strange["RouteTableId"]}
        tenant("CreateRoute", **elsewhere, VpcPeeringConnectionId=peering_id)
    theirs = other_tenant("DescribeRouteTables")["RouteTables"][0]["RouteTableId"]
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        other_tenant(
            "CreateRoute",
            RouteTableId=theirs,
            DestinationCidrBlock="10.1.0.0/16",
            VpcPeeringConnectionId=peering_id,
        )
    tenant("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    apply(work, first, second)
    assert table()["Routes"][1] == shown_route | {"State": "blackhole"}
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        tenant("ReplaceRoute", **route, VpcPeeringConnectionId=peering_id)


def test_blocks_that_overlap_by_the_time_of_acceptance_make_a_failed_connection(
    tenant: Tenant,
    two: tuple[str, str],  # noqa: F811
):
    first, second = two
    peering_id = ask(tenant, first, second)
    for vpc_id in two:
        tenant("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.77.0.0/16")
    assert accept(tenant, peering_id)["Status"]["Code"] == "failed"
    assert rows_of(tenant, first).peerings == ()
