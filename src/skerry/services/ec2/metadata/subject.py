"""Who is asking: the instance behind a private address of a VPC, and all that its metadata shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from sqlalchemy import Select, String, and_, bindparam, select
from sqlalchemy.orm import aliased

from skerry.kernel.db import Database
from skerry.kernel.region import Region
from skerry.kernel.tags import tags_of
from skerry.services.ec2.instance.model import Instance
from skerry.services.ec2.network_interface.api import interface_facts, interfaces_of
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.network_interface.view import InterfaceFacts
from skerry.services.ec2.secondary_address.model import SecondaryAddress
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc.model import Vpc


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of an instance beyond its own row and its primary interface's."""

    interfaces: list[NetworkInterface]  # by device index
    facts: InterfaceFacts
    subnets: Mapping[str, str]  # id → CIDR
    vpc_cidrs: Mapping[str, str]  # id → CIDR
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Subject:
    """One instance. Most questions need no more than its row; the rest is read when it is asked for."""

    database: Database
    region: Region
    instance: Instance
    primary: NetworkInterface

    @cached_property
    def around(self) -> Surroundings:
        """Read in a session of the instance's own account: nobody else's rows are in sight."""
        with self.database.read(self.instance.account_id) as session:
            interfaces = interfaces_of(session, [self.instance.id])[self.instance.id]
            subnet_ids = {each.subnet_id for each in interfaces}
            subnets = select(Subnet.id, Subnet.cidr).where(Subnet.id.in_(subnet_ids))
            vpcs = select(Vpc.id, Vpc.cidr).where(Vpc.id.in_({each.vpc_id for each in interfaces}))
            return Surroundings(
                interfaces=interfaces,
                facts=interface_facts(session, self.region, interfaces),
                subnets=dict(session.execute(subnets).tuples().all()),
                vpc_cidrs=dict(session.execute(vpcs).tuples().all()),
                tags=tags_of(session, [self.instance.id])[self.instance.id],
            )


@cache
def _who_asks() -> "tuple[Select[Instance, NetworkInterface], Select[Instance, NetworkInterface]]":
    """By a primary address, and by a secondary one. Built once: that takes longer than to run it."""
    asking, primary = aliased(NetworkInterface), aliased(NetworkInterface)
    subnets = select(Subnet.id).where(Subnet.vpc_id == bindparam("vpc_id"))
    asked = (
        select(Instance, primary)
        .join(asking, asking.instance_id == Instance.id)
        .join(primary, and_(primary.instance_id == Instance.id, primary.device_index == 0))
    )
    further = asked.join(SecondaryAddress, SecondaryAddress.network_interface_id == asking.id)
    address = bindparam("private_ip", type_=String())
    return (
        asked.where(asking.private_ip == address, asking.subnet_id.in_(subnets)),
        further.where(SecondaryAddress.address == address, SecondaryAddress.subnet_id.in_(subnets)),
    )


def find_subject(
    database: Database, region: Region, vpc_id: str, private_ip: str
) -> Subject | None:
    """The instance that has this address in this VPC, whoever owns it; None when nobody has.

    One statement, of a secondary address two; they go through the VPC's few subnets, where an address
    has an index.
    """
    asked = {"vpc_id": vpc_id, "private_ip": private_ip}
    with database.read(None) as session:
        rows = (session.execute(each, asked).first() for each in _who_asks())
        found = next((row for row in rows if row is not None), None)
    return None if found is None else Subject(database, region, found[0], found[1])
