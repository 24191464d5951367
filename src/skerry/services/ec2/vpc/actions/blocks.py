"""Further address blocks of VPCs.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter, UnsupportedOperation
from skerry.services.ec2.route_table.model import Route, RouteTable
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc import api
from skerry.services.ec2.vpc.errors import (
    BlockConflict,
    BlockInUse,
    BlockLimitExceeded,
    BlockNotFound,
    BlockRestricted,
    BlockRouted,
    PrimaryBlock,
)
from skerry.services.ec2.vpc.model import Vpc, VpcBlock
from skerry.services.ec2.vpc.view import ipv4_association, ipv6_association, primary_association_id
from skerry.services.ec2.vpc_peering.api import wake_peers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        AssociateVpcCidrBlockRequestTypeDef,
        DisassociateVpcCidrBlockRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_BLOCKS = 5
"""Of each family."""

_NOT_BUILT = (
    "Ipv6CidrBlock",
    "Ipv6Pool",
    "Ipv4IpamPoolId",
    "Ipv4NetmaskLength",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
)
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_NEVER_FURTHER = IPv4Network("198.19.0.0/16")
"""May be a VPC's first block, but no further one."""


@action("AssociateVpcCidrBlock")
def associate_vpc_cidr_block(
    ctx: Context, req: AssociateVpcCidrBlockRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateVpcCidrBlock.html"""
    asked: Mapping[str, Any] = dict(req)
    for name in _NOT_BUILT:
        if asked.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported.")
    vpc = api.find_vpc(ctx, req["VpcId"])
    cidr, wants_ipv6 = req.get("CidrBlock"), req.get("AmazonProvidedIpv6CidrBlock")
    if cidr and wants_ipv6:
        raise InvalidParameterCombination(why="One block at a time: of IPv4 or of IPv6.")
    wake_peers(ctx.db, vpc.id)
    if wants_ipv6:
        _check_count(vpc, len(api.ipv6_networks(ctx.db, vpc)))
        block = api.add_ipv6_block(ctx.db, vpc, ctx.region)
        shown = ipv6_association(block, ctx.region, "associating")
        return {"VpcId": vpc.id, "Ipv6CidrBlockAssociation": shown}
    if not cidr:
        raise MissingParameter(name="cidrBlock")
    block = api.add_block(ctx.db, vpc, str(_checked(ctx, vpc, cidr)))
    return {"VpcId": vpc.id, "CidrBlockAssociation": ipv4_association(block, "associating")}


@action("DisassociateVpcCidrBlock")
def disassociate_vpc_cidr_block(
    ctx: Context, req: DisassociateVpcCidrBlockRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateVpcCidrBlock.html"""
    association_id = req["AssociationId"]
    block = ctx.db.scalar(select(VpcBlock).where(VpcBlock.id == association_id))
    if block is None:
        raise _unknown(ctx, association_id)
    _check_unused(ctx, block)
    vpc = api.find_vpc(ctx, block.vpc_id)
    ctx.db.delete(block)
    ctx.db.flush()
    ctx.wake(vpc)
    wake_peers(ctx.db, vpc.id)
    if isinstance(block.network, IPv6Network):
        shown = ipv6_association(block, ctx.region, "disassociating")
        return {"VpcId": vpc.id, "Ipv6CidrBlockAssociation": shown}
    return {"VpcId": vpc.id, "CidrBlockAssociation": ipv4_association(block, "disassociating")}


def _checked(ctx: Context, vpc: Vpc, text: str) -> IPv4Network:
    cidr = api.parse_cidr(text, "cidrBlock")
    api.check_range(cidr, text)
    present = api.ipv4_networks(ctx.db, vpc)
    _check_count(vpc, len(present))
    if any(cidr.overlaps(each) for each in present):
        raise BlockConflict(cidr=text, vpc_id=vpc.id)
    private = _private_range(cidr)
    is_foreign = private is not None and private != _private_range(vpc.network)
    if is_foreign or cidr.overlaps(_NEVER_FURTHER):
        raise BlockRestricted(cidr=text)
    _check_routes(ctx, vpc, cidr)
    return cidr


def _check_routes(ctx: Context, vpc: Vpc, cidr: IPv4Network) -> None:
    """What a route leads away may surround a new block, but not lie in it: that would be local then."""
    routes = (
        select(Route.destination)
        .join(RouteTable, RouteTable.id == Route.route_table_id)
        .where(RouteTable.vpc_id == vpc.id)
    )
    for destination in ctx.db.scalars(routes):
        if "." in destination and IPv4Network(destination).subnet_of(cidr):
            raise BlockRouted(cidr=str(cidr), destination=destination)


def _private_range(cidr: IPv4Network) -> IPv4Network | None:
    return next((each for each in _PRIVATE if cidr.subnet_of(each)), None)


def _check_count(vpc: Vpc, present: int) -> None:
    if present >= MAX_BLOCKS:
        raise BlockLimitExceeded(vpc_id=vpc.id, limit=MAX_BLOCKS)


def _check_unused(ctx: Context, block: VpcBlock) -> None:
    network = block.network
    for subnet in ctx.db.scalars(select(Subnet).where(Subnet.vpc_id == block.vpc_id)):
        if isinstance(network, IPv4Network):
            inside = subnet.network.subnet_of(network)
        else:
            own = subnet.ipv6_network
            inside = own is not None and own.subnet_of(network)
        if inside:
            raise BlockInUse(vpc_id=block.vpc_id, cidr=block.cidr)


def _unknown(ctx: Context, association_id: str) -> PrimaryBlock | BlockNotFound:
    for vpc in ctx.db.scalars(select(Vpc).where(Vpc.wanted)):
        if primary_association_id(vpc) == association_id:
            return PrimaryBlock(id=association_id)
    return BlockNotFound(id=association_id)
