"""Elastic IPs and the interfaces they lead to."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter
from skerry.kernel.ids import new_id
from skerry.kernel.wake import wake_id
from skerry.services.ec2.address import api
from skerry.services.ec2.address.errors import (
    AlreadyAssociated,
    AssociationNotFound,
    NoInternetGateway,
    PoolEmpty,
    PrivateAddressUnknown,
)
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.instance.api import find_lasting_instance
from skerry.services.ec2.instance.errors import ManyInterfaces
from skerry.services.ec2.instance.model import Instance, Wanted
from skerry.services.ec2.internet_gateway.api import gateway_of_vpc
from skerry.services.ec2.network_interface.api import (
    find_interface,
    interfaces_of,
    refuse_managed,
    restore_public_ip,
    take_public_ip,
)
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.secondary_address.api import secondary_of

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AssociateAddressRequestTypeDef,
        DisassociateAddressRequestTypeDef,
    )

    from skerry.kernel.context import Context


@action("AssociateAddress")
def associate_address(ctx: Context, req: AssociateAddressRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html

    Moves the address when it leads elsewhere, unless ``AllowReassociation`` is false; an address that
    led to this private address stays allocated; an auto-assigned one goes back to the pool.
    """
    address = api.named_address(ctx, req.get("AllocationId"), req.get("PublicIp"))
    if address is None:
        raise MissingParameter(name="allocationId")
    interface = _interface(ctx, req.get("InstanceId"), req.get("NetworkInterfaceId"))
    private_ip = req.get("PrivateIpAddress") or interface.private_ip
    if private_ip not in _private_addresses(ctx, interface):
        raise PrivateAddressUnknown(address=private_ip, id=interface.id)
    if gateway_of_vpc(ctx.db, interface.vpc_id) is None:
        raise NoInternetGateway(vpc_id=interface.vpc_id)
    if (address.network_interface_id, address.private_ip) == (interface.id, private_ip):
        return {"AssociationId": address.association_id}
    former = _leading_to(ctx, interface, private_ip)
    if not req.get("AllowReassociation", True):
        _refuse_reassociation(address, former, interface)
    if former is not None:
        _unbind(former)
    _leave(ctx, address)
    address.association_id = new_id("eipassoc")
    address.network_interface_id = interface.id
    address.private_ip = private_ip
    ctx.db.flush()
    if private_ip == interface.private_ip:
        take_public_ip(ctx.db, interface)
    wake_id(ctx.db, "vpc", interface.vpc_id)
    return {"AssociationId": address.association_id}


@action("DisassociateAddress")
def disassociate_address(ctx: Context, req: DisassociateAddressRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateAddress.html

    Of an address that is not associated, by its number, this is a no-op, as in EC2.
    """
    association_id, public_ip = req.get("AssociationId"), req.get("PublicIp")
    if association_id:
        query = select(Address).where(Address.association_id == association_id)
        address = ctx.db.scalar(query)
        if address is None:
            raise AssociationNotFound(id=association_id)
    else:
        address = api.named_address(ctx, None, public_ip)
    if address is None:
        raise MissingParameter(name="associationId")
    if address.network_interface_id is not None:
        refuse_managed(find_interface(ctx, address.network_interface_id))
    _leave(ctx, address)


def _interface(ctx: Context, instance_id: str | None, interface_id: str | None) -> NetworkInterface:
    """The interface named, or the primary one of the instance named."""
    if instance_id and interface_id:
        raise InvalidParameterCombination(
            why="You may specify either instanceId or networkInterfaceId, but not both"
        )
    if interface_id:
        interface = find_interface(ctx, interface_id)
        refuse_managed(interface)
        return interface
    if not instance_id:
        raise MissingParameter(name="instanceId")
    find_lasting_instance(ctx, instance_id)
    interfaces = interfaces_of(ctx.db, [instance_id])[instance_id]
    if len(interfaces) > 1:
        raise ManyInterfaces(id=instance_id)
    return interfaces[0]


def _private_addresses(ctx: Context, interface: NetworkInterface) -> list[str]:
    further = secondary_of(ctx.db, [interface.id])[interface.id]
    return [interface.private_ip, *(each.address for each in further if not each.ipv6)]


def _leading_to(ctx: Context, interface: NetworkInterface, private_ip: str) -> Address | None:
    return ctx.db.scalar(
        select(Address).where(
            Address.network_interface_id == interface.id, Address.private_ip == private_ip
        )
    )


def _refuse_reassociation(
    address: Address, former: Address | None, interface: NetworkInterface
) -> None:
    if address.association_id is not None:
        raise AlreadyAssociated(id=address.id, association_id=address.association_id)
    if former is not None:
        raise AlreadyAssociated(id=interface.id, association_id=former.association_id)


def _leave(ctx: Context, address: Address) -> None:
    """Disassociate; a running machine that had an auto-assigned address gets one again."""
    interface_id = address.network_interface_id
    _unbind(address)
    ctx.db.flush()
    if interface_id is None:
        return
    interface = find_interface(ctx, interface_id)
    wake_id(ctx.db, "vpc", interface.vpc_id)
    wanted = ctx.db.scalar(select(Instance.wanted).where(Instance.id == interface.instance_id))
    if wanted is Wanted.RUNNING:
        # An empty pool must not keep an address bound: releasing it is what would refill the pool.
        with suppress(PoolEmpty):
            restore_public_ip(ctx.db, ctx.region, interface)


def _unbind(address: Address) -> None:
    address.association_id = None
    address.network_interface_id = None
    address.private_ip = None
