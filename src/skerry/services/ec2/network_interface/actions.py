"""Network interface actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import tags_on_create
from skerry.kernel.wake import wake_id
from skerry.services.ec2.network_interface import api
from skerry.services.ec2.network_interface.errors import (
    AttachmentNotFound,
    InterfaceInUse,
    InterfaceLimitExceeded,
    InterfaceMalformed,
    InterfaceNotFound,
)
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.network_interface.view import filters, interface_view
from skerry.services.ec2.security_group.api import resolve_groups
from skerry.services.ec2.subnet.api import find_subnet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_ec2.type_defs import (
        CreateNetworkInterfaceRequestTypeDef,
        DeleteNetworkInterfaceRequestTypeDef,
        DescribeNetworkInterfaceAttributeRequestTypeDef,
        DescribeNetworkInterfacesRequestTypeDef,
        ModifyNetworkInterfaceAttributeRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_INTERFACES = 5000
"""Per account and region (VPC quotas, "Network interfaces per Region")."""

_NOT_BUILT = (
    "ConnectionTrackingSpecification",
    "EnablePrimaryIpv6",
    "InterfaceType",
    "Ipv4PrefixCount",
    "Ipv4Prefixes",
    "Ipv6AddressCount",
    "Ipv6Addresses",
    "Ipv6PrefixCount",
    "Ipv6Prefixes",
    "Operator",
    "SecondaryPrivateIpAddressCount",
)


@action("CreateNetworkInterface")
def create_network_interface(
    ctx: Context, req: CreateNetworkInterfaceRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html"""
    asked: Mapping[str, Any] = dict(req)
    for name in _NOT_BUILT:
        if asked.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported: one private IPv4 address.")
    subnet = find_subnet(ctx, req["SubnetId"])
    groups = resolve_groups(ctx, subnet.vpc_id, req.get("Groups"), None)
    count = ctx.db.scalar(select(func.count()).select_from(NetworkInterface)) or 0
    if count >= MAX_INTERFACES:
        raise InterfaceLimitExceeded(limit=MAX_INTERFACES)
    interface = api.create_interface(
        ctx,
        subnet,
        groups,
        _wanted_address(asked),
        req.get("Description", ""),
        tags_on_create(req, "network-interface"),
    )
    facts = api.interface_facts(ctx.db, ctx.region, [interface])
    view = interface_view(interface, facts) | {"Status": "pending"}
    return {"NetworkInterface": view, "ClientToken": req.get("ClientToken")}


@action("DescribeNetworkInterfaces")
def describe_network_interfaces(
    ctx: Context, req: DescribeNetworkInterfacesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html"""
    ids = req.get("NetworkInterfaceIds")
    if ids and req.get("MaxResults"):
        raise InvalidParameterCombination(
            why="The parameter networkInterfaceIds cannot be used with the parameter maxResults"
        )
    check_ids(ids, "eni", InterfaceMalformed)
    interfaces = known_rows(ctx.db, NetworkInterface, ids, InterfaceNotFound)
    facts = api.interface_facts(ctx.db, ctx.region, interfaces)
    matching = select_rows(
        interfaces, req.get("Filters"), filters(facts), lambda one: facts.tags[one.id]
    )
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "NetworkInterfaces": [interface_view(each, facts) for each in shown],
        "NextToken": token,
    }


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
    asked: dict[str, Any] = {
        name: value
        for name, value in req.items()
        if name not in ("NetworkInterfaceId", "DryRun") and value is not None
    }
    if len(asked) != 1:
        raise InvalidParameterCombination(why="Exactly one attribute must be specified at a time")
    api.refuse_managed(interface)
    match asked:
        case {"Description": {"Value": str(text)}}:
            interface.description = text
        case {"SourceDestCheck": {"Value": bool(check)}}:
            interface.source_dest_check = check
        case {"Groups": groups}:
            wanted = resolve_groups(ctx, interface.vpc_id, groups, None)
            api.set_groups(ctx.db, interface, wanted)
        case {"Attachment": {"AttachmentId": attachment_id, "DeleteOnTermination": bool(delete)}}:
            if attachment_id != interface.attachment_id:
                raise AttachmentNotFound(id=attachment_id)
            interface.delete_on_termination = delete
        case _:
            raise UnsupportedOperation(why=f"{', '.join(asked)} cannot be modified this way.")
    wake_id(ctx.db, "vpc", interface.vpc_id)


@action("DeleteNetworkInterface")
def delete_network_interface(ctx: Context, req: DeleteNetworkInterfaceRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkInterface.html"""
    interface = api.find_interface(ctx, req["NetworkInterfaceId"])
    if interface.attachment_id is not None:
        raise InterfaceInUse(id=interface.id)
    api.delete_interface(ctx.db, interface)


def _wanted_address(req: Mapping[str, Any]) -> str | None:
    """The one address asked for, in either of the two ways to ask."""
    single: str | None = req.get("PrivateIpAddress")
    listed: Sequence[Mapping[str, Any]] = req.get("PrivateIpAddresses") or ()
    if len(listed) > 1 or (single and listed):
        raise UnsupportedOperation(why="Secondary private addresses are not supported.")
    return listed[0].get("PrivateIpAddress") if listed else single
