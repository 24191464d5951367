"""Guests of two accounts in peered VPCs, and what the flow logs tell of them."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cloud.guests import Guest, Tenant
from tests.cloud.real_cloud import RealCloud, until

PAGE = b"#!/bin/sh\nmkdir -p /www\necho private >/www/index.html\nhttpd -p 80 -h /www\n"


@dataclass
class Remote:
    """A guest without a public address, in a VPC without an internet gateway."""

    tenant: Tenant
    guest: Guest
    vpc_id: str
    subnet_id: str
    table_id: str

    @property
    def address(self) -> str:
        return self.guest.describe()["PrivateIpAddress"]


@pytest.fixture
def remote(cloud: RealCloud, keys: Path) -> Iterator[Remote]:
    tenant = Tenant(cloud, cloud.account(), keys)
    ec2 = tenant.ec2
    vpc_id = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="web", Description="x", VpcId=vpc_id)
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"], IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="172.31.0.0/16"
    )
    by_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    (table,) = ec2.describe_route_tables(Filters=by_vpc)["RouteTables"]
    guest = tenant.launch(SubnetId=subnet_id, SecurityGroupIds=[group["GroupId"]], UserData=PAGE)
    guest.wait_for("running")
    yield Remote(tenant, guest, vpc_id, subnet_id, table["RouteTableId"])
    guest.terminate()
    ec2.delete_security_group(GroupId=group["GroupId"])
    ec2.delete_subnet(SubnetId=subnet_id)
    ec2.delete_vpc(VpcId=vpc_id)


@pytest.fixture
def peering_id(web: Guest, remote: Remote) -> Iterator[str]:
    """From the shared guest's VPC to the remote one, with routes both ways."""
    ours, theirs = web.tenant.ec2, remote.tenant.ec2
    (vpc,) = ours.describe_vpcs()["Vpcs"]
    owner = theirs.describe_vpcs()["Vpcs"][0]["OwnerId"]
    asked = ours.create_vpc_peering_connection(
        VpcId=vpc["VpcId"], PeerVpcId=remote.vpc_id, PeerOwnerId=owner
    )["VpcPeeringConnection"]
    one = {"VpcPeeringConnectionId": asked["VpcPeeringConnectionId"]}
    theirs.accept_vpc_peering_connection(**one)
    (table,) = ours.describe_route_tables()["RouteTables"]
    there = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "10.20.0.0/16"}
    back = {"RouteTableId": remote.table_id, "DestinationCidrBlock": "172.31.0.0/16"}
    ours.create_route(**there, **one)
    theirs.create_route(**back, **one)

    def code() -> str:
        found = ours.describe_vpc_peering_connections(VpcPeeringConnectionIds=list(one.values()))
        return found["VpcPeeringConnections"][0]["Status"]["Code"]

    until(lambda: code() == "active", 10, "the connection is active")
    yield one["VpcPeeringConnectionId"]
    if code() == "active":
        theirs.delete_vpc_peering_connection(**one)
    until(lambda: code() == "deleted", 10, "the connection is deleted")
    ours.delete_route(**there)
    theirs.delete_route(**back)


def fetched(web: Guest, remote: Remote, port: int = 80) -> str:
    """What the shared guest gets from the remote one; empty when nothing within a few seconds."""
    return web.ssh(f"timeout 3 wget -q -O - http://{remote.address}:{port}/ || true")


def test_guests_of_peered_vpcs_talk_until_the_connection_is_deleted(
    web: Guest, remote: Remote, peering_id: str
):
    until(lambda: fetched(web, remote) == "private", 90, "the other VPC's guest answers")
    remote.tenant.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
    until(lambda: fetched(web, remote) == "", 10, "it is out of reach")


def test_a_flow_log_tells_of_a_rejected_connection(
    cloud: RealCloud, web: Guest, remote: Remote, peering_id: str
):
    del peering_id
    ec2 = remote.tenant.ec2
    interface = remote.guest.describe()["NetworkInterfaces"][0]
    (log_id,) = ec2.create_flow_logs(
        ResourceIds=[interface["NetworkInterfaceId"]],
        ResourceType="NetworkInterface",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flow-logs",
        MaxAggregationInterval=60,
    )["FlowLogIds"]
    until(cloud.settled, 10, "the network tells of it")
    until(lambda: fetched(web, remote) == "private", 90, "the other VPC's guest answers")
    assert fetched(web, remote, 81) == ""
    cloud.stop()  # what was seen until then is written
    cloud.start()
    until(cloud.ready, 30, "the cloud is ready")
    bucket = cloud.folder / "s3" / "flow-logs" / "AWSLogs" / interface["OwnerId"] / "vpcflowlogs"
    lines = [
        line.split()
        for path in bucket.rglob(f"*{log_id}*.log.gz")
        for line in gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
    ]
    seen = {(line[2], line[3], line[4], line[6], line[12]) for line in lines if line[13] == "OK"}
    ours, theirs = web.describe()["PrivateIpAddress"], remote.address
    eni = interface["NetworkInterfaceId"]
    assert (eni, ours, theirs, "81", "REJECT") in seen
    assert (eni, ours, theirs, "80", "ACCEPT") in seen
    assert not {line for line in seen if line[3] == "81" and line[4] == "ACCEPT"}
    ec2.delete_flow_logs(FlowLogIds=[log_id])
