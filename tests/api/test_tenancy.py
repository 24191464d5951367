"""Accounts are walls: whatever of another's a request names, nothing is shown and nothing changes.

Every action there is gets a request for each of its members that takes an id, so that a new action is
tried from the day it is registered.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from sqlalchemy import select

from skerry.database import all_tables
from skerry.services.ec2.service import ACTIONS
from tests.api.serving import TINY, RunningCloud
from tests.api.strangers import Ids, id_members, requests_of, stem_of

NAMES_ARE_PER_ACCOUNT = {"GroupName", "KeyName"}  # another may well choose the same
NOT_HERE = {
    "AvailabilityZone",
    "CapacityReservation",
    "CarrierGateway",
    "CoipPool",
    "Host",
    "HostResourceGroup",
    "IpamPool",
    "Ipv4IpamPool",
    "Ipv6IpamPool",
    "Kernel",
    "KmsKey",
    "LaunchTemplate",
    "LicenseConfiguration",
    "LocalGateway",
    "MetricCategory",
    "OutpostLag",
    "Ramdisk",
    "Reservation",
    "Snapshot",
    "TransitGateway",
    "PeerOwner",  # named along with a VPC that may not exist: see test_vpc_peering
    "Zone",
}
"""Kinds of things that this cloud does not have yet, or that belong to nobody."""


@pytest.fixture(scope="module")
def two(cloud: RunningCloud):
    """A stranger's client, its own ids, and the ids of the account it must not touch."""
    victim, stranger = cloud.account_client("victim"), cloud.account_client("stranger")
    foreign, own = belongings(victim, "theirs"), belongings(stranger, "mine")
    cloud.settle()
    return stranger, own, foreign


def belongings(client, name: str) -> dict[str, str]:
    """One of each kind of thing, by the stem of the members that take its id."""
    ids = network_belongings(client, name)
    if "CreateKeyPair" in ACTIONS:
        key = client.create_key_pair(KeyName=name)
        ids |= {"KeyPair": key["KeyPairId"], "KeyName": key["KeyName"]}
    if "RunInstances" in ACTIONS:
        ids |= instance_belongings(client, ids)
    if "RegisterImage" in ACTIONS:
        ids["Image"] = private_image(client, name)
    return ids


def private_image(client, name: str) -> str:
    """The default image, registered again as one's own."""
    (image,) = client.describe_images(ImageIds=[TINY])["Images"]
    snapshot_id = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    root = {"DeviceName": image["RootDeviceName"], "Ebs": {"SnapshotId": snapshot_id}}
    made = client.register_image(
        Name=name, RootDeviceName=image["RootDeviceName"], BlockDeviceMappings=[root]
    )
    return made["ImageId"]


