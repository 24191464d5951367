"""Network ACLs and the subnets that are under them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import put_tags, tags_of, tags_on_create
from skerry.kernel.wake import wake_id
from skerry.services.ec2.network_acl import api
from skerry.services.ec2.network_acl.errors import (
    AssociationNotFound,
    DefaultNetworkAcl,
    NetworkAclInUse,
    NetworkAclLimitExceeded,
    NetworkAclMalformed,
    NetworkAclNotFound,
    NetworkAclOfOtherVpc,
)
from skerry.services.ec2.network_acl.model import NetworkAcl, NetworkAclEntry
from skerry.services.ec2.network_acl.view import AclFacts, filters, network_acl_view
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc.api import blocks_of, find_vpc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_ec2.type_defs import (
        CreateNetworkAclRequestTypeDef,
        DeleteNetworkAclRequestTypeDef,
        DescribeNetworkAclsRequestTypeDef,
        ReplaceNetworkAclAssociationRequestTypeDef,
    )

    from skerry.kernel.context import Context


MAX_PER_VPC = 200


@action("CreateNetworkAcl")
def create_network_acl(ctx: Context, req: CreateNetworkAclRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAcl.html"""
    vpc = find_vpc(ctx, req["VpcId"])
    count = select(func.count()).select_from(NetworkAcl).where(NetworkAcl.vpc_id == vpc.id)
    if (ctx.db.scalar(count) or 0) >= MAX_PER_VPC:
        raise NetworkAclLimitExceeded(vpc_id=vpc.id, limit=MAX_PER_VPC)
    acl = api.create_acl(ctx.db, vpc, ctx.now)
    put_tags(ctx, "network-acl", acl.id, tags_on_create(req, "network-acl"))
    shown = network_acl_view(acl, _facts(ctx, [acl]))
    return {"ClientToken": req.get("ClientToken"), "NetworkAcl": shown}


@action("DescribeNetworkAcls")
def describe_network_acls(ctx: Context, req: DescribeNetworkAclsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkAcls.html"""
    ids = req.get("NetworkAclIds")
    check_ids(ids, "acl", NetworkAclMalformed)
    acls = known_rows(ctx.db, NetworkAcl, ids, NetworkAclNotFound)
    facts = _facts(ctx, acls)
    matching = select_rows(acls, req.get("Filters"), filters(facts), lambda one: facts.tags[one.id])
    shown, token = page(matching, req, lambda one: one.id)
    return {"NetworkAcls": [network_acl_view(each, facts) for each in shown], "NextToken": token}


@action("DeleteNetworkAcl")
def delete_network_acl(ctx: Context, req: DeleteNetworkAclRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkAcl.html"""
    acl = api.find_acl(ctx, req["NetworkAclId"])
    if acl.is_default:
        raise DefaultNetworkAcl(id=acl.id)
    used = select(Subnet.id).where(Subnet.network_acl_id == acl.id).limit(1)
    if ctx.db.scalar(used) is not None:
        raise NetworkAclInUse(id=acl.id)
    api.delete_acl(ctx.db, acl.id)


@action("ReplaceNetworkAclAssociation")
def replace_network_acl_association(
    ctx: Context, req: ReplaceNetworkAclAssociationRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceNetworkAclAssociation.html"""
    association_id = req["AssociationId"]
    subnet = ctx.db.scalar(
        select(Subnet).where(Subnet.network_acl_association_id == association_id)
    )
    if subnet is None:
        raise AssociationNotFound(id=association_id)
    acl = api.find_acl(ctx, req["NetworkAclId"])
    if acl.vpc_id != subnet.vpc_id:
        raise NetworkAclOfOtherVpc(id=acl.id, subnet_id=subnet.id)
    subnet.network_acl_id = acl.id
    subnet.network_acl_association_id = new_id("aclassoc")
    ctx.db.flush()
    wake_id(ctx.db, "vpc", subnet.vpc_id)
    return {"NewAssociationId": subnet.network_acl_association_id}


def _facts(ctx: Context, acls: Sequence[NetworkAcl]) -> AclFacts:
    entries: defaultdict[str, list[NetworkAclEntry]] = defaultdict(list)
    for entry in ctx.db.scalars(select(NetworkAclEntry).order_by(NetworkAclEntry.number)):
        entries[entry.network_acl_id].append(entry)
    subnets: defaultdict[str, list[Subnet]] = defaultdict(list)
    for subnet in ctx.db.scalars(select(Subnet).order_by(Subnet.id)):
        subnets[subnet.network_acl_id].append(subnet)
    blocks = blocks_of(ctx.db, {acl.vpc_id for acl in acls})
    dual = {each for each, some in blocks.items() if any(":" in block.cidr for block in some)}
    return AclFacts(entries, subnets, tags_of(ctx.db, [acl.id for acl in acls]), dual)
