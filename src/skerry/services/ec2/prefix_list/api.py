"""Prefix lists, for rules and routes that name them and for the network that gets their blocks."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.ids import is_id
from skerry.kernel.region import Region
from skerry.services.ec2.prefix_list.errors import PrefixListMalformed, PrefixListNotFound
from skerry.services.ec2.prefix_list.model import PrefixList, PrefixListEntry
from skerry.services.ec2.route_table.model import Route, RouteTable
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule

AWS = "AWS"
_SERVICES = ("s3", "dynamodb")
_SINCE = datetime(2020, 6, 29, tzinfo=UTC)  # when AWS began to call them managed prefix lists


def amazon_lists(region: Region) -> list[PrefixList]:
    """AWS's own lists. They have no rows, and no entries: this cloud has no such service yet.

    A reference to one counts as one rule or route.
    """
    return [_amazon_list(f"com.amazonaws.{region.name}.{service}") for service in _SERVICES]


def visible_lists(ctx: Context, ids: Sequence[str] | None) -> list[PrefixList]:
    """The account's lists and AWS's: of these ids, in that order, or all of them.

    Raises PrefixListMalformed, PrefixListNotFound.
    """
    for each in ids or ():
        if not is_id("pl", each):
            raise PrefixListMalformed(id=each, prefix="pl")
    own = select(PrefixList).order_by(PrefixList.id)
    found = {one.id: one for one in (*ctx.db.scalars(own), *amazon_lists(ctx.region))}
    for each in ids or ():
        if each not in found:
            raise PrefixListNotFound(id=each)
    return [found[each] for each in dict.fromkeys(ids or found)]


def find_list(ctx: Context, list_id: str) -> PrefixList:
    """One of the account's or AWS's. Raises PrefixListMalformed, PrefixListNotFound."""
    return visible_lists(ctx, [list_id])[0]


def sizes_of(session: Session, list_ids: Iterable[str]) -> Mapping[str, tuple[str, int]]:
    """List id → its address family and what a reference to it counts for."""
    query = select(PrefixList.id, PrefixList.address_family, PrefixList.max_entries)
    rows = session.execute(query.where(PrefixList.id.in_(set(list_ids)))).tuples()
    found: defaultdict[str, tuple[str, int]] = defaultdict(lambda: ("IPv4", 1))
    return found | {list_id: (family, size) for list_id, family, size in rows}


def blocks_of(
    session: Session, list_ids: Iterable[str]
) -> Mapping[str, Sequence[IPv4Network | IPv6Network]]:
    """List id → the blocks of its current version, in the order of their texts."""
    wanted = set(list_ids)
    if not wanted:
        return {}
    query = (
        select(PrefixListEntry.prefix_list_id, PrefixListEntry.cidr)
        .join(
            PrefixList,
            and_(
                PrefixList.id == PrefixListEntry.prefix_list_id,
                PrefixList.version == PrefixListEntry.version,
            ),
        )
        .where(PrefixList.id.in_(wanted))
        .order_by(PrefixListEntry.cidr)
    )
    found: defaultdict[str, list[IPv4Network | IPv6Network]] = defaultdict(list)
    for list_id, cidr in session.execute(query).tuples():
        found[list_id].append(ip_network(cidr))
    return found


def users_of(session: Session, list_id: str) -> dict[str, str]:
    """Id of each security group and route table that refers to the list → its VPC."""
    groups = (
        select(SecurityGroup.id, SecurityGroup.vpc_id)
        .join(SecurityGroupRule, SecurityGroupRule.group_id == SecurityGroup.id)
        .where(SecurityGroupRule.prefix_list_id == list_id)
        .order_by(SecurityGroup.id)
    )
    tables = (
        select(RouteTable.id, RouteTable.vpc_id)
        .join(Route, Route.route_table_id == RouteTable.id)
        .where(Route.destination == list_id)
        .order_by(RouteTable.id)
    )
    return dict((*session.execute(groups).tuples(), *session.execute(tables).tuples()))


def _amazon_list(name: str) -> PrefixList:
    return PrefixList(
        id=f"pl-{hashlib.sha256(name.encode()).hexdigest()[:8]}",
        account_id=AWS,
        name=name,
        address_family="IPv4",
        max_entries=1,
        version=1,
        last_change="create",
        created_at=_SINCE,
    )
