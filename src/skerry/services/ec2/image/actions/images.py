"""Describing, registering and deregistering images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from skerry.kernel.action import action
from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    UnsupportedOperation,
)
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.services.ec2.image import api
from skerry.services.ec2.image.errors import (
    ImageNameMalformed,
    ImageNameTaken,
    SnapshotTooLarge,
)
from skerry.services.ec2.image.model import AMAZON, Image
from skerry.services.ec2.image.view import ARCHITECTURE, FILTERS, SRIOV, image_view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_ec2.type_defs import (
        DeregisterImageRequestTypeDef,
        DescribeImagesRequestTypeDef,
        RegisterImageRequestTypeDef,
    )

    from skerry.kernel.context import Context

_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")

_ONLY: dict[str, tuple[object, ...]] = {  # parameter → what of it can be honoured
    "Architecture": (ARCHITECTURE,),
    "VirtualizationType": ("hvm",),
    "BootMode": ("legacy-bios",),
    "SriovNetSupport": (SRIOV,),
    "ImageLocation": (),
    "ImdsSupport": (),
    "KernelId": (),
    "RamdiskId": (),
    "TpmSupport": (),
    "UefiData": (),
    "BillingProducts": (),
}
_ONLY_OF_ROOT: dict[str, tuple[object, ...]] = {
    "VolumeType": ("gp2", "gp3", "standard"),
    "Encrypted": (False,),
    "Iops": (),
    "Throughput": (),
    "KmsKeyId": (),
}


@action("DescribeImages")
def describe_images(ctx: Context, req: DescribeImagesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html

    Nothing here is ever deprecated or disabled, so asking for such images too changes nothing.
    """
    images = api.visible_images(ctx, req.get("ImageIds"))
    images = _of_owners(ctx, images, req.get("Owners"))
    images = _executable_by(ctx, images, req.get("ExecutableUsers"))
    tags = tags_of(ctx.db, [image.id for image in images])
    matching = select_rows(images, req.get("Filters"), FILTERS, lambda image: tags[image.id])
    shown, token = page(matching, req, lambda image: image.id)
    return {"Images": [image_view(each, tags[each.id]) for each in shown], "NextToken": token}


@action("RegisterImage")
def register_image(ctx: Context, req: RegisterImageRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RegisterImage.html

    From the root snapshot of an image that the account may use; both then share the stored bytes.
    Architecture and virtualization default to the only ones there are, not to AWS's i386 and paravirtual.
    """
    _honour(req, _ONLY)
    _check_name(ctx, req["Name"])
    root_device_name = req.get("RootDeviceName") or api.ROOT_DEVICE_NAME
    root = _root_of(req.get("BlockDeviceMappings") or (), root_device_name)
    source = api.image_of_snapshot(ctx, root["SnapshotId"])
    size_gib = root.get("VolumeSize") or source.size_gib
    if size_gib < source.size_gib:
        raise SnapshotTooLarge(
            size_gib=size_gib, snapshot_id=source.snapshot_id, least_gib=source.size_gib
        )
    image = Image(
        id=new_id("ami"),
        account_id=ctx.account_id,
        stored_as=source.stored_as,
        name=req["Name"],
        description=req.get("Description") or "",
        size_gib=size_gib,
        root_device_name=root_device_name,
        root_volume_type=root.get("VolumeType") or api.ROOT_VOLUME_TYPE,
        root_delete_on_termination=root.get("DeleteOnTermination", True),
        ena_support=bool(req.get("EnaSupport")),
        public=False,
        shared_with=[],
        created_at=ctx.now,
    )
    ctx.db.add(image)
    ctx.db.flush()
    put_tags(ctx, "image", image.id, tags_on_create(req, "image"))
    return {"ImageId": image.id}


@action("DeregisterImage")
def deregister_image(ctx: Context, req: DeregisterImageRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeregisterImage.html

    Its instances go on: they know the stored bytes themselves.
    """
    if req.get("DeleteAssociatedSnapshots"):
        raise UnsupportedOperation(
            why="DeleteAssociatedSnapshots is not supported: images share the stored bytes."
        )
    image = api.own_image(ctx, req["ImageId"])
    drop_tags(ctx.db, [image.id])
    ctx.db.execute(delete(Image).where(Image.id == image.id))
    return {"Return": True}


def _of_owners(ctx: Context, images: list[Image], owners: Sequence[str] | None) -> list[Image]:
    if not owners:
        return images
    aliases = {"self": ctx.account_id, "amazon": AMAZON}
    wanted = {aliases.get(owner, owner) for owner in owners}
    return [image for image in images if image.account_id in wanted]


def _executable_by(ctx: Context, images: list[Image], users: Sequence[str] | None) -> list[Image]:
    """Those with an explicit launch permission for one of the users ("self", "all", or an account).

    What others may use besides is shown only to an image's owner.
    """
    if not users:
        return images

    def permits(image: Image, user: str) -> bool:
        if user == "all":
            return image.public
        if user in ("self", ctx.account_id):
            return ctx.account_id in image.shared_with
        return image.account_id == ctx.account_id and user in image.shared_with

    return [image for image in images if any(permits(image, user) for user in users)]


def _honour(given: Mapping[str, Any], only: Mapping[str, tuple[object, ...]]) -> None:
    for name, allowed in only.items():
        value = given.get(name)
        if value not in (None, "") and value not in allowed:
            raise UnsupportedOperation(
                why=f"{name} {value!r} is not supported."
                + (f" Supported: {', '.join(map(str, allowed))}." if allowed else "")
            )


def _check_name(ctx: Context, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ImageNameMalformed
    taken_by = ctx.db.scalar(select(Image.id).where(Image.name == name))
    if taken_by is not None:
        raise ImageNameTaken(name=name, id=taken_by)


def _root_of(mappings: Sequence[Mapping[str, Any]], root_device_name: str) -> Mapping[str, Any]:
    """The block device of the root, which must be the only one and name a snapshot."""
    if not mappings:
        raise MissingParameter(name="blockDeviceMapping")
    for mapping in mappings:
        if mapping.get("DeviceName") != root_device_name:
            raise UnsupportedOperation(why="Images with more than a root device are not supported.")
    if len(mappings) > 1:
        raise InvalidParameterCombination(why=f"{root_device_name} is mapped more than once.")
    root: Mapping[str, Any] = mappings[0].get("Ebs") or {}
    if not root.get("SnapshotId"):
        raise InvalidParameterValue(
            value=root_device_name,
            name="blockDeviceMapping",
            why="The root device must name a snapshot.",
        )
    _honour(root, _ONLY_OF_ROOT)
    return root
