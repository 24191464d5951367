"""Internet gateway actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, or_, select

from skerry.kernel.action import action
from skerry.kernel.filters import select_rows
from skerry.kernel.lookup import known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.internet_gateway import api
from skerry.services.ec2.internet_gateway.errors import (
    AddressesMapped,
    AlreadyAttached,
    GatewayInUse,
    GatewayLimitExceeded,
    InternetGatewayNotFound,
    NotAttached,
    VpcHasGateway,
)
from skerry.services.ec2.internet_gateway.model import InternetGateway
from skerry.services.ec2.internet_gateway.view import FILTERS, internet_gateway_view
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.vpc.api import find_vpc

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AttachInternetGatewayRequestTypeDef,
        CreateInternetGatewayRequestTypeDef,
        DeleteInternetGatewayRequestTypeDef,
        DescribeInternetGatewaysRequestTypeDef,
        DetachInternetGatewayRequestTypeDef,
    )

    from skerry.kernel.context import Context


MAX_GATEWAYS = 100
"""As many as VPCs: AWS raises both quotas together."""


@action("CreateInternetGateway")
def create_internet_gateway(
    ctx: Context, req: CreateInternetGatewayRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateInternetGateway.html"""
    count = ctx.db.scalar(select(func.count()).select_from(InternetGateway)) or 0
    if count >= MAX_GATEWAYS:
        raise GatewayLimitExceeded(limit=MAX_GATEWAYS)
    gateway = api.create_gateway(ctx.db, ctx.account_id, ctx.now)
    tags = tags_on_create(req, "internet-gateway")
    put_tags(ctx, "internet-gateway", gateway.id, tags)
    return {"InternetGateway": internet_gateway_view(gateway, tags)}


@action("DescribeInternetGateways")
def describe_internet_gateways(
    ctx: Context, req: DescribeInternetGatewaysRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInternetGateways.html"""
    ids = req.get("InternetGatewayIds")
    gateways = known_rows(ctx.db, InternetGateway, ids, InternetGatewayNotFound)
    tags = tags_of(ctx.db, [each.id for each in gateways])
    matching = select_rows(gateways, req.get("Filters"), FILTERS, lambda one: tags[one.id])
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "InternetGateways": [internet_gateway_view(each, tags[each.id]) for each in shown],
        "NextToken": token,
    }


@action("AttachInternetGateway")
def attach_internet_gateway(ctx: Context, req: AttachInternetGatewayRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachInternetGateway.html"""
    gateway = api.find_gateway(ctx, req["InternetGatewayId"])
    vpc = find_vpc(ctx, req["VpcId"])
    if gateway.vpc_id is not None:
        raise AlreadyAttached(id=gateway.id, vpc_id=gateway.vpc_id)
    if api.gateway_of_vpc(ctx.db, vpc.id) is not None:
        raise VpcHasGateway(vpc_id=vpc.id)
    gateway.vpc_id = vpc.id
    ctx.db.flush()
    ctx.wake(vpc)


@action("DetachInternetGateway")
def detach_internet_gateway(ctx: Context, req: DetachInternetGatewayRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html"""
    gateway = api.find_gateway(ctx, req["InternetGatewayId"])
    vpc = find_vpc(ctx, req["VpcId"])
    if gateway.vpc_id != vpc.id:
        raise NotAttached(id=gateway.id, vpc_id=vpc.id)
    if _has_public_addresses(ctx, vpc.id):
        raise AddressesMapped(vpc_id=vpc.id)
    gateway.vpc_id = None
    ctx.db.flush()
    ctx.wake(vpc)


@action("DeleteInternetGateway")
def delete_internet_gateway(ctx: Context, req: DeleteInternetGatewayRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteInternetGateway.html

    Routes to it stay, as black holes.
    """
    gateway = api.find_gateway(ctx, req["InternetGatewayId"])
    if gateway.vpc_id is not None:
        raise GatewayInUse(id=gateway.id)
    drop_tags(ctx.db, [gateway.id])
    ctx.db.execute(delete(InternetGateway).where(InternetGateway.id == gateway.id))


def _has_public_addresses(ctx: Context, vpc_id: str) -> bool:
    query = (
        select(NetworkInterface.id)
        .join(Address, Address.network_interface_id == NetworkInterface.id, isouter=True)
        .where(
            NetworkInterface.vpc_id == vpc_id,
            or_(Address.id.is_not(None), NetworkInterface.public_ip.is_not(None)),
        )
    )
    return ctx.db.scalar(query.limit(1)) is not None
