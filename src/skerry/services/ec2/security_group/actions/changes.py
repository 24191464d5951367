"""Changes of rules that are there, and of their descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.wake import wake_id
from skerry.services.ec2.security_group import api
from skerry.services.ec2.security_group.actions.permissions import (
    check_description,
    identity_of,
    permissions_of,
    rules_in,
    single_permission,
)
from skerry.services.ec2.security_group.errors import (
    PermissionDuplicate,
    PermissionNotFound,
    RuleMalformed,
    RuleNotFound,
)
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_ec2.type_defs import (
        ModifySecurityGroupRulesRequestTypeDef,
        UpdateSecurityGroupRuleDescriptionsEgressRequestTypeDef,
        UpdateSecurityGroupRuleDescriptionsIngressRequestTypeDef,
    )

    from skerry.kernel.context import Context


@action("ModifySecurityGroupRules")
def modify_security_group_rules(
    ctx: Context, req: ModifySecurityGroupRulesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySecurityGroupRules.html"""
    group = api.find_group(ctx, req["GroupId"])
    for update in req["SecurityGroupRules"]:
        rule = _find_rule(ctx, group, update["SecurityGroupRuleId"])
        _change(ctx, group, rule, update.get("SecurityGroupRule") or {})
    api.check_room(ctx.db, group.id)
    wake_id(ctx.db, "vpc", group.vpc_id)
    return {"Return": True}


@action("UpdateSecurityGroupRuleDescriptionsIngress")
def update_security_group_rule_descriptions_ingress(
    ctx: Context, req: UpdateSecurityGroupRuleDescriptionsIngressRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsIngress.html"""
    return _describe(ctx, req, egress=False)


@action("UpdateSecurityGroupRuleDescriptionsEgress")
def update_security_group_rule_descriptions_egress(
    ctx: Context, req: UpdateSecurityGroupRuleDescriptionsEgressRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsEgress.html"""
    return _describe(ctx, req, egress=True)


def _change(
    ctx: Context, group: SecurityGroup, rule: SecurityGroupRule, wanted: Mapping[str, Any]
) -> None:
    permission = single_permission(ctx, group, wanted)
    others = [each for each in rules_in(ctx, group, egress=rule.egress) if each.id != rule.id]
    if permission.identity in {identity_of(each) for each in others}:
        raise PermissionDuplicate(rule=permission)
    permission.write(rule)
    ctx.db.flush()


def _describe(ctx: Context, req: Mapping[str, Any], *, egress: bool) -> dict[str, Any]:
    group = api.named_group(ctx, req.get("GroupId"), req.get("GroupName"))
    by_id: Sequence[Mapping[str, Any]] = req.get("SecurityGroupRuleDescriptions") or ()
    by_permission = req.get("IpPermissions")
    if by_id and by_permission:
        raise InvalidParameterCombination(
            why="Either 'ipPermissions' or 'securityGroupRuleDescriptions' should be provided."
        )
    if not by_id and not by_permission:
        raise MissingParameter(name="ipPermissions")
    for each in by_id:
        rule = _find_rule(ctx, group, each.get("SecurityGroupRuleId") or "")
        if rule.egress != egress:
            raise RuleNotFound(id=rule.id)
        rule.description = check_description(each.get("Description"))
    if by_permission:
        _describe_by_permission(ctx, group, req, egress=egress)
    return {"Return": True}


def _describe_by_permission(
    ctx: Context, group: SecurityGroup, req: Mapping[str, Any], *, egress: bool
) -> None:
    present = rules_in(ctx, group, egress=egress)
    there = {identity_of(rule): rule for rule in present}
    for permission in permissions_of(ctx, group, req, present):
        rule = there.get(permission.identity)
        if rule is None:
            raise PermissionNotFound
        rule.description = permission.description


def _find_rule(ctx: Context, group: SecurityGroup, rule_id: str) -> SecurityGroupRule:
    check_ids([rule_id], "sgr", RuleMalformed)
    rule = known_rows(ctx.db, SecurityGroupRule, [rule_id], RuleNotFound)[0]
    if rule.group_id != group.id:
        raise RuleNotFound(id=rule_id)
    return rule
