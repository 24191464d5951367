"""The network around a path: values of its VPCs, and names of what is in them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.kernel.tags import Tag
from skerry.services.ec2.egress_only_internet_gateway.model import EgressOnlyInternetGateway
from skerry.services.ec2.internet_gateway.model import InternetGateway
from skerry.services.ec2.network_insights.reachability.estate import Estate
from skerry.services.ec2.network_insights.view.components import Names
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.route_table.model import RouteTableAssociation
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.topology import topology_of
from skerry.services.ec2.vpc_peering.api import active_peerings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``owners``: peering id → account beyond it, of those that lead to another account's VPC."""

    estate: Estate
    names: Names
    owners: dict[str, str]


def surroundings(
    session: Session, region: str, account_id: str, vpc_ids: Iterable[str], ends: Collection[str]
) -> Surroundings:
    """These VPCs and their peers. ``ends``: peerings that are not followed further.

    Nothing is followed into another account. The session must be the whole cloud's.
    """
    wanted = set(vpc_ids)
    peers = {each: active_peerings(session, each) for each in wanted}
    wanted |= {vpc_id for found in peers.values() for vpc_id in found.values()}
    rows = session.scalars(select(Vpc).where(Vpc.id.in_(wanted)).order_by(Vpc.id)).all()
    accounts = {row.id: row.account_id for row in rows}
    owners = {
        peering_id: accounts[vpc_id]
        for found in peers.values()
        for peering_id, vpc_id in found.items()
        if accounts.get(vpc_id, account_id) != account_id
    }
    estate = Estate.of([topology_of(session, row) for row in rows], {*owners, *ends})
    own = [row.id for row in rows if row.account_id == account_id]
    return Surroundings(estate, _names(session, region, account_id, own), owners)


def _names(session: Session, region: str, account_id: str, vpc_ids: list[str]) -> Names:
    acls = select(Subnet.id, Subnet.network_acl_id).where(Subnet.vpc_id.in_(vpc_ids))
    gateways = select(InternetGateway.vpc_id, InternetGateway.id).where(
        InternetGateway.vpc_id.in_(vpc_ids)
    )
    egress = select(EgressOnlyInternetGateway.vpc_id, EgressOnlyInternetGateway.id).where(
        EgressOnlyInternetGateway.vpc_id.in_(vpc_ids)
    )
    machines = select(NetworkInterface.id, NetworkInterface.instance_id).where(
        NetworkInterface.vpc_id.in_(vpc_ids), NetworkInterface.instance_id.is_not(None)
    )
    named = select(Tag.resource_id, Tag.value).where(
        Tag.account_id == account_id, Tag.key == "Name"
    )
    return Names(
        region=region,
        account_id=account_id,
        acls=dict(session.execute(acls).tuples().all()),
        tables=_tables(session, vpc_ids),
        gateways={vpc or "": each for vpc, each in session.execute(gateways).tuples()},
        egress_gateways=dict(session.execute(egress).tuples().all()),
        instances={port: each or "" for port, each in session.execute(machines).tuples()},
        tags=dict(session.execute(named).tuples().all()),
    )


def _tables(session: Session, vpc_ids: list[str]) -> dict[str, str]:
    """Subnet → the route table in force."""
    query = select(
        RouteTableAssociation.vpc_id,
        RouteTableAssociation.subnet_id,
        RouteTableAssociation.route_table_id,
    ).where(RouteTableAssociation.vpc_id.in_(vpc_ids))
    found = {(vpc, subnet): table for vpc, subnet, table in session.execute(query).tuples()}
    subnets = select(Subnet.vpc_id, Subnet.id).where(Subnet.vpc_id.in_(vpc_ids))
    return {
        subnet: found.get((vpc, subnet)) or found.get((vpc, None), "")
        for vpc, subnet in session.execute(subnets).tuples()
    }
