"""How runs begin and what happens to guests, with engines in memory."""

import pytest

from skerry.drivers.compute.port import Power
from skerry.reconcile.verdict import Again, Done
from skerry.services.ec2.instance.api import end_run, guest_spoke
from skerry.services.ec2.instance.model import Ended, State
from skerry.services.ec2.instance.reconcile import START_PATIENCE
from tests.unit.services.calling import Tenant, refused
from tests.unit.services.ec2.instance.conftest import TINY, Reconciling, World, shown, state

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


# --- room ----------------------------------------------------------------------------------------


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
