"""Egress-only internet gateways, for routes and for making the network of a VPC."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.lookup import check_ids, known_rows
from skerry.services.ec2.egress_only_internet_gateway.errors import (
    EgressOnlyGatewayMalformed,
    EgressOnlyGatewayNotFound,
)
from skerry.services.ec2.egress_only_internet_gateway.model import EgressOnlyInternetGateway


def find_egress_only_gateway(ctx: Context, gateway_id: str) -> EgressOnlyInternetGateway:
    """Raises EgressOnlyGatewayMalformed, EgressOnlyGatewayNotFound."""
    check_ids([gateway_id], "eigw", EgressOnlyGatewayMalformed)
    return known_rows(ctx.db, EgressOnlyInternetGateway, [gateway_id], EgressOnlyGatewayNotFound)[0]


def egress_only_gateway_of(session: Session, vpc_id: str) -> str | None:
    """Id of the one that is attached to this VPC."""
    query = select(EgressOnlyInternetGateway.id).where(EgressOnlyInternetGateway.vpc_id == vpc_id)
    return session.scalar(query)


def living_egress_only_gateways(session: Session) -> frozenset[str]:
    """Ids of those that a route can lead through."""
    return frozenset(session.scalars(select(EgressOnlyInternetGateway.id)))
