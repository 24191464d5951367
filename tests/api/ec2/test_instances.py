"""The life of an instance, as boto3 lives it."""

import base64
import time

import pytest
from botocore.exceptions import ClientError

from skerry.services.ec2.instance.api import guest_spoke
from tests.api.serving import TINY, RunningCloud

ONE = {"ImageId": TINY, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1}
FAST = {"Delay": 0.05, "MaxAttempts": 200}


@pytest.fixture
def launch(ec2, settle):
    """Launch one and wait until it runs; returns its id."""

    def run(**parameters) -> str:
        made = ec2.run_instances(**ONE | parameters)["Instances"][0]["InstanceId"]
        settle()
        return made

    return run


def described(ec2, instance_id: str) -> dict:
    (reservation,) = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    return reservation["Instances"][0]


def state(ec2, instance_id: str) -> str:
    return described(ec2, instance_id)["State"]["Name"]


def refused(call, code: str, **parameters) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response["Error"]["Message"]


def test_every_waiter_of_the_life_of_an_instance_comes_to_its_end(ec2, cloud: RunningCloud):
    instance_id = ec2.run_instances(**ONE)["Instances"][0]["InstanceId"]
    ids = {"InstanceIds": [instance_id], "WaiterConfig": FAST}
    ec2.get_waiter("instance_exists").wait(**ids)
    ec2.get_waiter("instance_running").wait(**ids)
    (changed,) = ec2.stop_instances(InstanceIds=[instance_id])["StoppingInstances"]
    assert changed["PreviousState"] == {"Code": 16, "Name": "running"}
    assert changed["CurrentState"] == {"Code": 64, "Name": "stopping"}
    ec2.get_waiter("instance_stopped").wait(**ids)
    stopped = described(ec2, instance_id)
    assert stopped["StateTransitionReason"].startswith("User initiated (")
    assert stopped["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    (changed,) = ec2.start_instances(InstanceIds=[instance_id])["StartingInstances"]
    assert changed["CurrentState"]["Name"] == "pending"
    ec2.get_waiter("instance_running").wait(**ids)
    with cloud.cloud.database.write(None) as session:
        guest_spoke(session, instance_id)
    ec2.get_waiter("instance_status_ok").wait(**ids)
    ec2.get_waiter("system_status_ok").wait(**ids)
    (changed,) = ec2.terminate_instances(InstanceIds=[instance_id])["TerminatingInstances"]
    assert changed["CurrentState"]["Name"] == "shutting-down"
    ec2.get_waiter("instance_terminated").wait(**ids)
    (changed,) = ec2.terminate_instances(InstanceIds=[instance_id])["TerminatingInstances"]
    assert changed["PreviousState"] == changed["CurrentState"] == {"Code": 48, "Name": "terminated"}


def test_changes_of_state_are_told_in_the_order_that_was_asked(ec2, settle):
    made = ec2.run_instances(**ONE | {"MinCount": 3, "MaxCount": 3})["Instances"]
    settle()
    ids = [each["InstanceId"] for each in made][::-1]
    told = ec2.terminate_instances(InstanceIds=[*ids, ids[0]])["TerminatingInstances"]
    assert [each["InstanceId"] for each in told] == ids


def test_a_start_of_what_runs_and_a_stop_of_what_is_stopped_change_nothing(ec2, settle, launch):
    instance_id = launch()
    before = described(ec2, instance_id)["LaunchTime"]
    (told,) = ec2.start_instances(InstanceIds=[instance_id])["StartingInstances"]
    assert told["PreviousState"] == told["CurrentState"] == {"Code": 16, "Name": "running"}
    assert described(ec2, instance_id)["LaunchTime"] == before
    ec2.stop_instances(InstanceIds=[instance_id])
    settle()
    (told,) = ec2.stop_instances(InstanceIds=[instance_id])["StoppingInstances"]
    assert told["PreviousState"] == told["CurrentState"] == {"Code": 80, "Name": "stopped"}


def test_what_a_state_does_not_allow_is_refused(ec2, settle, launch):
    instance_id = launch()
    ids = {"InstanceIds": [instance_id]}
    ec2.stop_instances(**ids)
    settle()
    refused(ec2.reboot_instances, "IncorrectInstanceState", **ids)
    ec2.terminate_instances(**ids)
    settle()
    assert "started" in refused(ec2.start_instances, "IncorrectInstanceState", **ids)
    assert "stopped" in refused(ec2.stop_instances, "IncorrectInstanceState", **ids)
    ec2.reboot_instances(**ids)  # EC2 ignores reboots of terminated instances


def test_ids_that_are_not_there_are_named(ec2):
    unknown = ["i-00000000000000001", "i-00000000000000002"]
    for call in (
        ec2.describe_instances,
        ec2.describe_instance_status,
        ec2.start_instances,
        ec2.stop_instances,
        ec2.reboot_instances,
        ec2.terminate_instances,
        ec2.monitor_instances,
    ):
        assert refused(call, "InvalidInstanceID.NotFound", InstanceIds=unknown[:1]) == (
            "The instance ID 'i-00000000000000001' does not exist"
        )
        assert refused(call, "InvalidInstanceID.NotFound", InstanceIds=unknown) == (
            "The instance IDs 'i-00000000000000001, i-00000000000000002' do not exist"
        )
        refused(call, "InvalidInstanceID.Malformed", InstanceIds=["i-what"])


def test_termination_protection_keeps_all_of_a_request_alive(ec2, settle, launch):
    safe, free = launch(DisableApiTermination=True), launch()
    message = refused(ec2.terminate_instances, "OperationNotPermitted", InstanceIds=[free, safe])
    assert "disableApiTermination" in message
    assert [state(ec2, each) for each in (safe, free)] == ["running", "running"]
    ec2.modify_instance_attribute(InstanceId=safe, DisableApiTermination={"Value": False})
    ec2.terminate_instances(InstanceIds=[free, safe])
    settle()
    assert [state(ec2, each) for each in (safe, free)] == ["terminated", "terminated"]


def test_stop_protection(ec2, launch):
    instance_id = launch(DisableApiStop=True)
    message = refused(ec2.stop_instances, "OperationNotPermitted", InstanceIds=[instance_id])
    assert "disableApiStop" in message
    ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiStop={"Value": False})
    ec2.stop_instances(InstanceIds=[instance_id])


