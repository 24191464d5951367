"""NAT gateways: made, failed, deleted, and the routes through them."""

from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from skerry.drivers.network import port
from skerry.kernel.errors import AwsError
from skerry.reconcile.verdict import Again, Done, Gone, Verdict
from skerry.reconcile.work import Work
from skerry.services.ec2.nat_gateway import reconcile
from skerry.services.ec2.nat_gateway.api import note_applied
from skerry.services.ec2.nat_gateway.model import NatGateway
from skerry.services.ec2.nat_gateway.reconcile import VISIBLE, reconcile_nat_gateway
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.topology import topology_of
from tests.unit.services.calling import Tenant


@pytest.fixture
def subnet(tenant: Tenant) -> dict[str, str]:
    (subnet,) = tenant(
        "DescribeSubnets", Filters=[{"Name": "availability-zone", "Values": ["us-east-1a"]}]
    )["Subnets"]
    return subnet


@pytest.fixture
def allocation(tenant: Tenant) -> dict[str, str]:
    return tenant("AllocateAddress", Domain="vpc")


def create(tenant: Tenant, subnet_id: str, **more: object):
    return tenant("CreateNatGateway", SubnetId=subnet_id, **more)["NatGateway"]


def described(tenant: Tenant, nat_id: str):
    (found,) = tenant("DescribeNatGateways", NatGatewayIds=[nat_id])["NatGateways"]
    return found


def topology(tenant: Tenant, vpc_id: str) -> port.Vpc:
    with tenant.database.read(None) as session:
        vpc = session.get(Vpc, vpc_id)
        assert vpc is not None
        return topology_of(session, vpc)


def look(tenant: Tenant, nat_id: str) -> Verdict:
    work = Work(tenant.database, tenant.engines, tenant.region)
    with work.read() as session:
        row = session.get(NatGateway, nat_id)
    assert row is not None
    verdict = reconcile_nat_gateway(work, row)
    if not isinstance(verdict, Gone):
        work.save(row)
    return verdict


def test_a_public_one_has_an_interface_and_its_address(tenant: Tenant, subnet, allocation):
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": "out"}]}]
    made = create(tenant, subnet["SubnetId"], AllocationId=allocation["AllocationId"],
                  TagSpecifications=tags)  # fmt: skip
    assert made["State"] == "pending"
    assert made["Tags"] == [{"Key": "Name", "Value": "out"}]
    (address,) = made["NatGatewayAddresses"]
    assert address["PublicIp"] == allocation["PublicIp"]
    (card,) = tenant("DescribeNetworkInterfaces",
                     NetworkInterfaceIds=[address["NetworkInterfaceId"]])["NetworkInterfaces"]  # fmt: skip
    assert card["RequesterManaged"]
    assert card["InterfaceType"] == "nat_gateway"
    assert card["Description"] == f"Interface for NAT Gateway {made['NatGatewayId']}"
    assert card["PrivateIpAddress"] == address["PrivateIp"]
    (eip,) = tenant("DescribeAddresses")["Addresses"]
    assert eip["AssociationId"] == address["AssociationId"]
    whole = topology(tenant, subnet["VpcId"])
    (compiled,) = whole.nat_gateways
    assert compiled.private == IPv4Address(address["PrivateIp"])
    assert compiled.public == IPv4Address(allocation["PublicIp"])
    assert not whole.ports, "its interface is no port that a guest could be behind"
    assert not whole.public
    note_applied(tenant.database, whole.vpc_id, whole.nat_gateways)
    assert described(tenant, made["NatGatewayId"])["State"] == "available"


def test_a_private_one_has_no_public_address(tenant: Tenant, subnet, allocation):
    made = create(tenant, subnet["SubnetId"], ConnectivityType="private")
    assert topology(tenant, subnet["VpcId"]).nat_gateways[0].public is None
    assert made["NatGatewayAddresses"][0].get("PublicIp") is None
    with pytest.raises(AwsError) as refused:
        create(tenant, subnet["SubnetId"], ConnectivityType="private",
               AllocationId=allocation["AllocationId"])  # fmt: skip
    assert refused.value.code == "InvalidParameterCombination"


def test_its_own_private_address_may_be_chosen(tenant: Tenant, subnet):
    made = create(tenant, subnet["SubnetId"], ConnectivityType="private",
                  PrivateIpAddress="172.31.0.99")  # fmt: skip
    assert made["NatGatewayAddresses"][0]["PrivateIp"] == "172.31.0.99"


