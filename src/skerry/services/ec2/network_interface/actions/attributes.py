"""Attributes of network interfaces, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter, UnsupportedOperation
from skerry.kernel.wake import wake_id
from skerry.services.ec2.instance.api import instance_of_interface
from skerry.services.ec2.instance.model import Wanted
from skerry.services.ec2.network_interface import api
from skerry.services.ec2.network_interface.errors import AttachmentNotFound, NoIpv6Address
from skerry.services.ec2.network_interface.view import interface_view
from skerry.services.ec2.secondary_address.api import secondary_of
from skerry.services.ec2.security_group.api import resolve_groups

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeNetworkInterfaceAttributeRequestTypeDef,
        ModifyNetworkInterfaceAttributeRequestTypeDef,
        ResetNetworkInterfaceAttributeRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.services.ec2.network_interface.model import NetworkInterface


@action("DescribeNetworkInterfaceAttribute")
def describe_network_interface_attribute(
    ctx: Context, req: DescribeNetworkInterfaceAttributeRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaceAttribute.html"""
    interface = api.find_interface(ctx, req["NetworkInterfaceId"])
    view = interface_view(interface, api.interface_facts(ctx.db, ctx.region, [interface]))
    shown: dict[str, Any]
    match req.get("Attribute"):
        case "description":
            shown = {"Description": {"Value": interface.description}}
        case "groupSet":
            shown = {"Groups": view["Groups"]}
        case "sourceDestCheck":
            shown = {"SourceDestCheck": {"Value": interface.source_dest_check}}
        case "attachment":
            shown = {"Attachment": view["Attachment"]}
        case "associatePublicIpAddress":
            shown = {"AssociatePublicIpAddress": interface.auto_public_ip}
        case _:
            raise MissingParameter(name="attribute")
    return {"NetworkInterfaceId": interface.id, **shown}


@action("ModifyNetworkInterfaceAttribute")
def modify_network_interface_attribute(
    ctx: Context, req: ModifyNetworkInterfaceAttributeRequestTypeDef
) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html"""
    interface = api.find_interface(ctx, req["NetworkInterfaceId"])
    asked = _one_attribute(req)
    api.refuse_managed(interface)
    match asked:
        case {"Description": {"Value": str(text)}}:
            interface.description = text
        case {"SourceDestCheck": {"Value": bool(check)}}:
            interface.source_dest_check = check
        case {"Groups": groups}:
            chosen = resolve_groups(ctx, interface.vpc_id, groups, None)
            api.set_groups(ctx.db, interface, chosen)
        case {"Attachment": {"AttachmentId": attachment_id, "DeleteOnTermination": bool(delete)}}:
            if attachment_id != interface.attachment_id:
                raise AttachmentNotFound(id=attachment_id)
            interface.delete_on_termination = delete
        case {"AssociatePublicIpAddress": bool(wanted)}:
            _want_public_ip(ctx, interface, wanted=wanted)
        case {"EnablePrimaryIpv6": bool(wanted)}:
            _make_ipv6_primary(ctx, interface, wanted=wanted)
        case _:
            raise UnsupportedOperation(why=f"{', '.join(asked)} cannot be modified this way.")
    wake_id(ctx.db, "vpc", interface.vpc_id)


def _one_attribute(req: ModifyNetworkInterfaceAttributeRequestTypeDef) -> dict[str, Any]:
    asked: dict[str, Any] = {
        name: value
        for name, value in req.items()
        if name not in ("NetworkInterfaceId", "DryRun") and value is not None
    }
    if len(asked) != 1:
        raise InvalidParameterCombination(why="Exactly one attribute must be specified at a time")
    return asked


@action("ResetNetworkInterfaceAttribute")
def reset_network_interface_attribute(
    ctx: Context, req: ResetNetworkInterfaceAttributeRequestTypeDef
) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ResetNetworkInterfaceAttribute.html

    Source/destination checking is the one attribute that can be reset, whatever the value says.
    """
    interface = api.find_interface(ctx, req["NetworkInterfaceId"])
    if req.get("SourceDestCheck") is None:
        raise MissingParameter(name="sourceDestCheck")
    api.refuse_managed(interface)
    interface.source_dest_check = True
    wake_id(ctx.db, "vpc", interface.vpc_id)


def _want_public_ip(ctx: Context, interface: NetworkInterface, *, wanted: bool) -> None:
    """From now on; at once when a machine that runs has the interface."""
    if not wanted:
        interface.auto_public_ip = False
        api.take_public_ip(ctx.db, interface)
        return
    if interface.device_index != 0:
        raise InvalidParameterCombination(
            why="A public address can be auto-assigned to the primary interface of an instance only"
        )
    interface.auto_public_ip = True
    instance = instance_of_interface(ctx.db, interface.id)
    if instance is not None and instance.wanted is Wanted.RUNNING:
        api.restore_public_ip(ctx.db, ctx.region, interface)


def _make_ipv6_primary(ctx: Context, interface: NetworkInterface, *, wanted: bool) -> None:
    if not wanted and interface.primary_ipv6:
        raise InvalidParameterCombination(why="A primary IPv6 address cannot be disabled")
    if wanted and not any(each.ipv6 for each in secondary_of(ctx.db, [interface.id])[interface.id]):
        raise NoIpv6Address(id=interface.id)
    interface.primary_ipv6 = wanted
