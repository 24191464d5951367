"""What a request says of rules, checked and in the one form that rows have.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import (
    AddressValueError,
    IPv4Network,
    IPv6Network,
    NetmaskValueError,
)
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.errors import InvalidParameterCombination, MissingParameter
from skerry.services.ec2.prefix_list.api import find_list
from skerry.services.ec2.security_group.actions.peers import peer_group
from skerry.services.ec2.security_group.errors import (
    PermissionInvalid,
    PermissionRepeated,
)
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from skerry.kernel.context import Context

_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_ALL = -1
_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_PEERS = ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_group_id")
_OF_PEERED = ("referenced_owner_id", "referenced_vpc_id", "peering_id")
_SHORTHAND = ("IpProtocol", "FromPort", "ToPort", "CidrIp", "SourceSecurityGroupName")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Protocol and ports (types and codes for ICMP; -1 is all)."""

    protocol: str
    from_port: int
    to_port: int


@dataclass(frozen=True, slots=True)
class Permission:
    """One rule as asked for. ``peer``: the columns of a row that say whom it speaks of."""

    traffic: Traffic
    peer: Mapping[str, str] = field(hash=False)
    description: str | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two rules of one direction the same rule."""
        return (self.traffic, *(self.peer.get(name) for name in _PEERS))

    def write(self, rule: SecurityGroupRule) -> None:
        """Make the row this rule."""
        rule.protocol = self.traffic.protocol
        rule.from_port = self.traffic.from_port
        rule.to_port = self.traffic.to_port
        rule.description = self.description
        for column in (*_PEERS, *_OF_PEERED):
            setattr(rule, column, self.peer.get(column))

    def __str__(self) -> str:
        """As EC2 puts it in its messages."""
        peer = next(self.peer[name] for name in _PEERS if name in self.peer)
        traffic = self.traffic
        if traffic.protocol == "-1":
            return f"peer: {peer}, ALL, ALLOW"
        ports = f"from port: {traffic.from_port}, to port: {traffic.to_port}"
        return f"peer: {peer}, {traffic.protocol.upper()}, {ports}, ALLOW"


def identity_of(rule: SecurityGroupRule) -> tuple[object, ...]:
    """As ``Permission.identity``, of a rule that is there."""
    traffic = Traffic(rule.protocol, rule.from_port, rule.to_port)
    return (traffic, *(getattr(rule, name) for name in _PEERS))


def permissions_of(
    ctx: Context,
    group: SecurityGroup,
    req: Mapping[str, Any],
    present: Sequence[SecurityGroupRule] = (),
) -> list[Permission]:
    """Every rule that ``IpPermissions`` or the shorthand parameters ask for.

    What the rules that are ``present`` speak of is not looked for: it may be gone.
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
    known = {name: {getattr(rule, name) for rule in present} for name in _PEERS}
    found = [each for permission in asked for each in _expand(ctx, group, permission, known)]
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
        "PrefixListId": {"PrefixListIds": [{"PrefixListId": peer, **said}]},
        "ReferencedGroupId": {"UserIdGroupPairs": [{"GroupId": peer, **said}]},
    }
    return next(_expand(ctx, group, {**rule, **forms[peers[0]]}, {}))


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


def _expand(
    ctx: Context,
    group: SecurityGroup,
    asked: Mapping[str, Any],
    known: Mapping[str, Container[str | None]],
) -> Iterator[Permission]:
    traffic = _traffic(asked)
    peers: list[tuple[Mapping[str, Any], Mapping[str, str]]] = [
        *((one, {"cidr_ipv4": _ipv4(one.get("CidrIp"))}) for one in asked.get("IpRanges") or ()),
        *(
            (one, {"cidr_ipv6": _ipv6(one.get("CidrIpv6"))})
            for one in asked.get("Ipv6Ranges") or ()
        ),
        *(
            (one, {"prefix_list_id": _prefix_list(ctx, one, known)})
            for one in asked.get("PrefixListIds") or ()
        ),
        *((one, _group(ctx, group, one, known)) for one in asked.get("UserIdGroupPairs") or ()),
    ]
    if not peers:
        raise MissingParameter(name="ipRanges, ipv6Ranges, prefixListIds or groups")
    for one, peer in peers:
        yield Permission(traffic, peer, check_description(one.get("Description")))


def _group(
    ctx: Context,
    group: SecurityGroup,
    one: Mapping[str, Any],
    known: Mapping[str, Container[str | None]],
) -> Mapping[str, str]:
    group_id: str | None = one.get("GroupId")
    if group_id and group_id in known.get("referenced_group_id", ()):
        return {"referenced_group_id": group_id}
    return peer_group(ctx, group, one)


def _prefix_list(
    ctx: Context, one: Mapping[str, Any], known: Mapping[str, Container[str | None]]
) -> str:
    list_id: str | None = one.get("PrefixListId")
    if not list_id:
        raise MissingParameter(name="prefixListId")
    if list_id in known.get("prefix_list_id", ()):
        return list_id
    return find_list(ctx, list_id).id


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


def rules_in(ctx: Context, group: SecurityGroup, *, egress: bool) -> list[SecurityGroupRule]:
    """The rules of one direction that a group has."""
    query = select(SecurityGroupRule).where(
        SecurityGroupRule.group_id == group.id, SecurityGroupRule.egress == egress
    )
    return list(ctx.db.scalars(query))
