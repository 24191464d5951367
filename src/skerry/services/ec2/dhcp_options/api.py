"""The default DHCP option set, for making VPCs."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.kernel.ids import new_id
from skerry.kernel.region import Region
from skerry.services.ec2.dhcp_options.model import DhcpOptions

AMAZON_DNS = "AmazonProvidedDNS"


def default_options(
    session: Session, account_id: str, region: Region, now: datetime
) -> DhcpOptions:
    """The account's default set, made with its first VPC."""
    found = session.scalar(select(DhcpOptions).where(DhcpOptions.account_id == account_id))
    if found is not None:
        return found
    made = DhcpOptions(
        id=new_id("dopt"),
        account_id=account_id,
        configuration={
            "domain-name": [region.private_domain],
            "domain-name-servers": [AMAZON_DNS],
        },
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made
