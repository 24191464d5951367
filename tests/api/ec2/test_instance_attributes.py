"""Settings of an instance, as boto3 reads and changes them."""

import base64

import pytest
from botocore.exceptions import ClientError

from tests.api.serving import TINY


@pytest.fixture
def instance_id(ec2, settle) -> str:
    made = ec2.run_instances(ImageId=TINY, InstanceType="t2.micro", MinCount=1, MaxCount=1)
    settle()
    return made["Instances"][0]["InstanceId"]


@pytest.fixture
def stopped_id(ec2, settle, instance_id: str) -> str:
    ec2.stop_instances(InstanceIds=[instance_id])
    settle()
    return instance_id


def attribute(ec2, instance_id: str, name: str):
    shown = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute=name)
    (member,) = shown.keys() - {"InstanceId", "ResponseMetadata"}
    return shown[member]


def refused(call, code: str, **parameters) -> None:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == code, caught.value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("disableApiStop", {"Value": False}),
        ("disableApiTermination", {"Value": False}),
        ("ebsOptimized", {"Value": False}),
        ("enaSupport", {"Value": True}),
        ("enclaveOptions", {"Enabled": False}),
        ("instanceInitiatedShutdownBehavior", {"Value": "stop"}),
        ("instanceType", {"Value": "t2.micro"}),
        ("kernel", {}),
        ("productCodes", []),
        ("ramdisk", {}),
        ("rootDeviceName", {"Value": "/dev/xvda"}),
        ("sourceDestCheck", {"Value": True}),
        ("sriovNetSupport", {}),
        ("userData", {}),
    ],
)
def test_every_attribute_can_be_read(ec2, instance_id: str, name: str, value: object):
    assert attribute(ec2, instance_id, name) == value


def test_groups_and_devices_can_be_read(ec2, instance_id: str):
    (group,) = attribute(ec2, instance_id, "groupSet")
    assert group["GroupId"].startswith("sg-")
    (device,) = attribute(ec2, instance_id, "blockDeviceMapping")
    assert device["DeviceName"] == "/dev/xvda"


def test_a_stopped_instance_grows_to_another_type_and_starts_as_it(
    ec2, settle, cloud, stopped_id: str
):
    ec2.modify_instance_attribute(InstanceId=stopped_id, InstanceType={"Value": "m5.large"})
    ec2.start_instances(InstanceIds=[stopped_id])
    settle()
    spec = cloud.cloud.drivers.compute.host.guests[stopped_id].spec
    assert (spec.instance_type, spec.vcpus, spec.memory_mib) == ("m5.large", 2, 8192)


def test_some_attributes_wait_until_the_instance_is_stopped(ec2, instance_id: str):
    for change in (
        {"InstanceType": {"Value": "t3.micro"}},
        {"UserData": {"Value": b"#!/bin/sh"}},
        {"EbsOptimized": {"Value": True}},
    ):
        refused(
            ec2.modify_instance_attribute,
            "IncorrectInstanceState",
            InstanceId=instance_id,
            **change,
        )


def test_user_data_can_be_replaced_while_stopped(ec2, stopped_id: str):
    ec2.modify_instance_attribute(InstanceId=stopped_id, UserData={"Value": b"#!/bin/sh\n"})
    assert base64.b64decode(attribute(ec2, stopped_id, "userData")["Value"]) == b"#!/bin/sh\n"
    ec2.modify_instance_attribute(
        InstanceId=stopped_id, Attribute="userData", Value=base64.b64encode(b"other").decode()
    )
    assert base64.b64decode(attribute(ec2, stopped_id, "userData")["Value"]) == b"other"


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ({"DisableApiStop": {"Value": True}}, "disableApiStop", True),
        (
            {"Attribute": "disableApiTermination", "Value": "true"},
            "disableApiTermination",
            True,
        ),
        ({"SourceDestCheck": {"Value": False}}, "sourceDestCheck", False),
        (
            {"InstanceInitiatedShutdownBehavior": {"Value": "terminate"}},
            "instanceInitiatedShutdownBehavior",
            "terminate",
        ),
    ],
)
def test_some_attributes_may_change_at_any_time(
    ec2, instance_id: str, change: dict, name: str, value: object
):
    ec2.modify_instance_attribute(InstanceId=instance_id, **change)
    assert attribute(ec2, instance_id, name) == {"Value": value}


def test_source_dest_check_is_reset_to_on(ec2, instance_id: str):
    ec2.modify_instance_attribute(InstanceId=instance_id, SourceDestCheck={"Value": False})
    ec2.reset_instance_attribute(InstanceId=instance_id, Attribute="sourceDestCheck")
    assert attribute(ec2, instance_id, "sourceDestCheck") == {"Value": True}


