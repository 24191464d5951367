"""The network slices as boto3 sees them: waiters, pages, dry runs, client tokens, the world behind."""

import pytest
from botocore.exceptions import ClientError

from skerry.drivers.network.port import Network
from tests.api.serving import RunningCloud


def refusal(call, **parameters) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def test_boto3s_waiters_see_what_is_made(ec2):
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc_id])
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]
    ec2.get_waiter("subnet_available").wait(SubnetIds=[subnet["SubnetId"]])
    group_id = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc_id)["GroupId"]
    ec2.get_waiter("security_group_exists").wait(GroupIds=[group_id])
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.get_waiter("internet_gateway_exists").wait(InternetGatewayIds=[gateway])
    interface = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]
    ids = [interface["NetworkInterfaceId"]]
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=ids)


def test_boto3s_paginators_see_everything_once(ec2):
    made = {
        ec2.create_security_group(GroupName=f"g{n}", Description="d")["GroupId"] for n in range(12)
    }
    pages = list(
        ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5})
    )
    shown = [group["GroupId"] for page in pages for group in page["SecurityGroups"]]
    assert len(pages) == 3
    assert len(shown) == len(set(shown)) == 13  # and the default group
    assert made < set(shown)


def test_a_dry_run_changes_nothing(ec2):
    assert refusal(ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True) == "DryRunOperation"
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1
    assert refusal(ec2.create_vpc, CidrBlock="10.0.0.0/8", DryRun=True) == "InvalidVpc.Range"


def test_a_client_token_makes_one_interface(ec2):
    subnet_id = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    made = {
        ec2.create_network_interface(SubnetId=subnet_id, ClientToken="once")["NetworkInterface"][
            "NetworkInterfaceId"
        ]
        for _ in range(2)
    }
    assert len(made) == 1
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1
    code = refusal(
        ec2.create_network_interface, SubnetId=subnet_id, ClientToken="once", Description="other"
    )
    assert code == "IdempotentParameterMismatch"


def test_the_network_follows_the_rows(cloud: RunningCloud, ec2, settle):
    network = cloud.cloud.drivers.engines.get(Network)
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    settle()
    assert vpc_id in network.vpcs()
    ec2.delete_vpc(VpcId=vpc_id)
    assert refusal(ec2.describe_vpcs, VpcIds=[vpc_id]) == "InvalidVpcID.NotFound"
    settle()
    assert vpc_id not in network.vpcs()


def test_two_accounts_have_the_same_addresses_and_different_everything_else(ec2, other_ec2):
    mine, theirs = (client.describe_subnets()["Subnets"] for client in (ec2, other_ec2))
    assert {s["CidrBlock"] for s in mine} == {s["CidrBlock"] for s in theirs}
    assert not {s["SubnetId"] for s in mine} & {s["SubnetId"] for s in theirs}


def test_a_rule_comes_back_as_it_was_given(ec2):
    group_id = ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "the world"}],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
        "UserIdGroupPairs": [],
    }
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert group["IpPermissions"] == [permission]


def test_an_unknown_filter_is_refused(ec2):
    filters = [{"Name": "colour", "Values": ["red"]}]
    assert refusal(ec2.describe_vpcs, Filters=filters) == "InvalidParameterValue"
