"""Network ACLs, for making and deleting VPCs."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.tags import drop_tags
from skerry.services.ec2.network_acl.errors import NetworkAclMalformed, NetworkAclNotFound
from skerry.services.ec2.network_acl.model import NetworkAcl, NetworkAclEntry
from skerry.services.ec2.vpc.model import Vpc

_OPEN = (100, True, "-1", "0.0.0.0/0")
"""The one entry that a default ACL begins with, in each direction."""


def create_default_acl(session: Session, vpc: Vpc, now: datetime) -> NetworkAcl:
    """The ACL every subnet of a new VPC starts with: all traffic, both ways."""
    acl = create_acl(session, vpc, now, is_default=True)
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


def open_to_ipv6(session: Session, vpc_id: str) -> None:
    """The VPC got its first IPv6 block: a default ACL that lets all through lets IPv6 through too.

    In a direction where its entries were changed it stays as it is. Source:
    https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
    """
    acl_id = default_acl_id(session, vpc_id)
    here = select(NetworkAclEntry).where(NetworkAclEntry.network_acl_id == acl_id)
    for egress in (False, True):
        entries = session.scalars(here.where(NetworkAclEntry.egress == egress)).all()
        if [(one.number, one.allow, one.protocol, one.cidr) for one in entries] == [_OPEN]:
            session.add(
                NetworkAclEntry(
                    account_id=entries[0].account_id,
                    network_acl_id=acl_id,
                    egress=egress,
                    number=101,
                    allow=True,
                    protocol="-1",
                    cidr="::/0",
                )
            )
    session.flush()


def create_acl(
    session: Session, vpc: Vpc, now: datetime, *, is_default: bool = False
) -> NetworkAcl:
    """An ACL without entries: it lets nothing through."""
    acl = NetworkAcl(
        id=new_id("acl"),
        account_id=vpc.account_id,
        vpc_id=vpc.id,
        is_default=is_default,
        created_at=now,
    )
    session.add(acl)
    session.flush()
    return acl


def find_acl(ctx: Context, acl_id: str) -> NetworkAcl:
    """Raises NetworkAclMalformed, NetworkAclNotFound."""
    check_ids([acl_id], "acl", NetworkAclMalformed)
    return known_rows(ctx.db, NetworkAcl, [acl_id], NetworkAclNotFound)[0]


def has_other_acls(session: Session, vpc_id: str) -> bool:
    """Whether an ACL other than the default one stands in the way of deleting the VPC."""
    others = select(NetworkAcl.id).where(NetworkAcl.vpc_id == vpc_id, ~NetworkAcl.is_default)
    return session.scalar(others.limit(1)) is not None


def default_acl_id(session: Session, vpc_id: str) -> str:
    """The VPC's default ACL."""
    query = select(NetworkAcl.id).where(NetworkAcl.vpc_id == vpc_id, NetworkAcl.is_default)
    return session.scalars(query).one()


def delete_default_acl(session: Session, vpc_id: str) -> None:
    """The ACL goes with its VPC."""
    delete_acl(session, default_acl_id(session, vpc_id))


def delete_acl(session: Session, acl_id: str) -> None:
    """The ACL with its entries and tags."""
    drop_tags(session, [acl_id])
    session.execute(delete(NetworkAclEntry).where(NetworkAclEntry.network_acl_id == acl_id))
    session.execute(delete(NetworkAcl).where(NetworkAcl.id == acl_id))
