"""Volume actions. Volumes other than root disks cannot be made yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
)
from skerry.kernel.filters import select_rows
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, tags_of
from skerry.services.ec2.volume.api import find_volume
from skerry.services.ec2.volume.errors import (
    VolumeInUse,
    VolumeMalformed,
    VolumeNotAvailable,
    VolumeNotFound,
)
from skerry.services.ec2.volume.model import Volume, VolumeState
from skerry.services.ec2.volume.view import (
    filters,
    status_filters,
    volume_status_view,
    volume_view,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        DeleteVolumeRequestTypeDef,
        DescribeVolumeAttributeRequestTypeDef,
        DescribeVolumesModificationsRequestTypeDef,
        DescribeVolumesRequestTypeDef,
        DescribeVolumeStatusRequestTypeDef,
        GetEbsEncryptionByDefaultRequestTypeDef,
    )

    from skerry.kernel.context import Context


@action("DescribeVolumes")
def describe_volumes(ctx: Context, req: DescribeVolumesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html"""
    volumes = _named(ctx, req)
    tags = tags_of(ctx.db, [volume.id for volume in volumes])
    matching = select_rows(
        volumes, req.get("Filters"), filters(ctx.region), lambda one: tags[one.id]
    )
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "Volumes": [volume_view(each, ctx.region, tags[each.id]) for each in shown],
        "NextToken": token,
    }


@action("DescribeVolumeStatus")
def describe_volume_status(ctx: Context, req: DescribeVolumeStatusRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumeStatus.html"""
    matching = select_rows(_named(ctx, req), req.get("Filters"), status_filters(ctx.region))
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "VolumeStatuses": [volume_status_view(each, ctx.region) for each in shown],
        "NextToken": token,
    }


@action("DescribeVolumeAttribute")
def describe_volume_attribute(
    ctx: Context, req: DescribeVolumeAttributeRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumeAttribute.html"""
    volume = find_volume(ctx, req["VolumeId"])
    if req["Attribute"] == "productCodes":
        return {"VolumeId": volume.id, "ProductCodes": []}
    return {"VolumeId": volume.id, "AutoEnableIO": {"Value": False}}


@action("DescribeVolumesModifications")
def describe_volumes_modifications(
    ctx: Context, req: DescribeVolumesModificationsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumesModifications.html

    There are none: volumes cannot be modified yet.
    """
    _named(ctx, req)
    return {"VolumesModifications": []}


@action("DeleteVolume")
def delete_volume(ctx: Context, req: DeleteVolumeRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVolume.html"""
    volume = find_volume(ctx, req["VolumeId"])
    if volume.instance_id is not None:
        raise VolumeInUse(id=volume.id, instance_id=volume.instance_id)
    if volume.state is not VolumeState.AVAILABLE:
        raise VolumeNotAvailable(id=volume.id, state=volume.state)
    drop_tags(ctx.db, [volume.id])
    volume.wanted = False
    ctx.wake(volume)


@action("GetEbsEncryptionByDefault")
def get_ebs_encryption_by_default(
    ctx: Context, req: GetEbsEncryptionByDefaultRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetEbsEncryptionByDefault.html"""
    del ctx, req
    return {"EbsEncryptionByDefault": False, "SseType": "none"}


def _named(ctx: Context, req: Mapping[str, Any]) -> list[Volume]:
    """The volumes that the request names, or all."""
    ids, limit = req.get("VolumeIds"), req.get("MaxResults")
    if ids and limit is not None:
        raise InvalidParameterCombination(
            why="The parameter volumeSet cannot be used with the parameter maxResults"
        )
    if limit is not None and not 5 <= limit <= 1000:
        raise InvalidParameterValue(
            value=limit, name="maxResults", why="Expecting a value between 5 and 1000."
        )
    check_ids(ids, "vol", VolumeMalformed)
    return known_rows(ctx.db, Volume, ids, VolumeNotFound)
