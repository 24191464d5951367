"""Public addresses of running machines."""

import pytest

from tests.api.serving import TINY, in_memory, serving


@pytest.fixture
def instance_id(ec2, settle) -> str:
    made = ec2.run_instances(ImageId=TINY, InstanceType="t2.micro", MinCount=1, MaxCount=1)
    settle()
    return made["Instances"][0]["InstanceId"]


def public_ip(ec2, instance_id: str) -> str | None:
    (reservation,) = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    return reservation["Instances"][0].get("PublicIpAddress")


def test_an_elastic_ip_stands_in_for_the_automatic_one_while_it_is_there(ec2, instance_id: str):
    automatic = public_ip(ec2, instance_id)
    assert automatic is not None
    address = ec2.allocate_address(Domain="vpc")
    ids = {"AllocationId": address["AllocationId"], "InstanceId": instance_id}
    association_id = ec2.associate_address(**ids)["AssociationId"]
    assert public_ip(ec2, instance_id) == address["PublicIp"]
    (shown,) = ec2.describe_addresses()["Addresses"]
    assert shown["InstanceId"] == instance_id
    ec2.disassociate_address(AssociationId=association_id)
    assert public_ip(ec2, instance_id) not in (None, address["PublicIp"])


def test_a_stopped_machine_has_no_automatic_address_but_keeps_its_elastic_one(
    ec2, settle, instance_id: str
):
    ec2.stop_instances(InstanceIds=[instance_id])
    settle()
    assert public_ip(ec2, instance_id) is None
    address = ec2.allocate_address(Domain="vpc")
    ids = {"AllocationId": address["AllocationId"], "InstanceId": instance_id}
    association_id = ec2.associate_address(**ids)["AssociationId"]
    assert public_ip(ec2, instance_id) == address["PublicIp"]
    ec2.disassociate_address(AssociationId=association_id)
    assert public_ip(ec2, instance_id) is None
    ec2.start_instances(InstanceIds=[instance_id])
    settle()
    assert public_ip(ec2, instance_id) is not None


def test_a_terminated_machine_gives_everything_back_but_its_owners_elastic_ip(
    ec2, settle, instance_id: str
):
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance_id)
    ec2.terminate_instances(InstanceIds=[instance_id])
    settle()
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    (shown,) = ec2.describe_addresses()["Addresses"]
    assert "AssociationId" not in shown
    ec2.release_address(AllocationId=address["AllocationId"])


def test_an_empty_pool_does_not_keep_an_address_bound(tmp_path):
    with serving(tmp_path, in_memory(), public_pool="192.0.2.0/29") as cloud:
        ec2 = cloud.account_client("crowded")
        made = ec2.run_instances(ImageId=TINY, InstanceType="t2.micro", MinCount=1, MaxCount=1)
        cloud.settle()
        instance_id = made["Instances"][0]["InstanceId"]
        address = ec2.allocate_address()
        ids = {"AllocationId": address["AllocationId"], "InstanceId": instance_id}
        association_id = ec2.associate_address(**ids)["AssociationId"]
        for _ in range(4):
            ec2.allocate_address()
        ec2.disassociate_address(AssociationId=association_id)
        assert public_ip(ec2, instance_id) is None
        ec2.release_address(AllocationId=address["AllocationId"])