def test_what_cannot_work_fails_with_its_reason_and_is_shown_for_an_hour(
    tenant: Tenant, subnet, allocation, monkeypatch: pytest.MonkeyPatch
):
    ids = {"AllocationId": allocation["AllocationId"]}
    create(tenant, subnet["SubnetId"], **ids)
    failed = create(tenant, subnet["SubnetId"], **ids)
    assert (failed["State"], failed["FailureCode"]) == ("failed", "Resource.AlreadyAssociated")
    assert allocation["AllocationId"] in failed["FailureMessage"]
    vpc_id = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    lonely = tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    other = create(tenant, lonely, AllocationId=tenant("AllocateAddress")["AllocationId"])
    assert (other["State"], other["FailureCode"]) == ("failed", "Gateway.NotAttached")
    assert isinstance(look(tenant, other["NatGatewayId"]), Again)
    assert described(tenant, other["NatGatewayId"])["State"] == "failed"
    real = reconcile.now()
    monkeypatch.setattr(reconcile, "now", lambda: real + VISIBLE + timedelta(seconds=1))
    assert isinstance(look(tenant, other["NatGatewayId"]), Gone)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "MissingParameter"),
        ({"AllocationId": "eipalloc-0123456789abcdef0"}, "InvalidAllocationID.NotFound"),
        ({"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound"),
        ({"AvailabilityMode": "regional"}, "UnsupportedOperation"),
        ({"SecondaryPrivateIpAddressCount": 1}, "UnsupportedOperation"),
        ({"ConnectivityType": "private", "PrivateIpAddress": "10.9.9.9"}, "InvalidParameterValue"),
    ],
)
def test_what_cannot_be_made_is_refused(tenant: Tenant, subnet, parameters, code):
    with pytest.raises(AwsError) as refused:
        tenant("CreateNatGateway", **({"SubnetId": subnet["SubnetId"]} | parameters))
    assert refused.value.code == code
    assert tenant("DescribeNatGateways")["NatGateways"] == []


def test_deleting_frees_the_address_and_leaves_black_holes(tenant: Tenant, subnet, allocation):
    made = create(tenant, subnet["SubnetId"], AllocationId=allocation["AllocationId"])
    nat_id, vpc_id = made["NatGatewayId"], subnet["VpcId"]
    table = tenant("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    tenant("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0",
           NatGatewayId=nat_id)  # fmt: skip
    with pytest.raises(AwsError) as refused:
        tenant("CreateRoute", RouteTableId=table, DestinationIpv6CidrBlock="::/0",
               NatGatewayId=nat_id)  # fmt: skip
    assert refused.value.code == "InvalidParameterValue"

    def route():
        (found,) = tenant("DescribeRouteTables", RouteTableIds=[table])["RouteTables"]
        return found["Routes"][1]

    assert (route()["NatGatewayId"], route()["State"]) == (nat_id, "active")
    note_applied(tenant.database, vpc_id, topology(tenant, vpc_id).nat_gateways)
    assert tenant("DeleteNatGateway", NatGatewayId=nat_id) == {"NatGatewayId": nat_id}
    assert route()["State"] == "blackhole"
    assert described(tenant, nat_id)["State"] == "deleting"
    assert "AssociationId" not in tenant("DescribeAddresses")["Addresses"][0]
    assert tenant("DescribeNetworkInterfaces")["NetworkInterfaces"] == []
    assert isinstance(look(tenant, nat_id), Done)
    assert topology(tenant, vpc_id).nat_gateways == ()
    note_applied(tenant.database, vpc_id, ())
    assert isinstance(look(tenant, nat_id), Again)
    assert described(tenant, nat_id)["State"] == "deleted"
    with pytest.raises(AwsError) as refused:
        tenant("DeleteNatGateway", NatGatewayId=nat_id)
    assert refused.value.code == "NatGatewayNotFound"


def test_they_are_filtered_and_found_by_id(tenant: Tenant, subnet):
    made = [create(tenant, subnet["SubnetId"], ConnectivityType="private") for _ in range(2)]
    chosen = [{"Name": "nat-gateway-id", "Values": [made[1]["NatGatewayId"]]}]
    (found,) = tenant("DescribeNatGateways", Filter=chosen)["NatGateways"]
    assert found["NatGatewayId"] == made[1]["NatGatewayId"]
    for wrong, code in (("nat-0123456789abcdef0", "NatGatewayNotFound"),
                        ("nat-x", "NatGatewayMalformed")):  # fmt: skip
        with pytest.raises(AwsError) as refused:
            tenant("DescribeNatGateways", NatGatewayIds=[wrong])
        assert refused.value.code == code


def test_routes_lead_to_interfaces_too(tenant: Tenant, subnet):
    card = tenant("CreateNetworkInterface", SubnetId=subnet["SubnetId"])["NetworkInterface"]
    eni = card["NetworkInterfaceId"]
    table = tenant("CreateRouteTable", VpcId=subnet["VpcId"])["RouteTable"]["RouteTableId"]
    tenant("CreateRoute", RouteTableId=table, DestinationCidrBlock="192.0.2.0/24",
           NetworkInterfaceId=eni)  # fmt: skip
    (shown,) = tenant("DescribeRouteTables", RouteTableIds=[table])["RouteTables"]
    assert shown["Routes"][1]["NetworkInterfaceId"] == eni
    assert shown["Routes"][1]["State"] == "blackhole", "nothing is behind the interface"
    (tables,) = tenant("DescribeRouteTables", Filters=[
        {"Name": "route.destination-cidr-block", "Values": ["192.0.2.0/24"]}])["RouteTables"]  # fmt: skip
    assert tables["RouteTableId"] == table
