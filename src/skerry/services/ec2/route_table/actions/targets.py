"""What routes lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.errors import InvalidParameterCombination, MissingParameter, UnsupportedOperation
from skerry.services.ec2.egress_only_internet_gateway.api import (
    find_egress_only_gateway,
    living_egress_only_gateways,
)
from skerry.services.ec2.instance.api import find_lasting_instance
from skerry.services.ec2.internet_gateway.api import find_gateway
from skerry.services.ec2.internet_gateway.model import InternetGateway
from skerry.services.ec2.nat_gateway.api import find_nat_gateway, living_nat_gateways
from skerry.services.ec2.network_interface.api import find_interface, interfaces_of
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.route_table.errors import (
    GatewayOfOtherNetwork,
    ManyInterfaces,
    TargetUnfit,
)
from skerry.services.ec2.vpc_peering.api import LIVE, find_peering, open_peerings
from skerry.services.ec2.vpc_peering.errors import PeeringNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skerry.kernel.context import Context
    from skerry.services.ec2.route_table.api import Destination
    from skerry.services.ec2.route_table.model import RouteTable

_NOT_BUILT = (
    "CarrierGatewayId",
    "CoreNetworkArn",
    "LocalGatewayId",
    "LocalTarget",
    "OdbNetworkArn",
    "TransitGatewayId",
    "VpcEndpointId",
)


_FAMILIES = {"NatGatewayId": 4, "EgressOnlyInternetGatewayId": 6}
"""Targets that take one family of addresses only."""


def living(ctx: Context) -> frozenset[str]:
    """Ids of all targets of the account that lead somewhere; routes to others are black holes."""
    attached = select(InternetGateway.id).where(InternetGateway.vpc_id.is_not(None))
    in_use = select(NetworkInterface.id).where(NetworkInterface.instance_id.is_not(None))
    return (
        frozenset((*ctx.db.scalars(attached), *ctx.db.scalars(in_use)))
        | living_nat_gateways(ctx.db)
        | living_egress_only_gateways(ctx.db)
        | open_peerings(ctx)
    )


def target_of(ctx: Context, table: RouteTable, req: Mapping[str, Any], to: Destination) -> str:
    """Id of the one target that the request names. Raises what is wrong with it."""
    given = {name: req[name] for name in (*_FINDERS, *_NOT_BUILT) if req.get(name)}
    if len(given) > 1:
        raise InvalidParameterCombination(why="A route has exactly one target.")
    if not given:
        raise MissingParameter(name="gatewayId")
    ((name, target_id),) = given.items()
    if name not in _FINDERS:
        raise UnsupportedOperation(why=f"{name}: no such target is built.")
    if _FAMILIES.get(name, to.version) != to.version:
        raise TargetUnfit(destination=to, target=target_id)
    found, vpc_id = _FINDERS[name](ctx, table, target_id)
    if vpc_id != table.vpc_id:
        raise GatewayOfOtherNetwork(id=table.id, gateway_id=found)
    return found


def _gateway(ctx: Context, _: RouteTable, gateway_id: str) -> tuple[str, str | None]:
    if not gateway_id.startswith("igw-"):
        raise UnsupportedOperation(why=f"{gateway_id}: no such target is built.")
    gateway = find_gateway(ctx, gateway_id)
    return gateway.id, gateway.vpc_id


def _nat_gateway(ctx: Context, _: RouteTable, gateway_id: str) -> tuple[str, str | None]:
    gateway = find_nat_gateway(ctx, gateway_id)
    return gateway.id, gateway.vpc_id


def _egress_gateway(ctx: Context, _: RouteTable, gateway_id: str) -> tuple[str, str | None]:
    gateway = find_egress_only_gateway(ctx, gateway_id)
    return gateway.id, gateway.vpc_id


def _interface(ctx: Context, _: RouteTable, interface_id: str) -> tuple[str, str | None]:
    interface = find_interface(ctx, interface_id)
    return interface.id, interface.vpc_id


def _instance(ctx: Context, _: RouteTable, instance_id: str) -> tuple[str, str | None]:
    instance = find_lasting_instance(ctx, instance_id)
    interfaces = interfaces_of(ctx.db, [instance.id])[instance.id]
    if len(interfaces) != 1:
        raise ManyInterfaces(id=instance.id)
    return interfaces[0].id, interfaces[0].vpc_id


def _peering(ctx: Context, table: RouteTable, peering_id: str) -> tuple[str, str | None]:
    """One that is pending will do: the route is a black hole until it is active."""
    peering = find_peering(ctx, peering_id)
    if peering.state(ctx.now) not in LIVE:
        raise PeeringNotFound(id=peering_id)
    ends = {side.vpc_id for side in peering.sides}
    return peering_id, table.vpc_id if table.vpc_id in ends else None


_FINDERS: dict[str, Callable[[Context, RouteTable, str], tuple[str, str | None]]] = {
    "EgressOnlyInternetGatewayId": _egress_gateway,
    "GatewayId": _gateway,
    "InstanceId": _instance,
    "NatGatewayId": _nat_gateway,
    "NetworkInterfaceId": _interface,
    "VpcPeeringConnectionId": _peering,
}
"""Member of the request → what finds the target and the VPC that it is of."""
