"""Security groups, for sibling slices."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.errors import MissingParameter
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.prepared import Prepared
from skerry.kernel.tags import drop_tags
from skerry.services.ec2.network_interface.model import NetworkInterfaceGroup
from skerry.services.ec2.security_group.errors import (
    GroupMalformed,
    GroupNameNotFound,
    GroupNameNotFoundInDefaultVpc,
    GroupNotFound,
    GroupOfOtherVpc,
    GroupsPerInterfaceExceeded,
)
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule
from skerry.services.ec2.vpc.errors import NoDefaultVpc
from skerry.services.ec2.vpc.model import Vpc

DEFAULT = "default"
MAX_GROUPS_PER_INTERFACE = 5
MAX_LISTED = 500  # a longer list of ids is slower than reading all rows of the account

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
    session.flush()
    return group


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
    """Raises GroupNameNotFound, GroupNameNotFoundInDefaultVpc."""
    groups: Sequence[SecurityGroup] = _NAMED.entities(ctx.db, vpc_id=vpc_id, name=name)
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


def _everything(
    group: SecurityGroup,
    *,
    egress: bool,
    cidr_ipv4: str | None = None,
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
        referenced_group_id=referenced_group_id,
    )
