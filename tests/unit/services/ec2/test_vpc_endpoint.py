"""Interface endpoints: what is made of them, what is refused, by which names they are found."""

import json

import pytest

from skerry.drivers.network.port import Network
from skerry.kernel.engines import Engines
from skerry.reconcile.verdict import Done, Gone, Verdict
from skerry.reconcile.work import Work
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.reconcile import reconcile_vpc
from skerry.services.ec2.vpc_endpoint.api import addresses_by_name, listening_addresses
from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint
from skerry.services.ec2.vpc_endpoint.reconcile import reconcile_endpoint
from tests.unit.services.calling import Tenant, counted_queries, refused
from tests.unit.services.ec2.test_topology import RecordingNetwork, rows_of, wakes

EC2, STS = "com.amazonaws.us-east-1.ec2", "com.amazonaws.us-east-1.sts"


@pytest.fixture
def network() -> RecordingNetwork:
    return RecordingNetwork()


@pytest.fixture
def work(tenant: Tenant, network: RecordingNetwork) -> Work:
    return Work(tenant.database, Engines({Network: network}), tenant.region)


def home(tenant: Tenant) -> tuple[str, list[str]]:
    """The default VPC and its subnets, one in each zone."""
    subnets = tenant("DescribeSubnets")["Subnets"]
    by_zone = sorted(subnets, key=lambda one: one["AvailabilityZone"])
    return by_zone[0]["VpcId"], [one["SubnetId"] for one in by_zone]


def create(tenant: Tenant, vpc_id: str, service: str = EC2, **more: object) -> dict:
    asked = {"VpcId": vpc_id, "ServiceName": service, "VpcEndpointType": "Interface"} | more
    return tenant("CreateVpcEndpoint", **asked)["VpcEndpoint"]


def shown(tenant: Tenant, endpoint_id: str) -> dict:
    return tenant("DescribeVpcEndpoints", VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]


def modify(tenant: Tenant, endpoint_id: str, **changes: object) -> dict:
    tenant("ModifyVpcEndpoint", VpcEndpointId=endpoint_id, **changes)
    return shown(tenant, endpoint_id)


def apply(work: Work, vpc_id: str) -> None:
    with work.read() as session:
        vpc = session.get_one(Vpc, vpc_id)
    reconcile_vpc(work, vpc)


def attend(work: Work, endpoint_id: str) -> Verdict:
    with work.read() as session:
        row = session.get_one(VpcEndpoint, endpoint_id)
    return reconcile_endpoint(work, row)


def looked_up(tenant: Tenant, vpc_id: str, name: str) -> tuple[str, ...] | None:
    with tenant.database.read(None) as session:
        return addresses_by_name(session, tenant.region, vpc_id, name)


def interfaces(tenant: Tenant, ids: list[str]) -> list[dict]:
    found = tenant("DescribeNetworkInterfaces", NetworkInterfaceIds=ids)
    return found["NetworkInterfaces"]


def test_an_endpoint_has_an_interface_in_each_subnet_and_is_available_when_the_network_is(
    tenant: Tenant, work: Work, network: RecordingNetwork
):
    vpc_id, subnets = home(tenant)
    made = create(tenant, vpc_id, SubnetIds=subnets[:2])
    assert made["State"] == "pending"
    assert made["SubnetIds"] == subnets[:2]
    own = interfaces(tenant, made["NetworkInterfaceIds"])
    assert {one["SubnetId"] for one in own} == set(subnets[:2])
    for one in own:
        assert (one["InterfaceType"], one["RequesterManaged"]) == ("vpc_endpoint", True)
        assert one["Description"] == f"VPC Endpoint Interface {made['VpcEndpointId']}"
        assert one["Groups"] == made["Groups"]
    hosted = {one.port_id: one.hosted for one in rows_of(tenant, vpc_id).ports}
    assert hosted == dict.fromkeys(made["NetworkInterfaceIds"], True)
    apply(work, vpc_id)
    assert len(network.applied[vpc_id].ports) == 2
    assert shown(tenant, made["VpcEndpointId"])["State"] == "available"
    assert attend(work, made["VpcEndpointId"]) == Done()


