"""Interfaces that come to instances and leave them, whatever the instances do meanwhile."""

import pytest
from botocore.exceptions import ClientError

from skerry.drivers.compute.memory import MemoryCompute
from skerry.drivers.compute.port import Compute
from skerry.drivers.network.memory import MemoryNetwork
from skerry.drivers.network.port import Network
from tests.api.serving import TINY, RunningCloud


@pytest.fixture
def compute(cloud: RunningCloud) -> MemoryCompute:
    found = cloud.cloud.drivers.engines.get(Compute)
    assert isinstance(found, MemoryCompute)
    return found


@pytest.fixture
def taps(cloud: RunningCloud) -> set[str]:
    network = cloud.cloud.drivers.engines.get(Network)
    assert isinstance(network, MemoryNetwork)
    return network.fabric.taps


@pytest.fixture
def instance(ec2, settle) -> dict:
    made = ec2.run_instances(ImageId=TINY, MinCount=1, MaxCount=1, InstanceType="t3.medium")
    settle()
    return made["Instances"][0]


def refusal(call, **parameters) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def create(ec2, instance: dict, **parameters) -> str:
    made = ec2.create_network_interface(SubnetId=instance["SubnetId"], **parameters)
    return made["NetworkInterface"]["NetworkInterfaceId"]


def attach(ec2, instance: dict, interface_id: str, index: int = 1) -> str:
    return ec2.attach_network_interface(
        NetworkInterfaceId=interface_id, InstanceId=instance["InstanceId"], DeviceIndex=index
    )["AttachmentId"]


def show(ec2, interface_id: str) -> dict:
    return ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"][
        0
    ]


def primary_of(instance: dict) -> str:
    return instance["NetworkInterfaces"][0]["NetworkInterfaceId"]


def test_an_interface_comes_to_a_running_guest_and_leaves_it(ec2, settle, instance, compute, taps):
    second = create(ec2, instance)
    mac = show(ec2, second)["MacAddress"]
    attachment_id = attach(ec2, instance, second)
    settle()
    shown = show(ec2, second)
    assert shown["Status"] == "in-use"
    assert shown["Attachment"]["AttachmentId"] == attachment_id
    assert shown["Attachment"]["Status"] == "attached"
    assert shown["Attachment"]["DeleteOnTermination"] is False
    assert shown["Attachment"]["DeviceIndex"] == 1
    guest = compute.host.guests[instance["InstanceId"]]
    assert {port: nic.mac for port, nic in guest.cards.items() if port == second} == {second: mac}
    assert second in taps
    of_instance = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])
    listed = of_instance["Reservations"][0]["Instances"][0]["NetworkInterfaces"]
    assert [each["Attachment"]["DeviceIndex"] for each in listed] == [0, 1]

    ec2.detach_network_interface(AttachmentId=attachment_id)
    settle()
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[second])
    assert "Attachment" not in show(ec2, second)
    by_id = [{"Name": "attachment.attachment-id", "Values": [attachment_id]}]
    (found,) = ec2.describe_network_interfaces(Filters=by_id)["NetworkInterfaces"]
    assert found["Attachment"] == {"AttachmentId": attachment_id, "Status": "detached"}
    assert set(guest.cards) == {primary_of(instance)}
    assert second not in taps
    assert show(ec2, second)["MacAddress"] == mac
    assert guest.starts == 1
    ec2.delete_network_interface(NetworkInterfaceId=second)


def test_a_guest_that_keeps_its_card_keeps_the_interface_until_force(
    ec2, settle, instance, compute, taps
):
    second = create(ec2, instance)
    attachment_id = attach(ec2, instance, second)
    settle()
    compute.host.gives_cards_back = False
    try:
        ec2.detach_network_interface(AttachmentId=attachment_id)
        settle()
        assert show(ec2, second)["Attachment"]["Status"] == "detaching"
        assert refusal(ec2.delete_network_interface, NetworkInterfaceId=second)[0] == (
            "InvalidParameterValue"
        )
        ec2.detach_network_interface(AttachmentId=attachment_id, Force=True)
        settle()
        assert show(ec2, second)["Status"] == "available"
        assert second not in taps
        guest = compute.host.guests[instance["InstanceId"]]
        assert second in guest.cut, "the card is there without a wire"
        attach(ec2, instance, second)
        settle()
        assert show(ec2, second)["Attachment"]["Status"] == "attaching", (
            "the old card is in the way"
        )
    finally:
        compute.host.gives_cards_back = True
    compute.guest_lets_go(instance["InstanceId"], second)
    settle()
    assert show(ec2, second)["Attachment"]["Status"] == "attached"
    assert second in guest.cards
    assert second not in guest.cut


