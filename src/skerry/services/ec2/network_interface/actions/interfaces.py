"""Network interfaces: create, show, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import tags_on_create
from skerry.services.ec2.network_interface import api
from skerry.services.ec2.network_interface.errors import (
    InterfaceIsAttached,
    InterfaceLimitExceeded,
    InterfaceMalformed,
    InterfaceNotFound,
)
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.network_interface.view import detached_view, filters, interface_view
from skerry.services.ec2.secondary_address.api import (
    MOST_ADDRESSES,
    give_addresses,
    read_addresses,
)
from skerry.services.ec2.security_group.api import resolve_groups
from skerry.services.ec2.subnet.api import find_subnet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        CreateNetworkInterfaceRequestTypeDef,
        DeleteNetworkInterfaceRequestTypeDef,
        DescribeNetworkInterfacesRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_INTERFACES = 5000
"""Per account and region (VPC quotas, "Network interfaces per Region")."""

_NOT_BUILT = ("ConnectionTrackingSpecification", "Operator")


@action("CreateNetworkInterface")
def create_network_interface(
    ctx: Context, req: CreateNetworkInterfaceRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html"""
    asked: Mapping[str, Any] = dict(req)
    for name in _NOT_BUILT:
        if asked.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported.")
    if asked.get("InterfaceType"):
        raise UnsupportedOperation(
            why=f"Interfaces of type '{asked['InterfaceType']}' are not supported: leave it out."
        )
    wanted = read_addresses(asked)
    subnet = find_subnet(ctx, req["SubnetId"])
    groups = resolve_groups(ctx, subnet.vpc_id, req.get("Groups"), None)
    count = ctx.db.scalar(select(func.count()).select_from(NetworkInterface)) or 0
    if count >= MAX_INTERFACES:
        raise InterfaceLimitExceeded(limit=MAX_INTERFACES)
    interface = api.create_interface(
        ctx,
        subnet,
        groups,
        wanted.primary,
        req.get("Description", ""),
        tags_on_create(req, "network-interface"),
    )
    interface.primary_ipv6 = wanted.primary_ipv6
    give_addresses(ctx, interface, subnet, wanted, MOST_ADDRESSES)
    facts = api.interface_facts(ctx.db, ctx.region, [interface])
    view = interface_view(interface, facts) | {"Status": "pending"}
    return {"NetworkInterface": view, "ClientToken": req.get("ClientToken")}


@action("DescribeNetworkInterfaces")
def describe_network_interfaces(
    ctx: Context, req: DescribeNetworkInterfacesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html

    An attachment that ended is shown as detached to who asks for it by its id: Terraform waits minutes
    for one that is not shown at all.
    """
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
    views = [interface_view(each, facts) for each in shown]
    if any(each.get("Name") == "attachment.attachment-id" for each in req.get("Filters") or ()):
        for interface, view in zip(shown, views, strict=True):
            view["Attachment"] = view["Attachment"] or detached_view(interface)
    return {"NetworkInterfaces": views, "NextToken": token}


@action("DeleteNetworkInterface")
def delete_network_interface(ctx: Context, req: DeleteNetworkInterfaceRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkInterface.html"""
    interface = api.find_interface(ctx, req["NetworkInterfaceId"])
    if interface.attachment_id is not None:
        raise InterfaceIsAttached(id=interface.id)
    api.delete_interface(ctx.db, interface)
