"""Starting, stopping, rebooting and terminating instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import UnsupportedOperation
from skerry.services.ec2.instance.api import known_instances, room_left
from skerry.services.ec2.instance.errors import (
    CannotStart,
    CannotStop,
    InstanceNotRunning,
    InsufficientInstanceCapacity,
    StopProtected,
    TerminationProtected,
)
from skerry.services.ec2.instance.model import State, Wanted
from skerry.services.ec2.instance.view.instances import USER_INITIATED, change_view, user_initiated
from skerry.services.ec2.instance_type.api import find_type
from skerry.services.ec2.network_interface.api import interfaces_of, restore_public_ip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_ec2.type_defs import (
        RebootInstancesRequestTypeDef,
        StartInstancesRequestTypeDef,
        StopInstancesRequestTypeDef,
        TerminateInstancesRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.services.ec2.instance.model import Instance

_ENDED = (State.SHUTTING_DOWN, State.TERMINATED)


@action("StartInstances")
def start_instances(ctx: Context, req: StartInstancesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StartInstances.html"""
    instances = known_instances(ctx, req["InstanceIds"])
    before = _states(instances)
    for one in instances:
        if before[one.id] in (*_ENDED, State.STOPPING):
            raise CannotStart(id=one.id)
    stopped = [one for one in instances if before[one.id] is State.STOPPED]
    _check_room(ctx, stopped)
    interfaces = interfaces_of(ctx.db, [one.id for one in stopped])
    for one in stopped:
        one.wanted = Wanted.RUNNING
        one.run += 1
        one.force_stop = False
        one.launched_at = one.wanted_at = ctx.now
        one.reason_code = one.reason = None
        # As in EC2, a machine with several interfaces gets no public address of the pool again.
        for interface in interfaces[one.id] if len(interfaces[one.id]) == 1 else ():
            restore_public_ip(ctx.db, ctx.region, interface)
        ctx.wake(one)
    return {"StartingInstances": [change_view(one, before[one.id]) for one in instances]}


@action("StopInstances")
def stop_instances(ctx: Context, req: StopInstancesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html

    The guest has half a minute to shut down; none with ``Force`` or ``SkipOsShutdown``.
    """
    if req.get("Hibernate"):
        raise UnsupportedOperation(why="Hibernation is not supported: stop the instance instead.")
    instances = known_instances(ctx, req["InstanceIds"])
    before = _states(instances)
    for one in instances:
        if before[one.id] in (*_ENDED, State.PENDING):
            raise CannotStop(id=one.id)
        if one.disable_api_stop and before[one.id] is State.RUNNING:
            raise StopProtected(id=one.id)
    force = bool(req.get("Force") or req.get("SkipOsShutdown"))
    for one in instances:
        if before[one.id] is State.RUNNING:
            _end(ctx, one, Wanted.STOPPED, force=force)
        elif before[one.id] is State.STOPPING and force:
            one.force_stop = True
            ctx.wake(one)
    return {"StoppingInstances": [change_view(one, before[one.id]) for one in instances]}


@action("TerminateInstances")
def terminate_instances(ctx: Context, req: TerminateInstancesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html

    All or none: a protected instance keeps the others alive too. The guest has a few seconds to shut
    down, none with ``SkipOsShutdown``.
    """
    instances = known_instances(ctx, req["InstanceIds"])
    before = _states(instances)
    for one in instances:
        if one.disable_api_termination and before[one.id] not in _ENDED:
            raise TerminationProtected(id=one.id)
    force = bool(req.get("SkipOsShutdown"))
    for one in instances:
        if before[one.id] not in _ENDED:
            _end(ctx, one, Wanted.TERMINATED, force=force or one.force_stop)
    return {"TerminatingInstances": [change_view(one, before[one.id]) for one in instances]}


@action("RebootInstances")
def reboot_instances(ctx: Context, req: RebootInstancesRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RebootInstances.html

    The guest is asked to shut down and started again; one that does not within half a minute is reset.
    """
    instances = known_instances(ctx, req["InstanceIds"])
    for one in instances:
        if one.state in (State.STOPPED, State.STOPPING):
            raise InstanceNotRunning(id=one.id)
    for one in instances:
        if one.state is State.RUNNING:
            one.reboots_wanted += 1
            one.wanted_at = ctx.now
            ctx.wake(one)


def _states(instances: Sequence[Instance]) -> dict[str, State]:
    return {one.id: one.state for one in instances}


def _end(ctx: Context, instance: Instance, wanted: Wanted, *, force: bool) -> None:
    instance.wanted = wanted
    instance.wanted_at = ctx.now
    instance.force_stop = force
    instance.reason_code = USER_INITIATED
    instance.reason = user_initiated(ctx.now)
    ctx.wake(instance)


def _check_room(ctx: Context, stopped: Sequence[Instance]) -> None:
    if not stopped:
        return
    room = room_left(ctx)
    for one in stopped:
        if not room.take(find_type(one.instance_type)):
            raise InsufficientInstanceCapacity(
                instance_type=one.instance_type, zone=one.zone, count=0
            )
