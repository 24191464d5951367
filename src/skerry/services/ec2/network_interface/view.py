"""Network interfaces as responses show them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from skerry.kernel.filters import Getter
from skerry.kernel.region import Region
from skerry.kernel.tags import tag_list
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.secondary_address.model import SecondaryAddress

AMAZON = "amazon"
"""Owner of auto-assigned public addresses."""
SERVICES = "amazon-aws"
"""Who attaches managed interfaces."""


class PublicIp(NamedTuple):
    """A public address of an interface; the ids are None when it was auto-assigned."""

    public_ip: str
    owner_id: str
    allocation_id: str | None
    association_id: str | None


@dataclass(frozen=True, slots=True)
class InterfaceFacts:
    """What responses show of interfaces beyond their own rows, read for all of them at once."""

    region: Region
    groups: Mapping[str, list[dict[str, str]]]  # interface id → GroupId and GroupName
    public: Mapping[str, PublicIp]  # interface id → public address of its primary private one
    elastic: Mapping[tuple[str, str], PublicIp]  # the same of any: interface id, private address
    secondary: Mapping[str, Sequence[SecondaryAddress]]  # interface id → in order of assignment
    zones: Mapping[str, str]  # subnet id → zone
    named_vpcs: frozenset[str]  # VPCs whose public addresses have DNS names
    tags: Mapping[str, Mapping[str, str]]

    def public_dns(self, interface: NetworkInterface) -> str:
        """The DNS name of the interface's public address; empty when there is none."""
        return self.dns_of(interface, self.public.get(interface.id))

    def dns_of(self, interface: NetworkInterface, public: PublicIp | None) -> str:
        """As ``public_dns``, of this public address of the interface."""
        if public is None or interface.vpc_id not in self.named_vpcs:
            return ""
        return public_dns_name(self.region, public.public_ip)

    def ipv6(self, interface: NetworkInterface) -> list[str]:
        """Its IPv6 addresses."""
        return [each.address for each in self.secondary[interface.id] if each.ipv6]

    def private(self, interface: NetworkInterface) -> Iterator[tuple[str, PublicIp | None]]:
        """Its private IPv4 addresses with the public ones that lead to them, the primary one first."""
        yield interface.private_ip, self.public.get(interface.id)
        for each in self.secondary[interface.id]:
            if not each.ipv6:
                yield each.address, self.elastic.get((interface.id, each.address))


def private_dns_name(region: Region, ip: str) -> str:
    """``ip-172-31-0-5.ec2.internal``."""
    return f"ip-{ip.replace('.', '-')}.{region.private_domain}"


def public_dns_name(region: Region, ip: str) -> str:
    """``ec2-198-18-0-9.compute-1.amazonaws.com``."""
    return f"ec2-{ip.replace('.', '-')}.{region.public_domain}"


def interface_view(interface: NetworkInterface, facts: InterfaceFacts) -> dict[str, Any]:
    """As DescribeNetworkInterfaces shows it."""
    zone = facts.zones[interface.subnet_id]
    attachment = attachment_view(interface)
    if attachment is not None:
        attachment["InstanceId"] = interface.instance_id
        attachment["InstanceOwnerId"] = _attached_by(interface)
    view = _shared(interface, facts, attachment)
    for address, (_, public) in zip(
        view["PrivateIpAddresses"], facts.private(interface), strict=True
    ):
        if public is not None:
            address["Association"]["AllocationId"] = public.allocation_id
            address["Association"]["AssociationId"] = public.association_id
    return view | {
        "AvailabilityZone": zone,
        "AvailabilityZoneId": facts.region.zone_id(zone),
        "Ipv6Address": next(iter(facts.ipv6(interface)), None),
        "PublicDnsName": facts.public_dns(interface) or None,
        "RequesterId": SERVICES if interface.is_managed else None,
        "RequesterManaged": interface.is_managed,
        "TagSet": tag_list(facts.tags[interface.id]),
    }


def instance_interface_view(interface: NetworkInterface, facts: InterfaceFacts) -> dict[str, Any]:
    """As DescribeInstances shows it inside an instance."""
    return _shared(interface, facts, attachment_view(interface))


def attachment_view(interface: NetworkInterface) -> dict[str, Any] | None:
    """How it is attached, without to what; None: not at all."""
    if interface.attachment_id is None:
        return None
    return {
        "AttachTime": interface.attached_at,
        "AttachmentId": interface.attachment_id,
        "DeleteOnTermination": interface.delete_on_termination,
        "DeviceIndex": interface.device_index,
        "NetworkCardIndex": 0,
        "Status": _attachment_status(interface),
    }


def detached_view(interface: NetworkInterface) -> dict[str, Any] | None:
    """The attachment that ended last, for who asked for it by its id."""
    if interface.former_attachment_id is None:
        return None
    return {"AttachmentId": interface.former_attachment_id, "Status": "detached"}


def filters(facts: InterfaceFacts) -> dict[str, Getter[NetworkInterface]]:
    """The filters of DescribeNetworkInterfaces."""
    return _OWN | _of_addresses(facts) | _of_facts(facts)


