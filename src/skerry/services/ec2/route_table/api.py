"""Route tables, for making and deleting VPCs and subnets."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.tags import drop_tags
from skerry.services.ec2.route_table.errors import RouteTableMalformed, RouteTableNotFound
from skerry.services.ec2.route_table.model import Route, RouteTable, RouteTableAssociation
from skerry.services.ec2.vpc.model import Vpc


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
    """A route of this table to an internet gateway."""
    route = Route(
        account_id=table.account_id,
        route_table_id=table.id,
        destination=destination,
        target_id=target_id,
    )
    session.add(route)
    session.flush()
    return route


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