def test_a_deleted_endpoint_goes_when_the_network_is_without_it(
    tenant: Tenant, work: Work, network: RecordingNetwork
):
    vpc_id, subnets = home(tenant)
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "k", "Value": "v"}]}]
    made = create(tenant, vpc_id, SubnetIds=subnets, TagSpecifications=tags)
    endpoint_id = made["VpcEndpointId"]
    apply(work, vpc_id)
    before = wakes(tenant.database)["vpc", vpc_id]
    missing = "vpce-0123456789abcdef0"
    answer = tenant("DeleteVpcEndpoints", VpcEndpointIds=[missing, endpoint_id])
    (refusal,) = answer["Unsuccessful"]
    assert (refusal["ResourceId"], refusal["Error"]["Code"]) == (
        missing,
        "InvalidVpcEndpoint.NotFound",
    )
    assert wakes(tenant.database)["vpc", vpc_id] > before
    assert shown(tenant, endpoint_id)["State"] == "deleting"
    assert tenant("DescribeNetworkInterfaces")["NetworkInterfaces"] == []
    assert attend(work, endpoint_id) == Done()  # the network has it still
    apply(work, vpc_id)
    assert network.applied[vpc_id].ports == ()
    assert attend(work, endpoint_id) == Gone()
    assert tenant("DescribeTags")["Tags"] == []
    with refused("InvalidVpcEndpointId.NotFound"):
        tenant("ModifyVpcEndpoint", VpcEndpointId=endpoint_id, ResetPolicy=True)


def test_names_lead_to_the_endpoints_addresses(tenant: Tenant, other_tenant: Tenant):
    vpc_id, subnets = home(tenant)
    elsewhere, _ = home(other_tenant)
    made = create(tenant, vpc_id, SubnetIds=subnets[:2])
    own = interfaces(tenant, made["NetworkInterfaceIds"])
    by_zone = {one["AvailabilityZone"]: one["PrivateIpAddress"] for one in own}
    everywhere, first, second, private = (entry["DnsName"] for entry in made["DnsEntries"])
    assert private == "ec2.us-east-1.amazonaws.com"
    assert everywhere.endswith(".ec2.us-east-1.vpce.amazonaws.com")
    found = looked_up(tenant, vpc_id, private)
    assert sorted(found or ()) == sorted(by_zone.values())
    assert looked_up(tenant, elsewhere, private) is None
    for asking in (vpc_id, elsewhere):
        found = looked_up(tenant, asking, everywhere)
        assert sorted(found or ()) == sorted(by_zone.values())
        assert looked_up(tenant, asking, first) == (by_zone["us-east-1a"],)
        assert looked_up(tenant, asking, second) == (by_zone["us-east-1b"],)
    wrong = everywhere.replace(made["VpcEndpointId"], "vpce-0123456789abcdef0")
    assert looked_up(tenant, vpc_id, wrong) == ()
    assert (
        looked_up(tenant, vpc_id, f"{made['VpcEndpointId']}-.ec2.us-east-1.vpce.amazonaws.com")
        == ()
    )
    assert looked_up(tenant, vpc_id, "sts.us-east-1.amazonaws.com") is None
    assert looked_up(tenant, vpc_id, "example.com") is None
    with tenant.database.read(None) as session:
        assert listening_addresses(session) == {vpc_id: set(by_zone.values())}
    tenant("DeleteVpcEndpoints", VpcEndpointIds=[made["VpcEndpointId"]])
    assert looked_up(tenant, vpc_id, private) is None
    assert looked_up(tenant, vpc_id, everywhere) == ()


def test_a_private_name_is_one_endpoints_and_needs_dns(tenant: Tenant):
    vpc_id, _ = home(tenant)
    first = create(tenant, vpc_id)
    with refused("InvalidParameter", "conflicting DNS domain for ec2.us-east-1.amazonaws.com"):
        create(tenant, vpc_id)
    second = create(tenant, vpc_id, PrivateDnsEnabled=False)
    create(tenant, vpc_id, STS)
    assert first["PrivateDnsEnabled"]
    assert not second["PrivateDnsEnabled"]
    assert len(second["DnsEntries"]) == len(first["DnsEntries"]) - 1
    with refused("InvalidParameter", "conflicting"):
        modify(tenant, second["VpcEndpointId"], PrivateDnsEnabled=True)
    modify(tenant, first["VpcEndpointId"], PrivateDnsEnabled=False)
    assert modify(tenant, second["VpcEndpointId"], PrivateDnsEnabled=True)["PrivateDnsEnabled"]
    plain = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with refused("InvalidParameter", "enableDnsHostnames"):
        create(tenant, plain)
    create(tenant, plain, PrivateDnsEnabled=False)


