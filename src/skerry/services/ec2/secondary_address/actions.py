"""Giving addresses to interfaces and taking them, whoever has the interfaces."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv6Address
from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import (
    InvalidParameterCombination,
    MissingParameter,
    UnsupportedOperation,
)
from skerry.kernel.wake import wake_id
from skerry.services.ec2.instance.api import instance_of_interface
from skerry.services.ec2.instance_type.api import find_type
from skerry.services.ec2.network_interface.api import find_interface, refuse_managed
from skerry.services.ec2.secondary_address import api
from skerry.services.ec2.secondary_address.errors import AddressLimitReached, Ipv6LimitReached
from skerry.services.ec2.subnet.api import find_subnet

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AssignIpv6AddressesRequestTypeDef,
        AssignPrivateIpAddressesRequestTypeDef,
        UnassignIpv6AddressesRequestTypeDef,
        UnassignPrivateIpAddressesRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.services.ec2.network_interface.model import NetworkInterface


@action("AssignPrivateIpAddresses")
def assign_private_ip_addresses(
    ctx: Context, req: AssignPrivateIpAddressesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssignPrivateIpAddresses.html

    With ``AllowReassignment`` an address comes from the interface that has it, with its Elastic IP.
    """
    if req.get("Ipv4Prefixes") or req.get("Ipv4PrefixCount"):
        raise UnsupportedOperation(why="Prefixes are not supported: assign single addresses.")
    named, count = req.get("PrivateIpAddresses") or [], req.get("SecondaryPrivateIpAddressCount")
    if named and count:
        raise InvalidParameterCombination(
            why="The parameter secondaryPrivateIpAddressCount cannot be used with the parameter "
            "privateIpAddresses"
        )
    if not named and not count:
        raise MissingParameter(name="secondaryPrivateIpAddressCount")
    interface = _changeable(ctx, req["NetworkInterfaceId"])
    api.check_count(count or 0)
    if max(len(named), count or 0) >= _limit(ctx, interface):
        raise AddressLimitReached
    subnet = find_subnet(ctx, interface.subnet_id)
    if named and req.get("AllowReassignment"):
        assigned = api.reassign_private(ctx, interface, subnet, named)
    else:
        assigned = api.assign_private(ctx, interface, subnet, named, count or 0)
    api.check_address_limit(ctx.db, interface, _limit(ctx, interface))
    wake_id(ctx.db, "vpc", interface.vpc_id)
    return {
        "NetworkInterfaceId": interface.id,
        "AssignedPrivateIpAddresses": [{"PrivateIpAddress": each} for each in assigned],
    }


@action("UnassignPrivateIpAddresses")
def unassign_private_ip_addresses(
    ctx: Context, req: UnassignPrivateIpAddressesRequestTypeDef
) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UnassignPrivateIpAddresses.html"""
    if req.get("Ipv4Prefixes"):
        raise UnsupportedOperation(why="Prefixes are not supported: there are none to take.")
    addresses = req.get("PrivateIpAddresses")
    if not addresses:
        raise MissingParameter(name="privateIpAddresses")
    interface = _changeable(ctx, req["NetworkInterfaceId"])
    api.unassign(ctx.db, interface, addresses, ipv6=False)
    wake_id(ctx.db, "vpc", interface.vpc_id)


@action("AssignIpv6Addresses")
def assign_ipv6_addresses(ctx: Context, req: AssignIpv6AddressesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssignIpv6Addresses.html"""
    if req.get("Ipv6Prefixes") or req.get("Ipv6PrefixCount"):
        raise UnsupportedOperation(why="Prefixes are not supported: assign single addresses.")
    named, count = req.get("Ipv6Addresses") or [], req.get("Ipv6AddressCount")
    if named and count:
        raise InvalidParameterCombination(
            why="The parameter ipv6AddressCount cannot be used with the parameter ipv6Addresses"
        )
    if not named and not count:
        raise MissingParameter(name="ipv6AddressCount")
    interface = _changeable(ctx, req["NetworkInterfaceId"])
    api.check_count(count or 0)
    if max(len(named), count or 0) > _limit(ctx, interface):
        raise Ipv6LimitReached
    subnet = find_subnet(ctx, interface.subnet_id)
    assigned = api.assign_ipv6(ctx, interface, subnet, named, count or 0)
    api.check_address_limit(ctx.db, interface, _limit(ctx, interface))
    wake_id(ctx.db, "vpc", interface.vpc_id)
    return {"NetworkInterfaceId": interface.id, "AssignedIpv6Addresses": assigned}


@action("UnassignIpv6Addresses")
def unassign_ipv6_addresses(
    ctx: Context, req: UnassignIpv6AddressesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UnassignIpv6Addresses.html"""
    if req.get("Ipv6Prefixes"):
        raise UnsupportedOperation(why="Prefixes are not supported: there are none to take.")
    named = req.get("Ipv6Addresses")
    if not named:
        raise MissingParameter(name="ipv6Addresses")
    interface = _changeable(ctx, req["NetworkInterfaceId"])
    addresses = [_shortest(each) for each in named]
    api.unassign(ctx.db, interface, addresses, ipv6=True)
    wake_id(ctx.db, "vpc", interface.vpc_id)
    return {"NetworkInterfaceId": interface.id, "UnassignedIpv6Addresses": addresses}


def _shortest(address: str) -> str:
    try:
        return str(IPv6Address(address))
    except AddressValueError:
        return address  # nobody has it


def _changeable(ctx: Context, interface_id: str) -> NetworkInterface:
    interface = find_interface(ctx, interface_id)
    refuse_managed(interface)
    return interface


def _limit(ctx: Context, interface: NetworkInterface) -> int:
    """How many addresses of a family the interface may have."""
    instance = instance_of_interface(ctx.db, interface.id)
    if instance is None:
        return api.MOST_ADDRESSES
    return find_type(instance.instance_type).addresses_per_interface
