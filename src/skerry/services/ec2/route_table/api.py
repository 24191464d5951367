"""Route tables, for making and deleting VPCs and subnets."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from skerry.drivers.network.port import IpNetwork
from skerry.kernel.context import Context
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.tags import drop_tags
from skerry.services.ec2.prefix_list.api import blocks_of, sizes_of
from skerry.services.ec2.route_table.errors import RouteTableMalformed, RouteTableNotFound
from skerry.services.ec2.route_table.model import Route, RouteTable, RouteTableAssociation
from skerry.services.ec2.vpc.model import Vpc

MAX_ROUTES = 500


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a route is for: a block or a prefix list of one IP version."""

    text: str  # as rows have it
    version: int

    def __str__(self) -> str:
        return self.text


def create_table(session: Session, vpc: Vpc, now: datetime) -> RouteTable:
    """An empty table; the local route is implied."""
    table = RouteTable(id=new_id("rtb"), account_id=vpc.account_id, vpc_id=vpc.id, created_at=now)
    session.add(table)
    session.flush()
    return table


def create_main_table(session: Session, vpc: Vpc, now: datetime) -> RouteTable:
    """The table of every subnet without one of its own."""
    table = create_table(session, vpc, now)
    associate(session, table, None)
    return table


def associate(session: Session, table: RouteTable, subnet_id: str | None) -> RouteTableAssociation:
    """Make ``table`` the one of this subnet, or (None) the VPC's main table."""
    association = RouteTableAssociation(
        id=new_id("rtbassoc"),
        account_id=table.account_id,
        route_table_id=table.id,
        vpc_id=table.vpc_id,
        subnet_id=subnet_id,
    )
    session.add(association)
    session.flush()
    return association


def add_route(session: Session, table: RouteTable, destination: str, target_id: str) -> Route:
    """A route of this table; ``destination`` is a block or a prefix list."""
    route = Route(
        account_id=table.account_id,
        route_table_id=table.id,
        destination=destination,
        target_id=target_id,
    )
    session.add(route)
    session.flush()
    return route


def has_room(session: Session, table_id: str) -> bool:
    """Whether the table's routes are within the limit.

    One for a prefix list counts for as many as the list may have entries.
    """
    query = select(Route.destination).where(Route.route_table_id == table_id)
    destinations = session.scalars(query).all()
    lists = [each for each in destinations if each.startswith("pl-")]
    sizes = sizes_of(session, lists)
    used = len(destinations) - len(lists) + sum(sizes[each][1] for each in lists)
    return used <= MAX_ROUTES


def routes_of(
    session: Session, vpc_id: str, own: Sequence[IpNetwork]
) -> dict[str, dict[IpNetwork, str]]:
    """Route table id → destination → id of the target, prefix lists spread out.

    A route that names a block goes before one by a prefix list, and of these the list of the lower id;
    the VPC's ``own`` blocks are local whatever a list says. The session is the whole cloud's.
    """
    query = (
        select(Route.route_table_id, Route.destination, Route.target_id)
        .join(RouteTable, RouteTable.id == Route.route_table_id)
        .where(RouteTable.vpc_id == vpc_id)
        .order_by(Route.route_table_id, Route.destination)
    )
    routes = session.execute(query).tuples().all()
    lists = [destination for _, destination, _ in routes if destination.startswith("pl-")]
    blocks = blocks_of(session, lists)
    found: defaultdict[str, dict[IpNetwork, str]] = defaultdict(dict)
    for table_id, destination, target_id in routes:  # "pl-…" comes after every block
        if not destination.startswith("pl-"):
            found[table_id][ip_network(destination)] = target_id
            continue
        for block in blocks.get(destination, ()):
            if not any(is_within(block, each) for each in own):
                found[table_id].setdefault(block, target_id)
    return found


def is_within(block: IpNetwork, other: IpNetwork) -> bool:
    """Whether all of ``block`` is in ``other``."""
    if isinstance(block, IPv4Network):
        return isinstance(other, IPv4Network) and block.subnet_of(other)
    return isinstance(other, IPv6Network) and block.subnet_of(other)


def forget_subnet(session: Session, subnet_id: str) -> None:
    """A subnet that is deleted leaves its table."""
    session.execute(
        delete(RouteTableAssociation).where(RouteTableAssociation.subnet_id == subnet_id)
    )


def main_table(session: Session, vpc_id: str) -> RouteTable:
    """The VPC's main table."""
    query = (
        select(RouteTable)
        .join(RouteTableAssociation, RouteTableAssociation.route_table_id == RouteTable.id)
        .where(RouteTableAssociation.vpc_id == vpc_id, RouteTableAssociation.subnet_id.is_(None))
    )
    return session.scalars(query).one()


def find_table(ctx: Context, table_id: str) -> RouteTable:
    """Raises RouteTableMalformed, RouteTableNotFound."""
    check_ids([table_id], "rtb", RouteTableMalformed)
    return known_rows(ctx.db, RouteTable, [table_id], RouteTableNotFound)[0]


def delete_table(session: Session, table_id: str) -> None:
    """The table with its routes, associations and tags."""
    drop_tags(session, [table_id])
    session.execute(
        delete(RouteTableAssociation).where(RouteTableAssociation.route_table_id == table_id)
    )
    session.execute(delete(Route).where(Route.route_table_id == table_id))
    session.execute(delete(RouteTable).where(RouteTable.id == table_id))