@pytest.mark.parametrize(
    ("more", "code", "saying"),
    [
        ({"service": "com.amazonaws.us-east-1.s3"}, "InvalidServiceName", "us-east-1.s3"),
        ({"service": "com.amazonaws.eu-west-1.ec2"}, "InvalidServiceName", "eu-west-1"),
        ({"service": ""}, "MissingParameter", "ServiceName"),
        ({"VpcEndpointType": "Gateway"}, "InvalidParameter", "does not match"),
        ({"RouteTableIds": ["rtb-1"]}, "InvalidParameter", "Gateway type"),
        ({"IpAddressType": "dualstack"}, "InvalidParameter", "dualstack"),
        ({"DnsOptions": {"DnsRecordIpType": "ipv6"}}, "InvalidParameter", "ipv6"),
        ({"DnsOptions": {"PrivateDnsPreference": "x"}}, "UnsupportedOperation", "PrivateDns"),
        ({"SubnetConfigurations": [{"Ipv6": "::1"}]}, "InvalidParameter", "ipv6"),
        ({"SubnetConfigurations": [{"Ipv4": "10.0.0.9"}]}, "MissingParameter", "SubnetId"),
        ({"PolicyDocument": "no"}, "InvalidPolicyDocument", ""),
        ({"PolicyDocument": "[]"}, "InvalidPolicyDocument", ""),
        ({"PolicyDocument": '{"Statement": 7}'}, "UnsupportedOperation", "full access"),
        ({"ServiceRegion": "eu-west-1"}, "UnsupportedOperation", "one region"),
        ({"ServiceNetworkArn": "arn"}, "UnsupportedOperation", "ServiceNetworkArn"),
        ({"SubnetIds": ["subnet-0123456789abcdef0"]}, "InvalidSubnetID.NotFound", ""),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound", ""),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(
    tenant: Tenant, more: dict, code: str, saying: str
):
    vpc_id, _ = home(tenant)
    with refused(code, saying):
        create(tenant, vpc_id, **more)
    assert tenant("DescribeVpcEndpoints")["VpcEndpoints"] == []
    assert tenant("DescribeNetworkInterfaces")["NetworkInterfaces"] == []


def test_without_a_type_a_gateway_is_meant(tenant: Tenant):
    with refused("InvalidParameter", "Endpoint type (Gateway) does not match"):
        tenant("CreateVpcEndpoint", VpcId=home(tenant)[0], ServiceName=EC2)


def test_full_access_may_be_written_in_many_ways(tenant: Tenant):
    vpc_id, _ = home(tenant)
    statement = {"Sid": "all", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["*"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement | {"Resource": "*"}})
    made = create(tenant, vpc_id, PolicyDocument=document)
    assert made["PolicyDocument"] == document
    less = json.dumps({"Statement": [statement | {"Resource": "arn:x"}]})
    with refused("UnsupportedOperation", "not enforced"):
        modify(tenant, made["VpcEndpointId"], PolicyDocument=less)
    with refused("InvalidParameterCombination"):
        modify(tenant, made["VpcEndpointId"], PolicyDocument=document, ResetPolicy=True)
    reset = modify(tenant, made["VpcEndpointId"], ResetPolicy=True)
    assert json.loads(reset["PolicyDocument"])["Statement"][0]["Principal"] == "*"


def test_there_is_one_subnet_in_a_zone_and_its_address_may_be_chosen(tenant: Tenant):
    vpc_id, subnets = home(tenant)
    more = tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="172.31.200.0/24",
                  AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]  # fmt: skip
    with refused("DuplicateSubnetsInSameZone", more):
        create(tenant, vpc_id, SubnetIds=[subnets[0], more])
    other_vpc = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with refused("InvalidParameter", "does not belong"):
        create(tenant, other_vpc, SubnetIds=[more], PrivateDnsEnabled=False)
    chosen = {"SubnetId": more, "Ipv4": "172.31.200.77"}
    made = create(tenant, vpc_id, SubnetIds=[more], SubnetConfigurations=[chosen])
    (one,) = interfaces(tenant, made["NetworkInterfaceIds"])
    assert one["PrivateIpAddress"] == "172.31.200.77"


def test_subnets_and_groups_come_and_go(tenant: Tenant):
    vpc_id, subnets = home(tenant)
    group_id = tenant("CreateSecurityGroup", GroupName="g", Description="d")["GroupId"]
    made = create(tenant, vpc_id, SubnetIds=subnets[:1])
    default_id = made["Groups"][0]["GroupId"]
    endpoint_id = made["VpcEndpointId"]
    with refused("DuplicateSubnetsInSameZone"):
        modify(tenant, endpoint_id, AddSubnetIds=subnets[:1])
    after = modify(
        tenant,
        endpoint_id,
        AddSubnetIds=subnets[1:],
        RemoveSubnetIds=subnets[:1],
        AddSecurityGroupIds=[group_id],
        RemoveSecurityGroupIds=[default_id],
    )
    assert after["SubnetIds"] == subnets[1:]
    assert after["Groups"] == [{"GroupId": group_id, "GroupName": "g"}]
    own = interfaces(tenant, after["NetworkInterfaceIds"])
    assert [one["Groups"] for one in own] == [after["Groups"]] * 2
    assert len(tenant("DescribeNetworkInterfaces")["NetworkInterfaces"]) == 2
    with refused("InvalidParameter", "not one of the endpoint"):
        modify(tenant, endpoint_id, RemoveSecurityGroupIds=[default_id])
    with refused("InvalidParameter", "at least one"):
        modify(tenant, endpoint_id, RemoveSecurityGroupIds=[group_id])
    with refused("InvalidParameter", "is not in the subnet"):
        modify(tenant, endpoint_id, RemoveSubnetIds=subnets[:1])
    with refused("InvalidParameter", "Gateway type"):
        modify(tenant, endpoint_id, AddRouteTableIds=["rtb-0123456789abcdef0"])


