"""Interfaces that come to real guests and leave them, and the addresses that lead there."""

from collections.abc import Iterator

import pytest

from tests.cloud.guests import Guest, Tenant
from tests.cloud.real_cloud import RealCloud, until


@pytest.fixture
def guest(tenant: Tenant) -> Iterator[Guest]:
    with tenant.launched(InstanceType="t3.small") as guest:
        guest.wait_for_ssh()
        yield guest


class Second:
    """A second interface for a guest, in a subnet of its own, with an Elastic IP."""

    def __init__(self, guest: Guest) -> None:
        self.ec2, self.guest = guest.tenant.ec2, guest
        told = guest.describe()
        made = self.ec2.create_subnet(
            VpcId=told["VpcId"],
            CidrBlock="172.31.200.0/24",
            AvailabilityZone=told["Placement"]["AvailabilityZone"],
        )
        self.subnet_id = made["Subnet"]["SubnetId"]
        made = self.ec2.create_network_interface(
            SubnetId=self.subnet_id, Groups=[guest.tenant.group_id]
        )["NetworkInterface"]
        self.id, self.mac = made["NetworkInterfaceId"], made["MacAddress"]
        self.ip = made["PrivateIpAddress"]
        self.elastic = self.ec2.allocate_address()
        self.ec2.associate_address(
            AllocationId=self.elastic["AllocationId"], NetworkInterfaceId=self.id
        )

    @property
    def public_ip(self) -> str:
        return self.elastic["PublicIp"]

    def show(self) -> dict:
        found = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[self.id])
        return found["NetworkInterfaces"][0]

    def attach(self, guest: Guest) -> str:
        made = self.ec2.attach_network_interface(
            NetworkInterfaceId=self.id, InstanceId=guest.id, DeviceIndex=1
        )
        until(lambda: self.show()["Attachment"]["Status"] == "attached", 10, "it is attached", 0.05)
        return made["AttachmentId"]

    def detach(self, attachment_id: str) -> None:
        self.ec2.detach_network_interface(AttachmentId=attachment_id)
        until(lambda: self.show()["Status"] == "available", 20, "it is available", 0.05)

    def remove(self) -> None:
        self.ec2.disassociate_address(PublicIp=self.public_ip)
        self.ec2.release_address(AllocationId=self.elastic["AllocationId"])
        self.ec2.delete_network_interface(NetworkInterfaceId=self.id)
        self.ec2.delete_subnet(SubnetId=self.subnet_id)


@pytest.fixture
def second(guest: Guest) -> Iterator[Second]:
    second = Second(guest)
    yield second
    guest.terminate()
    second.remove()


def cards(guest: Guest) -> dict[str, str]:
    told = guest.ssh("cd /sys/class/net; for i in eth*; do echo $i $(cat $i/address); done")
    return dict(line.split() for line in told.splitlines())


def answers(cloud: RealCloud, address: str) -> bool:
    return cloud.banner(address)


def test_a_running_guest_answers_on_an_interface_that_comes_until_it_goes(
    cloud: RealCloud, guest: Guest, second: Second
):
    boot_id = guest.ssh("cat /proc/sys/kernel/random/boot_id")
    assert not answers(cloud, second.public_ip)
    with guest.session() as session:
        attachment_id = second.attach(guest)
        until(lambda: answers(cloud, second.public_ip), 20, "it answers on the second card", 0.1)
        assert cards(guest)["eth1"] == second.mac
        assert second.ip in guest.ssh("ip -4 address show dev eth1")
        macs = guest.metadata("meta-data/network/interfaces/macs/")
        assert second.mac in macs

        cloud.kill()  # the control plane
        cloud.start()
        until(cloud.ready, 20, "the cloud is ready")
        assert answers(cloud, second.public_ip)

        second.detach(attachment_id)
        assert list(cards(guest)) == ["eth0"]
        assert not answers(cloud, second.public_ip)
        attachment_id = second.attach(guest)
        until(lambda: answers(cloud, second.public_ip), 20, "it answers again", 0.1)
        assert cards(guest)["eth1"] == second.mac
        assert session.is_alive()
    assert guest.ssh("cat /proc/sys/kernel/random/boot_id") == boot_id

    ec2 = guest.tenant.ec2
    ec2.stop_instances(InstanceIds=[guest.id])
    guest.wait_for("stopped", 60)
    ec2.start_instances(InstanceIds=[guest.id])
    guest.wait_for("running")
    until(lambda: answers(cloud, second.public_ip), 90, "it starts with both cards", 0.1)


def test_an_elastic_ip_moves_between_guests_that_run_on(
    cloud: RealCloud, tenant: Tenant, guest: Guest
):
    ec2 = tenant.ec2
    elastic = ec2.allocate_address()
    one = {"AllocationId": elastic["AllocationId"]}

    def name() -> str:
        """Of whom the address leads to."""
        login = [*guest.login()[:-1], f"{guest.user}@{elastic['PublicIp']}"]
        return cloud.outside(*login, "hostname").stdout.strip()

    with tenant.launched() as other:
        other.wait_for_ssh()
        for each in (guest, other, guest):
            ec2.associate_address(**one, InstanceId=each.id)
            wanted = each.describe()["PrivateDnsName"].split(".")[0]
            until(lambda wanted=wanted: name() == wanted, 10, f"it leads to {each.id}", 0.1)
        ec2.disassociate_address(PublicIp=elastic["PublicIp"])
    ec2.release_address(**one)
