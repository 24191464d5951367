"""The routes of a table. Targets are internet gateways and VPC peering connections."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter, UnsupportedOperation
from skerry.kernel.wake import wake_id
from skerry.services.ec2.internet_gateway.api import find_gateway
from skerry.services.ec2.route_table import api
from skerry.services.ec2.route_table.errors import (
    GatewayOfOtherNetwork,
    LocalRoute,
    RouteExists,
    RouteInsideVpc,
    RouteLimitExceeded,
    RouteNotFound,
    RouteToReplaceNotFound,
)
from skerry.services.ec2.route_table.model import Route, RouteTable
from skerry.services.ec2.vpc.api import find_vpc, parse_cidr
from skerry.services.ec2.vpc_peering.api import LIVE, find_peering
from skerry.services.ec2.vpc_peering.errors import PeeringNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        CreateRouteRequestTypeDef,
        DeleteRouteRequestTypeDef,
        ReplaceRouteRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_ROUTES_PER_TABLE = 500

_OTHER_TARGETS = (
    "CarrierGatewayId",
    "CoreNetworkArn",
    "EgressOnlyInternetGatewayId",
    "InstanceId",
    "LocalGatewayId",
    "LocalTarget",
    "NatGatewayId",
    "NetworkInterfaceId",
    "OdbNetworkArn",
    "TransitGatewayId",
    "VpcEndpointId",
)


@action("CreateRoute")
def create_route(ctx: Context, req: CreateRouteRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html

    The same route again is a success, as in EC2.
    """
    table = api.find_table(ctx, req["RouteTableId"])
    destination = str(_destination(req))
    gateway_id = _target(ctx, table, req)
    vpc = find_vpc(ctx, table.vpc_id)
    if IPv4Network(destination).subnet_of(vpc.network):
        raise RouteInsideVpc(destination=destination)
    present = _find_route(ctx, table, destination)
    if present is not None:
        if present.gateway_id != gateway_id:
            raise RouteExists(destination=destination)
        return {"Return": True}
    count = select(func.count()).select_from(Route).where(Route.route_table_id == table.id)
    if (ctx.db.scalar(count) or 0) >= MAX_ROUTES_PER_TABLE:
        raise RouteLimitExceeded(limit=MAX_ROUTES_PER_TABLE)
    api.add_route(ctx.db, table, destination, gateway_id)
    wake_id(ctx.db, "vpc", table.vpc_id)
    return {"Return": True}


@action("ReplaceRoute")
def replace_route(ctx: Context, req: ReplaceRouteRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRoute.html"""
    table = api.find_table(ctx, req["RouteTableId"])
    destination = str(_destination(req))
    gateway_id = _target(ctx, table, req)
    route = _find_route(ctx, table, destination)
    if route is None:
        raise RouteToReplaceNotFound(destination=destination)
    route.gateway_id = gateway_id
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


def _destination(req: Mapping[str, Any]) -> IPv4Network:
    for name in ("DestinationIpv6CidrBlock", "DestinationPrefixListId"):
        if req.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported: routes are to IPv4 blocks.")
    text = req.get("DestinationCidrBlock")
    if not text:
        raise MissingParameter(name="destinationCidrBlock")
    return parse_cidr(text, "destinationCidrBlock")


def _target(ctx: Context, table: RouteTable, req: Mapping[str, Any]) -> str:
    """The gateway or peering connection that is to be the route's target."""
    others = [name for name in _OTHER_TARGETS if req.get(name)]
    gateway_id: str | None = req.get("GatewayId")
    peering_id: str | None = req.get("VpcPeeringConnectionId")
    if len([each for each in (gateway_id, peering_id, *others) if each]) > 1:
        raise InvalidParameterCombination(why="A route has exactly one target.")
    if others or (gateway_id and not gateway_id.startswith("igw-")):
        what = others[0] if others else gateway_id
        raise UnsupportedOperation(why=f"{what} cannot be the target of a route yet.")
    if peering_id:
        return _peering(ctx, table, peering_id)
    if not gateway_id:
        raise MissingParameter(name="gatewayId")
    gateway = find_gateway(ctx, gateway_id)
    if gateway.vpc_id != table.vpc_id:
        raise GatewayOfOtherNetwork(id=table.id, gateway_id=gateway.id)
    return gateway.id


def _peering(ctx: Context, table: RouteTable, peering_id: str) -> str:
    """One that is pending will do: the route is a black hole until it is active."""
    one = find_peering(ctx, peering_id)
    if one.state(ctx.now) not in LIVE:
        raise PeeringNotFound(id=peering_id)
    if table.vpc_id not in {side.vpc_id for side in one.sides}:
        raise GatewayOfOtherNetwork(id=table.id, gateway_id=peering_id)
    return peering_id
