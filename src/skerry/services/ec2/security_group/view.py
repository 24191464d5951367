"""Security groups and their rules as responses show them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skerry.kernel.arn import arn
from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule

PORTED = ("tcp", "udp", "icmp", "icmpv6")
"""Protocols whose rules have ports, or types and codes."""


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """What responses show of groups beyond their own rows."""

    region: str
    rules: Mapping[str, Sequence[SecurityGroupRule]]  # group id → its rules
    names: Mapping[str, str]  # group id → name, for filters by a referenced group's name
    tags: Mapping[str, Mapping[str, str]]
    peerings: Mapping[str, str]  # peering id → state, of those that rules speak across


def security_group_view(group: SecurityGroup, facts: GroupFacts) -> dict[str, Any]:
    """As DescribeSecurityGroups shows it."""
    rules = facts.rules.get(group.id, ())
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": group.account_id,
        "VpcId": group.vpc_id,
        "SecurityGroupArn": group_arn(facts.region, group),
        "IpPermissions": permissions_view(
            [rule for rule in rules if not rule.egress], facts.peerings
        ),
        "IpPermissionsEgress": permissions_view(
            [rule for rule in rules if rule.egress], facts.peerings
        ),
        "Tags": tag_list(facts.tags[group.id]),
    }


def group_arn(region: str, group: SecurityGroup) -> str:
    return arn("ec2", region, group.account_id, f"security-group/{group.id}")


def permissions_view(
    rules: Sequence[SecurityGroupRule], peerings: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Rules in the older form: all peers of one protocol and port range together."""
    together: defaultdict[tuple[str, int, int], list[SecurityGroupRule]] = defaultdict(list)
    for rule in sorted(rules, key=_order):
        together[rule.protocol, rule.from_port, rule.to_port].append(rule)
    return [_permission(key, members, peerings) for key, members in together.items()]


def rule_view(
    region: str, rule: SecurityGroupRule, tags: Mapping[str, str], peerings: Mapping[str, str]
) -> dict[str, Any]:
    """As DescribeSecurityGroupRules shows it."""
    return {
        "SecurityGroupRuleId": rule.id,
        "SecurityGroupRuleArn": arn(
            "ec2", region, rule.account_id, f"security-group-rule/{rule.id}"
        ),
        "GroupId": rule.group_id,
        "GroupOwnerId": rule.account_id,
        "IsEgress": rule.egress,
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        "CidrIpv4": rule.cidr_ipv4,
        "CidrIpv6": rule.cidr_ipv6,
        "PrefixListId": rule.prefix_list_id,
        "ReferencedGroupInfo": _pair(rule, peerings) if rule.referenced_group_id else None,
        "Description": rule.description,
        "Tags": tag_list(tags),
    }


def revoked_rule_view(rule: SecurityGroupRule) -> dict[str, Any]:
    """As the Revoke actions show what they removed."""
    return {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "IsEgress": rule.egress,
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        "CidrIpv4": rule.cidr_ipv4,
        "CidrIpv6": rule.cidr_ipv6,
        "PrefixListId": rule.prefix_list_id,
        "ReferencedGroupId": rule.referenced_group_id,
        "Description": rule.description,
    }


RULE_FILTERS: dict[str, Getter[SecurityGroupRule]] = {
    "group-id": lambda rule: rule.group_id,
    "security-group-rule-id": lambda rule: rule.id,
}


def group_filters(facts: GroupFacts) -> dict[str, Getter[SecurityGroup]]:
    """The filters of DescribeSecurityGroups."""
    filters: dict[str, Getter[SecurityGroup]] = {
        "description": lambda group: group.description,
        "group-id": lambda group: group.id,
        "group-name": lambda group: group.name,
        "owner-id": lambda group: group.account_id,
        "vpc-id": lambda group: group.vpc_id,
    }
    of_rule: dict[str, Callable[[SecurityGroupRule], str | int | None]] = {
        "cidr": lambda rule: rule.cidr_ipv4,
        "from-port": lambda rule: rule.from_port if rule.protocol in PORTED else None,
        "group-id": lambda rule: rule.referenced_group_id,
        "group-name": lambda rule: facts.names.get(rule.referenced_group_id or ""),
        "ipv6-cidr": lambda rule: rule.cidr_ipv6,
        "prefix-list-id": lambda rule: rule.prefix_list_id,
        "protocol": lambda rule: rule.protocol,
        "to-port": lambda rule: rule.to_port if rule.protocol in PORTED else None,
        "user-id": lambda rule: (
            (rule.referenced_owner_id or rule.account_id) if rule.referenced_group_id else None
        ),
    }
    for name, getter in of_rule.items():
        filters[f"ip-permission.{name}"] = _over_rules(facts, getter, egress=False)
        filters[f"egress.ip-permission.{name}"] = _over_rules(facts, getter, egress=True)
    return filters


def _over_rules(
    facts: GroupFacts,
    getter: Callable[[SecurityGroupRule], str | int | None],
    *,
    egress: bool,
) -> Getter[SecurityGroup]:
    return lambda group: [
        getter(rule) for rule in facts.rules.get(group.id, ()) if rule.egress == egress
    ]


def _permission(
    traffic: tuple[str, int, int],
    rules: Sequence[SecurityGroupRule],
    peerings: Mapping[str, str],
) -> dict[str, Any]:
    protocol, from_port, to_port = traffic
    shown: dict[str, Any] = {
        "IpProtocol": protocol,
        "IpRanges": [],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
        "UserIdGroupPairs": [],
    }
    if protocol in PORTED:
        shown |= {"FromPort": from_port, "ToPort": to_port}
    for rule in rules:
        said = {"Description": rule.description} if rule.description is not None else {}
        if rule.cidr_ipv4 is not None:
            shown["IpRanges"].append({"CidrIp": rule.cidr_ipv4, **said})
        elif rule.cidr_ipv6 is not None:
            shown["Ipv6Ranges"].append({"CidrIpv6": rule.cidr_ipv6, **said})
        elif rule.prefix_list_id is not None:
            shown["PrefixListIds"].append({"PrefixListId": rule.prefix_list_id, **said})
        else:
            shown["UserIdGroupPairs"].append({**_pair(rule, peerings), **said})
    return shown


def _pair(rule: SecurityGroupRule, peerings: Mapping[str, str]) -> dict[str, Any]:
    """The group a rule speaks of. Of one in a peered VPC, how the connection is."""
    return {
        "GroupId": rule.referenced_group_id,
        "PeeringStatus": rule.peering_id and peerings.get(rule.peering_id, "deleted"),
        "UserId": rule.referenced_owner_id or rule.account_id,
        "VpcId": rule.referenced_vpc_id,
        "VpcPeeringConnectionId": rule.peering_id,
    }


def _order(rule: SecurityGroupRule) -> tuple[str, int, int, str]:
    blocks = rule.cidr_ipv4 or rule.cidr_ipv6 or rule.prefix_list_id
    return rule.protocol, rule.from_port, rule.to_port, blocks or rule.referenced_group_id or ""
