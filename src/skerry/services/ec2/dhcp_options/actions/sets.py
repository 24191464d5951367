"""DHCP option set actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from skerry.kernel.action import action
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.services.ec2.dhcp_options.actions.values import read_configuration
from skerry.services.ec2.dhcp_options.api import NO_OPTIONS
from skerry.services.ec2.dhcp_options.errors import (
    DhcpOptionsInUse,
    DhcpOptionsMalformed,
    DhcpOptionsNotFound,
)
from skerry.services.ec2.dhcp_options.model import DhcpOptions
from skerry.services.ec2.dhcp_options.view import FILTERS, dhcp_options_view
from skerry.services.ec2.vpc.api import find_vpc
from skerry.services.ec2.vpc.model import Vpc

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AssociateDhcpOptionsRequestTypeDef,
        CreateDhcpOptionsRequestTypeDef,
        DeleteDhcpOptionsRequestTypeDef,
        DescribeDhcpOptionsRequestTypeDef,
    )

    from skerry.kernel.context import Context


@action("CreateDhcpOptions")
def create_dhcp_options(ctx: Context, req: CreateDhcpOptionsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDhcpOptions.html"""
    options = DhcpOptions(
        id=new_id("dopt"),
        account_id=ctx.account_id,
        configuration=read_configuration(req["DhcpConfigurations"]),
        created_at=ctx.now,
    )
    ctx.db.add(options)
    ctx.db.flush()
    tags = tags_on_create(req, "dhcp-options")
    put_tags(ctx, "dhcp-options", options.id, tags)
    return {"DhcpOptions": dhcp_options_view(options, tags)}


@action("DescribeDhcpOptions")
def describe_dhcp_options(ctx: Context, req: DescribeDhcpOptionsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeDhcpOptions.html"""
    ids = req.get("DhcpOptionsIds")
    check_ids(ids, "dopt", DhcpOptionsMalformed)
    sets = known_rows(ctx.db, DhcpOptions, ids, DhcpOptionsNotFound)
    tags = tags_of(ctx.db, [each.id for each in sets])
    matching = select_rows(sets, req.get("Filters"), FILTERS, lambda one: tags[one.id])
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "DhcpOptions": [dhcp_options_view(each, tags[each.id]) for each in shown],
        "NextToken": token,
    }


@action("AssociateDhcpOptions")
def associate_dhcp_options(ctx: Context, req: AssociateDhcpOptionsRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateDhcpOptions.html

    The id "default" stands for no option set. Guests hear of it when they renew their leases.
    """
    options_id = req["DhcpOptionsId"]
    if options_id != NO_OPTIONS:
        options_id = _find_options(ctx, options_id).id
    vpc = find_vpc(ctx, req["VpcId"])
    vpc.dhcp_options_id = options_id
    ctx.wake(vpc)


@action("DeleteDhcpOptions")
def delete_dhcp_options(ctx: Context, req: DeleteDhcpOptionsRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteDhcpOptions.html"""
    options = _find_options(ctx, req["DhcpOptionsId"])
    users = select(Vpc.id).where(Vpc.dhcp_options_id == options.id, Vpc.wanted)
    if ctx.db.scalar(users.limit(1)) is not None:
        raise DhcpOptionsInUse(id=options.id)
    drop_tags(ctx.db, [options.id])
    ctx.db.execute(delete(DhcpOptions).where(DhcpOptions.id == options.id))


def _find_options(ctx: Context, options_id: str) -> DhcpOptions:
    check_ids([options_id], "dopt", DhcpOptionsMalformed)
    return known_rows(ctx.db, DhcpOptions, [options_id], DhcpOptionsNotFound)[0]
