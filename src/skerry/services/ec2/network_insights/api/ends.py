"""What a path can begin and end at, as the network knows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from skerry.kernel.db import EVERY_ACCOUNT, Owned
from skerry.kernel.ids import is_id
from skerry.services.ec2.instance.model import Instance
from skerry.services.ec2.internet_gateway.model import InternetGateway
from skerry.services.ec2.network_insights.reachability.packet import Kind
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint, VpcEndpointInterface
from skerry.services.ec2.vpc_peering.model import PeeringSide

Row = TypeVar("Row", bound=Owned)


@dataclass(frozen=True, slots=True)
class End:
    """``vpc_id`` None: the resource is there, but in no VPC. ``kind`` None: an address alone."""

    resource_id: str
    kind: Kind | None
    vpc_id: str | None
    port_ids: tuple[str, ...] = ()


ADDRESS = End("", None, None)


def find_end(session: Session, account_id: str, resource_id: str) -> End | None:
    """The account's resource of this id; None: there is none, or paths do not lead there."""
    prefix = resource_id.partition("-")[0]
    if prefix not in _FINDERS or not is_id(prefix, resource_id):
        return None
    return _FINDERS[prefix](session, account_id, resource_id)


def towards(session: Session, end: End, other: End) -> End:
    """A peering is entered from, and left to, the VPC of the other end, if that VPC is one of its two."""
    side = (PeeringSide.peering_id == end.resource_id, PeeringSide.vpc_id == other.vpc_id)
    query = select(PeeringSide.vpc_id).where(*side).execution_options(**EVERY_ACCOUNT)
    if end.kind is not Kind.PEERING or session.scalar(query) is None:
        return end
    return replace(end, vpc_id=other.vpc_id)


def _instance(session: Session, account_id: str, resource_id: str) -> End | None:
    known = session.scalar(_own(Instance, account_id).where(Instance.id == resource_id))
    ports = session.scalars(
        _own(NetworkInterface, account_id)
        .where(NetworkInterface.instance_id == resource_id)
        .order_by(NetworkInterface.device_index)
    ).all()
    vpc_id = ports[0].vpc_id if ports else None
    ids = tuple(port.id for port in ports)
    return None if known is None else End(resource_id, Kind.INTERFACE, vpc_id, ids)


def _interface(session: Session, account_id: str, resource_id: str) -> End | None:
    query = _own(NetworkInterface, account_id).where(NetworkInterface.id == resource_id)
    row = session.scalar(query)
    return None if row is None else End(row.id, Kind.INTERFACE, row.vpc_id, (row.id,))


def _gateway(session: Session, account_id: str, resource_id: str) -> End | None:
    query = _own(InternetGateway, account_id).where(InternetGateway.id == resource_id)
    row = session.scalar(query)
    return None if row is None else End(row.id, Kind.INTERNET, row.vpc_id)


def _peering(session: Session, account_id: str, resource_id: str) -> End | None:
    query = _own(PeeringSide, account_id).where(PeeringSide.peering_id == resource_id)
    side = session.scalars(query.order_by(PeeringSide.is_requester.desc())).first()
    return None if side is None else End(resource_id, Kind.PEERING, side.vpc_id)


def _endpoint(session: Session, account_id: str, resource_id: str) -> End | None:
    query = _own(VpcEndpoint, account_id).where(VpcEndpoint.id == resource_id)
    row = session.scalar(query)
    ids = select(VpcEndpointInterface.interface_id).where(
        VpcEndpointInterface.endpoint_id == resource_id
    )
    if row is None:
        return None
    ports = tuple(session.scalars(ids.order_by(VpcEndpointInterface.interface_id)))
    return End(row.id, Kind.INTERFACE, row.vpc_id, ports)


def _own(model: type[Row], account_id: str) -> Select[Row]:
    return select(model).where(model.account_id == account_id).execution_options(**EVERY_ACCOUNT)


_FINDERS: Mapping[str, Callable[[Session, str, str], End | None]] = {
    "eni": _interface,
    "i": _instance,
    "igw": _gateway,
    "pcx": _peering,
    "vpce": _endpoint,
}
