"""Groups that rules speak of, also those of a peered VPC, and what became of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.action import action
from skerry.kernel.db import EVERY_ACCOUNT
from skerry.kernel.errors import MissingParameter
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.services.ec2.security_group import api
from skerry.services.ec2.security_group.errors import (
    DifferentNetworks,
    GroupMalformed,
    GroupNotFound,
    PeerGroupNotReachable,
)
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule
from skerry.services.ec2.security_group.view import permissions_view
from skerry.services.ec2.vpc.api import find_vpc
from skerry.services.ec2.vpc_peering.api import visible_peerings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from types_boto3_ec2.type_defs import (
        DescribeSecurityGroupReferencesRequestTypeDef,
        DescribeStaleSecurityGroupsRequestTypeDef,
    )

    from skerry.kernel.context import Context


@action("DescribeSecurityGroupReferences")
def describe_security_group_references(
    ctx: Context, req: DescribeSecurityGroupReferencesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupReferences.html"""
    ids = req["GroupId"]
    check_ids(ids, "sg", GroupMalformed)
    groups = known_rows(ctx.db, SecurityGroup, ids, GroupNotFound) if ids else []
    query = (
        select(
            SecurityGroupRule.referenced_group_id,
            SecurityGroup.vpc_id,
            SecurityGroupRule.peering_id,
        )
        .join(SecurityGroup, SecurityGroup.id == SecurityGroupRule.group_id)
        .where(
            SecurityGroupRule.referenced_group_id.in_([group.id for group in groups]),
            SecurityGroupRule.peering_id.is_not(None),
        )
        .distinct()
        .order_by(SecurityGroupRule.referenced_group_id, SecurityGroup.vpc_id)
        .execution_options(**EVERY_ACCOUNT)
    )
    return {
        "SecurityGroupReferenceSet": [
            {
                "GroupId": group_id,
                "ReferencingVpcId": vpc_id,
                "VpcPeeringConnectionId": peering_id,
            }
            for group_id, vpc_id, peering_id in ctx.db.execute(query).tuples()
        ]
    }


@action("DescribeStaleSecurityGroups")
def describe_stale_security_groups(
    ctx: Context, req: DescribeStaleSecurityGroupsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeStaleSecurityGroups.html"""
    vpc = find_vpc(ctx, req["VpcId"])
    query = (
        select(SecurityGroupRule)
        .join(SecurityGroup, SecurityGroup.id == SecurityGroupRule.group_id)
        .where(SecurityGroup.vpc_id == vpc.id, SecurityGroupRule.peering_id.is_not(None))
    )
    rules = list(ctx.db.scalars(query))
    states = peering_states(ctx, rules)
    living = select(SecurityGroup.id).where(
        SecurityGroup.id.in_({rule.referenced_group_id for rule in rules})
    )
    there = set(ctx.db.scalars(living.execution_options(**EVERY_ACCOUNT)))
    stale: defaultdict[str, list[SecurityGroupRule]] = defaultdict(list)
    for rule in rules:
        gone = rule.referenced_group_id not in there
        if gone or states.get(rule.peering_id or "") != "active":
            stale[rule.group_id].append(rule)
    groups = known_rows(ctx.db, SecurityGroup, sorted(stale), GroupNotFound) if stale else []
    shown, token = page(groups, req, lambda group: group.id)
    return {
        "NextToken": token,
        "StaleSecurityGroupSet": [_stale_view(group, stale[group.id], states) for group in shown],
    }


def peer_group(ctx: Context, group: SecurityGroup, pair: Mapping[str, Any]) -> dict[str, str]:
    """The group that a rule of ``group`` is to speak of, as columns of the rule.

    One of another VPC needs an active peering connection. Raises MissingParameter, GroupMalformed,
    GroupNotFound, DifferentNetworks, PeerGroupNotReachable.
    """
    group_id, name = pair.get("GroupId"), pair.get("GroupName")
    if not group_id and not name:
        raise MissingParameter(name="groupId")
    owner_id: str = pair.get("UserId") or ctx.account_id
    if not group_id:
        if owner_id != ctx.account_id:
            raise GroupNotFound(id=name)
        return {"referenced_group_id": api.group_by_name(ctx, group.vpc_id, str(name)).id}
    check_ids([group_id], "sg", GroupMalformed)
    query = select(SecurityGroup).where(
        SecurityGroup.id == group_id, SecurityGroup.account_id == owner_id
    )
    other = ctx.db.scalar(query.execution_options(**EVERY_ACCOUNT))
    peering_id = _peering_id(ctx, group.vpc_id, other.vpc_id) if other else None
    if other is None or (peering_id is None and owner_id != ctx.account_id):
        raise GroupNotFound(id=group_id)  # nobody is told of what he has no way to
    asked = pair.get("VpcPeeringConnectionId")
    if asked and asked != peering_id:
        raise PeerGroupNotReachable(id=group.id, other_id=other.id)
    if other.vpc_id == group.vpc_id:
        return {"referenced_group_id": other.id}
    if peering_id is None:
        raise DifferentNetworks
    return {
        "referenced_group_id": other.id,
        "referenced_owner_id": other.account_id,
        "referenced_vpc_id": other.vpc_id,
        "peering_id": peering_id,
    }


def peering_states(ctx: Context, rules: Iterable[SecurityGroupRule]) -> dict[str, str]:
    """Peering id → its state, of what rules speak of across a connection that still can be seen."""
    if not any(rule.peering_id for rule in rules):
        return {}
    return {one.row.id: one.state(ctx.now) for one in visible_peerings(ctx, None)}


def _peering_id(ctx: Context, vpc_id: str, other_id: str) -> str | None:
    for one in visible_peerings(ctx, None) if vpc_id != other_id else ():
        ends = {side.vpc_id for side in one.sides}
        if ends == {vpc_id, other_id} and one.state(ctx.now) == "active":
            return one.row.id
    return None


def _stale_view(
    group: SecurityGroup, rules: Sequence[SecurityGroupRule], states: Mapping[str, str]
) -> dict[str, Any]:
    def shown(*, egress: bool) -> list[dict[str, Any]]:
        mine = [rule for rule in rules if rule.egress == egress]
        found = permissions_view(mine, states)
        # of IPv6 ranges this older shape knows nothing
        return [{k: v for k, v in each.items() if k != "Ipv6Ranges"} for each in found]

    return {
        "Description": group.description,
        "GroupId": group.id,
        "GroupName": group.name,
        "StaleIpPermissions": shown(egress=False),
        "StaleIpPermissionsEgress": shown(egress=True),
        "VpcId": group.vpc_id,
    }