def test_a_stopped_instance_starts_with_what_was_attached_and_without_what_was_detached(
    ec2, settle, instance, compute, taps
):
    ids = [instance["InstanceId"]]
    second, third = create(ec2, instance), create(ec2, instance)
    attachment_id = attach(ec2, instance, second)
    settle()
    ec2.stop_instances(InstanceIds=ids)
    settle()
    attach(ec2, instance, third, 2)
    assert show(ec2, third)["Attachment"]["Status"] == "attached"
    ec2.detach_network_interface(AttachmentId=attachment_id)
    settle()
    assert show(ec2, second)["Status"] == "available"
    ec2.start_instances(InstanceIds=ids)
    settle()
    guest = compute.host.guests[ids[0]]
    assert list(guest.cards) == [primary_of(instance), third]
    assert {*guest.cards} <= taps
    assert second not in taps


def test_a_machine_with_two_interfaces_gets_no_public_address_again(ec2, settle, instance):
    ids = [instance["InstanceId"]]
    attach(ec2, instance, create(ec2, instance))
    settle()
    ec2.stop_instances(InstanceIds=ids)
    settle()
    ec2.start_instances(InstanceIds=ids)
    settle()
    (shown,) = ec2.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"]
    assert "PublicIpAddress" not in shown


def test_termination_deletes_an_interface_only_when_it_was_told_to(ec2, settle, instance):
    kept, deleted = create(ec2, instance), create(ec2, instance)
    attach(ec2, instance, kept)
    attachment_id = attach(ec2, instance, deleted, 2)
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=deleted,
        Attachment={"AttachmentId": attachment_id, "DeleteOnTermination": True},
    )
    settle()
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    settle()
    left = [
        each["NetworkInterfaceId"]
        for each in ec2.describe_network_interfaces()["NetworkInterfaces"]
    ]
    assert left == [kept]
    assert show(ec2, kept)["Status"] == "available"


def test_what_cannot_be_attached_is_refused_in_ec2s_words(ec2, other_ec2, settle, instance):
    ids = [create(ec2, instance) for _ in range(3)]
    attach(ec2, instance, ids[0])
    one = {"InstanceId": instance["InstanceId"]}
    call = ec2.attach_network_interface
    assert refusal(call, **one, NetworkInterfaceId=ids[0], DeviceIndex=2) == (
        "InvalidNetworkInterface.InUse",
        f"Interface: [{ids[0]}] in use.",
    )
    assert refusal(call, **one, NetworkInterfaceId=ids[1], DeviceIndex=1) == (
        "InvalidParameterValue",
        f"Instance '{instance['InstanceId']}' already has an interface attached at device index '1'.",
    )
    attach(ec2, instance, ids[1], 2)
    assert refusal(call, **one, NetworkInterfaceId=ids[2], DeviceIndex=3) == (
        "AttachmentLimitExceeded",
        "Interface count 4 exceeds the limit for t3.medium",
    )
    zone = instance["Placement"]["AvailabilityZone"]
    away = next(
        each for each in ec2.describe_subnets()["Subnets"] if each["AvailabilityZone"] != zone
    )
    far = create(ec2, away)
    code, _ = refusal(call, **one, NetworkInterfaceId=far, DeviceIndex=3)
    assert code == "InvalidParameterCombination"
    assert refusal(
        other_ec2.attach_network_interface, **one, NetworkInterfaceId=far, DeviceIndex=3
    )[0] == ("InvalidNetworkInterfaceID.NotFound")
    settle()
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert refusal(call, **one, NetworkInterfaceId=ids[2], DeviceIndex=3)[0] == "IncorrectState"


def test_what_cannot_be_detached_is_refused_in_ec2s_words(ec2, other_ec2, settle, instance):
    primary = show(ec2, primary_of(instance))["Attachment"]["AttachmentId"]
    assert refusal(ec2.detach_network_interface, AttachmentId=primary) == (
        "OperationNotPermitted",
        "The network interface at device index 0 and networkCard index 0 cannot be detached.",
    )
    unknown = "eni-attach-0123456789abcdef0"
    code, _ = refusal(ec2.detach_network_interface, AttachmentId=unknown)
    assert code == "InvalidAttachmentID.NotFound"
    attachment_id = attach(ec2, instance, create(ec2, instance))
    code, _ = refusal(other_ec2.detach_network_interface, AttachmentId=attachment_id)
    assert code == "InvalidAttachmentID.NotFound"


def test_an_interface_with_more_addresses_than_the_type_allows_is_refused(ec2, instance):
    many = create(ec2, instance, SecondaryPrivateIpAddressCount=6)  # t3.medium has six in all
    assert refusal(
        ec2.attach_network_interface,
        InstanceId=instance["InstanceId"],
        NetworkInterfaceId=many,
        DeviceIndex=1,
    ) == ("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.")
