"""The network interfaces that new instances are launched with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    UnsupportedOperation,
)
from skerry.kernel.tags import tags_on_create
from skerry.services.ec2.network_interface.api import (
    attach_interface,
    draft_interface,
    find_interface,
    give_public_ips,
    insert_interfaces,
)
from skerry.services.ec2.network_interface.errors import InterfaceInUse
from skerry.services.ec2.secondary_address.api import (
    NO_MORE_ADDRESSES,
    Wanted,
    give_addresses,
    read_addresses,
)
from skerry.services.ec2.security_group.api import resolve_groups
from skerry.services.ec2.subnet.api import (
    allocate_private_ip,
    allocate_private_ips,
    default_subnet,
    find_subnet,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skerry.kernel.context import Context
    from skerry.services.ec2.instance.actions.launch_request import Launch
    from skerry.services.ec2.network_interface.model import NetworkInterface
    from skerry.services.ec2.security_group.model import SecurityGroup
    from skerry.services.ec2.subnet.model import Subnet

_NOT_BUILT = (
    "AssociateCarrierIpAddress",
    "ConnectionTrackingSpecification",
    "EnaSrdSpecification",
    "NetworkCardIndex",
)
_ONE_LEVEL = {
    "SubnetId": "subnet ID",
    "SecurityGroupIds": "security groups",
    "SecurityGroups": "security groups",
    "PrivateIpAddress": "private IP address",
    "Ipv6Addresses": "IPv6 addresses",
    "Ipv6AddressCount": "IPv6 address count",
    "EnablePrimaryIpv6": "primary IPv6 address",
}
_OF_THE_EXISTING = (
    "AssociatePublicIpAddress",
    "Description",
    "Groups",
    "Ipv6AddressCount",
    "Ipv6Addresses",
    "PrivateIpAddress",
    "PrivateIpAddresses",
    "SecondaryPrivateIpAddressCount",
    "SubnetId",
)


@dataclass(frozen=True, slots=True)
class Card:
    """One interface that each new instance gets; ``existing`` is taken as it is."""

    device_index: int
    subnet_id: str
    vpc_id: str
    zone: str
    delete_on_termination: bool
    existing: NetworkInterface | None = None
    subnet: Subnet | None = None
    groups: Sequence[SecurityGroup] = ()
    addresses: Wanted = NO_MORE_ADDRESSES
    description: str = ""
    wants_public_ip: bool = False

    @property
    def own_subnet(self) -> Subnet:
        assert self.subnet is not None  # noqa: S101 - a card has a subnet or an interface
        return self.subnet

    @property
    def has_further_addresses(self) -> bool:
        """Whether each interface gets more than its primary private address."""
        wanted = self.addresses
        named = wanted.private or wanted.private_count or wanted.ipv6 or wanted.ipv6_count
        return bool(named or wanted.primary_ipv6 or self.own_subnet.assign_ipv6)


def read_cards(ctx: Context, launch: Launch) -> list[Card]:
    """The cards that the request asks for, the primary one first, all in one VPC and one zone."""
    blocks: Sequence[Mapping[str, Any]] = launch.asked.get("NetworkInterfaces") or ()
    if not blocks:
        return [_default_card(ctx, launch)]
    for name, words in _ONE_LEVEL.items():
        if launch.asked.get(name):
            raise InvalidParameterCombination(
                why=f"Network interfaces and an instance-level {words} may not be specified on the "
                "same request"
            )
    _check_indexes(launch, blocks)
    cards = sorted(
        (_card(ctx, launch, block, only=len(blocks) == 1) for block in blocks),
        key=lambda card: card.device_index,
    )
    _check_together(launch, cards)
    return cards


def insert_cards(
    ctx: Context, launch: Launch, cards: Sequence[Card], instance_ids: Sequence[str]
) -> dict[str, list[NetworkInterface]]:
    """Give each of these instances its interfaces, in a few statements per card."""
    tags = tags_on_create(launch.asked, "network-interface")
    given: dict[str, list[NetworkInterface]] = {each: [] for each in instance_ids}
    for card in cards:
        interfaces = [card.existing] if card.existing else _drafts(ctx, card, len(instance_ids))
        for interface, instance_id in zip(interfaces, instance_ids, strict=True):
            given[instance_id].append(interface)
            attach_interface(
                ctx,
                interface,
                instance_id,
                card.device_index,
                delete_on_termination=card.delete_on_termination,
            )
        if card.wants_public_ip:
            give_public_ips(ctx, interfaces)
        if card.existing is None:
            insert_interfaces(ctx, interfaces, card.groups, tags)
            for interface in interfaces if card.has_further_addresses else ():
                limit = launch.kind.addresses_per_interface
                give_addresses(ctx, interface, card.own_subnet, card.addresses, limit)
    return given


def _drafts(ctx: Context, card: Card, count: int) -> list[NetworkInterface]:
    subnet = card.own_subnet
    if card.addresses.primary is not None:
        addresses = [allocate_private_ip(ctx, subnet, card.addresses.primary)]
    else:
        addresses = allocate_private_ips(ctx, subnet, count)
    drafts = [draft_interface(ctx, subnet, each, card.description) for each in addresses]
    for draft in drafts:
        draft.primary_ipv6 = card.addresses.primary_ipv6
    return drafts


def _default_card(ctx: Context, launch: Launch) -> Card:
    """The one interface of a request that names none."""
    asked = launch.asked
    if asked.get("SubnetId") and asked.get("SecurityGroups"):
        raise InvalidParameterCombination(
            why="The parameter groupName cannot be used with the parameter subnet"
        )
    subnet = _subnet(ctx, launch, asked.get("SubnetId"))
    addresses = _addresses(launch, asked)
    return Card(
        device_index=0,
        subnet_id=subnet.id,
        vpc_id=subnet.vpc_id,
        zone=subnet.zone,
        delete_on_termination=True,
        subnet=subnet,
        groups=resolve_groups(
            ctx, subnet.vpc_id, asked.get("SecurityGroupIds"), asked.get("SecurityGroups")
        ),
        addresses=addresses,
        wants_public_ip=subnet.map_public_ip,
    )


def _card(ctx: Context, launch: Launch, block: Mapping[str, Any], *, only: bool) -> Card:
    for name in _NOT_BUILT:
        if block.get(name):
            raise UnsupportedOperation(why=f"NetworkInterface.{name} is not supported.")
    if (block.get("InterfaceType") or "interface") != "interface":
        raise UnsupportedOperation(why="Only interfaces of type 'interface' are supported.")
    if block.get("NetworkInterfaceId"):
        return _existing_card(ctx, launch, block)
    subnet = _subnet(ctx, launch, block.get("SubnetId"))
    addresses = _addresses(launch, block)
    asks_public: bool | None = block.get("AssociatePublicIpAddress")
    if asks_public and not only:
        raise InvalidParameterCombination(
            why="The associatePublicIPAddress parameter cannot be specified when launching with "
            "multiple network interfaces."
        )
    return Card(
        device_index=block["DeviceIndex"],
        subnet_id=subnet.id,
        vpc_id=subnet.vpc_id,
        zone=subnet.zone,
        delete_on_termination=block.get("DeleteOnTermination", True),
        subnet=subnet,
        groups=resolve_groups(ctx, subnet.vpc_id, block.get("Groups"), None),
        addresses=addresses,
        description=block.get("Description") or "",
        wants_public_ip=only and (subnet.map_public_ip if asks_public is None else asks_public),
    )


def _existing_card(ctx: Context, launch: Launch, block: Mapping[str, Any]) -> Card:
    interface_id: str = block["NetworkInterfaceId"]
    for name in _OF_THE_EXISTING:
        if block.get(name):
            raise InvalidParameterCombination(
                why=f"A network interface may not specify both a network interface ID and {name}"
            )
    _check_single(launch, "NetworkInterfaceId", interface_id)
    interface = find_interface(ctx, interface_id)
    if interface.attachment_id is not None:
        raise InterfaceInUse(id=interface.id)
    return Card(
        device_index=block["DeviceIndex"],
        subnet_id=interface.subnet_id,
        vpc_id=interface.vpc_id,
        zone=find_subnet(ctx, interface.subnet_id).zone,
        delete_on_termination=block.get("DeleteOnTermination", False),
        existing=interface,
    )


def _subnet(ctx: Context, launch: Launch, subnet_id: str | None) -> Subnet:
    """The subnet named, in the zone named, or the default one."""
    if not subnet_id:
        return default_subnet(ctx, launch.zone)
    subnet = find_subnet(ctx, subnet_id)
    if launch.zone not in (None, subnet.zone):
        raise InvalidParameterValue(
            value=launch.zone,
            name="availabilityZone",
            why=f"The subnet '{subnet.id}' is in the availability zone '{subnet.zone}'.",
        )
    return subnet


def _addresses(launch: Launch, asked: Mapping[str, Any]) -> Wanted:
    wanted = read_addresses(asked)
    _check_single(launch, "PrivateIpAddress", wanted.primary)
    for name, named in (("PrivateIpAddresses", wanted.private), ("Ipv6Addresses", wanted.ipv6)):
        _check_single(launch, name, next(iter(named), None))
    return wanted


def _check_indexes(launch: Launch, blocks: Sequence[Mapping[str, Any]]) -> None:
    limit = launch.kind.max_interfaces
    if len(blocks) > limit:
        raise InvalidParameterCombination(
            why=f"Interface count {len(blocks)} exceeds the limit for {launch.kind.name}: {limit}"
        )
    indexes = [block.get("DeviceIndex") for block in blocks]
    if None in indexes:
        raise InvalidParameterCombination(
            why="A network interface must specify a device index when launching an instance"
        )
    if len(set(indexes)) < len(indexes):
        raise InvalidParameterCombination(
            why="Each network interface requires a unique device index."
        )
    if 0 not in indexes:
        raise InvalidParameterCombination(
            why="When specifying network interfaces, you must include a device at index 0."
        )


def _check_single(launch: Launch, name: str, value: str | None) -> None:
    if value and launch.most > 1:
        raise InvalidParameterCombination(
            why=f"{name} may not be specified when launching more than one instance"
        )


def _check_together(launch: Launch, cards: Sequence[Card]) -> None:
    if len({card.vpc_id for card in cards}) > 1:
        raise InvalidParameterCombination(
            why="All network interfaces of an instance must be in the same VPC"
        )
    zones = {card.zone for card in cards}
    if len(zones) > 1 or launch.zone not in (None, *zones):
        raise InvalidParameterCombination(
            why="All network interfaces of an instance must be in its availability zone"
        )
    existing = [card.existing.id for card in cards if card.existing is not None]
    if len(set(existing)) < len(existing):
        raise InvalidParameterCombination(why="A network interface may be attached only once")