def test_a_dry_run_says_what_would_happen_and_does_not_do_it(ec2, launch):
    refused(ec2.run_instances, "DryRunOperation", **ONE, DryRun=True)
    assert ec2.describe_instances()["Reservations"] == []
    instance_id = launch()
    for call in (ec2.stop_instances, ec2.terminate_instances, ec2.reboot_instances):
        refused(call, "DryRunOperation", InstanceIds=[instance_id], DryRun=True)
    assert state(ec2, instance_id) == "running"


def test_a_client_token_makes_a_launch_happen_once(ec2):
    asked = ONE | {"MinCount": 5, "MaxCount": 5, "ClientToken": "once"}
    first, second = ec2.run_instances(**asked), ec2.run_instances(**asked)
    assert first["ReservationId"] == second["ReservationId"]
    assert [each["InstanceId"] for each in first["Instances"]] == [
        each["InstanceId"] for each in second["Instances"]
    ]
    filters = [{"Name": "client-token", "Values": ["once"]}]
    (reservation,) = ec2.describe_instances(Filters=filters)["Reservations"]
    assert len(reservation["Instances"]) == 5
    refused(ec2.run_instances, "IdempotentParameterMismatch", **asked | {"MaxCount": 6})


def test_pages_show_each_instance_once(ec2):
    ec2.run_instances(**ONE | {"MinCount": 12, "MaxCount": 12})
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    sizes = [sum(len(each["Instances"]) for each in page["Reservations"]) for page in pages]
    assert sizes == [5, 5, 2]
    ids = {
        instance["InstanceId"]
        for page in pages
        for each in page["Reservations"]
        for instance in each["Instances"]
    }
    assert len(ids) == 12


def test_a_page_of_no_allowed_size_or_of_named_instances_is_refused(ec2, launch):
    instance_id = launch()
    for size in (1, 4, 1001):
        refused(ec2.describe_instances, "InvalidParameterValue", MaxResults=size)
    refused(
        ec2.describe_instances,
        "InvalidParameterCombination",
        InstanceIds=[instance_id],
        MaxResults=5,
    )


def test_filters_find_by_what_is_shown(ec2, settle, launch):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web-1"}]}]
    wanted = launch(TagSpecifications=tags, InstanceType="t3.small", UserData="#!/bin/sh")
    other = launch()
    ec2.stop_instances(InstanceIds=[other])
    settle()
    view = described(ec2, wanted)
    (interface,) = view["NetworkInterfaces"]
    (device,) = view["BlockDeviceMappings"]
    for name, value in {
        "tag:Name": "web-*",
        "tag-key": "Name",
        "instance-id": wanted,
        "instance-state-name": "running",
        "instance-state-code": "16",
        "instance-type": "t3.*",
        "private-ip-address": view["PrivateIpAddress"],
        "ip-address": view["PublicIpAddress"],
        "dns-name": view["PublicDnsName"],
        "private-dns-name": view["PrivateDnsName"],
        "reservation-id": "r-*",
        "network-interface.network-interface-id": interface["NetworkInterfaceId"],
        "network-interface.mac-address": interface["MacAddress"],
        "network-interface.association.public-ip": view["PublicIpAddress"],
        "block-device-mapping.volume-id": device["Ebs"]["VolumeId"],
    }.items():
        filters = [
            {"Name": name, "Values": [value]},
            {"Name": "launch-index", "Values": ["0"]},
            {"Name": "instance-state-name", "Values": ["running"]},
        ]
        found = ec2.describe_instances(Filters=filters)["Reservations"]
        assert [each["Instances"][0]["InstanceId"] for each in found] == [wanted], name
    stopped = [{"Name": "state-reason-code", "Values": ["Client.UserInitiatedShutdown"]}]
    (found,) = ec2.describe_instances(Filters=stopped)["Reservations"]
    assert found["Instances"][0]["InstanceId"] == other
    refused(
        ec2.describe_instances,
        "InvalidParameterValue",
        Filters=[{"Name": "colour", "Values": ["red"]}],
    )


