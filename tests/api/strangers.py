"""Requests in which a stranger names what is another account's, made from AWS's model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel, Shape

from skerry.kernel.action import only_reads

Ids = Mapping[str, str]
"""Stem of a member's name ("Vpc", "RouteTable" …) → an id."""

PLAIN = {"blob": b"x", "boolean": False, "double": 1.0, "float": 1.0, "timestamp": 0}
NAMES: dict[str, Any] = {
    "AvailabilityZone": "us-east-1a",
    "CidrBlock": "172.31.250.0/24",
    "DestinationCidrBlock": "203.0.113.0/24",
    "ImageId": "ami-0abcdef1234567890",
    "InstanceType": "t2.micro",
    "DeviceIndex": 0,
    "IpProtocol": "tcp",
    "FromPort": 4711,
    "ToPort": 4711,
    "CidrIpv4": "9.0.0.0/8",
    "CidrIp": "9.0.0.0/8",
    "RuleNumber": 7,
    "Tags": [{"Key": "k", "Value": "v"}],
}
COMPANIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "AssociateAddress": {
        "AllocationId": ("NetworkInterfaceId",),
        "InstanceId": ("AllocationId",),
        "NetworkInterfaceId": ("AllocationId",),
        "PublicIp": ("NetworkInterfaceId",),
    },
    "CreateRoute": {"DestinationPrefixListId": ("GatewayId",), "*": ("DestinationCidrBlock",)},
    "CreateSubnet": {"*": ("CidrBlock",)},
    "DeleteRoute": {"DestinationPrefixListId": (), "*": ("DestinationCidrBlock",)},
    "ReplaceRoute": {"DestinationPrefixListId": ("GatewayId",), "*": ("DestinationCidrBlock",)},
    "RunInstances": {"*": ("ImageId", "InstanceType")},
} | {
    f"{verb}SecurityGroup{what}": {
        "IpPermissions": ("GroupId",),
        "SecurityGroupRuleDescriptions": ("GroupId",),
        "SourceSecurityGroupName": ("GroupId", "IpProtocol", "FromPort", "ToPort"),
        "*": (),
    }
    for verb, what in (
        ("Authorize", "Ingress"),
        ("Authorize", "Egress"),
        ("Revoke", "Ingress"),
        ("Revoke", "Egress"),
        ("Update", "RuleDescriptionsIngress"),
        ("Update", "RuleDescriptionsEgress"),
    )
}
"""What must be given along with a member for the request to get as far as looking that one up."""

COMPANIONS_INSIDE = ("DeviceIndex", "FromPort", "IpProtocol", "ToPort")
"""As above, of structures within the request."""

PLURALS = {"Groups": "Group", "Resources": "Resource", "SecurityGroups": "GroupName"}
ALIASES = {
    "AssociatedSubnetIds": "Subnet",
    "SecondarySubnetId": "Subnet",
    "SecurityGroupId": "Group",
    "SecurityGroupIds": "Group",
    "ReferencedGroupId": "Group",
    "PeerVpcId": "Vpc",
    "AddRouteTableIds": "RouteTable",
    "RemoveRouteTableIds": "RouteTable",
    "AddSubnetIds": "Subnet",
    "RemoveSubnetIds": "Subnet",
    "AddSecurityGroupIds": "Group",
    "RemoveSecurityGroupIds": "Group",
    "GroupName": "GroupName",
    "GroupNames": "GroupName",
    "KeyName": "KeyName",
    "KeyNames": "KeyName",
    "PublicIp": "PublicIp",
    "PublicIps": "PublicIp",
    "SourceSecurityGroupName": "GroupName",
    "SecurityGroupName": "GroupName",
}
MAX_DEPTH = 4


@dataclass(frozen=True)
class Stranger:
    """A request of one account, with one thing of another's in it."""

    action: str
    parameters: dict[str, Any]
    names: str  # which member is another's

    def __str__(self) -> str:
        return f"{self.action}({self.names})"


def stem_of(member: str) -> str | None:
    """What kind of id a member of this name takes; None for a member that takes none."""
    if member in ALIASES or member in PLURALS:
        return ALIASES.get(member) or PLURALS[member]
    for ending in ("Ids", "Id"):
        if member.endswith(ending) and member != ending:
            return member.removesuffix(ending)
    return None


