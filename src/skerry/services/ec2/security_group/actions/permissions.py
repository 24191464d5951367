"""What a request says of rules, checked and in the one form that rows have.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import (
    AddressValueError,
    IPv4Network,
    IPv6Network,
    NetmaskValueError,
)
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.errors import InvalidParameterCombination, MissingParameter, UnsupportedOperation
from skerry.services.ec2.security_group.api import find_group, group_by_name
from skerry.services.ec2.security_group.errors import (
    DifferentNetworks,
    GroupNotFound,
    PermissionInvalid,
    PermissionRepeated,
)
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skerry.kernel.context import Context

_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_ALL = -1
_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_SHORTHAND = ("IpProtocol", "FromPort", "ToPort", "CidrIp", "SourceSecurityGroupName")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Protocol and ports (types and codes for ICMP; -1 is all)."""

    protocol: str
    from_port: int
    to_port: int


@dataclass(frozen=True, slots=True)
class Permission:
    """One rule as asked for. Exactly one of the three peers is set."""

    traffic: Traffic
    cidr_ipv4: str | None = None
    cidr_ipv6: str | None = None
    referenced_group_id: str | None = None
    description: str | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two rules of one direction the same rule."""
        return (self.traffic, self.cidr_ipv4, self.cidr_ipv6, self.referenced_group_id)

    def __str__(self) -> str:
        """As EC2 puts it in its messages."""
        peer = self.cidr_ipv4 or self.cidr_ipv6 or self.referenced_group_id
        traffic = self.traffic
        if traffic.protocol == "-1":
            return f"peer: {peer}, ALL, ALLOW"
        ports = f"from port: {traffic.from_port}, to port: {traffic.to_port}"
        return f"peer: {peer}, {traffic.protocol.upper()}, {ports}, ALLOW"


def identity_of(rule: SecurityGroupRule) -> tuple[object, ...]:
    """As ``Permission.identity``, of a rule that is there."""
    traffic = Traffic(rule.protocol, rule.from_port, rule.to_port)
    return (traffic, rule.cidr_ipv4, rule.cidr_ipv6, rule.referenced_group_id)


def permissions_of(ctx: Context, group: SecurityGroup, req: Mapping[str, Any]) -> list[Permission]:
    """Every rule that ``IpPermissions`` or the shorthand parameters ask for.

    Raises PermissionInvalid, PermissionRepeated, MissingParameter, and errors of group look-ups.
    """
    asked: Sequence[Mapping[str, Any]] = req.get("IpPermissions") or ()
    short = [name for name in _SHORTHAND if req.get(name) is not None]
    if asked and short:
        raise InvalidParameterCombination(
            why=f"The parameter {short[0]} may not be used in combination with ipPermissions"
        )
    if not asked:
        asked = _from_shorthand(req)
    found = [each for permission in asked for each in _expand(ctx, group, permission)]
    if len({each.identity for each in found}) < len(found):
        raise PermissionRepeated
    return found


def single_permission(ctx: Context, group: SecurityGroup, rule: Mapping[str, Any]) -> Permission:
    """One rule in the form of ModifySecurityGroupRules. Raises as ``permissions_of``."""
    peers = [
        name
        for name in ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId")
        if rule.get(name)
    ]
    if len(peers) != 1:
        raise InvalidParameterCombination(
            why="Exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId is needed."
        )
    peer: str = rule[peers[0]]
    said: dict[str, Any] = {"Description": rule.get("Description")}
    forms = {
        "CidrIpv4": {"IpRanges": [{"CidrIp": peer, **said}]},
        "CidrIpv6": {"Ipv6Ranges": [{"CidrIpv6": peer, **said}]},
        "PrefixListId": {"PrefixListIds": [{"PrefixListId": peer}]},
        "ReferencedGroupId": {"UserIdGroupPairs": [{"GroupId": peer, **said}]},
    }
    return next(_expand(ctx, group, {**rule, **forms[peers[0]]}))


def check_description(text: str | None) -> str | None:
    """Raises PermissionInvalid for what AWS does not take as a rule's description."""
    if text is not None and not _DESCRIPTION.fullmatch(text):
        raise PermissionInvalid(
            why="Invalid rule description. Valid descriptions are strings less than 256 characters "
            "from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        )
    return text


def _from_shorthand(req: Mapping[str, Any]) -> list[dict[str, Any]]:
    name, cidr = req.get("SourceSecurityGroupName"), req.get("CidrIp")
    if name and cidr:
        raise InvalidParameterCombination(
            why="The parameter cidrIp may not be used in combination with sourceSecurityGroupName"
        )
    if not name and not cidr:
        raise MissingParameter(name="ipPermissions")
    if name:
        owner = req.get("SourceSecurityGroupOwnerId")
        peer = {"UserIdGroupPairs": [{"GroupName": name, "UserId": owner}]}
    else:
        peer = {"IpRanges": [{"CidrIp": cidr}]}
    if req.get("IpProtocol") is not None:
        ports = {key: req.get(key) for key in ("IpProtocol", "FromPort", "ToPort")}
        return [{**ports, **peer}]
    if not name:
        raise MissingParameter(name="ipProtocol")
    # "Creates rules that grant full ICMP, UDP, and TCP access" (AuthorizeSecurityGroupIngress).
    return [
        {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, **peer},
        {"IpProtocol": "udp", "FromPort": 0, "ToPort": 65535, **peer},
        {"IpProtocol": "icmp", "FromPort": _ALL, "ToPort": _ALL, **peer},
    ]


def _expand(ctx: Context, group: SecurityGroup, asked: Mapping[str, Any]) -> Iterator[Permission]:
    if asked.get("PrefixListIds"):
        raise UnsupportedOperation(why="Prefix lists are not supported.")
    traffic = _traffic(asked)
    ranges: Sequence[Mapping[str, Any]] = asked.get("IpRanges") or ()
    ranges6: Sequence[Mapping[str, Any]] = asked.get("Ipv6Ranges") or ()
    pairs: Sequence[Mapping[str, Any]] = asked.get("UserIdGroupPairs") or ()
    if not (ranges or ranges6 or pairs):
        raise MissingParameter(name="ipRanges, ipv6Ranges or groups")
    for one in ranges:
        said = check_description(one.get("Description"))
        yield Permission(traffic, cidr_ipv4=_ipv4(one.get("CidrIp")), description=said)
    for one in ranges6:
        said = check_description(one.get("Description"))
        yield Permission(traffic, cidr_ipv6=_ipv6(one.get("CidrIpv6")), description=said)
    for one in pairs:
        said = check_description(one.get("Description"))
        other = _referenced(ctx, group, one)
        yield Permission(traffic, referenced_group_id=other.id, description=said)


def _traffic(asked: Mapping[str, Any]) -> Traffic:
    protocol = _protocol(asked.get("IpProtocol"))
    first, last = asked.get("FromPort"), asked.get("ToPort")
    if protocol in ("tcp", "udp"):
        return Traffic(protocol, *_ports(first, last))
    if protocol == "icmpv6" and first is None and last is None:
        return Traffic(protocol, _ALL, _ALL)
    if protocol in ("icmp", "icmpv6"):
        return Traffic(protocol, *_type_and_code(first, last))
    return Traffic(
        protocol, _ALL, _ALL
    )  # "allows traffic on all ports, regardless of any port range"


def _protocol(text: str | None) -> str:
    if not text:
        raise MissingParameter(name="ipProtocol")
    name = _NAMES.get(text, text.lower())
    known = name in _NAMES.values() or name == "-1"
    if not known and not (name.isascii() and name.isdigit() and int(name) <= 255):
        raise PermissionInvalid(why=f"Invalid value '{text}' for IP protocol. Unknown protocol.")
    return name if known else str(int(name))


def _ports(first: int | None, last: int | None) -> tuple[int, int]:
    if first is None or last is None:
        raise PermissionInvalid(
            why="Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
        )
    for port in (first, last):
        if not 0 <= port <= 65535:
            raise PermissionInvalid(why=f"TCP/UDP port ({port}) out of range")
    if first > last:
        raise PermissionInvalid(why=f"Invalid TCP/UDP port range ({first}:{last})")
    return first, last


def _type_and_code(kind: int | None, code: int | None) -> tuple[int, int]:
    if kind is None or code is None:
        raise PermissionInvalid(
            why="Invalid value 'Must specify both type and code with ICMP.' for portRange."
        )
    if not -1 <= kind <= 255:
        raise PermissionInvalid(why=f"ICMP type ({kind}) out of range")
    if not -1 <= code <= 255 or (kind == _ALL and code != _ALL):
        raise PermissionInvalid(why=f"ICMP code ({code}) out of range")
    return kind, code


def _ipv4(text: str | None) -> str:
    """Canonical, as AWS shows it: 100.68.0.18/18 is 100.68.0.0/18."""
    try:
        if text and "/" in text:
            return str(IPv4Network(text, strict=False))
    except (AddressValueError, NetmaskValueError):
        pass
    raise PermissionInvalid(why=f"CIDR block {text} is malformed")


def _ipv6(text: str | None) -> str:
    try:
        if text and "/" in text and "%" not in text:
            return str(IPv6Network(text, strict=False))
    except (AddressValueError, NetmaskValueError):
        pass
    raise PermissionInvalid(why=f"CIDR block {text} is malformed")


def _referenced(ctx: Context, group: SecurityGroup, pair: Mapping[str, Any]) -> SecurityGroup:
    """The group a rule speaks of. Other accounts' groups need peering, which is not built."""
    if pair.get("VpcPeeringConnectionId") or pair.get("PeeringStatus"):
        raise UnsupportedOperation(why="Rules across peered VPCs are not supported.")
    group_id, name = pair.get("GroupId"), pair.get("GroupName")
    if not group_id and not name:
        raise MissingParameter(name="groupId")
    if pair.get("UserId") not in (None, "", ctx.account_id):
        raise GroupNotFound(id=group_id or name)
    other = find_group(ctx, group_id) if group_id else group_by_name(ctx, group.vpc_id, str(name))
    if other.vpc_id != group.vpc_id:
        raise DifferentNetworks
    return other


def rules_in(ctx: Context, group: SecurityGroup, *, egress: bool) -> list[SecurityGroupRule]:
    """The rules of one direction that a group has."""
    query = select(SecurityGroupRule).where(
        SecurityGroupRule.group_id == group.id, SecurityGroupRule.egress == egress
    )
    return list(ctx.db.scalars(query))