def _attachment_status(interface: NetworkInterface) -> str | None:
    if interface.attachment_id is None:
        return None
    if interface.detach_wanted is not None:
        return "detaching"
    return "attached" if interface.attach_seen else "attaching"


def _attached_by(interface: NetworkInterface) -> str | None:
    if interface.attachment_id is None:
        return None
    return SERVICES if interface.is_managed else interface.account_id


def _status(interface: NetworkInterface) -> str:
    return "in-use" if interface.attachment_id else "available"


_OWN: dict[str, Getter[NetworkInterface]] = {
    "attachment.attachment-id": lambda one: one.attachment_id or one.former_attachment_id,
    "attachment.attach-time": lambda one: one.attached_at,
    "attachment.delete-on-termination": lambda one: (
        one.delete_on_termination if one.attachment_id else None
    ),
    "attachment.device-index": lambda one: one.device_index,
    "attachment.instance-id": lambda one: one.instance_id,
    "attachment.instance-owner-id": _attached_by,
    "attachment.nat-gateway-id": lambda _: None,
    "attachment.network-card-index": lambda one: 0 if one.attachment_id else None,
    "attachment.status": _attachment_status,
    "description": lambda one: one.description,
    "interface-type": lambda one: one.interface_type,
    "mac-address": lambda one: one.mac,
    "network-interface-id": lambda one: one.id,
    "operator.managed": lambda _: False,
    "owner-id": lambda one: one.account_id,
    "requester-id": lambda one: SERVICES if one.is_managed else None,
    "requester-managed": lambda one: one.is_managed,
    "source-dest-check": lambda one: one.source_dest_check,
    "status": _status,
    "subnet-id": lambda one: one.subnet_id,
    "vpc-id": lambda one: one.vpc_id,
}


def _of_facts(facts: InterfaceFacts) -> dict[str, Getter[NetworkInterface]]:
    return {
        "availability-zone": lambda one: facts.zones[one.subnet_id],
        "availability-zone-id": lambda one: facts.region.zone_id(facts.zones[one.subnet_id]),
        "group-id": lambda one: [each["GroupId"] for each in facts.groups[one.id]],
        "group-name": lambda one: [each["GroupName"] for each in facts.groups[one.id]],
        "private-dns-name": lambda one: private_dns_name(facts.region, one.private_ip),
    }


def _of_addresses(facts: InterfaceFacts) -> dict[str, Getter[NetworkInterface]]:
    def of_public(member: str) -> Getter[NetworkInterface]:
        return lambda one: [
            getattr(public, member) for _, public in facts.private(one) if public is not None
        ]

    def names(one: NetworkInterface) -> list[str]:
        return [facts.dns_of(one, public) for _, public in facts.private(one) if public is not None]

    def private(one: NetworkInterface) -> list[str]:
        return [address for address, _ in facts.private(one)]

    return {
        "addresses.private-ip-address": private,
        "addresses.primary": lambda one: [number == 0 for number, _ in enumerate(private(one))],
        "addresses.association.owner-id": of_public("owner_id"),
        "addresses.association.public-ip": of_public("public_ip"),
        "association.allocation-id": of_public("allocation_id"),
        "association.association-id": of_public("association_id"),
        "association.ip-owner-id": of_public("owner_id"),
        "association.public-dns-name": names,
        "association.public-ip": of_public("public_ip"),
        "ipv6-addresses.ipv6-address": facts.ipv6,
        "private-ip-address": private,
    }


def _shared(
    interface: NetworkInterface, facts: InterfaceFacts, attachment: dict[str, Any] | None
) -> dict[str, Any]:
    addresses = [
        {
            "Association": _association(interface, public, facts),
            "Primary": address == interface.private_ip,
            "PrivateDnsName": private_dns_name(facts.region, address),
            "PrivateIpAddress": address,
        }
        for address, public in facts.private(interface)
    ]
    ipv6 = facts.ipv6(interface)
    return {
        "Association": addresses[0]["Association"],
        "Attachment": attachment,
        "Description": interface.description,
        "Groups": facts.groups[interface.id],
        "InterfaceType": interface.interface_type,
        "Ipv6Addresses": [
            {"Ipv6Address": address, "IsPrimaryIpv6": interface.primary_ipv6 and number == 0}
            for number, address in enumerate(ipv6)
        ],
        "MacAddress": interface.mac,
        "NetworkInterfaceId": interface.id,
        "OwnerId": interface.account_id,
        "PrivateDnsName": addresses[0]["PrivateDnsName"],
        "PrivateIpAddress": interface.private_ip,
        "PrivateIpAddresses": addresses,
        "SourceDestCheck": interface.source_dest_check,
        "Status": _status(interface),
        "SubnetId": interface.subnet_id,
        "VpcId": interface.vpc_id,
    }


def _association(
    interface: NetworkInterface, public: PublicIp | None, facts: InterfaceFacts
) -> dict[str, Any] | None:
    if public is None:
        return None
    return {
        "IpOwnerId": public.owner_id,
        "PublicDnsName": facts.dns_of(interface, public),
        "PublicIp": public.public_ip,
    }
