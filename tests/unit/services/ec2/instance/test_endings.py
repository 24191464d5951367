"""How runs end: stops, terminations, reboots, and what sweeps find of what was lost."""

from datetime import timedelta

import pytest

from skerry.drivers.compute.port import Power
from skerry.reconcile.sweep import sweep
from skerry.reconcile.verdict import Again, Done, Gone
from skerry.services.ec2.instance.model import State
from skerry.services.ec2.instance.reconcile import (
    REBOOT_GRACE,
    STOP_GRACE,
    SWEEP_GUESTS,
    SWEEP_PORTS,
    TERMINATE_GRACE,
    VISIBLE,
)
from tests.unit.services.calling import Tenant, refused
from tests.unit.services.ec2.instance.conftest import Reconciling, World, shown, state

# --- stopping and terminating ---------------------------------------------------------------------


def test_a_stop_asks_the_guest_and_clears_its_run_away(
    running, tenant: Tenant, reconciling: Reconciling, world: World
):
    instance_id = running()
    tenant("StopInstances", InstanceIds=[instance_id])
    assert state(reconciling, instance_id) is State.STOPPING
    assert reconciling.once(instance_id) == Done()
    assert state(reconciling, instance_id) is State.STOPPED
    assert world.seen()["guests"] == {instance_id: "absent"}
    assert not world.fabric.taps
    assert len(world.shelf.volumes) == 1
    assert reconciling.once(instance_id) == Done()


@pytest.mark.parametrize(
    "ending", [("StopInstances", STOP_GRACE), ("TerminateInstances", TERMINATE_GRACE)]
)
def test_a_guest_that_does_not_listen_has_its_time_and_no_more(
    running, tenant: Tenant, reconciling: Reconciling, world: World, later, ending
):
    action, grace = ending
    world.host.obeys_power_button = False
    instance_id = running()
    tenant(action, InstanceIds=[instance_id])
    assert isinstance(reconciling.once(instance_id), Again)
    later(seconds=(grace - timedelta(seconds=1)).total_seconds())
    assert isinstance(reconciling.once(instance_id), Again)
    assert world.compute.power(instance_id) is Power.RUNNING
    later(seconds=grace.total_seconds() + 0.1)
    reconciling.once(instance_id)
    assert world.compute.power(instance_id) is Power.ABSENT


@pytest.mark.parametrize(
    ("action", "option"),
    [
        ("StopInstances", "Force"),
        ("StopInstances", "SkipOsShutdown"),
        ("TerminateInstances", "SkipOsShutdown"),
    ],
)
def test_force_gives_the_guest_no_time(
    running, tenant: Tenant, reconciling: Reconciling, world: World, action: str, option: str
):
    world.host.obeys_power_button = False
    instance_id = running()
    tenant(action, InstanceIds=[instance_id], **{option: True})
    reconciling.once(instance_id)
    assert world.compute.power(instance_id) is Power.ABSENT


def test_force_shortens_a_stop_that_is_under_way(
    running, tenant: Tenant, reconciling: Reconciling, world: World
):
    world.host.obeys_power_button = False
    instance_id = running()
    tenant("StopInstances", InstanceIds=[instance_id])
    assert isinstance(reconciling.once(instance_id), Again)
    tenant("StopInstances", InstanceIds=[instance_id], Force=True)
    reconciling.once(instance_id)
    assert state(reconciling, instance_id) is State.STOPPED


def test_termination_frees_all_parts_and_what_was_lent_stays(
    running, tenant: Tenant, reconciling: Reconciling, world: World
):
    subnet = tenant("DescribeSubnets")["Subnets"][0]["SubnetId"]
    lent = tenant("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    instance_id = running(
        InstanceType="m5.large",
        NetworkInterfaces=[
            {"DeviceIndex": 0, "NetworkInterfaceId": lent},
            {"DeviceIndex": 1, "SubnetId": subnet},
        ],
    )
    assert len(world.fabric.taps) == 2
    tenant("TerminateInstances", InstanceIds=[instance_id])
    assert reconciling.once(instance_id) == Again(VISIBLE.total_seconds())
    (left,) = tenant("DescribeNetworkInterfaces")["NetworkInterfaces"]
    assert (left["NetworkInterfaceId"], left["Status"]) == (lent, "available")
    reconciling.volumes()
    assert world.seen() | {"promised_mib": 0} == {
        "guests": {instance_id: "absent"},
        "disks": {},
        "taps": set(),
        "promised_mib": 0,
    }


