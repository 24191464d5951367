"""Network interfaces, for instances and addresses."""

import secrets
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, bindparam, delete, select, true
from sqlalchemy.orm import Session, make_transient_to_detached

from skerry.kernel.context import Context
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.prepared import Prepared, insert_new
from skerry.kernel.region import Region
from skerry.kernel.tags import drop_tags, tag_new, tags_of
from skerry.kernel.wake import wake_id
from skerry.services.ec2.address.api import (
    disassociate_interface,
    take_from_pool,
    take_many_from_pool,
)
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.flow_log.api import forget_resource
from skerry.services.ec2.network_interface.errors import (
    InterfaceIsManaged,
    InterfaceMalformed,
    InterfaceNotFound,
)
from skerry.services.ec2.network_interface.model import NetworkInterface, NetworkInterfaceGroup
from skerry.services.ec2.network_interface.view import AMAZON, InterfaceFacts, PublicIp
from skerry.services.ec2.secondary_address.api import secondary_of
from skerry.services.ec2.security_group.api import group_identifiers
from skerry.services.ec2.security_group.model import SecurityGroup
from skerry.services.ec2.subnet.api import allocate_private_ip
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc.model import Vpc

MAX_LISTED = 500  # a longer list of ids is slower than reading all rows of the account


_ATTACHED = (
    select(NetworkInterface)
    .where(NetworkInterface.instance_id.is_not(None))
    .order_by(NetworkInterface.device_index)
)
_INTERFACES_OF_ANY = Prepared(_ATTACHED)
_INTERFACES_OF = Prepared(
    _ATTACHED.where(NetworkInterface.instance_id.in_(bindparam("instance_ids", expanding=True)))
)
_ASSOCIATED = select(
    Address.network_interface_id,
    Address.public_ip,
    Address.account_id,
    Address.id,
    Address.association_id,
    Address.private_ip,
).where(Address.network_interface_id.is_not(None))
_ELASTIC_IPS = Prepared(_ASSOCIATED)
_ELASTIC_IPS_OF = Prepared(
    _ASSOCIATED.where(Address.network_interface_id.in_(bindparam("interface_ids", expanding=True)))
)
_ZONES = Prepared(select(Subnet.id, Subnet.zone))
_NAMED_VPCS = Prepared(select(Vpc.id).where(Vpc.dns_hostnames, Vpc.dns_support))


def create_interface(
    ctx: Context,
    subnet: Subnet,
    groups: Sequence[SecurityGroup],
    private_ip: str | None,
    description: str,
    tags: Mapping[str, str],
) -> NetworkInterface:
    """A new interface with this private address (None: any free one). Wakes the VPC.

    Raises what ``allocate_private_ip`` does.
    """
    address = allocate_private_ip(ctx, subnet, private_ip)
    interface = draft_interface(ctx, subnet, address, description)
    insert_interfaces(ctx, [interface], groups, tags)
    make_transient_to_detached(interface)
    ctx.db.add(interface)
    return interface


def create_managed_interface(
    ctx: Context,
    subnet: Subnet,
    groups: Sequence[SecurityGroup],
    private_ip: str | None,
    description: str,
    interface_type: str,
) -> NetworkInterface:
    """An interface of a VPC endpoint or NAT gateway, in use by it from the start. Wakes the VPC.

    Goes by ``delete_interface``. Raises what ``allocate_private_ip`` does.
    """
    interface = draft_interface(
        ctx, subnet, allocate_private_ip(ctx, subnet, private_ip), description
    )
    interface.interface_type = interface_type
    interface.attachment_id = new_id("ela-attach")
    interface.device_index = 1
    interface.attached_at = ctx.now
    insert_interfaces(ctx, [interface], groups, {})
    ctx.db.flush()
    return interface


def refuse_managed(interface: NetworkInterface) -> None:
    """Raises InterfaceIsManaged."""
    if interface.is_managed:
        raise InterfaceIsManaged(id=interface.id)


