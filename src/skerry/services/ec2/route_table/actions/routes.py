"""The routes of a table."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter
from skerry.kernel.wake import wake_id
from skerry.services.ec2.prefix_list.api import find_list
from skerry.services.ec2.route_table import api
from skerry.services.ec2.route_table.actions.targets import target_of
from skerry.services.ec2.route_table.errors import (
    LocalRoute,
    RouteExists,
    RouteInsideVpc,
    RouteLimitExceeded,
    RouteNotFound,
    RouteToReplaceNotFound,
)
from skerry.services.ec2.route_table.model import Route, RouteTable
from skerry.services.ec2.vpc.api import (
    find_vpc,
    networks_of,
    parse_cidr,
    parse_ipv6_cidr,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        CreateRouteRequestTypeDef,
        DeleteRouteRequestTypeDef,
        ReplaceRouteRequestTypeDef,
    )

    from skerry.kernel.context import Context

_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


@action("CreateRoute")
def create_route(ctx: Context, req: CreateRouteRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html

    The same route again is a success, as in EC2.
    """
    table = api.find_table(ctx, req["RouteTableId"])
    to = _destination(ctx, req)
    target_id = target_of(ctx, table, req, to)
    destination = str(to)
    if _is_local(ctx, table, destination):
        raise RouteInsideVpc(destination=destination)
    present = _find_route(ctx, table, destination)
    if present is not None:
        if present.target_id != target_id:
            raise RouteExists(destination=destination)
        return {"Return": True}
    api.add_route(ctx.db, table, destination, target_id)
    if not api.has_room(ctx.db, table.id):
        raise RouteLimitExceeded(limit=api.MAX_ROUTES)
    wake_id(ctx.db, "vpc", table.vpc_id)
    return {"Return": True}


@action("ReplaceRoute")
def replace_route(ctx: Context, req: ReplaceRouteRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRoute.html"""
    table = api.find_table(ctx, req["RouteTableId"])
    to = _destination(ctx, req)
    target_id = target_of(ctx, table, req, to)
    destination = str(to)
    route = _find_route(ctx, table, destination)
    if route is None:
        raise RouteToReplaceNotFound(destination=destination)
    route.target_id = target_id
    ctx.db.flush()
    wake_id(ctx.db, "vpc", table.vpc_id)


@action("DeleteRoute")
def delete_route(ctx: Context, req: DeleteRouteRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteRoute.html"""
    table = api.find_table(ctx, req["RouteTableId"])
    destination = str(_destination(ctx, req))
    if _is_local(ctx, table, destination):
        raise LocalRoute(destination=destination, id=table.id)
    route = _find_route(ctx, table, destination)
    if route is None:
        raise RouteNotFound(destination=destination, id=table.id)
    ctx.db.delete(route)
    ctx.db.flush()
    wake_id(ctx.db, "vpc", table.vpc_id)


def _find_route(ctx: Context, table: RouteTable, destination: str) -> Route | None:
    query = select(Route).where(Route.route_table_id == table.id, Route.destination == destination)
    return ctx.db.scalar(query)


def _is_local(ctx: Context, table: RouteTable, destination: str) -> bool:
    """Whether the VPC's own routes have this destination, or a wider one."""
    if destination.startswith("pl-"):
        return False
    network = ip_network(destination)
    vpc = find_vpc(ctx, table.vpc_id)
    return any(api.is_within(network, each) for each in networks_of(ctx.db, vpc))


def _destination(ctx: Context, req: Mapping[str, Any]) -> api.Destination:
    """The one that the request names."""
    given = {name: req[name] for name in _DESTINATIONS if req.get(name)}
    if len(given) > 1:
        raise InvalidParameterCombination(why="A route has exactly one destination.")
    if not given:
        raise MissingParameter(name="destinationCidrBlock")
    ((name, text),) = given.items()
    if name == "DestinationPrefixListId":
        one = find_list(ctx, text)
        return api.Destination(one.id, 6 if one.address_family == "IPv6" else 4)
    if name == "DestinationIpv6CidrBlock":
        return api.Destination(str(parse_ipv6_cidr(text, "destinationIpv6CidrBlock")), 6)
    return api.Destination(str(parse_cidr(text, "destinationCidrBlock")), 4)
