"""Network interfaces as responses show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from skerry.kernel.filters import Getter
from skerry.kernel.region import Region
from skerry.kernel.tags import tag_list
from skerry.services.ec2.network_interface.model import NetworkInterface

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
    public: Mapping[str, PublicIp]  # interface id → its public address
    zones: Mapping[str, str]  # subnet id → zone
    named_vpcs: frozenset[str]  # VPCs whose public addresses have DNS names
    tags: Mapping[str, Mapping[str, str]]

    def public_dns(self, interface: NetworkInterface) -> str:
        """The DNS name of the interface's public address; empty when there is none."""
        public = self.public.get(interface.id)
        if public is None or interface.vpc_id not in self.named_vpcs:
            return ""
        return public_dns_name(self.region, public.public_ip)


def private_dns_name(region: Region, ip: str) -> str:
    """``ip-172-31-0-5.ec2.internal``."""
    return f"ip-{ip.replace('.', '-')}.{region.private_domain}"


def public_dns_name(region: Region, ip: str) -> str:
    """``ec2-198-18-0-9.compute-1.amazonaws.com``."""
    return f"ec2-{ip.replace('.', '-')}.{region.public_domain}"


def interface_view(interface: NetworkInterface, facts: InterfaceFacts) -> dict[str, Any]:
    """As DescribeNetworkInterfaces shows it."""
    zone = facts.zones[interface.subnet_id]
    attachment = _attachment(interface)
    if attachment is not None:
        attachment["InstanceId"] = interface.instance_id
        attachment["InstanceOwnerId"] = _attached_by(interface)
    public = facts.public.get(interface.id)
    association = _association(interface, facts)
    if association is not None and public is not None:
        association["AllocationId"] = public.allocation_id
        association["AssociationId"] = public.association_id
    return _shared(interface, facts, association, attachment) | {
        "AvailabilityZone": zone,
        "AvailabilityZoneId": facts.region.zone_id(zone),
        "PublicDnsName": facts.public_dns(interface) or None,
        "RequesterId": SERVICES if interface.is_managed else None,
        "RequesterManaged": interface.is_managed,
        "TagSet": tag_list(facts.tags[interface.id]),
    }


def instance_interface_view(interface: NetworkInterface, facts: InterfaceFacts) -> dict[str, Any]:
    """As DescribeInstances shows it inside an instance."""
    return _shared(interface, facts, _association(interface, facts), _attachment(interface))


def filters(facts: InterfaceFacts) -> dict[str, Getter[NetworkInterface]]:
    """The filters of DescribeNetworkInterfaces."""
    public = facts.public

    def of_public(name: str) -> Getter[NetworkInterface]:
        return lambda one: getattr(public[one.id], name) if one.id in public else None

    return {
        "addresses.private-ip-address": lambda one: one.private_ip,
        "addresses.primary": lambda _: True,
        "addresses.association.owner-id": of_public("owner_id"),
        "addresses.association.public-ip": of_public("public_ip"),
        "association.allocation-id": of_public("allocation_id"),
        "association.association-id": of_public("association_id"),
        "association.ip-owner-id": of_public("owner_id"),
        "association.public-ip": of_public("public_ip"),
        "association.public-dns-name": lambda one: facts.public_dns(one) or None,
        "attachment.attachment-id": lambda one: one.attachment_id,
        "attachment.attach-time": lambda one: one.attached_at,
        "attachment.delete-on-termination": lambda one: (
            one.delete_on_termination if one.attachment_id else None
        ),
        "attachment.device-index": lambda one: one.device_index,
        "attachment.instance-id": lambda one: one.instance_id,
        "attachment.instance-owner-id": _attached_by,
        "attachment.status": lambda one: "attached" if one.attachment_id else None,
        "availability-zone": lambda one: facts.zones[one.subnet_id],
        "availability-zone-id": lambda one: facts.region.zone_id(facts.zones[one.subnet_id]),
        "description": lambda one: one.description,
        "group-id": lambda one: [each["GroupId"] for each in facts.groups[one.id]],
        "group-name": lambda one: [each["GroupName"] for each in facts.groups[one.id]],
        "interface-type": lambda one: one.interface_type,
        "mac-address": lambda one: one.mac,
        "network-interface-id": lambda one: one.id,
        "owner-id": lambda one: one.account_id,
        "private-dns-name": lambda one: private_dns_name(facts.region, one.private_ip),
        "private-ip-address": lambda one: one.private_ip,
        "requester-id": lambda one: SERVICES if one.is_managed else None,
        "requester-managed": lambda one: one.is_managed,
        "source-dest-check": lambda one: one.source_dest_check,
        "status": _status,
        "subnet-id": lambda one: one.subnet_id,
        "vpc-id": lambda one: one.vpc_id,
    }


def _shared(
    interface: NetworkInterface,
    facts: InterfaceFacts,
    association: dict[str, Any] | None,
    attachment: dict[str, Any] | None,
) -> dict[str, Any]:
    private_dns = private_dns_name(facts.region, interface.private_ip)
    address = {
        "Association": association,
        "Primary": True,
        "PrivateDnsName": private_dns,
        "PrivateIpAddress": interface.private_ip,
    }
    return {
        "Association": association,
        "Attachment": attachment,
        "Description": interface.description,
        "Groups": facts.groups[interface.id],
        "InterfaceType": interface.interface_type,
        "Ipv6Addresses": [],
        "MacAddress": interface.mac,
        "NetworkInterfaceId": interface.id,
        "OwnerId": interface.account_id,
        "PrivateDnsName": private_dns,
        "PrivateIpAddress": interface.private_ip,
        "PrivateIpAddresses": [address],
        "SourceDestCheck": interface.source_dest_check,
        "Status": _status(interface),
        "SubnetId": interface.subnet_id,
        "VpcId": interface.vpc_id,
    }


def _association(interface: NetworkInterface, facts: InterfaceFacts) -> dict[str, Any] | None:
    public = facts.public.get(interface.id)
    if public is None:
        return None
    return {
        "IpOwnerId": public.owner_id,
        "PublicDnsName": facts.public_dns(interface),
        "PublicIp": public.public_ip,
    }


def _attachment(interface: NetworkInterface) -> dict[str, Any] | None:
    if interface.attachment_id is None:
        return None
    return {
        "AttachTime": interface.attached_at,
        "AttachmentId": interface.attachment_id,
        "DeleteOnTermination": interface.delete_on_termination,
        "DeviceIndex": interface.device_index,
        "NetworkCardIndex": 0,
        "Status": "attached",
    }


def _attached_by(interface: NetworkInterface) -> str | None:
    if interface.attachment_id is None:
        return None
    return SERVICES if interface.is_managed else interface.account_id


def _status(interface: NetworkInterface) -> str:
    return "in-use" if interface.attachment_id else "available"
