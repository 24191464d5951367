"""Internet gateways, for making VPCs and for routes."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import known_rows
from skerry.services.ec2.internet_gateway.errors import InternetGatewayNotFound
from skerry.services.ec2.internet_gateway.model import InternetGateway


def create_gateway(
    session: Session, account_id: str, now: datetime, vpc_id: str | None = None
) -> InternetGateway:
    """A new gateway, attached to this VPC when one is named."""
    gateway = InternetGateway(
        id=new_id("igw"), account_id=account_id, vpc_id=vpc_id, created_at=now
    )
    session.add(gateway)
    session.flush()
    return gateway


def find_gateway(ctx: Context, gateway_id: str) -> InternetGateway:
    """Raises InternetGatewayNotFound."""
    return known_rows(ctx.db, InternetGateway, [gateway_id], InternetGatewayNotFound)[0]


def gateway_of_vpc(session: Session, vpc_id: str) -> InternetGateway | None:
    """The gateway attached to this VPC."""
    return session.scalar(select(InternetGateway).where(InternetGateway.vpc_id == vpc_id))
