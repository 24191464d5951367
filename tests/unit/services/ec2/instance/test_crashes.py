"""A pass may die before or after any call of a driver; the next one completes it, to the same world."""

from collections.abc import Callable

import pytest

from skerry.drivers.compute.port import Compute
from skerry.drivers.disks.port import Disks
from skerry.drivers.images.port import Images
from skerry.drivers.network.port import Network
from skerry.kernel.engines import Engines
from skerry.reconcile.work import Work
from tests.crashing import CrashPoints, Death
from tests.unit.services.calling import Tenant
from tests.unit.services.ec2.instance.conftest import Reconciling, World

CHANGES: dict[str, Callable[[Tenant, World, str], object]] = {
    "start": lambda _tenant, _world, _id: None,
    "stop": lambda tenant, _world, instance_id: tenant("StopInstances", InstanceIds=[instance_id]),
    "reboot": lambda tenant, _world, one: tenant("RebootInstances", InstanceIds=[one]),
    "terminate": lambda tenant, _world, one: tenant("TerminateInstances", InstanceIds=[one]),
    "accident": lambda _tenant, world, one: world.compute.process_dies(one),
    "shutdown": lambda _tenant, world, one: world.compute.guest_shuts_down(one),
}
MOST_CALLS = 20


def crossing(world: World, points: CrashPoints, work: Work) -> Work:
    """The same work through drivers at which a pass may die."""
    engines = Engines(
        {
            Compute: points.around("compute", world.compute),
            Network: points.around("network", world.network),
            Disks: points.around("disks", world.disks),
            Images: world.images,
        }
    )
    return Work(work.database, engines, work.region)


def to_rest(reconciling: Reconciling, instance_id: str, work: Work | None = None) -> None:
    for _ in range(3):
        reconciling.once(instance_id, work)


def outcome(world: World, tenant: Tenant, instance_id: str) -> tuple:
    """What must be the same whether or not a pass died: all but ids and the number of starts."""
    (reservation,) = tenant("DescribeInstances", InstanceIds=[instance_id])["Reservations"]
    view = reservation["Instances"][0]
    guests = set(world.seen()["guests"].values())
    return (
        view["State"]["Name"],
        view.get("StateReason"),
        "PublicIpAddress" in view,
        guests,
        len(world.shelf.volumes),
        world.fabric.taps == {each["NetworkInterfaceId"] for each in view["NetworkInterfaces"]},
        world.host.promised_mib,
    )


@pytest.mark.parametrize("change", CHANGES)
def test_a_pass_that_dies_at_any_call_is_completed_by_the_next(
    change: str, launch, tenant: Tenant, reconciling: Reconciling, world: World
):
    def begin() -> str:
        instance_id = launch()
        if change != "start":
            to_rest(reconciling, instance_id)
            CHANGES[change](tenant, world, instance_id)
        return instance_id

    def end(instance_id: str) -> None:
        tenant("TerminateInstances", InstanceIds=[instance_id])
        to_rest(reconciling, instance_id)
        reconciling.volumes()
        world.compute.forget(instance_id)
        assert world.seen() == {"guests": {}, "disks": {}, "taps": set(), "promised_mib": 0}

    undisturbed = begin()
    to_rest(reconciling, undisturbed)
    expected = outcome(world, tenant, undisturbed)
    end(undisturbed)

    deaths: list[str] = []
    for number in range(1, MOST_CALLS):
        instance_id, points = begin(), CrashPoints(at=number)
        try:
            to_rest(reconciling, instance_id, crossing(world, points, reconciling.work))
        except Death:
            deaths.append(points.crossed[-1])
            to_rest(reconciling, instance_id)
        assert outcome(world, tenant, instance_id) == expected, f"died {deaths[-1:]}"
        end(instance_id)
        if not points.dead.is_set():
            break
    assert len(deaths) >= 2, "the pass never called a driver"
    assert len(deaths) < MOST_CALLS - 1, "the pass was not tried to its end"
