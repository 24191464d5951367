"""Rules of security groups: both the older form by permission and the form by rule id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.kernel.wake import wake_id
from skerry.services.ec2.security_group import api
from skerry.services.ec2.security_group.actions.peers import peering_states
from skerry.services.ec2.security_group.actions.permissions import (
    Permission,
    identity_of,
    permissions_of,
    rules_in,
)
from skerry.services.ec2.security_group.errors import (
    PermissionDuplicate,
    PermissionNotFound,
    RuleMalformed,
    RuleNotFound,
)
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule
from skerry.services.ec2.security_group.view import (
    RULE_FILTERS,
    permissions_view,
    revoked_rule_view,
    rule_view,
)
from skerry.services.ec2.vpc.api import find_vpc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_ec2.type_defs import (
        AuthorizeSecurityGroupEgressRequestTypeDef,
        AuthorizeSecurityGroupIngressRequestTypeDef,
        DescribeSecurityGroupRulesRequestTypeDef,
        RevokeSecurityGroupEgressRequestTypeDef,
        RevokeSecurityGroupIngressRequestTypeDef,
    )

    from skerry.kernel.context import Context


@action("DescribeSecurityGroupRules")
def describe_security_group_rules(
    ctx: Context, req: DescribeSecurityGroupRulesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupRules.html"""
    ids = req.get("SecurityGroupRuleIds")
    check_ids(ids, "sgr", RuleMalformed)
    rules = known_rows(ctx.db, SecurityGroupRule, ids, RuleNotFound)
    tags = tags_of(ctx.db, [rule.id for rule in rules])
    matching = select_rows(rules, req.get("Filters"), RULE_FILTERS, lambda one: tags[one.id])
    shown, token = page(matching, req, lambda one: one.id)
    peerings = peering_states(ctx, shown)
    return {
        "SecurityGroupRules": [
            rule_view(ctx.region.name, one, tags[one.id], peerings) for one in shown
        ],
        "NextToken": token,
    }


@action("AuthorizeSecurityGroupIngress")
def authorize_security_group_ingress(
    ctx: Context, req: AuthorizeSecurityGroupIngressRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html"""
    group = api.named_group(ctx, req.get("GroupId"), req.get("GroupName"))
    return _authorize(ctx, group, req, egress=False)


@action("AuthorizeSecurityGroupEgress")
def authorize_security_group_egress(
    ctx: Context, req: AuthorizeSecurityGroupEgressRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupEgress.html"""
    _refuse_shorthand(req)
    return _authorize(ctx, api.find_group(ctx, req["GroupId"]), req, egress=True)


@action("RevokeSecurityGroupIngress")
def revoke_security_group_ingress(
    ctx: Context, req: RevokeSecurityGroupIngressRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html"""
    ids = req.get("SecurityGroupRuleIds")
    if ids and not req.get("GroupId") and not req.get("GroupName"):
        check_ids(ids, "sgr", RuleMalformed)
        rules = known_rows(ctx.db, SecurityGroupRule, ids, RuleNotFound)
        group = api.find_group(ctx, rules[0].group_id)
    else:
        group = api.named_group(ctx, req.get("GroupId"), req.get("GroupName"))
    return _revoke(ctx, group, req, egress=False)


@action("RevokeSecurityGroupEgress")
def revoke_security_group_egress(
    ctx: Context, req: RevokeSecurityGroupEgressRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupEgress.html"""
    _refuse_shorthand(req)
    return _revoke(ctx, api.find_group(ctx, req["GroupId"]), req, egress=True)


def _authorize(
    ctx: Context, group: SecurityGroup, req: Mapping[str, Any], *, egress: bool
) -> dict[str, Any]:
    asked = permissions_of(ctx, group, req)
    present = rules_in(ctx, group, egress=egress)
    identities = {identity_of(rule) for rule in present}
    for permission in asked:
        if permission.identity in identities:
            raise PermissionDuplicate(rule=permission)
    made = [_new_rule(group, permission, egress=egress) for permission in asked]
    ctx.db.add_all(made)
    ctx.db.flush()
    api.check_room(ctx.db, group.id)
    tags = tags_on_create(req, "security-group-rule")
    if tags:
        for rule in made:
            put_tags(ctx, "security-group-rule", rule.id, tags)
    wake_id(ctx.db, "vpc", group.vpc_id)
    peerings = peering_states(ctx, made)
    views = [rule_view(ctx.region.name, rule, tags, peerings) for rule in made]
    return {"Return": True, "SecurityGroupRules": views}


def _revoke(
    ctx: Context, group: SecurityGroup, req: Mapping[str, Any], *, egress: bool
) -> dict[str, Any]:
    present = rules_in(ctx, group, egress=egress)
    ids: Sequence[str] = req.get("SecurityGroupRuleIds") or ()
    unknown: list[Permission] = []
    if ids:
        if req.get("IpPermissions"):
            raise InvalidParameterCombination(
                why="Either 'ipPermissions' or 'securityGroupRuleIds' should be provided."
            )
        revoked = _by_ids(present, ids)
    else:
        asked = permissions_of(ctx, group, req, present)
        there = {identity_of(rule): rule for rule in present}
        revoked = [there[each.identity] for each in asked if each.identity in there]
        unknown = [each for each in asked if each.identity not in there]
    # AWS on groups of the default VPC: no error, but the answer tells what was not there.
    if unknown and not find_vpc(ctx, group.vpc_id).is_default:
        raise PermissionNotFound
    drop_tags(ctx.db, [rule.id for rule in revoked])
    gone = SecurityGroupRule.id.in_([rule.id for rule in revoked])
    views = [revoked_rule_view(rule) for rule in revoked]
    ctx.db.execute(delete(SecurityGroupRule).where(gone))
    wake_id(ctx.db, "vpc", group.vpc_id)
    not_there = [_new_rule(group, each, egress=egress) for each in unknown]
    return {
        "Return": True,
        "RevokedSecurityGroupRules": views,
        "UnknownIpPermissions": permissions_view(not_there, peering_states(ctx, not_there)),
    }


def _by_ids(present: Sequence[SecurityGroupRule], ids: Sequence[str]) -> list[SecurityGroupRule]:
    check_ids(ids, "sgr", RuleMalformed)
    there = {rule.id: rule for rule in present}
    for each in ids:
        if each not in there:
            raise RuleNotFound(id=each)
    return [there[each] for each in dict.fromkeys(ids)]


def _new_rule(group: SecurityGroup, permission: Permission, *, egress: bool) -> SecurityGroupRule:
    rule = SecurityGroupRule(
        id=new_id("sgr"), account_id=group.account_id, group_id=group.id, egress=egress
    )
    permission.write(rule)
    return rule


def _refuse_shorthand(req: Mapping[str, Any]) -> None:
    for name in ("CidrIp", "FromPort", "IpProtocol", "SourceSecurityGroupName", "ToPort"):
        if req.get(name) is not None:
            raise UnsupportedOperation(
                why=f"{name} is not supported for egress. Use IpPermissions."
            )
