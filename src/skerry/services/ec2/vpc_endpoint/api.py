"""VPC endpoints, for the network, the resolver and the host's listeners."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.drivers.network import port
from skerry.kernel.context import Context
from skerry.kernel.db import Database
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.region import Region
from skerry.kernel.tags import tags_of
from skerry.kernel.wake import wake
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.security_group.model import SecurityGroup
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc_endpoint.errors import EndpointMalformed, EndpointNotFound
from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint, VpcEndpointInterface
from skerry.services.ec2.vpc_endpoint.view import (
    OFFERED,
    EndpointFacts,
    own_names,
    private_name,
    public_domain,
)


def find_endpoint(ctx: Context, endpoint_id: str) -> VpcEndpoint:
    """Raises EndpointMalformed, EndpointNotFound, the latter also for one that is being deleted."""
    check_ids([endpoint_id], "vpce", EndpointMalformed)
    return known_rows(ctx.db, VpcEndpoint, [endpoint_id], EndpointNotFound, VpcEndpoint.wanted)[0]


def interfaces_of_endpoints(
    session: Session, endpoint_ids: Iterable[str]
) -> Mapping[str, list[VpcEndpointInterface]]:
    """Endpoint id → its interfaces in the order of zones."""
    query = (
        select(VpcEndpointInterface)
        .where(VpcEndpointInterface.endpoint_id.in_(list(endpoint_ids)))
        .order_by(VpcEndpointInterface.zone)
    )
    found: defaultdict[str, list[VpcEndpointInterface]] = defaultdict(list)
    for each in session.scalars(query):
        found[each.endpoint_id].append(each)
    return found


def endpoint_facts(
    session: Session, region: Region, endpoints: Sequence[VpcEndpoint]
) -> EndpointFacts:
    """What the views of these endpoints need, in three queries however many there are."""
    ids = [each.id for each in endpoints]
    groups = {group_id for each in endpoints for group_id in each.group_ids}
    names = select(SecurityGroup.id, SecurityGroup.name).where(SecurityGroup.id.in_(groups))
    return EndpointFacts(
        region=region,
        interfaces=interfaces_of_endpoints(session, ids),
        group_names=dict(session.execute(names).tuples().all()),
        tags=tags_of(session, ids),
    )


def has_endpoints(session: Session, vpc_id: str) -> bool:
    """Whether an endpoint stands in the way of deleting the VPC."""
    query = select(VpcEndpoint.id).where(VpcEndpoint.vpc_id == vpc_id, VpcEndpoint.wanted)
    return session.scalar(query.limit(1)) is not None


def has_private_name(session: Session, vpc_id: str, service: str) -> bool:
    """Whether an endpoint of the VPC answers by the service's own name."""
    query = select(VpcEndpoint.id).where(
        VpcEndpoint.vpc_id == vpc_id,
        VpcEndpoint.service == service,
        VpcEndpoint.private_dns,
        VpcEndpoint.wanted,
    )
    return session.scalar(query.limit(1)) is not None


def note_applied(database: Database, vpc_id: str, ports: Iterable[port.Port]) -> None:
    """The VPC's network has these ports now, and no others."""
    hosted = {each.port_id for each in ports if each.hosted}
    with database.read(None) as session:
        found = session.scalars(select(VpcEndpoint).where(VpcEndpoint.vpc_id == vpc_id)).all()
        interfaces = interfaces_of_endpoints(session, [each.id for each in found])
    seen = {
        each.id: each.wanted and hosted.issuperset(one.interface_id for one in interfaces[each.id])
        for each in found
    }
    changed = [each for each in found if each.applied != seen[each.id] or not each.wanted]
    if changed:
        with database.write(None) as session:
            for each in changed:
                row = session.get(VpcEndpoint, each.id)
                if row is not None:
                    row.applied = seen[row.id]
                    wake(session, row)


def listening_addresses(session: Session) -> dict[str, set[str]]:
    """VPC id → the addresses at which its endpoints answer. The session is the whole cloud's."""
    query = select(NetworkInterface.vpc_id, NetworkInterface.private_ip).join(
        VpcEndpointInterface, VpcEndpointInterface.interface_id == NetworkInterface.id
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for vpc_id, address in session.execute(query).tuples():
        found[vpc_id].add(address)
    return dict(found)


def addresses_by_name(
    session: Session, region: Region, vpc_id: str, name: str
) -> tuple[str, ...] | None:
    """What a name (lower case, no final dot) is; None: no endpoint's. The session is the whole cloud's.

    The names of single endpoints are known everywhere, as in AWS: a peered VPC asks for them too.
    """
    for service in OFFERED:
        if name == private_name(region, service):
            return _by_private_name(session, vpc_id, service)
        if name.endswith(f".{public_domain(region, service)}"):
            return _by_own_name(session, region, name)
    return None


def _by_private_name(session: Session, vpc_id: str, service: str) -> tuple[str, ...] | None:
    named = (
        select(VpcEndpoint.id)
        .join(Vpc, Vpc.id == VpcEndpoint.vpc_id)
        .where(
            VpcEndpoint.vpc_id == vpc_id,
            VpcEndpoint.service == service,
            VpcEndpoint.private_dns,
            VpcEndpoint.wanted,
            Vpc.dns_hostnames,
        )
    )
    endpoint_id = session.scalar(named)
    return None if endpoint_id is None else tuple(_addresses(session, endpoint_id).values())


def _by_own_name(session: Session, region: Region, name: str) -> tuple[str, ...]:
    endpoint_id = "-".join(name.partition(".")[0].split("-")[:2])
    endpoint = session.get(VpcEndpoint, endpoint_id)
    if endpoint is None or not endpoint.wanted:
        return ()
    by_zone = _addresses(session, endpoint_id)
    for zone, own in own_names(region, endpoint, list(by_zone)).items():
        if name == own:
            return tuple(by_zone.values()) if zone is None else (by_zone[zone],)
    return ()


def _addresses(session: Session, endpoint_id: str) -> dict[str, str]:
    """Zone → address."""
    query = (
        select(VpcEndpointInterface.zone, NetworkInterface.private_ip)
        .join(NetworkInterface, NetworkInterface.id == VpcEndpointInterface.interface_id)
        .where(VpcEndpointInterface.endpoint_id == endpoint_id)
        .order_by(VpcEndpointInterface.zone)
    )
    return dict(session.execute(query).tuples().all())
