"""Who may reach whom: security groups, and accounts that look alike."""

import time
from collections.abc import Iterator

import pytest

from tests.cloud.guests import Guest, Tenant
from tests.cloud.real_cloud import RealCloud, until

SSH_FROM_ANYWHERE = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
SAME = "172.31.7.77"


def test_a_port_opens_within_a_second_of_its_rule_and_closes_with_it(cloud: RealCloud, web: Guest):
    ec2 = web.tenant.ec2
    address, open_group = web.public_ip, web.tenant.group_id
    closed = ec2.create_security_group(GroupName="closed", Description="x")["GroupId"]
    with web.session() as session:
        assert session.is_alive()
        ec2.modify_instance_attribute(InstanceId=web.id, Groups=[closed])
        try:
            until(lambda: not cloud.reaches(address, 22, 1.0), 2, "the port is closed")
            time.sleep(0.5)
            assert not cloud.reaches(address, 22, 1.0), "closed means closed"

            ec2.authorize_security_group_ingress(GroupId=closed, **SSH_FROM_ANYWHERE)
            opened_s = until(lambda: cloud.reaches(address, 22, 0.2), 1, "the port is open", 0.01)
            print(f"reachable {opened_s * 1000:.0f} ms after the rule was added")
            assert cloud.banner(address)

            ec2.revoke_security_group_ingress(GroupId=closed, **SSH_FROM_ANYWHERE)
            closed_s = until(lambda: not cloud.reaches(address, 22, 0.5), 1.5, "closed again", 0.01)
            print(f"unreachable {closed_s * 1000:.0f} ms after the rule was revoked")
        finally:
            ec2.modify_instance_attribute(InstanceId=web.id, Groups=[open_group])
            ec2.delete_security_group(GroupId=closed)
    until(lambda: cloud.banner(address), 2, "the port is open again")


@pytest.fixture
def twins(cloud: RealCloud, keys) -> Iterator[tuple[Guest, Guest]]:
    """Two guests of two accounts with the same network, the same private address and open groups."""
    guests = []
    for _ in range(2):
        tenant = Tenant(cloud, cloud.account(), keys)
        tenant.ec2.authorize_security_group_ingress(
            GroupId=tenant.group_id, IpProtocol="-1", CidrIp="172.31.0.0/16"
        )
        subnet = next(
            each["SubnetId"]
            for each in tenant.ec2.describe_subnets()["Subnets"]
            if each["CidrBlock"] == "172.31.0.0/20"
        )
        guests.append(
            tenant.launch(SubnetId=subnet, PrivateIpAddress=SAME, UserData=_who(len(guests)))
        )
    yield guests[0], guests[1]
    for guest in guests:
        guest.terminate()


def _who(number: int) -> bytes:
    return (
        f"#!/bin/sh\nmkdir -p /www\necho {number} >/www/index.html\nhttpd -p 80 -h /www\n".encode()
    )


def test_two_accounts_with_the_same_network_and_address_never_meet(
    cloud: RealCloud, twins: tuple[Guest, Guest]
):
    for number, guest in enumerate(twins):
        guest.wait_for_ssh()
        assert guest.describe()["PrivateIpAddress"] == SAME
        assert guest.metadata("meta-data/instance-id") == guest.id
        address = guest.public_ip
        page = ("curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1")
        assert cloud.outside(*page, f"http://{address}/").stdout == f"{number}\n"
        assert guest.ssh(f"timeout 5 wget -q -O - http://{SAME}/") == str(number), "itself"
    first, second = twins
    # Only the public way leads from one to the other, as it does for all the world.
    assert first.ssh(f"timeout 5 wget -q -O - http://{second.public_ip}/") == "1"
    # With the first one's address free in its own network, the second one still is not there.
    first.tenant.ec2.stop_instances(InstanceIds=[first.id], Force=True)
    first.wait_for("stopped", 40)
    with first.tenant.launched(SubnetId=first.describe()["SubnetId"]) as neighbour:
        neighbour.wait_for_ssh()
        assert neighbour.ssh(f"timeout 3 wget -q -O - http://{SAME}/ || echo nobody") == "nobody"