def draft_interface(
    ctx: Context, subnet: Subnet, private_ip: str, description: str
) -> NetworkInterface:
    """An interface that is not in the database yet; to be completed and inserted with others."""
    return NetworkInterface(
        id=new_id("eni"),
        account_id=ctx.account_id,
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        description=description,
        mac=_new_mac(),
        private_ip=private_ip,
        source_dest_check=True,
        created_at=ctx.now,
        delete_on_termination=False,
        auto_public_ip=False,
        interface_type="interface",
    )


def insert_interfaces(
    ctx: Context,
    interfaces: Sequence[NetworkInterface],
    groups: Sequence[SecurityGroup],
    tags: Mapping[str, str],
) -> None:
    """Write drafts of one VPC, in a few statements however many there are. Wakes the VPC."""
    insert_new(ctx.db, interfaces)
    memberships = [each for interface in interfaces for each in _memberships(interface, groups)]
    insert_new(ctx.db, memberships)
    tag_new(ctx, "network-interface", [interface.id for interface in interfaces], tags)
    wake_id(ctx.db, "vpc", interfaces[0].vpc_id)


def find_interface(ctx: Context, interface_id: str) -> NetworkInterface:
    """Raises InterfaceMalformed, InterfaceNotFound."""
    check_ids([interface_id], "eni", InterfaceMalformed)
    return known_rows(ctx.db, NetworkInterface, [interface_id], InterfaceNotFound)[0]


def set_groups(
    session: Session, interface: NetworkInterface, groups: Sequence[SecurityGroup]
) -> None:
    """Make these the groups of the interface, in this order. Wakes the VPC."""
    session.execute(
        delete(NetworkInterfaceGroup).where(
            NetworkInterfaceGroup.network_interface_id == interface.id
        )
    )
    insert_new(session, _memberships(interface, groups))
    wake_id(session, "vpc", interface.vpc_id)


def _memberships(
    interface: NetworkInterface, groups: Sequence[SecurityGroup]
) -> list[NetworkInterfaceGroup]:
    return [
        NetworkInterfaceGroup(
            account_id=interface.account_id,
            network_interface_id=interface.id,
            group_id=group.id,
            position=position,
        )
        for position, group in enumerate(groups)
    ]


def attach_interface(
    ctx: Context,
    interface: NetworkInterface,
    instance_id: str,
    device_index: int,
    *,
    delete_on_termination: bool,
) -> None:
    """Make the interface this instance's device of that index; written with the next query."""
    interface.attachment_id = new_id("eni-attach")
    interface.instance_id = instance_id
    interface.device_index = device_index
    interface.attached_at = ctx.now
    interface.delete_on_termination = delete_on_termination


def detach_interface(session: Session, interface: NetworkInterface) -> None:
    """The interface outlives its instance; an auto-assigned address does not."""
    interface.former_attachment_id = interface.attachment_id
    interface.attachment_id = None
    interface.instance_id = None
    interface.device_index = None
    interface.attached_at = None
    interface.delete_on_termination = False
    interface.auto_public_ip = False
    interface.detach_wanted = None
    interface.attach_seen = True
    take_public_ip(session, interface)


def give_public_ip(ctx: Context, interface: NetworkInterface) -> None:
    """An address of the public pool, now and again after each ``take_public_ip`` and restart.

    Does nothing now when the interface has an Elastic IP or one already. Wakes the VPC.
    Raises PoolEmpty.
    """
    interface.auto_public_ip = True
    restore_public_ip(ctx.db, ctx.region, interface)


def give_public_ips(ctx: Context, drafts: Sequence[NetworkInterface]) -> None:
    """As ``give_public_ip``, for interfaces that are not in the database yet. Raises PoolEmpty."""
    addresses = take_many_from_pool(ctx.db, ctx.region, len(drafts))
    for draft, address in zip(drafts, addresses, strict=True):
        draft.auto_public_ip = True
        draft.public_ip = address


def restore_public_ip(session: Session, region: Region, interface: NetworkInterface) -> None:
    """As ``give_public_ip``, for an interface that was given one before; for others a no-op.

    Call when the instance starts again, and when its Elastic IP has gone. Raises PoolEmpty.
    """
    if not interface.auto_public_ip or public_ip_of(session, [interface.id]):
        return
    interface.public_ip = take_from_pool(session, region)
    session.flush()
    wake_id(session, "vpc", interface.vpc_id)


