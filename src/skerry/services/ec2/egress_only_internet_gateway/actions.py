"""Egress-only internet gateway actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete

from skerry.kernel.action import action
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.kernel.wake import wake_id
from skerry.services.ec2.egress_only_internet_gateway import api
from skerry.services.ec2.egress_only_internet_gateway.errors import (
    EgressOnlyGatewayLimitExceeded,
    EgressOnlyGatewayMalformed,
    EgressOnlyGatewayNotFound,
)
from skerry.services.ec2.egress_only_internet_gateway.model import EgressOnlyInternetGateway
from skerry.services.ec2.egress_only_internet_gateway.view import (
    FILTERS,
    gateway_view,
)
from skerry.services.ec2.vpc.api import find_vpc

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CreateEgressOnlyInternetGatewayRequestTypeDef,
        DeleteEgressOnlyInternetGatewayRequestTypeDef,
        DescribeEgressOnlyInternetGatewaysRequestTypeDef,
    )

    from skerry.kernel.context import Context

_TAGGED_AS = "egress-only-internet-gateway"


@action("CreateEgressOnlyInternetGateway")
def create_egress_only_internet_gateway(
    ctx: Context, req: CreateEgressOnlyInternetGatewayRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateEgressOnlyInternetGateway.html

    A VPC has one at most.
    """
    vpc = find_vpc(ctx, req["VpcId"])
    present = api.egress_only_gateway_of(ctx.db, vpc.id)
    if present is not None:
        raise EgressOnlyGatewayLimitExceeded(vpc_id=vpc.id, id=present)
    gateway = EgressOnlyInternetGateway(
        id=new_id("eigw"), account_id=ctx.account_id, vpc_id=vpc.id, created_at=ctx.now
    )
    ctx.db.add(gateway)
    ctx.db.flush()
    tags = tags_on_create(req, _TAGGED_AS)
    put_tags(ctx, _TAGGED_AS, gateway.id, tags)
    ctx.wake(vpc)
    return {
        "ClientToken": req.get("ClientToken"),
        "EgressOnlyInternetGateway": gateway_view(gateway, tags),
    }


@action("DescribeEgressOnlyInternetGateways")
def describe_egress_only_internet_gateways(
    ctx: Context, req: DescribeEgressOnlyInternetGatewaysRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeEgressOnlyInternetGateways.html

    Ids that do not exist are left out, not refused: Terraform relies on that.
    """
    ids = req.get("EgressOnlyInternetGatewayIds")
    check_ids(ids, "eigw", EgressOnlyGatewayMalformed)
    every = known_rows(ctx.db, EgressOnlyInternetGateway, None, EgressOnlyGatewayNotFound)
    gateways = [each for each in every if not ids or each.id in ids]
    tags = tags_of(ctx.db, [each.id for each in gateways])
    matching = select_rows(gateways, req.get("Filters"), FILTERS, lambda one: tags[one.id])
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "EgressOnlyInternetGateways": [gateway_view(each, tags[each.id]) for each in shown],
        "NextToken": token,
    }


@action("DeleteEgressOnlyInternetGateway")
def delete_egress_only_internet_gateway(
    ctx: Context, req: DeleteEgressOnlyInternetGatewayRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteEgressOnlyInternetGateway.html

    Routes to it stay, as black holes.
    """
    gateway = api.find_egress_only_gateway(ctx, req["EgressOnlyInternetGatewayId"])
    drop_tags(ctx.db, [gateway.id])
    ctx.db.execute(
        delete(EgressOnlyInternetGateway).where(EgressOnlyInternetGateway.id == gateway.id)
    )
    wake_id(ctx.db, "vpc", gateway.vpc_id)
    return {"ReturnCode": True}