def network_belongings(client, name: str) -> dict[str, str]:
    vpc_id = client.describe_vpcs()["Vpcs"][0]["VpcId"]
    (table,) = client.describe_route_tables()["RouteTables"]
    (gateway,) = client.describe_internet_gateways()["InternetGateways"]
    subnet_id = client.describe_subnets()["Subnets"][0]["SubnetId"]
    group_id = client.create_security_group(GroupName=name, Description="d")["GroupId"]
    rules = client.describe_security_group_rules()["SecurityGroupRules"]
    interface = client.create_network_interface(SubnetId=subnet_id, Groups=[group_id])
    interface_id = interface["NetworkInterface"]["NetworkInterfaceId"]
    address = client.allocate_address()
    associated = client.associate_address(
        AllocationId=address["AllocationId"], NetworkInterfaceId=interface_id
    )
    spare_id = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    peering = client.create_vpc_peering_connection(VpcId=vpc_id, PeerVpcId=spare_id)
    endpoint = client.create_vpc_endpoint(
        VpcId=vpc_id,
        ServiceName="com.amazonaws.us-east-1.sts",
        VpcEndpointType="Interface",
        SubnetIds=[subnet_id],
    )
    nat = client.create_nat_gateway(SubnetId=subnet_id, ConnectivityType="private")
    outward = client.create_egress_only_internet_gateway(VpcId=vpc_id)
    outward_id = outward["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    block = client.associate_vpc_cidr_block(VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    block = block["Ipv6CidrBlockAssociation"]
    slash64 = block["Ipv6CidrBlock"].replace("/56", "/64")
    of_subnet = client.associate_subnet_cidr_block(SubnetId=subnet_id, Ipv6CidrBlock=slash64)
    acls = client.describe_network_acls()["NetworkAcls"]
    acl = next(each for each in acls if each["Associations"])
    blocks = client.create_managed_prefix_list(
        PrefixListName=name, AddressFamily="IPv4", MaxEntries=2, Entries=[{"Cidr": "9.0.0.0/8"}]
    )["PrefixList"]
    path = client.create_network_insights_path(
        Source=interface_id, DestinationIp="9.9.9.9", Protocol="tcp"
    )
    path_id = path["NetworkInsightsPath"]["NetworkInsightsPathId"]
    analysis = client.start_network_insights_analysis(NetworkInsightsPathId=path_id)
    flow_log = client.create_flow_logs(
        ResourceIds=[vpc_id],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination=f"arn:aws:s3:::{name}",
    )
    return {
        "PrefixList": blocks["PrefixListId"],
        "DestinationPrefixList": blocks["PrefixListId"],
        "NatGateway": nat["NatGateway"]["NatGatewayId"],
        "EgressOnlyInternetGateway": outward_id,
        "DisassociateVpcCidrBlock.Association": block["AssociationId"],
        "DisassociateSubnetCidrBlock.Association": of_subnet["Ipv6CidrBlockAssociation"][
            "AssociationId"
        ],
        "ReplaceNetworkAclAssociation.Association": acl["Associations"][0][
            "NetworkAclAssociationId"
        ],
        "SecondaryAllocation": address["AllocationId"],
        "FlowLog": flow_log["FlowLogIds"][0],
        "VpcEndpoint": endpoint["VpcEndpoint"]["VpcEndpointId"],
        "VpcPeeringConnection": peering["VpcPeeringConnection"]["VpcPeeringConnectionId"],
        "Vpc": vpc_id,
        "Resource": vpc_id,
        "Subnet": subnet_id,
        "Group": group_id,
        "GroupName": name,
        "SecurityGroupRule": next(r for r in rules if r["GroupId"] == group_id)[
            "SecurityGroupRuleId"
        ],
        "RouteTable": table["RouteTableId"],
        "Association": table["Associations"][0]["RouteTableAssociationId"],
        "DisassociateAddress.Association": associated["AssociationId"],
        "InternetGateway": gateway["InternetGatewayId"],
        "Gateway": gateway["InternetGatewayId"],
        "NetworkAcl": acl["NetworkAclId"],
        "DhcpOptions": client.describe_dhcp_options()["DhcpOptions"][0]["DhcpOptionsId"],
        "Allocation": address["AllocationId"],
        "PublicIp": address["PublicIp"],
        "NetworkInsightsPath": path_id,
        "NetworkInsightsAnalysis": analysis["NetworkInsightsAnalysis"]["NetworkInsightsAnalysisId"],
        "NetworkInterface": interface_id,
        "User": interface["NetworkInterface"]["OwnerId"],
        "SourceSecurityGroupOwner": interface["NetworkInterface"]["OwnerId"],
    }


def instance_belongings(client, ids: Ids) -> dict[str, str]:
    made = client.run_instances(
        ImageId=TINY,
        InstanceType="t2.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=ids["Subnet"],
        SecurityGroupIds=[ids["Group"]],
    )
    instance = made["Instances"][0]
    volumes = client.describe_volumes()["Volumes"]
    return {
        "Instance": instance["InstanceId"],
        "Attachment": instance["NetworkInterfaces"][0]["Attachment"]["AttachmentId"],
        "Volume": volumes[0]["VolumeId"],
    }


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_what_is_anothers_is_neither_shown_nor_touched(cloud: RunningCloud, two, action: str):
    client, own, foreign = two
    secrets = {v for stem, v in foreign.items() if stem not in NAMES_ARE_PER_ACCOUNT}
    before = rows_of(cloud, foreign["User"])
    operation = client.meta.service_model.operation_model(action)
    for request in requests_of(operation, own, foreign):
        answer = tried(client, request.action, request.parameters)
        if isinstance(answer, ClientError):
            status = answer.response["ResponseMetadata"]["HTTPStatusCode"]
            assert status < 500, f"{request} {request.parameters}: {answer}"
        else:
            # Some actions say which of the things named they refused, in members of this name.
            told = {k: v for k, v in answer.items() if not k.startswith("Unsuccessful")}
            shown = secrets & set(texts(told))
            assert not shown, f"{request} shows {shown}"
    assert rows_of(cloud, foreign["User"]) == before
    kept = secrets & set(texts(rows_of(cloud, own["User"])))
    assert not kept, f"{action} left {kept} in the stranger's rows"


def test_every_kind_of_id_that_an_action_takes_is_tried(cloud: RunningCloud, two):
    client, _, foreign = two
    tried_kinds = {stem.rpartition(".")[2] for stem in foreign}
    for action in ACTIONS:
        shape = client.meta.service_model.operation_model(action).input_shape
        taken = {stem_of(path[-1]) for path in id_members(shape)} if shape else set()
        forgotten = taken - tried_kinds - NOT_HERE
        assert not forgotten, f"{action} takes ids that no test tries: {forgotten}"


def tried(client, action: str, parameters: dict[str, Any]) -> dict[str, Any] | ClientError:
    try:
        return getattr(client, xform_name(action))(**parameters)
    except ClientError as refused:
        return refused


def rows_of(cloud: RunningCloud, account_id: str) -> dict[str, list[tuple]]:
    """Everything the database has of an account."""
    found: dict[str, list[tuple]] = {}
    with cloud.cloud.database.read(None) as session:
        for table in all_tables().sorted_tables:
            if "account_id" in table.c:
                query = select(table).where(table.c.account_id == account_id)
                found[table.name] = sorted(map(tuple, session.execute(query)), key=repr)
    return found


def texts(value: Any) -> Iterator[str]:
    """Every string in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
