"""Security group actions."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.filters import select_rows
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import put_tags, tag_list, tags_of, tags_on_create
from skerry.kernel.wake import wake_id
from skerry.services.ec2.network_interface.model import NetworkInterfaceGroup
from skerry.services.ec2.security_group import api
from skerry.services.ec2.security_group.actions.peers import peering_states
from skerry.services.ec2.security_group.errors import (
    CannotDeleteDefault,
    GroupDescriptionInvalid,
    GroupDuplicate,
    GroupInUse,
    GroupLimitExceeded,
    GroupMalformed,
    GroupNameInvalid,
    GroupNotFound,
    GroupReserved,
)
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule
from skerry.services.ec2.security_group.view import (
    GroupFacts,
    group_arn,
    group_filters,
    security_group_view,
)
from skerry.services.ec2.vpc.api import default_vpc, find_vpc
from skerry.services.ec2.vpc.errors import NoDefaultVpc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_ec2.type_defs import (
        CreateSecurityGroupRequestTypeDef,
        DeleteSecurityGroupRequestTypeDef,
        DescribeSecurityGroupsRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_GROUPS_PER_VPC = 2500

_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")
_RULE_OF_TEXT = (
    "It may have up to 255 characters of a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*"
)


@action("CreateSecurityGroup")
def create_security_group(ctx: Context, req: CreateSecurityGroupRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"""
    name, description = req["GroupName"].rstrip(), req["Description"]
    _check_texts(name, description)
    vpc_id = req.get("VpcId")
    vpc = find_vpc(ctx, vpc_id) if vpc_id else default_vpc(ctx)
    if vpc is None:
        raise NoDefaultVpc
    here = SecurityGroup.vpc_id == vpc.id
    if ctx.db.scalar(select(SecurityGroup.id).where(here, SecurityGroup.name == name)):
        raise GroupDuplicate(name=name, vpc_id=vpc.id)
    count = ctx.db.scalar(select(func.count()).select_from(SecurityGroup).where(here)) or 0
    if count >= MAX_GROUPS_PER_VPC:
        raise GroupLimitExceeded(vpc_id=vpc.id, limit=MAX_GROUPS_PER_VPC)
    group = api.create_group(ctx.db, vpc, name, description, ctx.now)
    tags = tags_on_create(req, "security-group")
    put_tags(ctx, "security-group", group.id, tags)
    ctx.wake(vpc)
    return {
        "GroupId": group.id,
        "SecurityGroupArn": group_arn(ctx.region.name, group),
        "Tags": tag_list(tags),
    }


@action("DescribeSecurityGroups")
def describe_security_groups(
    ctx: Context, req: DescribeSecurityGroupsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html"""
    groups = _asked_for(ctx, req.get("GroupIds"), req.get("GroupNames"))
    facts = _facts(ctx, groups)
    matching = select_rows(
        groups, req.get("Filters"), group_filters(facts), lambda one: facts.tags[one.id]
    )
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "SecurityGroups": [security_group_view(each, facts) for each in shown],
        "NextToken": token,
    }


@action("DeleteSecurityGroup")
def delete_security_group(ctx: Context, req: DeleteSecurityGroupRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html"""
    group = api.named_group(ctx, req.get("GroupId"), req.get("GroupName"))
    if group.name == api.DEFAULT:
        raise CannotDeleteDefault(id=group.id)
    member = select(NetworkInterfaceGroup.group_id).where(
        NetworkInterfaceGroup.group_id == group.id
    )
    reference = select(SecurityGroupRule.id).where(
        SecurityGroupRule.referenced_group_id == group.id,
        SecurityGroupRule.group_id != group.id,
        SecurityGroupRule.peering_id.is_(None),  # a rule across a peering becomes stale
    )
    if any(ctx.db.scalar(query.limit(1)) is not None for query in (member, reference)):
        raise GroupInUse(id=group.id)
    for vpc_id in (group.vpc_id, *api.vpcs_that_refer(ctx.db, group.id)):
        wake_id(ctx.db, "vpc", vpc_id)
    api.delete_group(ctx.db, group.id)
    return {"Return": True, "GroupId": group.id}


def _asked_for(
    ctx: Context, ids: Sequence[str] | None, names: Sequence[str] | None
) -> list[SecurityGroup]:
    """Groups by id and by name (of the default VPC); all when neither is given."""
    check_ids(ids, "sg", GroupMalformed)
    if not names:
        return known_rows(ctx.db, SecurityGroup, ids, GroupNotFound)
    groups = known_rows(ctx.db, SecurityGroup, ids, GroupNotFound) if ids else []
    groups += [api.named_group(ctx, None, name) for name in names]
    return list({group.id: group for group in groups}.values())


def _facts(ctx: Context, groups: Sequence[SecurityGroup]) -> GroupFacts:
    rules: defaultdict[str, list[SecurityGroupRule]] = defaultdict(list)
    query = select(SecurityGroupRule)
    if len(groups) <= api.MAX_LISTED:
        query = query.where(SecurityGroupRule.group_id.in_([group.id for group in groups]))
    for rule in ctx.db.scalars(query):
        rules[rule.group_id].append(rule)
    names = ctx.db.execute(select(SecurityGroup.id, SecurityGroup.name)).tuples()
    tags = tags_of(ctx.db, [group.id for group in groups])
    peerings = peering_states(ctx, [rule for some in rules.values() for rule in some])
    return GroupFacts(ctx.region.name, rules, dict(names.all()), tags, peerings)


def _check_texts(name: str, description: str) -> None:
    if name.lower() == api.DEFAULT:
        raise GroupReserved(name=name)
    if name.lower().startswith("sg-"):
        raise GroupNameInvalid(name=name, why="Group names may not be in the format sg-*.")
    if not _TEXT.fullmatch(name):
        raise GroupNameInvalid(name=name, why=_RULE_OF_TEXT)
    if not _TEXT.fullmatch(description):
        raise GroupDescriptionInvalid(description=description, why=_RULE_OF_TEXT)