def take_public_ip(session: Session, interface: NetworkInterface) -> None:
    """Give an auto-assigned address back to the pool (the instance stopped). Wakes the VPC."""
    if interface.public_ip is not None:
        interface.public_ip = None
        wake_id(session, "vpc", interface.vpc_id)
    session.flush()


def interfaces_of(
    session: Session, instance_ids: Iterable[str]
) -> dict[str, list[NetworkInterface]]:
    """Instance id → its interfaces by device index; an empty list for those without."""
    ids = list(instance_ids)
    found: dict[str, list[NetworkInterface]] = {each: [] for each in ids}
    if len(ids) <= MAX_LISTED:
        interfaces: Sequence[NetworkInterface] = _INTERFACES_OF.entities(session, instance_ids=ids)
    else:
        interfaces = _INTERFACES_OF_ANY.entities(session)
    for interface in interfaces:
        if interface.instance_id in found:
            found[interface.instance_id].append(interface)
    return found


def delete_interface(session: Session, interface: NetworkInterface) -> None:
    """Leaves its Elastic IPs to their owner. Wakes the VPC."""
    disassociate_interface(session, interface.id)
    forget_resource(session, interface.id)
    drop_tags(session, [interface.id])
    membership = NetworkInterfaceGroup.network_interface_id == interface.id
    session.execute(delete(NetworkInterfaceGroup).where(membership))
    session.execute(delete(NetworkInterface).where(NetworkInterface.id == interface.id))
    wake_id(session, "vpc", interface.vpc_id)


def public_ip_of(session: Session, interface_ids: Iterable[str]) -> dict[str, PublicIp]:
    """Interface id → what leads to its primary private address; interfaces without it are left out."""
    query = select(NetworkInterface.id, NetworkInterface.private_ip, NetworkInterface.public_ip)
    ids = list(interface_ids)
    elastic = _elastic_ips(session, ids)
    found: dict[str, PublicIp] = {}
    for id_, private_ip, public_ip in session.execute(query.where(_among(ids))).tuples():
        public = _primary(elastic, id_, private_ip, public_ip)
        if public is not None:
            found[id_] = public
    return found


def _primary(
    elastic: Mapping[tuple[str, str], PublicIp], id_: str, private_ip: str, public_ip: str | None
) -> PublicIp | None:
    automatic = None if public_ip is None else PublicIp(public_ip, AMAZON, None, None)
    return elastic.get((id_, private_ip), automatic)


def _elastic_ips(session: Session, interface_ids: list[str]) -> dict[tuple[str, str], PublicIp]:
    """Interface id and private address → the Elastic IP that leads there."""
    if len(interface_ids) <= MAX_LISTED:
        addresses = _ELASTIC_IPS_OF.rows(session, interface_ids=interface_ids)
    else:
        addresses = _ELASTIC_IPS.rows(session)
    return {
        (str(interface_id), str(private_ip)): PublicIp(public_ip, owner_id, id_, association_id)
        for interface_id, public_ip, owner_id, id_, association_id, private_ip in addresses
    }


def interface_facts(
    session: Session, region: Region, interfaces: Sequence[NetworkInterface]
) -> InterfaceFacts:
    """What the views of these interfaces need, in six queries however many there are."""
    ids = [interface.id for interface in interfaces]
    elastic = _elastic_ips(session, ids)
    primary = {
        each.id: _primary(elastic, each.id, each.private_ip, each.public_ip) for each in interfaces
    }
    return InterfaceFacts(
        region=region,
        groups=group_identifiers(session, ids),
        public={id_: public for id_, public in primary.items() if public is not None},
        elastic=elastic,
        secondary=secondary_of(session, ids),
        zones={row.id: row.zone for row in _ZONES.rows(session)},
        named_vpcs=frozenset(row.id for row in _NAMED_VPCS.rows(session)),
        tags=tags_of(session, ids),
    )


def _among(ids: list[str]) -> ColumnElement[bool]:
    return NetworkInterface.id.in_(ids) if len(ids) <= MAX_LISTED else true()


def _new_mac() -> str:
    """Locally administered and unicast, as EC2's are."""
    octets = (0x02, *secrets.token_bytes(5))
    return ":".join(f"{octet:02x}" for octet in octets)
