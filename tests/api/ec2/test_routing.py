"""Route tables, NAT gateways, network ACLs and prefix lists as boto3 sees them, and the world behind."""

import pytest
from botocore.exceptions import ClientError

from skerry.drivers.network import port
from skerry.drivers.network.memory import MemoryNetwork
from skerry.drivers.network.port import Network
from tests.api.serving import RunningCloud


def refusal(call, **parameters) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def subnet(ec2) -> dict:
    """A subnet of a VPC of its own, with an internet gateway."""
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
    return ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]


def network_of(cloud: RunningCloud, vpc_id: str) -> port.Vpc:
    """What the network was told last."""
    cloud.settle()
    network = cloud.cloud.drivers.engines.get(Network)
    assert isinstance(network, MemoryNetwork)
    return network.fabric.vpcs[vpc_id]


def test_a_nat_gateway_is_available_when_the_network_has_it(cloud, ec2, subnet):
    address = ec2.allocate_address(Domain="vpc")
    asked = {"SubnetId": subnet["SubnetId"], "AllocationId": address["AllocationId"]}
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": "out"}]}]
    assert refusal(ec2.create_nat_gateway, **asked, DryRun=True) == "DryRunOperation"
    token = {"ClientToken": "once", "TagSpecifications": tags}
    made = ec2.create_nat_gateway(**asked, **token)["NatGateway"]
    again = ec2.create_nat_gateway(**asked, **token)["NatGateway"]
    assert again["NatGatewayId"] == made["NatGatewayId"]
    ids = [made["NatGatewayId"]]
    waiting = {"Delay": 1, "MaxAttempts": 20}
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=ids, WaiterConfig=waiting)
    (held,) = network_of(cloud, subnet["VpcId"]).nat_gateways
    assert (held.nat_id, str(held.public)) == (ids[0], address["PublicIp"])
    (shown,) = made["NatGatewayAddresses"]
    interfaces = ec2.describe_network_interfaces(NetworkInterfaceIds=[shown["NetworkInterfaceId"]])
    (interface,) = interfaces["NetworkInterfaces"]
    assert interface["RequesterManaged"]
    assert interface["InterfaceType"] == "nat_gateway"
    assert interface["Association"]["PublicIp"] == address["PublicIp"]
    interface_id = interface["NetworkInterfaceId"]
    refused = refusal(ec2.delete_network_interface, NetworkInterfaceId=interface_id)
    assert refused == "InvalidParameterValue"  # it is in use
    released = refusal(ec2.release_address, AllocationId=address["AllocationId"])
    assert released == "InvalidIPAddress.InUse"
    assert refusal(ec2.delete_subnet, SubnetId=subnet["SubnetId"]) == "DependencyViolation"
    ec2.delete_nat_gateway(NatGatewayId=ids[0])
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=ids, WaiterConfig=waiting)
    assert network_of(cloud, subnet["VpcId"]).nat_gateways == ()
    (gone,) = ec2.describe_nat_gateways(NatGatewayIds=ids)["NatGateways"]
    assert gone["State"] == "deleted"
    assert gone["DeleteTime"] >= gone["CreateTime"]
    ec2.release_address(AllocationId=address["AllocationId"])
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])


def test_a_nat_gateway_without_a_way_out_fails_with_the_reason(ec2):
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    inside = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=inside, AllocationId=address)["NatGateway"]
    by_id = {"NatGatewayIds": [made["NatGatewayId"]]}
    (failed,) = ec2.describe_nat_gateways(**by_id)["NatGateways"]
    assert (failed["State"], failed["FailureCode"]) == ("failed", "Gateway.NotAttached")
    assert vpc_id in failed["FailureMessage"]
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=inside)


