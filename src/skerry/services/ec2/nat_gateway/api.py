"""NAT gateways, for the network and for sibling slices."""

from collections.abc import Iterable
from ipaddress import IPv4Address

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.drivers.network import port
from skerry.kernel.context import Context
from skerry.kernel.db import Database
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.wake import wake
from skerry.services.ec2.nat_gateway.errors import NatGatewayMalformed, NatGatewayNotFound
from skerry.services.ec2.nat_gateway.model import NatGateway
from skerry.services.ec2.network_interface.model import NetworkInterface

INTERFACE_TYPE = "nat_gateway"


def find_nat_gateway(ctx: Context, gateway_id: str) -> NatGateway:
    """One that is there, or on its way. Raises NatGatewayMalformed, NatGatewayNotFound."""
    check_ids([gateway_id], "nat", NatGatewayMalformed)
    found = known_rows(ctx.db, NatGateway, [gateway_id], NatGatewayNotFound)[0]
    if not found.wanted:
        raise NatGatewayNotFound(id=gateway_id)
    return found


def nat_gateways_of(session: Session, vpc_id: str) -> tuple[port.NatGateway, ...]:
    """What the VPC's network is to have. The session is the whole cloud's."""
    query = (
        select(NatGateway, NetworkInterface.mac)
        .join(NetworkInterface, NetworkInterface.id == NatGateway.interface_id)
        .where(NatGateway.vpc_id == vpc_id, NatGateway.wanted)
        .order_by(NatGateway.id)
    )
    return tuple(
        port.NatGateway(
            gateway.id,
            gateway.subnet_id,
            mac,
            IPv4Address(gateway.private_ip),
            IPv4Address(gateway.public_ip) if gateway.public_ip else None,
        )
        for gateway, mac in session.execute(query).tuples()
    )


def living_nat_gateways(session: Session) -> frozenset[str]:
    """Ids of those that a route can lead through."""
    query = select(NatGateway.id).where(NatGateway.wanted, NatGateway.failure.is_(None))
    return frozenset(session.scalars(query))


def note_applied(database: Database, vpc_id: str, present: Iterable[port.NatGateway]) -> None:
    """The VPC's network has these NAT gateways now, and no others."""
    ids = {each.nat_id for each in present}
    with database.read(None) as session:
        rows = session.scalars(select(NatGateway).where(NatGateway.vpc_id == vpc_id)).all()
    changed = [row.id for row in rows if row.applied != (row.id in ids)]
    if changed:
        with database.write(None) as session:
            for row in session.scalars(select(NatGateway).where(NatGateway.id.in_(changed))):
                row.applied = row.id in ids
                wake(session, row)
