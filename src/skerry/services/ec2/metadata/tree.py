"""The metadata of an instance as a tree of texts.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
"""

import json
from typing import TypeAlias

from skerry.services.ec2.metadata.subject import Subject
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.network_interface.view import private_dns_name

Tree: TypeAlias = "dict[str, Tree | str | bytes]"


def metadata_tree(subject: Subject) -> Tree:
    """Everything under a version."""
    tree: Tree = {
        "meta-data": _meta_data(subject),
        "dynamic": {"instance-identity": {"document": identity_document(subject)}},
    }
    if subject.instance.user_data:
        tree["user-data"] = subject.instance.user_data
    return tree


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
    tree: Tree = {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.launch_index),
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": {
            "ami": instance.root_device_name,
            "root": instance.root_device_name,
        },
        "hostname": name,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.instance_type,
        "local-hostname": name,
        "local-ipv4": primary.private_ip,
        "mac": primary.mac,
        "network": {
            "interfaces": {
                "macs": {each.mac: _interface(subject, each) for each in subject.interfaces}
            }
        },
        "placement": {
            "availability-zone": instance.zone,
            "availability-zone-id": subject.region.zone_id(instance.zone),
            "region": subject.region.name,
        },
        "profile": "default-hvm",
        "reservation-id": instance.reservation_id,
        "security-groups": _group_names(subject, primary),
        "services": {"domain": "amazonaws.com", "partition": "aws"},
        "system": "nitro",
    }
    tree |= _public(subject)
    if instance.public_key:
        key: Tree = {"openssh-key": instance.public_key}
        tree["public-keys"] = {f"0={instance.key_name}": key}
    if instance.metadata_tags:
        tree["tags"] = {"instance": dict(subject.tags)}
    return tree


def _public(subject: Subject) -> Tree:
    public = subject.facts.public.get(subject.primary.id)
    if public is None:
        return {}
    name = subject.facts.public_dns(subject.primary)
    return {"public-ipv4": public.public_ip, "public-hostname": name}


def _group_names(subject: Subject, interface: NetworkInterface) -> str:
    return "\n".join(each["GroupName"] for each in subject.facts.groups.get(interface.id, []))


def _interface(subject: Subject, interface: NetworkInterface) -> Tree:
    groups = subject.facts.groups.get(interface.id, [])
    tree: Tree = {
        "device-number": str(interface.device_index or 0),
        "interface-id": interface.id,
        "local-hostname": private_dns_name(subject.region, interface.private_ip),
        "local-ipv4s": interface.private_ip,
        "mac": interface.mac,
        "owner-id": interface.account_id,
        "security-group-ids": "\n".join(each["GroupId"] for each in groups),
        "security-groups": _group_names(subject, interface),
        "subnet-id": interface.subnet_id,
        "subnet-ipv4-cidr-block": subject.subnets[interface.subnet_id],
        "vpc-id": interface.vpc_id,
        "vpc-ipv4-cidr-block": subject.vpc_cidr,
        "vpc-ipv4-cidr-blocks": subject.vpc_cidr,
    }
    public = subject.facts.public.get(interface.id)
    if public is not None:
        tree["ipv4-associations"] = {public.public_ip: interface.private_ip}
        tree["public-ipv4s"] = public.public_ip
        tree["public-hostname"] = subject.facts.public_dns(interface)
    return tree
