"""Who is asking: the instance behind a private address of a VPC, and all that its metadata shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from skerry.kernel.db import Database
from skerry.kernel.region import Region
from skerry.kernel.tags import tags_of
from skerry.services.ec2.instance.model import Instance
from skerry.services.ec2.network_interface.api import interface_facts, interfaces_of
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.network_interface.view import InterfaceFacts
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc.model import Vpc


@dataclass(frozen=True, slots=True)
class Subject:
    """One instance and what surrounds it."""

    region: Region
    instance: Instance
    interfaces: list[NetworkInterface]  # by device index
    facts: InterfaceFacts
    subnets: Mapping[str, str]  # id → CIDR
    vpc_cidr: str
    tags: Mapping[str, str]

    @property
    def primary(self) -> NetworkInterface:
        return self.interfaces[0]


def find_subject(
    database: Database, region: Region, vpc_id: str, private_ip: str
) -> Subject | None:
    """The instance that has this address in this VPC, whoever owns it; None when nobody has."""
    with database.read(None) as session:
        owner = session.execute(
            select(NetworkInterface.account_id, NetworkInterface.instance_id).where(
                NetworkInterface.vpc_id == vpc_id, NetworkInterface.private_ip == private_ip
            )
        ).first()
    if owner is None or owner.instance_id is None:
        return None
    with database.read(owner.account_id) as session:
        instance = session.get(Instance, owner.instance_id)
        interfaces = interfaces_of(session, [owner.instance_id])[owner.instance_id]
        vpc = session.get(Vpc, vpc_id)
        if instance is None or vpc is None or not interfaces:
            return None
        subnet_ids = {each.subnet_id for each in interfaces}
        subnets = session.execute(select(Subnet.id, Subnet.cidr).where(Subnet.id.in_(subnet_ids)))
        return Subject(
            region=region,
            instance=instance,
            interfaces=interfaces,
            facts=interface_facts(session, region, interfaces),
            subnets=dict(subnets.tuples().all()),
            vpc_cidr=vpc.cidr,
            tags=tags_of(session, [instance.id])[instance.id],
        )