def test_routes_and_their_states_reach_the_network(cloud, ec2, subnet):
    table = ec2.create_route_table(VpcId=subnet["VpcId"])["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet["SubnetId"])
    private = {"SubnetId": subnet["SubnetId"], "ConnectivityType": "private"}
    nat = ec2.create_nat_gateway(**private)["NatGateway"]["NatGatewayId"]
    blocks = ec2.create_managed_prefix_list(
        PrefixListName="office",
        AddressFamily="IPv4",
        MaxEntries=5,
        Entries=[{"Cidr": "192.0.2.0/24"}, {"Cidr": "198.51.100.0/24"}],
    )["PrefixList"]["PrefixListId"]
    ec2.create_route(RouteTableId=table, DestinationPrefixListId=blocks, NatGatewayId=nat)
    (compiled,) = network_of(cloud, subnet["VpcId"]).subnets
    assert {(str(each.destination), each.target) for each in compiled.routes} == {
        ("192.0.2.0/24", nat),
        ("198.51.100.0/24", nat),
    }
    ec2.modify_managed_prefix_list(
        PrefixListId=blocks, CurrentVersion=1, RemoveEntries=[{"Cidr": "192.0.2.0/24"}]
    )
    (compiled,) = network_of(cloud, subnet["VpcId"]).subnets
    assert [str(each.destination) for each in compiled.routes] == ["198.51.100.0/24"]
    ec2.delete_nat_gateway(NatGatewayId=nat)
    by_state = [{"Name": "route.state", "Values": ["blackhole"]}]
    (found,) = ec2.describe_route_tables(Filters=by_state)["RouteTables"]
    assert found["RouteTableId"] == table
    assert found["Routes"][-1]["DestinationPrefixListId"] == blocks
    pages = ec2.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=blocks)
    assert [each["Cidr"] for one in pages for each in one["Entries"]] == ["198.51.100.0/24"]


def test_a_network_acl_in_force_reaches_the_network(cloud, ec2, subnet):
    vpc_id = subnet["VpcId"]
    acl = ec2.create_network_acl(VpcId=vpc_id)["NetworkAcl"]["NetworkAclId"]
    of_subnet = [{"Name": "association.subnet-id", "Values": [subnet["SubnetId"]]}]
    (present,) = ec2.describe_network_acls(Filters=of_subnet)["NetworkAcls"]
    association = present["Associations"][0]["NetworkAclAssociationId"]
    ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    entry = {
        "NetworkAclId": acl,
        "RuleNumber": 100,
        "Protocol": "6",
        "RuleAction": "allow",
        "Egress": False,
        "CidrBlock": "0.0.0.0/0",
        "PortRange": {"From": 443, "To": 443},
    }
    ec2.create_network_acl_entry(**entry)
    assert refusal(ec2.create_network_acl_entry, **entry) == "NetworkAclEntryAlreadyExists"
    (compiled,) = network_of(cloud, vpc_id).subnets
    (held,) = compiled.acl
    assert (held.number, held.allow, held.protocol, held.from_port) == (100, True, 6, 443)
    ec2.replace_network_acl_entry(**entry | {"RuleAction": "deny"})
    (held,) = network_of(cloud, vpc_id).subnets[0].acl
    assert not held.allow
    assert refusal(ec2.delete_network_acl, NetworkAclId=acl) == "DependencyViolation"
    assert refusal(ec2.delete_vpc, VpcId=vpc_id) == "DependencyViolation"


def test_boto3s_paginators_see_every_list_and_stale_rule_once(ec2, subnet):
    made = {
        ec2.create_managed_prefix_list(
            PrefixListName=f"list-{number}", AddressFamily="IPv4", MaxEntries=1
        )["PrefixList"]["PrefixListId"]
        for number in range(7)
    }
    pages = ec2.get_paginator("describe_managed_prefix_lists").paginate(PaginationConfig={"PageSize": 3})  # fmt: skip
    ids = [one["PrefixListId"] for each in pages for one in each["PrefixLists"]]
    assert made < set(ids)
    assert len(ids) == len(set(ids)) == len(made) + 2  # AWS's own
    stale = ec2.get_paginator("describe_stale_security_groups")
    pages = stale.paginate(VpcId=subnet["VpcId"])
    assert [one for each in pages for one in each["StaleSecurityGroupSet"]] == []