def test_filters_that_hold_for_all_find_all(ec2, launch):
    instance_id = launch()
    view = described(ec2, instance_id)
    for name, value in {
        "architecture": "x86_64",
        "availability-zone": view["Placement"]["AvailabilityZone"],
        "group-name": "default",
        "instance.group-id": view["SecurityGroups"][0]["GroupId"],
        "hypervisor": "xen",
        "image-id": TINY,
        "metadata-options.http-tokens": "optional",
        "monitoring-state": "disabled",
        "platform-details": "Linux/UNIX",
        "root-device-type": "ebs",
        "root-device-name": "/dev/xvda",
        "subnet-id": view["SubnetId"],
        "tenancy": "default",
        "virtualization-type": "hvm",
        "vpc-id": view["VpcId"],
        "network-interface.subnet-id": view["SubnetId"],
    }.items():
        filters = [{"Name": name, "Values": [value]}]
        assert len(ec2.describe_instances(Filters=filters)["Reservations"]) == 1, name
        never = [{"Name": name, "Values": ["never"]}]
        assert ec2.describe_instances(Filters=never)["Reservations"] == [], name


def test_status_shows_running_instances_or_all(ec2, settle, launch):
    runs, stopped = launch(), launch()
    ec2.stop_instances(InstanceIds=[stopped])
    settle()
    (shown,) = ec2.describe_instance_status()["InstanceStatuses"]
    assert (shown["InstanceId"], shown["InstanceStatus"]["Status"]) == (runs, "initializing")
    every = ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]
    assert {each["InstanceId"]: each["SystemStatus"]["Status"] for each in every} == {
        runs: "initializing",
        stopped: "not-applicable",
    }
    filters = [{"Name": "instance-state-name", "Values": ["stopped"]}]
    (shown,) = ec2.describe_instance_status(IncludeAllInstances=True, Filters=filters)[
        "InstanceStatuses"
    ]
    assert shown["InstanceId"] == stopped


def test_the_console_is_what_the_guest_printed(ec2, cloud: RunningCloud, launch):
    instance_id = launch()
    assert ec2.get_console_output(InstanceId=instance_id)["Output"] == ""
    cloud.cloud.drivers.compute.guest_prints(instance_id, b"Linux version 6.1\r\nlogin: ")
    shown = ec2.get_console_output(InstanceId=instance_id, Latest=True)
    assert shown["Output"] == "Linux version 6.1\r\nlogin: "
    assert shown["InstanceId"] == instance_id


def test_a_reboot_keeps_the_instance_running(ec2, settle, cloud: RunningCloud, launch):
    instance_id = launch()
    address = described(ec2, instance_id)["PublicIpAddress"]
    ec2.reboot_instances(InstanceIds=[instance_id])
    settle()
    assert cloud.cloud.drivers.compute.host.guests[instance_id].starts == 2
    assert state(ec2, instance_id) == "running"
    assert described(ec2, instance_id)["PublicIpAddress"] == address


def test_a_guest_that_shuts_down_or_dies_is_noticed(ec2, settle, cloud: RunningCloud, launch):
    shuts_down, dies = launch(), launch()
    compute = cloud.cloud.drivers.compute
    compute.guest_shuts_down(shuts_down)
    compute.process_dies(dies)
    settle()
    assert state(ec2, shuts_down) == "stopped"
    assert state(ec2, dies) == "running"
    assert compute.host.guests[dies].starts == 2


def test_user_data_is_what_was_given(ec2, launch):
    instance_id = launch(UserData="#!/bin/sh\necho hello\n")
    shown = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
    assert base64.b64decode(shown["UserData"]["Value"]) == b"#!/bin/sh\necho hello\n"


def test_terminated_instances_are_shown_without_what_they_gave_back(ec2, settle, launch):
    instance_id = launch()
    ec2.terminate_instances(InstanceIds=[instance_id])
    settle()
    view = described(ec2, instance_id)
    assert view["NetworkInterfaces"] == view["BlockDeviceMappings"] == []
    assert not {"PrivateIpAddress", "PublicIpAddress", "SubnetId", "VpcId"} & view.keys()
    assert ec2.describe_volumes()["Volumes"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_twenty_at_once_all_run(ec2, settle):
    began = time.monotonic()
    ec2.run_instances(**ONE | {"MinCount": 20, "MaxCount": 20})
    settle()
    shown = ec2.describe_instances()["Reservations"][0]["Instances"]
    assert [each["State"]["Name"] for each in shown] == ["running"] * 20
    assert time.monotonic() - began < 10
