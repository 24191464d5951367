import pytest

from skerry.drivers.network import port
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.topology import topology_of
from tests.unit.services.calling import Tenant, refused

EVERYWHERE = "::/0"


@pytest.fixture
def vpc_id(tenant: Tenant) -> str:
    vpc = tenant("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)
    return vpc["Vpc"]["VpcId"]


def test_a_gateway_is_attached_to_its_vpc_from_the_start(tenant: Tenant, vpc_id: str):
    made = tenant(
        "CreateEgressOnlyInternetGateway",
        VpcId=vpc_id,
        TagSpecifications=[
            {
                "ResourceType": "egress-only-internet-gateway",
                "Tags": [{"Key": "Name", "Value": "out"}],
            }
        ],
    )["EgressOnlyInternetGateway"]
    assert made["Attachments"] == [{"State": "attached", "VpcId": vpc_id}]
    assert made["Tags"] == [{"Key": "Name", "Value": "out"}]
    assert described(tenant, Filters=[{"Name": "tag:Name", "Values": ["out"]}]) == [made]
    assert described(tenant, Filters=[{"Name": "tag:Name", "Values": ["in"]}]) == []


def test_a_vpc_has_one_gateway_at_most(tenant: Tenant, vpc_id: str):
    gateway(tenant, vpc_id)
    with refused("EgressOnlyInternetGatewayLimitExceeded"):
        gateway(tenant, vpc_id)


def test_a_gateway_of_nobody_is_not_described_and_not_deleted(tenant: Tenant):
    unknown = "eigw-0123456789abcdef0"
    assert described(tenant, EgressOnlyInternetGatewayIds=[unknown]) == []
    with refused("InvalidGatewayID.NotFound"):
        tenant("DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=unknown)
    with refused("InvalidEgressOnlyInternetGatewayId.Malformed"):
        described(tenant, EgressOnlyInternetGatewayIds=["igw-0123456789abcdef0"])


def test_another_account_sees_no_gateway(tenant: Tenant, other_tenant: Tenant, vpc_id: str):
    gateway_id = gateway(tenant, vpc_id)
    assert described(other_tenant, EgressOnlyInternetGatewayIds=[gateway_id]) == []
    with refused("InvalidGatewayID.NotFound"):
        other_tenant("DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=gateway_id)
    with refused("InvalidVpcID.NotFound"):
        gateway(other_tenant, vpc_id)


def test_a_vpc_with_a_gateway_stays(tenant: Tenant, vpc_id: str):
    gateway_id = gateway(tenant, vpc_id)
    with refused("DependencyViolation"):
        tenant("DeleteVpc", VpcId=vpc_id)
    tenant("DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=gateway_id)
    tenant("DeleteVpc", VpcId=vpc_id)


def test_a_route_leads_out_through_the_gateway_until_it_is_deleted(tenant: Tenant, vpc_id: str):
    gateway_id = gateway(tenant, vpc_id)
    table = tenant("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    route = {
        "RouteTableId": table,
        "DestinationIpv6CidrBlock": EVERYWHERE,
        "EgressOnlyInternetGatewayId": gateway_id,
    }
    subnet_id = tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    tenant("AssociateRouteTable", RouteTableId=table, SubnetId=subnet_id)
    tenant("CreateRoute", **route)
    assert shown_state(tenant, table) == "active"
    before = topology(tenant, vpc_id)
    assert before.egress_only
    assert before.subnets[0].routes[0].target == port.EGRESS_INTERNET
    tenant("DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=gateway_id)
    assert shown_state(tenant, table) == "blackhole"
    after = topology(tenant, vpc_id)
    assert not after.egress_only
    assert after.subnets[0].routes[0].target == port.BLACKHOLE


def test_a_new_gateway_does_not_take_over_the_routes_of_the_last_one(tenant: Tenant, vpc_id: str):
    first = gateway(tenant, vpc_id)
    table = main_table(tenant, vpc_id)
    tenant(
        "CreateRoute",
        RouteTableId=table,
        DestinationIpv6CidrBlock=EVERYWHERE,
        EgressOnlyInternetGatewayId=first,
    )
    tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")
    tenant("DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=first)
    gateway(tenant, vpc_id)
    assert topology(tenant, vpc_id).subnets[0].routes[0].target == port.BLACKHOLE


def test_ipv4_does_not_leave_by_it(tenant: Tenant, vpc_id: str):
    with refused("InvalidParameterValue"):
        tenant(
            "CreateRoute",
            RouteTableId=main_table(tenant, vpc_id),
            DestinationCidrBlock="0.0.0.0/0",
            EgressOnlyInternetGatewayId=gateway(tenant, vpc_id),
        )


def test_a_gateway_is_tagged_later_too(tenant: Tenant, vpc_id: str):
    gateway_id = gateway(tenant, vpc_id)
    tenant("CreateTags", Resources=[gateway_id], Tags=[{"Key": "a", "Value": "b"}])
    (found,) = tenant("DescribeTags")["Tags"]
    assert found["ResourceType"] == "egress-only-internet-gateway"


def gateway(tenant: Tenant, vpc_id: str) -> str:
    made = tenant("CreateEgressOnlyInternetGateway", VpcId=vpc_id)
    return made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]


def described(tenant: Tenant, **asked) -> list:
    return tenant("DescribeEgressOnlyInternetGateways", **asked)["EgressOnlyInternetGateways"]


def main_table(tenant: Tenant, vpc_id: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
    (table,) = tenant("DescribeRouteTables", Filters=filters)["RouteTables"]
    return table["RouteTableId"]


def shown_state(tenant: Tenant, table_id: str) -> str:
    (table,) = tenant("DescribeRouteTables", RouteTableIds=[table_id])["RouteTables"]
    (route,) = [each for each in table["Routes"] if "EgressOnlyInternetGatewayId" in each]
    return route["State"]


def topology(tenant: Tenant, vpc_id: str) -> port.Vpc:
    with tenant.database.read(None) as session:
        vpc = session.get(Vpc, vpc_id)
        assert vpc is not None
        return topology_of(session, vpc)
