"""Default network ACLs, for making and deleting VPCs."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from skerry.kernel.ids import new_id
from skerry.kernel.tags import drop_tags
from skerry.services.ec2.network_acl.model import NetworkAcl, NetworkAclEntry
from skerry.services.ec2.vpc.model import Vpc


def create_default_acl(session: Session, vpc: Vpc, now: datetime) -> NetworkAcl:
    """The ACL every subnet of a new VPC starts with: all traffic, both ways."""
    acl = NetworkAcl(
        id=new_id("acl"),
        account_id=vpc.account_id,
        vpc_id=vpc.id,
        is_default=True,
        created_at=now,
    )
    session.add(acl)
    session.flush()
    for egress in (False, True):
        session.add(
            NetworkAclEntry(
                account_id=vpc.account_id,
                network_acl_id=acl.id,
                egress=egress,
                number=100,
                allow=True,
                protocol="-1",
                cidr="0.0.0.0/0",
            )
        )
    session.flush()
    return acl


def default_acl_id(session: Session, vpc_id: str) -> str:
    """The VPC's default ACL."""
    query = select(NetworkAcl.id).where(NetworkAcl.vpc_id == vpc_id, NetworkAcl.is_default)
    return session.scalars(query).one()


def delete_default_acl(session: Session, vpc_id: str) -> None:
    """The ACL goes with its VPC."""
    acl_id = default_acl_id(session, vpc_id)
    drop_tags(session, [acl_id])
    session.execute(delete(NetworkAclEntry).where(NetworkAclEntry.network_acl_id == acl_id))
    session.execute(delete(NetworkAcl).where(NetworkAcl.id == acl_id))
