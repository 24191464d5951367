"""DHCP option actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.filters import select_rows
from skerry.kernel.lookup import known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import tags_of
from skerry.services.ec2.dhcp_options.errors import DhcpOptionsNotFound
from skerry.services.ec2.dhcp_options.model import DhcpOptions
from skerry.services.ec2.dhcp_options.view import FILTERS, dhcp_options_view

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeDhcpOptionsRequestTypeDef

    from skerry.kernel.context import Context


@action("DescribeDhcpOptions")
def describe_dhcp_options(ctx: Context, req: DescribeDhcpOptionsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeDhcpOptions.html"""
    sets = known_rows(ctx.db, DhcpOptions, req.get("DhcpOptionsIds"), DhcpOptionsNotFound)
    tags = tags_of(ctx.db, [each.id for each in sets])
    matching = select_rows(sets, req.get("Filters"), FILTERS, lambda one: tags[one.id])
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "DhcpOptions": [dhcp_options_view(each, tags[each.id]) for each in shown],
        "NextToken": token,
    }