def test_a_volume_that_is_to_outlive_its_instance_does(
    running, tenant: Tenant, reconciling: Reconciling, world: World
):
    root = {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}
    instance_id = running(BlockDeviceMappings=[root])
    tenant("TerminateInstances", InstanceIds=[instance_id])
    reconciling.once(instance_id)
    reconciling.volumes()
    (volume,) = tenant("DescribeVolumes")["Volumes"]
    assert volume["State"] == "available"
    assert set(world.shelf.volumes) == {volume["VolumeId"]}


def test_a_terminated_instance_is_shown_for_an_hour_with_its_tags_and_then_no_more(
    running, tenant: Tenant, reconciling: Reconciling, world: World, later
):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]
    instance_id = running(TagSpecifications=tags)
    tenant("TerminateInstances", InstanceIds=[instance_id])
    reconciling.once(instance_id)
    later(minutes=59)
    again = reconciling.once(instance_id)
    assert isinstance(again, Again)
    assert 0 < again.after_s < 120
    assert shown(tenant, instance_id)["Tags"] == [{"Key": "Name", "Value": "web"}]
    later(minutes=61)
    assert reconciling.once(instance_id) == Gone()
    with refused("InvalidInstanceID.NotFound"):
        tenant("DescribeInstances", InstanceIds=[instance_id])
    assert world.compute.instances() == set()
    assert tenant("DescribeInstances")["Reservations"] == []


def test_an_instance_may_be_terminated_before_it_was_ever_started(
    launch, tenant: Tenant, reconciling: Reconciling, world: World
):
    instance_id = launch()
    tenant("TerminateInstances", InstanceIds=[instance_id])
    reconciling.once(instance_id)
    assert state(reconciling, instance_id) is State.TERMINATED
    assert not world.host.guests


# --- rebooting ------------------------------------------------------------------------------------


def test_a_reboot_shuts_the_guest_down_and_starts_it_again(
    running, tenant: Tenant, reconciling: Reconciling, world: World
):
    instance_id = running()
    tenant("RebootInstances", InstanceIds=[instance_id])
    assert reconciling.once(instance_id) == Done()
    guest = world.host.guests[instance_id]
    assert (guest.power, guest.starts, guest.resets) == (Power.RUNNING, 2, 0)
    assert reconciling.once(instance_id) == Done()
    assert guest.starts == 2
    assert state(reconciling, instance_id) is State.RUNNING


def test_a_reboot_of_a_guest_that_does_not_listen_is_a_reset_in_the_end(
    running, tenant: Tenant, reconciling: Reconciling, world: World, later
):
    world.host.obeys_power_button = False
    instance_id = running()
    tenant("RebootInstances", InstanceIds=[instance_id])
    assert isinstance(reconciling.once(instance_id), Again)
    later(seconds=REBOOT_GRACE.total_seconds() + 0.1)
    assert reconciling.once(instance_id) == Done()
    reconciling.once(instance_id)
    guest = world.host.guests[instance_id]
    assert (guest.starts, guest.resets) == (1, 1)


def test_a_stop_overtakes_a_reboot(running, tenant: Tenant, reconciling: Reconciling, world: World):
    instance_id = running()
    tenant("RebootInstances", InstanceIds=[instance_id])
    tenant("StopInstances", InstanceIds=[instance_id])
    reconciling.once(instance_id)
    tenant("StartInstances", InstanceIds=[instance_id])
    reconciling.once(instance_id)
    reconciling.once(instance_id)
    assert world.host.guests[instance_id].starts == 2


# --- orphans --------------------------------------------------------------------------------------


def test_sweeps_remove_what_has_no_row_and_nothing_else(
    running, tenant: Tenant, reconciling: Reconciling, world: World
):
    kept, lost = running(), running()
    ended = running()
    tenant("TerminateInstances", InstanceIds=[ended])
    reconciling.once(ended)
    row = reconciling.row(lost)
    with reconciling.work.database.write(None) as session:
        session.delete(row)
    world.network.plug("eni-0000000000000dead")
    assert sweep(reconciling.work, SWEEP_GUESTS) == {lost}
    assert sweep(reconciling.work, SWEEP_PORTS) == {"eni-0000000000000dead"}
    assert world.compute.instances() == {kept, ended}, "a terminated guest's console stays"
    assert world.compute.power(kept) is Power.RUNNING
