"""The metadata of an instance as a tree of texts. Branches that need more reading are grown when asked for.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
"""

import json
from collections.abc import Callable
from typing import TypeAlias

from skerry.services.ec2.metadata.subject import Subject
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.network_interface.view import private_dns_name

Tree: TypeAlias = "dict[str, Node]"
Value: TypeAlias = "Tree | str | bytes | None"
"""None: there is no such thing, and no listing names it."""
Node: TypeAlias = "Value | Callable[[], Value]"


def metadata_tree(subject: Subject) -> Tree:
    """Everything under a version."""
    tree: Tree = {
        "meta-data": lambda: _meta_data(subject),
        "dynamic": {"instance-identity": {"document": lambda: identity_document(subject)}},
        "user-data": subject.instance.user_data or None,
    }
    return tree


def grown(node: Node) -> Value:
    """What a node is, read if it was not read yet."""
    return node() if callable(node) else node


def identity_document(subject: Subject) -> str:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html."""
    instance = subject.instance
    document = {
        "accountId": instance.account_id,
        "architecture": "x86_64",
        "availabilityZone": instance.zone,
        "billingProducts": None,
        "devpayProductCodes": None,
        "marketplaceProductCodes": None,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "kernelId": None,
        "pendingTime": instance.launched_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "privateIp": subject.primary.private_ip,
        "ramdiskId": None,
        "region": subject.region.name,
        "version": "2017-09-30",
    }
    return json.dumps(document, indent=2)


def _meta_data(subject: Subject) -> Tree:
    instance, primary = subject.instance, subject.primary
    name = private_dns_name(subject.region, primary.private_ip)
    return {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.launch_index),
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": {
            "ami": instance.root_device_name,
            "root": instance.root_device_name,
        },
        "events": {"maintenance": {"history": "[]", "scheduled": "[]"}},
        "hostname": name,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.instance_type,
        "local-hostname": name,
        "local-ipv4": primary.private_ip,
        "mac": primary.mac,
        "network": lambda: _network(subject),
        "placement": {
            "availability-zone": instance.zone,
            "availability-zone-id": subject.region.zone_id(instance.zone),
            "region": subject.region.name,
        },
        "profile": "default-hvm",
        "public-hostname": lambda: _public_hostname(subject, primary),
        "public-ipv4": lambda: _public_ip(subject, primary),
        "public-keys": _public_keys(subject),
        "reservation-id": instance.reservation_id,
        "security-groups": lambda: _groups(subject, primary, "GroupName"),
        "services": {"domain": "amazonaws.com", "partition": "aws"},
        "system": "nitro",
        "tags": (lambda: _tags(subject)) if instance.metadata_tags else None,
    }


def _public_keys(subject: Subject) -> Value:
    instance = subject.instance
    if instance.public_key is None:
        return None
    return {f"0={instance.key_name}": {"openssh-key": instance.public_key}}


def _tags(subject: Subject) -> Tree:
    """A key with a slash would be a path; AWS allows none in tags that the metadata show."""
    tags = subject.around.tags
    return {"instance": {key: tags[key] for key in tags if "/" not in key}}


def _public_ip(subject: Subject, interface: NetworkInterface) -> str | None:
    public = subject.around.facts.public.get(interface.id)
    return None if public is None else public.public_ip


def _public_hostname(subject: Subject, interface: NetworkInterface) -> str | None:
    """Only where the VPC gives its public addresses names."""
    return subject.around.facts.public_dns(interface) or None


def _groups(subject: Subject, interface: NetworkInterface, member: str) -> str:
    groups = subject.around.facts.groups.get(interface.id, [])
    return "\n".join(each[member] for each in groups)


def _network(subject: Subject) -> Tree:
    macs: Tree = {each.mac: _interface(subject, each) for each in subject.around.interfaces}
    return {"interfaces": {"macs": macs}}


def _interface(subject: Subject, interface: NetworkInterface) -> Tree:
    addresses = list(subject.around.facts.private(interface))
    leading = {public.public_ip: private for private, public in addresses if public is not None}
    ipv6 = subject.around.facts.ipv6(interface)
    vpc_cidr = subject.around.vpc_cidrs[interface.vpc_id]
    return {
        "device-number": str(interface.device_index or 0),
        "interface-id": interface.id,
        "ipv4-associations": dict(leading) or None,
        "ipv6s": "\n".join(ipv6) or None,
        "local-hostname": private_dns_name(subject.region, interface.private_ip),
        "local-ipv4s": "\n".join(private for private, _ in addresses),
        "mac": interface.mac,
        "network-card": "0",
        "owner-id": interface.account_id,
        "public-hostname": _public_hostname(subject, interface),
        "public-ipv4s": "\n".join(leading) or None,
        "security-group-ids": _groups(subject, interface, "GroupId"),
        "security-groups": _groups(subject, interface, "GroupName"),
        "subnet-id": interface.subnet_id,
        "subnet-ipv4-cidr-block": subject.around.subnets[interface.subnet_id],
        "vpc-id": interface.vpc_id,
        "vpc-ipv4-cidr-block": vpc_cidr,
        "vpc-ipv4-cidr-blocks": vpc_cidr,
    }
