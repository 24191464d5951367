"""Images as responses show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.image.model import AMAZON, Image

ARCHITECTURE = "x86_64"
SRIOV = "simple"  # AWS says so of every HVM image; clients take its absence for a change
_PLATFORM = "Linux/UNIX"
_OPERATION = "RunInstances"  # the billing operation of plain Linux


def owner_alias(image: Image) -> str | None:
    """ "amazon" for the images that come with the cloud."""
    return "amazon" if image.account_id == AMAZON else None


def location(image: Image) -> str:
    """Owner and name, as AWS writes it."""
    return f"{owner_alias(image) or image.account_id}/{image.name}"


def moment(when: datetime) -> str:
    """A time where AWS's model has a string."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def image_view(image: Image, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribeImages shows it. AWS says "xen" of every image, also of those that Nitro runs."""
    return {
        "ImageId": image.id,
        "ImageLocation": location(image),
        "ImageType": "machine",
        "ImageOwnerAlias": owner_alias(image),
        "OwnerId": image.account_id,
        "Public": image.public,
        "Name": image.name,
        "Description": image.description or None,
        "State": "available",
        "CreationDate": moment(image.created_at),
        "Architecture": ARCHITECTURE,
        "Hypervisor": "xen",
        "VirtualizationType": "hvm",
        "SriovNetSupport": SRIOV,
        "EnaSupport": image.ena_support,
        "PlatformDetails": _PLATFORM,
        "UsageOperation": _OPERATION,
        "RootDeviceName": image.root_device_name,
        "RootDeviceType": "ebs",
        "BlockDeviceMappings": [
            {
                "DeviceName": image.root_device_name,
                "Ebs": {
                    "DeleteOnTermination": image.root_delete_on_termination,
                    "SnapshotId": image.snapshot_id,
                    "VolumeSize": image.size_gib,
                    "VolumeType": image.root_volume_type,
                    "Encrypted": False,
                },
            }
        ],
        "ProductCodes": [],
        "Tags": tag_list(tags),
    }


def launch_permissions(image: Image) -> list[dict[str, str]]:
    """Who else may use the image."""
    group = [{"Group": "all"}] if image.public else []
    return group + [{"UserId": each} for each in image.shared_with]


FILTERS: dict[str, Getter[Image]] = {
    "architecture": lambda _: ARCHITECTURE,
    "block-device-mapping.delete-on-termination": lambda image: image.root_delete_on_termination,
    "block-device-mapping.device-name": lambda image: image.root_device_name,
    "block-device-mapping.encrypted": lambda _: False,
    "block-device-mapping.snapshot-id": lambda image: image.snapshot_id,
    "block-device-mapping.volume-size": lambda image: image.size_gib,
    "block-device-mapping.volume-type": lambda image: image.root_volume_type,
    "boot-mode": lambda _: None,
    "creation-date": lambda image: image.created_at,
    "description": lambda image: image.description,
    "ena-support": lambda image: image.ena_support,
    "hypervisor": lambda _: "xen",
    "image-id": lambda image: image.id,
    "image-type": lambda _: "machine",
    "is-public": lambda image: image.public,
    "kernel-id": lambda _: None,
    "manifest-location": location,
    "name": lambda image: image.name,
    "owner-alias": owner_alias,
    "owner-id": lambda image: image.account_id,
    "platform": lambda _: None,
    "platform-details": lambda _: _PLATFORM,
    "product-code": lambda _: None,
    "product-code.type": lambda _: None,
    "ramdisk-id": lambda _: None,
    "root-device-name": lambda image: image.root_device_name,
    "root-device-type": lambda _: "ebs",
    "state": lambda _: "available",
    "state-reason-code": lambda _: None,
    "state-reason-message": lambda _: None,
    "sriov-net-support": lambda _: SRIOV,
    "usage-operation": lambda _: _OPERATION,
    "virtualization-type": lambda _: "hvm",
}
