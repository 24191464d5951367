"""Peering connections as boto3 sees them: waiters, resources of two accounts, client errors."""

import pytest
from botocore.exceptions import ClientError

from skerry.drivers.network.port import Network
from tests.api.serving import RunningCloud


def account_of(client) -> str:
    return client.describe_vpcs()["Vpcs"][0]["OwnerId"]


def new_vpc(client, cidr: str) -> str:
    return client.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]


def status(client, peering_id: str) -> str:
    found = client.describe_vpc_peering_connections(VpcPeeringConnectionIds=[peering_id])
    return found["VpcPeeringConnections"][0]["Status"]["Code"]


def test_two_accounts_peer_and_part(ec2, other_ec2, settle, cloud: RunningCloud):
    ours, theirs = new_vpc(ec2, "10.0.0.0/16"), new_vpc(other_ec2, "10.1.0.0/16")
    made = ec2.create_vpc_peering_connection(
        VpcId=ours, PeerVpcId=theirs, PeerOwnerId=account_of(other_ec2)
    )["VpcPeeringConnection"]
    one = {"VpcPeeringConnectionId": made["VpcPeeringConnectionId"]}
    ids = list(one.values())
    other_ec2.get_waiter("vpc_peering_connection_exists").wait(VpcPeeringConnectionIds=ids)
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.accept_vpc_peering_connection(**one)
    accepted = other_ec2.accept_vpc_peering_connection(**one)["VpcPeeringConnection"]
    assert accepted["Status"]["Code"] == "provisioning"
    settle()
    assert status(ec2, *ids) == status(other_ec2, *ids) == "active"
    fabric = cloud.cloud.drivers.engines.get(Network).fabric  # type: ignore[attr-defined]
    assert [each.vpc_id for each in fabric.vpcs[ours].peerings] == [theirs]
    assert [each.vpc_id for each in fabric.vpcs[theirs].peerings] == [ours]
    changed = other_ec2.modify_vpc_peering_connection_options(
        **one, AccepterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True}
    )
    assert changed["AccepterPeeringConnectionOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
    assert other_ec2.delete_vpc_peering_connection(**one)["Return"] is True
    settle()
    ec2.get_waiter("vpc_peering_connection_deleted").wait(VpcPeeringConnectionIds=ids)
    assert fabric.vpcs[ours].peerings == fabric.vpcs[theirs].peerings == ()
    for client, vpc_id in ((ec2, ours), (other_ec2, theirs)):
        client.delete_vpc(VpcId=vpc_id)


def test_a_dry_run_asks_nobody(ec2, other_ec2):
    ours, theirs = new_vpc(ec2, "10.0.0.0/16"), new_vpc(other_ec2, "10.1.0.0/16")
    with pytest.raises(ClientError, match="DryRunOperation"):
        ec2.create_vpc_peering_connection(
            VpcId=ours, PeerVpcId=theirs, PeerOwnerId=account_of(other_ec2), DryRun=True
        )
    for client in (ec2, other_ec2):
        assert client.describe_vpc_peering_connections()["VpcPeeringConnections"] == []
