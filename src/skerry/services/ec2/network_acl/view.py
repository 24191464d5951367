"""Network ACLs as responses show them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.network_acl.model import NetworkAcl, NetworkAclEntry
from skerry.services.ec2.subnet.model import Subnet

LAST_RULE = 32767
"""Number of the implied deny at the end; the one for IPv6 is the next."""


@dataclass(frozen=True, slots=True)
class AclFacts:
    """What responses show of ACLs beyond their own rows, by ACL id."""

    entries: Mapping[str, Sequence[NetworkAclEntry]]
    subnets: Mapping[str, Sequence[Subnet]]
    tags: Mapping[str, Mapping[str, str]]
    dual: Collection[str]  # VPCs that have IPv6 blocks

    def all_entries(self, acl: NetworkAcl) -> list[dict[str, Any]]:
        """The entries with the implied last one, egress first, as EC2 lists them."""
        shown: list[dict[str, Any]] = []
        for egress in (True, False):
            shown += [
                _entry(each) for each in self.entries.get(acl.id, ()) if each.egress == egress
            ]
            shown.append(_last(LAST_RULE, egress=egress, CidrBlock="0.0.0.0/0"))
            if acl.vpc_id in self.dual:
                shown.append(_last(LAST_RULE + 1, egress=egress, Ipv6CidrBlock="::/0"))
        return shown


def network_acl_view(acl: NetworkAcl, facts: AclFacts) -> dict[str, Any]:
    """As DescribeNetworkAcls shows it."""
    return {
        "NetworkAclId": acl.id,
        "VpcId": acl.vpc_id,
        "OwnerId": acl.account_id,
        "IsDefault": acl.is_default,
        "Associations": [
            {
                "NetworkAclAssociationId": subnet.network_acl_association_id,
                "NetworkAclId": acl.id,
                "SubnetId": subnet.id,
            }
            for subnet in facts.subnets.get(acl.id, ())
        ],
        "Entries": facts.all_entries(acl),
        "Tags": tag_list(facts.tags[acl.id]),
    }


def filters(facts: AclFacts) -> dict[str, Getter[NetworkAcl]]:
    """The filters of DescribeNetworkAcls."""

    def of_entries(name: str) -> Getter[NetworkAcl]:
        return lambda one: [entry.get(name) for entry in facts.all_entries(one)]

    def of_parts(name: str, part: str) -> Getter[NetworkAcl]:
        return lambda one: [
            entry[name].get(part) for entry in facts.all_entries(one) if name in entry
        ]

    return {
        "association.association-id": lambda one: [
            subnet.network_acl_association_id for subnet in facts.subnets.get(one.id, ())
        ],
        "association.network-acl-id": lambda one: one.id if facts.subnets.get(one.id) else None,
        "association.subnet-id": lambda one: [s.id for s in facts.subnets.get(one.id, ())],
        "default": lambda one: one.is_default,
        "entry.cidr": of_entries("CidrBlock"),
        "entry.egress": of_entries("Egress"),
        "entry.icmp.code": of_parts("IcmpTypeCode", "Code"),
        "entry.icmp.type": of_parts("IcmpTypeCode", "Type"),
        "entry.ipv6-cidr": of_entries("Ipv6CidrBlock"),
        "entry.port-range.from": of_parts("PortRange", "From"),
        "entry.port-range.to": of_parts("PortRange", "To"),
        "entry.protocol": of_entries("Protocol"),
        "entry.rule-action": of_entries("RuleAction"),
        "entry.rule-number": of_entries("RuleNumber"),
        "network-acl-id": lambda one: one.id,
        "owner-id": lambda one: one.account_id,
        "vpc-id": lambda one: one.vpc_id,
    }


def _last(number: int, *, egress: bool, **cidr: str) -> dict[str, Any]:
    return {
        **cidr,
        "Egress": egress,
        "Protocol": "-1",
        "RuleAction": "deny",
        "RuleNumber": number,
    }


def _entry(entry: NetworkAclEntry) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Ipv6CidrBlock" if ":" in entry.cidr else "CidrBlock": entry.cidr,
        "Egress": entry.egress,
        "Protocol": entry.protocol,
        "RuleAction": "allow" if entry.allow else "deny",
        "RuleNumber": entry.number,
    }
    if entry.from_port is not None:
        shown["PortRange"] = {"From": entry.from_port, "To": entry.to_port}
    if entry.icmp_type is not None:
        shown["IcmpTypeCode"] = {"Type": entry.icmp_type, "Code": entry.icmp_code}
    return shown