def test_groups_are_replaced(ec2, settle, cloud, instance_id: str):
    group_id = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    ec2.modify_instance_attribute(InstanceId=instance_id, Groups=[group_id])
    settle()
    assert [each["GroupId"] for each in attribute(ec2, instance_id, "groupSet")] == [group_id]
    ports = [port for vpc in cloud.cloud.drivers.network.fabric.vpcs.values() for port in vpc.ports]
    assert (group_id,) in [port.group_ids for port in ports]


def test_a_root_volume_can_be_kept_from_going_with_its_instance(ec2, settle, instance_id: str):
    keep = {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}
    ec2.modify_instance_attribute(InstanceId=instance_id, BlockDeviceMappings=[keep])
    ec2.terminate_instances(InstanceIds=[instance_id])
    settle()
    (volume,) = ec2.describe_volumes()["Volumes"]
    assert volume["State"] == "available"
    ec2.delete_volume(VolumeId=volume["VolumeId"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "MissingParameter"),
        ({"Attribute": "instanceType"}, "MissingParameter"),
        ({"Attribute": "disableApiStop", "Value": "perhaps"}, "InvalidParameterValue"),
        ({"InstanceInitiatedShutdownBehavior": {"Value": "explode"}}, "InvalidParameterValue"),
        ({"InstanceType": {"Value": "t9.huge"}}, "InvalidParameterValue"),
        (
            {"DisableApiStop": {"Value": True}, "DisableApiTermination": {"Value": True}},
            "InvalidParameterCombination",
        ),
        ({"Kernel": {"Value": "aki-1"}}, "UnsupportedOperation"),
        ({"Groups": ["sg-00000000000000000"]}, "InvalidGroup.NotFound"),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sdz", "Ebs": {}}]},
            "InvalidParameterValue",
        ),
    ],
)
def test_changes_that_make_no_sense_are_refused(ec2, stopped_id: str, change: dict, code: str):
    refused(ec2.modify_instance_attribute, code, InstanceId=stopped_id, **change)


def test_a_terminated_instance_changes_no_more(ec2, settle, instance_id: str):
    ec2.terminate_instances(InstanceIds=[instance_id])
    settle()
    refused(
        ec2.modify_instance_attribute,
        "IncorrectInstanceState",
        InstanceId=instance_id,
        DisableApiStop={"Value": True},
    )


def test_metadata_options_change_one_by_one(ec2, instance_id: str):
    changed = ec2.modify_instance_metadata_options(InstanceId=instance_id, HttpTokens="required")
    assert changed["InstanceMetadataOptions"]["HttpTokens"] == "required"
    ec2.modify_instance_metadata_options(
        InstanceId=instance_id, HttpPutResponseHopLimit=3, InstanceMetadataTags="enabled"
    )
    (reservation,) = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    assert reservation["Instances"][0]["MetadataOptions"] == {
        "State": "applied",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 3,
        "HttpEndpoint": "enabled",
        "HttpProtocolIpv6": "disabled",
        "InstanceMetadataTags": "enabled",
    }


def test_credits_of_burstable_instances_change_and_of_others_do_not(ec2, settle, instance_id: str):
    other = ec2.run_instances(ImageId=TINY, InstanceType="m5.large", MinCount=1, MaxCount=1)
    other_id = other["Instances"][0]["InstanceId"]
    asked = [{"InstanceId": each, "CpuCredits": "unlimited"} for each in (instance_id, other_id)]
    answer = ec2.modify_instance_credit_specification(InstanceCreditSpecifications=asked)
    assert answer["SuccessfulInstanceCreditSpecifications"] == [{"InstanceId": instance_id}]
    (refusal,) = answer["UnsuccessfulInstanceCreditSpecifications"]
    assert (refusal["InstanceId"], refusal["Error"]["Code"]) == (
        other_id,
        "InstanceCreditSpecification.NotSupported",
    )
    shown = ec2.describe_instance_credit_specifications()["InstanceCreditSpecifications"]
    assert shown == [{"InstanceId": instance_id, "CpuCredits": "unlimited"}]
    refused(
        ec2.describe_instance_credit_specifications,
        "UnsupportedOperation",
        InstanceIds=[other_id],
    )


def test_detailed_monitoring_goes_on_and_off(ec2, instance_id: str):
    ids = {"InstanceIds": [instance_id]}
    (told,) = ec2.monitor_instances(**ids)["InstanceMonitorings"]
    assert told["Monitoring"]["State"] == "pending"
    (reservation,) = ec2.describe_instances(**ids)["Reservations"]
    assert reservation["Instances"][0]["Monitoring"]["State"] == "enabled"
    (told,) = ec2.unmonitor_instances(**ids)["InstanceMonitorings"]
    assert told["Monitoring"]["State"] == "disabling"