def id_members(shape: Shape, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all members below ``shape`` that take ids."""
    if shape.type_name == "list":
        yield from id_members(shape.member, path)
    elif shape.type_name == "structure" and len(path) < MAX_DEPTH:
        for name, member in shape.members.items():
            if stem_of(name) is not None and _leaf(member).type_name == "string":
                yield (*path, name)
            else:
                yield from id_members(member, (*path, name))


def requests_of(operation: OperationModel, own: Ids, foreign: Ids) -> Iterator[Stranger]:
    """Every way to put one of ``foreign`` in this action's request, the rest being one's own."""
    shape = operation.input_shape
    if shape is None:
        return
    name = operation.name
    mine, theirs = _Filler(name, own, own), _Filler(name, foreign, foreign)
    if only_reads(name):
        yield Stranger(name, mine.fill(shape), "nothing")
    yield Stranger(name, theirs.fill(shape), "all that is required")
    mixed = _Filler(name, own, foreign)
    for path in id_members(shape):
        if mixed.foreign_id(path[-1]) is not None:
            yield Stranger(name, mixed.fill(shape, path), ".".join(path))
    if name.startswith("Modify"):
        yield from _changes(theirs, shape)
    if "Filters" in shape.members:
        yield from _filtered(mine, shape, foreign)


def _changes(theirs: "_Filler", shape: Shape) -> Iterator[Stranger]:
    """A change of each attribute: without one, a Modify might be refused before it looks anything up."""
    for member in sorted(shape.members.keys() - shape.required_members - {"DryRun"}):
        changed = {**theirs.fill(shape), member: theirs.whole(member, shape.members[member])}
        yield Stranger(theirs.action, changed, f"all that is required, with {member}")


def _filtered(mine: "_Filler", shape: Shape, foreign: Ids) -> Iterator[Stranger]:
    for stem, value in foreign.items():
        if "." not in stem:
            one = {"Name": _filter_name(stem), "Values": [value]}
            yield Stranger(mine.action, {**mine.fill(shape), "Filters": [one]}, f"filter {one}")


@dataclass(frozen=True)
class _Filler:
    """Fills requests of one action: what is required from ``own``, one member from ``foreign``."""

    action: str
    own: Ids
    foreign: Ids

    def fill(self, shape: Shape, path: tuple[str, ...] = (), *, inside: bool = False) -> Any:
        """``path`` leads to the member that is another's."""
        if shape.type_name == "list":
            return [self.fill(shape.member, path, inside=inside)]
        if shape.type_name != "structure":
            return _plain(shape)
        filled: dict[str, Any] = {}
        companions = self._companions(shape, path, inside=inside)
        for name in dict.fromkeys((*shape.required_members, *path[:1], *companions)):
            rest = path[1:] if path[:1] == (name,) else ()
            filled[name] = self._member(name, shape.members[name], rest, at_end=path == (name,))
        return filled

    def _member(self, name: str, shape: Shape, rest: tuple[str, ...], *, at_end: bool) -> Any:
        value = self.foreign_id(name) if at_end else self._lookup(name, self.own)
        if value is not None and not rest and _leaf(shape).type_name == "string":
            return [value] if shape.type_name == "list" else value
        if name in NAMES and not rest:
            return NAMES[name]
        return self.fill(shape, rest, inside=True)

    def _companions(self, shape: Shape, path: tuple[str, ...], *, inside: bool) -> tuple[str, ...]:
        if inside:
            return tuple(name for name in COMPANIONS_INSIDE if name in shape.members)
        of_action = COMPANIONS.get(self.action, {})
        return of_action.get(path[0] if path else "*", of_action.get("*", ()))

    def whole(self, name: str, shape: Shape, depth: int = 0) -> Any:
        """With all members, required or not."""
        if shape.type_name == "structure" and depth < MAX_DEPTH:
            return {each: self.whole(each, m, depth + 1) for each, m in shape.members.items()}
        if shape.type_name == "list":
            return [self.whole(name, shape.member, depth + 1)]
        return self._member(name, shape, (), at_end=False)

    def foreign_id(self, member: str) -> str | None:
        return self._lookup(member, self.foreign)

    def _lookup(self, member: str, ids: Ids) -> str | None:
        stem = stem_of(member)
        return None if stem is None else ids.get(f"{self.action}.{stem}") or ids.get(stem)


def _plain(shape: Shape) -> Any:
    """The least that the model allows."""
    allowed = getattr(shape, "enum", None)
    least = shape.metadata.get("min", 1)
    if allowed:
        return allowed[0]
    if shape.type_name == "string":
        return "x" * max(least, 1)
    return max(least, 1) if shape.type_name in ("integer", "long") else PLAIN[shape.type_name]


def _filter_name(stem: str) -> str:
    words = "".join(f"-{c.lower()}" if c.isupper() else c for c in stem).lstrip("-")
    return words if stem.endswith(("Name", "Ip")) else f"{words}-id"


def _leaf(shape: Shape) -> Shape:
    return shape.member if shape.type_name == "list" else shape
