"""Every way a pass can go, with engines in memory."""

from datetime import timedelta

import pytest

from skerry.drivers.compute.port import Power
from skerry.reconcile.sweep import sweep
from skerry.reconcile.verdict import Again, Done, Gone
from skerry.services.ec2.instance.api import end_run, guest_spoke
from skerry.services.ec2.instance.model import Ended, State
from skerry.services.ec2.instance.reconcile import (
    REBOOT_GRACE,
    START_PATIENCE,
    STOP_GRACE,
    SWEEP_GUESTS,
    SWEEP_PORTS,
    TERMINATE_GRACE,
    VISIBLE,
)
from tests.unit.services.calling import Tenant, refused
from tests.unit.services.ec2.instance.conftest import TINY, Reconciling, World


def state(reconciling: Reconciling, instance_id: str) -> State:
    row = reconciling.row(instance_id)
    assert row is not None
    return row.state


def shown(tenant: Tenant, instance_id: str) -> dict:
    (reservation,) = tenant("DescribeInstances", InstanceIds=[instance_id])["Reservations"]
    return reservation["Instances"][0]


# --- starting -------------------------------------------------------------------------------------


def test_a_launched_instance_gets_its_disk_its_ports_and_its_process(
    launch, tenant: Tenant, reconciling: Reconciling, world: World
):
    instance_id = launch(InstanceType="t3.small")
    assert state(reconciling, instance_id) is State.PENDING
    assert reconciling.once(instance_id) == Done()
    assert state(reconciling, instance_id) is State.RUNNING
    view = shown(tenant, instance_id)
    spec = world.host.guests[instance_id].spec
    (interface,) = view["NetworkInterfaces"]
    assert (spec.vcpus, spec.memory_mib, spec.instance_type) == (2, 2048, "t3.small")
    assert [disk.volume_id for disk in spec.disks] == [
        view["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    ]
    assert [(nic.port_id, nic.mac) for nic in spec.nics] == [
        (interface["NetworkInterfaceId"], interface["MacAddress"])
    ]
    assert world.fabric.taps == {interface["NetworkInterfaceId"]}


def test_an_instance_that_runs_is_left_alone(running, reconciling: Reconciling, world: World):
    instance_id = running()
    before = world.seen()
    assert reconciling.once(instance_id) == Done()
    assert world.seen() == before
    assert world.host.guests[instance_id].starts == 1


def test_a_start_waits_for_a_boot_slot(launch, reconciling: Reconciling, world: World):
    world.host.boot_slots = 0
    instance_id = launch()
    assert isinstance(reconciling.once(instance_id), Again)
    assert state(reconciling, instance_id) is State.PENDING
    assert not world.shelf.volumes, "nothing is made before its turn"
    world.host.boot_slots = 1
    assert reconciling.once(instance_id) == Done()


def test_the_first_word_of_a_guest_frees_its_boot_slot(
    running, launch, reconciling: Reconciling, world: World
):
    world.host.boot_slots = 1
    first, second = running(), launch()
    assert isinstance(reconciling.once(second), Again)
    with reconciling.work.database.write(None) as session:
        guest_spoke(session, first)
        assert session.info["woken"] == {("instance", first)}
    reconciling.once(first)
    assert reconciling.once(second) == Done()


def test_a_guest_that_speaks_again_wakes_nobody(running, reconciling: Reconciling):
    instance_id = running()
    with reconciling.work.database.write(None) as session:
        guest_spoke(session, instance_id)
    with reconciling.work.database.write(None) as session:
        guest_spoke(session, instance_id)
        assert "woken" not in session.info


def test_a_start_without_room_waits_and_is_given_up_at_last(
    launch, tenant: Tenant, reconciling: Reconciling, world: World, later
):
    instance_id = launch()
    world.host.memory_mib = 0
    assert isinstance(reconciling.once(instance_id), Again)
    assert state(reconciling, instance_id) is State.PENDING
    later(seconds=START_PATIENCE.total_seconds() + 1)
    reconciling.once(instance_id)
    reconciling.once(instance_id)
    view = shown(tenant, instance_id)
    assert view["State"]["Name"] == "terminated"
    assert view["StateReason"]["Code"] == "Server.InsufficientInstanceCapacity"
    reconciling.volumes()
    assert not world.shelf.volumes
    assert not world.fabric.taps


def test_a_later_start_without_room_ends_in_stopped_and_keeps_the_disk(
    running, tenant: Tenant, reconciling: Reconciling, world: World, later
):
    instance_id = running()
    tenant("StopInstances", InstanceIds=[instance_id])
    reconciling.once(instance_id)
    tenant("StartInstances", InstanceIds=[instance_id])
    world.host.memory_mib = 0
    later(seconds=START_PATIENCE.total_seconds() + 1)
    assert reconciling.once(instance_id) == Done()
    assert state(reconciling, instance_id) is State.STOPPED
    assert len(world.shelf.volumes) == 1


def test_a_start_that_fails_is_tried_again_and_given_up_as_an_internal_error(
    launch, tenant: Tenant, reconciling: Reconciling, world: World, later
):
    instance_id = launch()
    world.images.remove(TINY)
    with pytest.raises(Exception, match=TINY):
        reconciling.once(instance_id)
    later(seconds=START_PATIENCE.total_seconds() + 1)
    assert reconciling.once(instance_id) == Again(0.0)
    assert shown(tenant, instance_id)["StateReason"]["Code"] == "Server.InternalError"


def test_a_lost_guest_is_never_given_up(running, reconciling: Reconciling, world: World, later):
    instance_id = running()
    world.compute.process_dies(instance_id)
    world.host.memory_mib = 0
    later(hours=1)
    assert isinstance(reconciling.once(instance_id), Again)
    assert state(reconciling, instance_id) is State.RUNNING
    world.host.memory_mib = 1 << 20
    reconciling.once(instance_id)
    assert world.host.guests[instance_id].power is Power.RUNNING


# --- what happens to guests -----------------------------------------------------------------------


@pytest.mark.parametrize("accident", ["process_dies", "guest_breaks"])
def test_a_guest_that_its_host_lost_is_started_again(
    running, reconciling: Reconciling, world: World, accident: str
):
    instance_id = running()
    getattr(world.compute, accident)(instance_id)
    assert reconciling.once(instance_id) == Done()
    assert state(reconciling, instance_id) is State.RUNNING
    assert world.host.guests[instance_id].starts == 2


def test_a_guest_that_shuts_itself_down_is_stopped(
    running, tenant: Tenant, reconciling: Reconciling, world: World
):
    instance_id = running()
    world.compute.guest_shuts_down(instance_id)
    assert reconciling.once(instance_id) == Done()
    view = shown(tenant, instance_id)
    assert view["State"]["Name"] == "stopped"
    assert view["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    assert "PublicIpAddress" not in view
    assert world.seen()["guests"] == {instance_id: "absent"}
    assert not world.fabric.taps
    tenant("StartInstances", InstanceIds=[instance_id])
    reconciling.once(instance_id)
    view = shown(tenant, instance_id)
    assert view["State"]["Name"] == "running"
    assert "StateReason" not in view
    assert "PublicIpAddress" in view


def test_a_guest_that_shuts_itself_down_is_terminated_where_that_was_asked_for(
    running, tenant: Tenant, reconciling: Reconciling, world: World
):
    instance_id = running(InstanceInitiatedShutdownBehavior="terminate")
    world.compute.guest_shuts_down(instance_id)
    assert reconciling.once(instance_id) == Again(0.0)
    assert state(reconciling, instance_id) is State.SHUTTING_DOWN
    reconciling.once(instance_id)
    assert state(reconciling, instance_id) is State.TERMINATED
    assert tenant("DescribeNetworkInterfaces")["NetworkInterfaces"] == []


def test_what_is_left_of_the_run_before_is_not_taken_for_the_new_one(
    running, tenant: Tenant, reconciling: Reconciling, world: World
):
    instance_id = running()
    world.compute.guest_shuts_down(instance_id)
    row = reconciling.row(instance_id)
    with reconciling.work.database.write(None) as session:  # died after recording, before clearing
        end_run(session, session.merge(row), Ended.GUEST, row.launched_at)
    assert state(reconciling, instance_id) is State.STOPPED
    tenant("StartInstances", InstanceIds=[instance_id])
    assert reconciling.once(instance_id) == Done()
    assert state(reconciling, instance_id) is State.RUNNING
    assert world.host.guests[instance_id].starts == 2


def test_a_run_that_is_over_leaves_nothing_behind(running, reconciling: Reconciling, world: World):
    instance_id = running()
    world.compute.guest_shuts_down(instance_id)
    row = reconciling.row(instance_id)
    with reconciling.work.database.write(None) as session:
        end_run(session, session.merge(row), Ended.GUEST, row.launched_at)
    assert reconciling.once(instance_id) == Done()
    assert world.seen()["guests"] == {instance_id: "absent"}
    assert not world.fabric.taps


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


def test_room_is_promised_to_guests_that_are_not_started_yet(
    launch, tenant: Tenant, world: World, reconciling: Reconciling
):
    world.host.memory_mib = 2 * (1024 + 80)
    launch(MinCount=2, MaxCount=2)
    with refused("InsufficientInstanceCapacity"):
        launch()


def test_as_many_as_fit_are_launched_but_never_fewer_than_the_least(
    tenant: Tenant, world: World, reconciling: Reconciling
):
    world.host.memory_mib = 3 * (1024 + 80)
    ask = {"ImageId": TINY, "InstanceType": "t2.micro"}
    with refused("InsufficientInstanceCapacity", "3 fit"):
        tenant("RunInstances", **ask, MinCount=4, MaxCount=9)
    assert tenant("DescribeInstances")["Reservations"] == []
    assert len(tenant("RunInstances", **ask, MinCount=2, MaxCount=9)["Instances"]) == 3
