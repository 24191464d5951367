"""Network ACL actions."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.action import action
from skerry.kernel.filters import select_rows
from skerry.kernel.lookup import known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import tags_of
from skerry.services.ec2.network_acl.errors import NetworkAclNotFound
from skerry.services.ec2.network_acl.model import NetworkAcl, NetworkAclEntry
from skerry.services.ec2.network_acl.view import AclFacts, filters, network_acl_view
from skerry.services.ec2.subnet.model import Subnet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_ec2.type_defs import DescribeNetworkAclsRequestTypeDef

    from skerry.kernel.context import Context


@action("DescribeNetworkAcls")
def describe_network_acls(ctx: Context, req: DescribeNetworkAclsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkAcls.html"""
    acls = known_rows(ctx.db, NetworkAcl, req.get("NetworkAclIds"), NetworkAclNotFound)
    facts = _facts(ctx, acls)
    matching = select_rows(acls, req.get("Filters"), filters(facts), lambda one: facts.tags[one.id])
    shown, token = page(matching, req, lambda one: one.id)
    return {"NetworkAcls": [network_acl_view(each, facts) for each in shown], "NextToken": token}


def _facts(ctx: Context, acls: Sequence[NetworkAcl]) -> AclFacts:
    entries: defaultdict[str, list[NetworkAclEntry]] = defaultdict(list)
    for entry in ctx.db.scalars(select(NetworkAclEntry).order_by(NetworkAclEntry.number)):
        entries[entry.network_acl_id].append(entry)
    subnets: defaultdict[str, list[Subnet]] = defaultdict(list)
    for subnet in ctx.db.scalars(select(Subnet).order_by(Subnet.id)):
        subnets[subnet.network_acl_id].append(subnet)
    return AclFacts(entries, subnets, tags_of(ctx.db, [acl.id for acl in acls]))
