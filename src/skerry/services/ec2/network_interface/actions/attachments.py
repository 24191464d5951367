"""Attaching interfaces to instances, running or not, and detaching them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.action import action
from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    OperationNotPermitted,
    UnsupportedOperation,
)
from skerry.kernel.wake import wake_id
from skerry.services.ec2.instance.api import find_instance
from skerry.services.ec2.instance.model import State
from skerry.services.ec2.instance_type.api import find_type
from skerry.services.ec2.network_interface import api
from skerry.services.ec2.network_interface.errors import (
    AttachmentLimitExceeded,
    AttachmentNotFound,
    IndexInUse,
    InterfaceInUse,
    NotAttachable,
)
from skerry.services.ec2.network_interface.model import Detach, NetworkInterface
from skerry.services.ec2.secondary_address.api import check_address_limit
from skerry.services.ec2.subnet.api import find_subnet

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AttachNetworkInterfaceRequestTypeDef,
        DetachNetworkInterfaceRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.services.ec2.instance.model import Instance

_NOT_BUILT = ("EnaQueueCount", "EnaSrdSpecification")


@action("AttachNetworkInterface")
def attach_network_interface(
    ctx: Context, req: AttachNetworkInterfaceRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachNetworkInterface.html

    A running guest gets the card while it runs; it stays with the instance when that stops or starts.
    """
    for name in _NOT_BUILT:
        if req.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported.")
    if req.get("NetworkCardIndex"):
        raise InvalidParameterValue(
            value=req.get("NetworkCardIndex"),
            name="networkCardIndex",
            why="The instance type has one network card, of index 0.",
        )
    interface = api.find_interface(ctx, req["NetworkInterfaceId"])
    api.refuse_managed(interface)
    instance = find_instance(ctx, req["InstanceId"])
    if instance.state in (State.SHUTTING_DOWN, State.TERMINATED):
        raise NotAttachable(id=instance.id, state=instance.state)
    if interface.attachment_id is not None:
        raise InterfaceInUse(id=interface.id)
    if find_subnet(ctx, interface.subnet_id).zone != instance.zone:
        raise InvalidParameterCombination(
            why="You may not attach a network interface to an instance if they are not in the same "
            "availability zone"
        )
    _check_place(ctx, instance, interface, req["DeviceIndex"])
    api.attach_interface(
        ctx, interface, instance.id, req["DeviceIndex"], delete_on_termination=False
    )
    interface.attach_seen = instance.state is State.STOPPED
    wake_id(ctx.db, "vpc", interface.vpc_id)
    ctx.wake(instance)
    return {"AttachmentId": interface.attachment_id, "NetworkCardIndex": 0}


@action("DetachNetworkInterface")
def detach_network_interface(ctx: Context, req: DetachNetworkInterfaceRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachNetworkInterface.html

    A running guest is asked to let go of the card, for as long as it takes; with ``Force`` the card is
    cut from the network and the interface is free, whatever the guest does.
    """
    attachment_id = req["AttachmentId"]
    interface = ctx.db.scalar(
        select(NetworkInterface).where(NetworkInterface.attachment_id == attachment_id)
    )
    if interface is None:
        raise AttachmentNotFound(id=attachment_id)
    if interface.is_managed:
        raise OperationNotPermitted(why="You are not allowed to manage 'ela-attach' attachments.")
    if interface.device_index == 0:
        raise OperationNotPermitted(
            why="The network interface at device index 0 and networkCard index 0 cannot be detached."
        )
    if req.get("Force"):
        interface.detach_wanted = Detach.FORCE
    elif interface.detach_wanted is None:
        interface.detach_wanted = Detach.ASK
    wake_id(ctx.db, "instance", str(interface.instance_id))


def _check_place(
    ctx: Context, instance: Instance, interface: NetworkInterface, device_index: int
) -> None:
    """Raises IndexInUse, AttachmentLimitExceeded, AddressLimitReached."""
    attached = api.interfaces_of(ctx.db, [instance.id])[instance.id]
    if device_index in (each.device_index for each in attached):
        raise IndexInUse(id=instance.id, index=device_index)
    kind = find_type(instance.instance_type)
    if len(attached) >= kind.max_interfaces:
        raise AttachmentLimitExceeded(count=len(attached) + 1, instance_type=kind.name)
    if device_index < 0 or device_index >= _INDEXES:
        raise InvalidParameterValue(
            value=device_index, name="deviceIndex", why=f"Use 1 to {_INDEXES - 1}."
        )
    check_address_limit(ctx.db, interface, kind.addresses_per_interface)


_INDEXES = 32