def test_an_endpoint_keeps_its_vpc_and_its_subnet(tenant: Tenant):
    vpc_id = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    bare = create(tenant, vpc_id, PrivateDnsEnabled=False)["VpcEndpointId"]
    full = create(tenant, vpc_id, SubnetIds=[subnet], PrivateDnsEnabled=False)["VpcEndpointId"]
    with refused("DependencyViolation"):
        tenant("DeleteSubnet", SubnetId=subnet)
    tenant("DeleteVpcEndpoints", VpcEndpointIds=[full])
    tenant("DeleteSubnet", SubnetId=subnet)
    with refused("DependencyViolation"):
        tenant("DeleteVpc", VpcId=vpc_id)
    tenant("DeleteVpcEndpoints", VpcEndpointIds=[bare])
    tenant("DeleteVpc", VpcId=vpc_id)


def test_endpoints_are_filtered_and_paged_in_few_queries(tenant: Tenant, work: Work):
    vpc_id, subnets = home(tenant)
    made = [create(tenant, vpc_id, PrivateDnsEnabled=False)["VpcEndpointId"] for _ in range(3)]
    made.append(create(tenant, vpc_id, STS, SubnetIds=subnets)["VpcEndpointId"])

    def matching(name: str, value: str) -> set[str]:
        found = tenant("DescribeVpcEndpoints", Filters=[{"Name": name, "Values": [value]}])
        return {one["VpcEndpointId"] for one in found["VpcEndpoints"]}

    assert matching("service-name", STS) == {made[3]}
    assert matching("vpc-id", vpc_id) == matching("vpc-endpoint-type", "Interface") == set(made)
    assert matching("vpc-endpoint-state", "available") == set()
    apply(work, vpc_id)
    assert matching("vpc-endpoint-state", "available") == set(made)
    assert matching("vpc-endpoint-id", made[1]) == {made[1]}
    with counted_queries(tenant.database) as queries:
        page = tenant("DescribeVpcEndpoints", MaxResults=3)
    assert len([query for query in queries if query.startswith("SELECT")]) <= 4
    rest = tenant("DescribeVpcEndpoints", NextToken=page["NextToken"])
    both = page["VpcEndpoints"] + rest["VpcEndpoints"]
    assert [one["VpcEndpointId"] for one in both] == sorted(made)


def test_the_services_are_those_of_this_cloud(tenant: Tenant):
    from skerry.wire.models import Models

    answer = tenant("DescribeVpcEndpointServices")
    assert answer["ServiceNames"] == [EC2, STS]
    for one in answer["ServiceDetails"]:
        short = one["ServiceName"].rpartition(".")[2]
        assert Models().service(short)
        assert one["PrivateDnsName"] == f"{short}.us-east-1.amazonaws.com"
        assert one["AvailabilityZones"] == list(tenant.region.zones)
    only = tenant("DescribeVpcEndpointServices", ServiceNames=[STS])
    assert only["ServiceNames"] == [STS]
    gateways = [{"Name": "service-type", "Values": ["Gateway"]}]
    assert tenant("DescribeVpcEndpointServices", Filters=gateways)["ServiceDetails"] == []
    with refused("InvalidServiceName", "us-east-1.s3"):
        tenant("DescribeVpcEndpointServices", ServiceNames=["com.amazonaws.us-east-1.s3"])
    with refused("UnsupportedOperation", "one region"):
        tenant("DescribeVpcEndpointServices", ServiceRegions=["eu-west-1"])


def test_anothers_endpoint_is_not_there(tenant: Tenant, other_tenant: Tenant):
    endpoint_id = create(tenant, home(tenant)[0])["VpcEndpointId"]
    with refused("InvalidVpcEndpointId.NotFound"):
        shown(other_tenant, endpoint_id)
    answer = other_tenant("DeleteVpcEndpoints", VpcEndpointIds=[endpoint_id])
    assert answer["Unsuccessful"][0]["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    assert shown(tenant, endpoint_id)["State"] == "pending"
    with refused("InvalidVpcEndpointId.Malformed"):
        tenant("DeleteVpcEndpoints", VpcEndpointIds=["vpc-0123456789abcdef0"])
