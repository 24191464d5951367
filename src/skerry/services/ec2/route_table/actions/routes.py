"""The routes of a table."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter, UnsupportedOperation
from skerry.kernel.wake import wake_id
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
from skerry.services.ec2.vpc.api import find_vpc, parse_cidr, parse_ipv6_cidr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        CreateRouteRequestTypeDef,
        DeleteRouteRequestTypeDef,
        ReplaceRouteRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_ROUTES_PER_TABLE = 500


@action("CreateRoute")
def create_route(ctx: Context, req: CreateRouteRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html

    The same route again is a success, as in EC2.
    """
    table = api.find_table(ctx, req["RouteTableId"])
    network = _destination(req)
    destination = str(network)
    target_id = target_of(ctx, table, req, network)
    vpc = find_vpc(ctx, table.vpc_id)
    if isinstance(network, IPv4Network) and network.subnet_of(vpc.network):
        raise RouteInsideVpc(destination=destination)
    present = _find_route(ctx, table, destination)
    if present is not None:
        if present.target_id != target_id:
            raise RouteExists(destination=destination)
        return {"Return": True}
    count = select(func.count()).select_from(Route).where(Route.route_table_id == table.id)
    if (ctx.db.scalar(count) or 0) >= MAX_ROUTES_PER_TABLE:
        raise RouteLimitExceeded(limit=MAX_ROUTES_PER_TABLE)
    api.add_route(ctx.db, table, destination, target_id)
    wake_id(ctx.db, "vpc", table.vpc_id)
    return {"Return": True}


@action("ReplaceRoute")
def replace_route(ctx: Context, req: ReplaceRouteRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRoute.html"""
    table = api.find_table(ctx, req["RouteTableId"])
    network = _destination(req)
    destination = str(network)
    target_id = target_of(ctx, table, req, network)
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
    destination = str(_destination(req))
    if destination == find_vpc(ctx, table.vpc_id).cidr:
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


def _destination(req: Mapping[str, Any]) -> IPv4Network | IPv6Network:
    if req.get("DestinationPrefixListId"):
        raise UnsupportedOperation(why="DestinationPrefixListId is not supported: name a block.")
    four, six = req.get("DestinationCidrBlock"), req.get("DestinationIpv6CidrBlock")
    if four and six:
        raise InvalidParameterCombination(why="A route has exactly one destination.")
    if six:
        return parse_ipv6_cidr(six, "destinationIpv6CidrBlock")
    if not four:
        raise MissingParameter(name="destinationCidrBlock")
    return parse_cidr(four, "destinationCidrBlock")
