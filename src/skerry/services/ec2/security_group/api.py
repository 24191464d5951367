"""Security groups, for sibling slices."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from ipaddress import ip_network

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from skerry.drivers.network import port
from skerry.kernel.context import Context
from skerry.kernel.db import EVERY_ACCOUNT
from skerry.kernel.errors import MissingParameter
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.prepared import Prepared
from skerry.kernel.tags import drop_tags
from skerry.services.ec2.network_interface.model import NetworkInterfaceGroup
from skerry.services.ec2.prefix_list.api import blocks_of, sizes_of
from skerry.services.ec2.security_group.errors import (
    GroupMalformed,
    GroupNameNotFound,
    GroupNameNotFoundInDefaultVpc,
    GroupNotFound,
    GroupOfOtherVpc,
    GroupsPerInterfaceExceeded,
    RulesPerGroupExceeded,
)
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule
from skerry.services.ec2.security_group.view import PORTED
from skerry.services.ec2.vpc.errors import NoDefaultVpc
from skerry.services.ec2.vpc.model import Vpc, VpcBlock

DEFAULT = "default"
MAX_GROUPS_PER_INTERFACE = 5
MAX_RULES = 60
"""Per group, direction and IP version (VPC quotas, "Inbound or outbound rules per security group")."""
MAX_LISTED = 500  # a longer list of ids is slower than reading all rows of the account

_PROTOCOL_NUMBERS = {"-1": None, "icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}

_MEMBERSHIPS = (
    select(NetworkInterfaceGroup.network_interface_id, SecurityGroup.id, SecurityGroup.name)
    .join(SecurityGroup, SecurityGroup.id == NetworkInterfaceGroup.group_id)
    .order_by(NetworkInterfaceGroup.network_interface_id, NetworkInterfaceGroup.position)
)
_ALL_MEMBERSHIPS = Prepared(_MEMBERSHIPS)
_MEMBERSHIPS_OF = Prepared(
    _MEMBERSHIPS.where(
        NetworkInterfaceGroup.network_interface_id.in_(bindparam("interface_ids", expanding=True))
    )
)
_NAMED = Prepared(
    select(SecurityGroup).where(
        SecurityGroup.vpc_id == bindparam("vpc_id"), SecurityGroup.name == bindparam("name")
    )
)


def create_group(
    session: Session, vpc: Vpc, name: str, description: str, now: datetime
) -> SecurityGroup:
    """A group that lets everything out and nothing in."""
    group = SecurityGroup(
        id=new_id("sg"),
        account_id=vpc.account_id,
        vpc_id=vpc.id,
        name=name,
        description=description,
        created_at=now,
    )
    session.add(group)
    session.flush()
    session.add(_everything(group, egress=True, cidr_ipv4="0.0.0.0/0"))
    blocks = session.scalars(select(VpcBlock.cidr).where(VpcBlock.vpc_id == vpc.id))
    if any(":" in block for block in blocks):
        session.add(_everything(group, egress=True, cidr_ipv6="::/0"))
    session.flush()
    return group


def open_to_ipv6(session: Session, vpc_id: str) -> None:
    """The VPC got its first IPv6 block: groups whose egress is as they began with let IPv6 out too.

    https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
    """
    groups = session.scalars(select(SecurityGroup).where(SecurityGroup.vpc_id == vpc_id)).all()
    query = select(SecurityGroupRule).where(
        SecurityGroupRule.group_id.in_([group.id for group in groups]), SecurityGroupRule.egress
    )
    rules: defaultdict[str, list[SecurityGroupRule]] = defaultdict(list)
    for rule in session.scalars(query):
        rules[rule.group_id].append(rule)
    for group in groups:
        found = [(rule.protocol, rule.cidr_ipv4) for rule in rules[group.id]]
        if found == [("-1", "0.0.0.0/0")]:
            session.add(_everything(group, egress=True, cidr_ipv6="::/0"))
    session.flush()


def create_default_group(session: Session, vpc: Vpc, now: datetime) -> SecurityGroup:
    """The group every VPC has: its members may speak with each other."""
    group = create_group(session, vpc, DEFAULT, "default VPC security group", now)
    session.add(_everything(group, egress=False, referenced_group_id=group.id))
    session.flush()
    return group


def resolve_groups(
    ctx: Context, vpc_id: str, ids: Sequence[str] | None, names: Sequence[str] | None
) -> list[SecurityGroup]:
    """The groups named by id and by name, or the VPC's default group when none is.

    Raises GroupNotFound, GroupMalformed, GroupNameNotFound, GroupOfOtherVpc,
    GroupsPerInterfaceExceeded.
    """
    if not ids and not names:
        return [group_by_name(ctx, vpc_id, DEFAULT)]
    check_ids(ids, "sg", GroupMalformed)
    groups = known_rows(ctx.db, SecurityGroup, ids, GroupNotFound) if ids else []
    for group in groups:
        if group.vpc_id != vpc_id:
            raise GroupOfOtherVpc(id=group.id)
    groups += [group_by_name(ctx, vpc_id, name) for name in names or ()]
    unique = list({group.id: group for group in groups}.values())
    if len(unique) > MAX_GROUPS_PER_INTERFACE:
        raise GroupsPerInterfaceExceeded(limit=MAX_GROUPS_PER_INTERFACE)
    return unique


def find_group(ctx: Context, group_id: str) -> SecurityGroup:
    """Raises GroupMalformed, GroupNotFound."""
    check_ids([group_id], "sg", GroupMalformed)
    return known_rows(ctx.db, SecurityGroup, [group_id], GroupNotFound)[0]


def named_group(ctx: Context, group_id: str | None, name: str | None) -> SecurityGroup:
    """The group of this id or, as names are for the default VPC only, of this name in it.

    Raises MissingParameter, NoDefaultVpc, and what ``find_group`` and ``group_by_name`` do.
    """
    if group_id:
        return find_group(ctx, group_id)
    if not name:
        raise MissingParameter(name="groupId")
    vpc_id = ctx.db.scalar(select(Vpc.id).where(Vpc.is_default, Vpc.wanted))
    if vpc_id is None:
        raise NoDefaultVpc
    return group_by_name(ctx, vpc_id, name)


def group_by_name(ctx: Context, vpc_id: str, name: str) -> SecurityGroup:
    """For reading only. Raises GroupNameNotFound, GroupNameNotFoundInDefaultVpc."""
    groups: Sequence[SecurityGroup] = _NAMED.copies(ctx.db, vpc_id=vpc_id, name=name)
    if groups:
        return groups[0]
    if ctx.db.scalar(select(Vpc.is_default).where(Vpc.id == vpc_id)):
        raise GroupNameNotFoundInDefaultVpc(name=name, vpc_id=vpc_id)
    raise GroupNameNotFound(name=name, vpc_id=vpc_id)


def group_identifiers(
    session: Session, interface_ids: Iterable[str]
) -> dict[str, list[dict[str, str]]]:
    """Interface id → its groups as responses show them, in the order they were given."""
    ids = list(interface_ids)
    if len(ids) <= MAX_LISTED:
        memberships = _MEMBERSHIPS_OF.rows(session, interface_ids=ids)
    else:
        memberships = _ALL_MEMBERSHIPS.rows(session)
    found: dict[str, list[dict[str, str]]] = {each: [] for each in ids}
    for interface_id, group_id, name in memberships:
        if interface_id in found:
            found[interface_id].append({"GroupId": group_id, "GroupName": name})
    return found


def check_room(session: Session, group_id: str) -> None:
    """Raise RulesPerGroupExceeded when the group has more rules than it may."""
    if not has_room(session, group_id):
        raise RulesPerGroupExceeded(limit=MAX_RULES)


def has_room(session: Session, group_id: str) -> bool:
    """Whether the group's rules are within the limit in each direction and of each IP version.

    A rule that speaks of a group counts for both, one of a prefix list for as many rules as the list
    may have entries.
    """
    rules = session.scalars(
        select(SecurityGroupRule).where(SecurityGroupRule.group_id == group_id)
    ).all()
    sizes = sizes_of(session, [rule.prefix_list_id for rule in rules if rule.prefix_list_id])
    used: Counter[tuple[bool, str]] = Counter()
    for rule in rules:
        if rule.prefix_list_id is not None:
            family, size = sizes[rule.prefix_list_id]
            used[rule.egress, family] += size
            continue
        if rule.cidr_ipv6 is None:
            used[rule.egress, "IPv4"] += 1
        if rule.cidr_ipv4 is None:
            used[rule.egress, "IPv6"] += 1
    return all(count <= MAX_RULES for count in used.values())


def vpcs_that_refer(session: Session, group_id: str) -> list[str]:
    """Peered VPCs, whoever owns them, with rules that speak of this group."""
    query = (
        select(SecurityGroup.vpc_id)
        .join(SecurityGroupRule, SecurityGroupRule.group_id == SecurityGroup.id)
        .where(
            SecurityGroupRule.referenced_group_id == group_id,
            SecurityGroupRule.peering_id.is_not(None),
        )
        .distinct()
    )
    return list(session.scalars(query.execution_options(**EVERY_ACCOUNT)))


def groups_of(
    session: Session, vpc_id: str, peers: Container[str | None]
) -> tuple[port.SecurityGroup, ...]:
    """The groups of a VPC as its network has them. The session is the whole cloud's.

    A rule that speaks of a group which is gone, or of one beyond the VPC's ``peers``, lets nothing through.
    """
    here = SecurityGroup.vpc_id == vpc_id
    query = (
        select(SecurityGroupRule)
        .join(SecurityGroup, SecurityGroup.id == SecurityGroupRule.group_id)
        .where(here)
        .order_by(SecurityGroupRule.id)
    )
    rules = session.scalars(query).all()
    blocks = blocks_of(session, [rule.prefix_list_id for rule in rules if rule.prefix_list_id])
    abroad = {rule.referenced_group_id for rule in rules if rule.referenced_vpc_id in peers}
    those = select(SecurityGroup.id).where(SecurityGroup.id.in_(abroad))
    living = set(session.scalars(those)) if abroad else set[str]()
    found: defaultdict[str, list[port.FirewallRule]] = defaultdict(list)
    for rule in rules:
        if rule.prefix_list_id is not None:
            for block in blocks.get(rule.prefix_list_id, ()):
                spread = f"{rule.id}-{block}"
                found[rule.group_id].append(_firewall_rule(rule, spread, port.Peers(cidr=block)))
        elif rule.referenced_vpc_id is None or rule.referenced_group_id in living:
            cidr = rule.cidr_ipv4 or rule.cidr_ipv6
            whom = port.Peers(ip_network(cidr) if cidr else None, rule.referenced_group_id)
            found[rule.group_id].append(_firewall_rule(rule, rule.id, whom))
    ids = session.scalars(select(SecurityGroup.id).where(here).order_by(SecurityGroup.id))
    return tuple(port.SecurityGroup(each, tuple(found.get(each, ()))) for each in ids)


def protocol_number(protocol: str) -> int | None:
    """The IP protocol number of what AWS shows; None for all protocols."""
    return _PROTOCOL_NUMBERS[protocol] if protocol in _PROTOCOL_NUMBERS else int(protocol)


def delete_group(session: Session, group_id: str) -> None:
    """The group with its rules and their tags."""
    rules = session.scalars(
        select(SecurityGroupRule.id).where(SecurityGroupRule.group_id == group_id)
    ).all()
    drop_tags(session, [group_id, *rules])
    session.execute(delete(SecurityGroupRule).where(SecurityGroupRule.group_id == group_id))
    session.execute(delete(SecurityGroup).where(SecurityGroup.id == group_id))


def delete_default_group(session: Session, vpc_id: str) -> None:
    """The default group goes with its VPC."""
    query = select(SecurityGroup.id).where(
        SecurityGroup.vpc_id == vpc_id, SecurityGroup.name == DEFAULT
    )
    delete_group(session, session.scalars(query).one())


def _firewall_rule(rule: SecurityGroupRule, rule_id: str, whom: port.Peers) -> port.FirewallRule:
    has_ports = rule.protocol in PORTED
    return port.FirewallRule(
        rule_id=rule_id,
        egress=rule.egress,
        protocol=protocol_number(rule.protocol),
        from_port=rule.from_port if has_ports else None,
        to_port=rule.to_port if has_ports else None,
        peers=whom,
    )


def _everything(
    group: SecurityGroup,
    *,
    egress: bool,
    cidr_ipv4: str | None = None,
    cidr_ipv6: str | None = None,
    referenced_group_id: str | None = None,
) -> SecurityGroupRule:
    return SecurityGroupRule(
        id=new_id("sgr"),
        account_id=group.account_id,
        group_id=group.id,
        egress=egress,
        protocol="-1",
        from_port=-1,
        to_port=-1,
        cidr_ipv4=cidr_ipv4,
        cidr_ipv6=cidr_ipv6,
        referenced_group_id=referenced_group_id,
    )
