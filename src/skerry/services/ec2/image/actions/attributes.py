"""Attributes of images: who may use them, and what they are said to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter, UnsupportedOperation
from skerry.services.ec2.image import api
from skerry.services.ec2.image.errors import AccountIdMalformed, GroupInvalid
from skerry.services.ec2.image.view import SRIOV, image_view, launch_permissions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from types_boto3_ec2.type_defs import (
        DescribeImageAttributeRequestTypeDef,
        ModifyImageAttributeRequestTypeDef,
        ResetImageAttributeRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.services.ec2.image.model import Image

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ORGANIZATIONS = ("OrganizationArns", "OrganizationalUnitArns")


@action("DescribeImageAttribute")
def describe_image_attribute(
    ctx: Context, req: DescribeImageAttributeRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageAttribute.html"""
    image = api.own_image(ctx, req["ImageId"])
    shown: dict[str, dict[str, Any]] = {
        "description": {"Description": {"Value": image.description}},
        "launchPermission": {"LaunchPermissions": launch_permissions(image)},
        "blockDeviceMapping": {"BlockDeviceMappings": image_view(image, {})["BlockDeviceMappings"]},
        "deregistrationProtection": {"DeregistrationProtection": {"Value": "disabled"}},
        "productCodes": {"ProductCodes": []},
        "sriovNetSupport": {"SriovNetSupport": {"Value": SRIOV}},
    }
    return {"ImageId": image.id} | shown.get(req["Attribute"], {})


@action("ModifyImageAttribute")
def modify_image_attribute(ctx: Context, req: ModifyImageAttributeRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html"""
    asked: Mapping[str, Any] = dict(req)
    image = api.own_image(ctx, req["ImageId"])
    if req.get("ImdsSupport") or req.get("ProductCodes"):
        raise UnsupportedOperation(why="Only launchPermission and description can be modified.")
    description = _description(asked)
    added, removed = _permissions(asked)
    if description is not None and (added or removed):
        raise InvalidParameterCombination(why="Only one attribute may be modified at a time")
    if description is None and not added and not removed:
        raise MissingParameter(name="Attribute")
    if description is not None:
        image.description = description
    _share(image, added, removed)
    ctx.db.flush()


@action("ResetImageAttribute")
def reset_image_attribute(ctx: Context, req: ResetImageAttributeRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ResetImageAttribute.html"""
    image = api.own_image(ctx, req["ImageId"])
    image.public = False
    image.shared_with = []
    ctx.db.flush()


def _description(asked: Mapping[str, Any]) -> str | None:
    given: Mapping[str, str] | None = asked.get("Description")
    if given is not None:
        return given.get("Value", "")
    if asked.get("Attribute") == "description":
        return asked.get("Value") or ""
    return None


def _permissions(
    asked: Mapping[str, Any],
) -> tuple[list[Mapping[str, str]], list[Mapping[str, str]]]:
    """What to add and to remove, from either of the two ways to say it."""
    permission: Mapping[str, Sequence[Mapping[str, str]]] = asked.get("LaunchPermission") or {}
    added, removed = list(permission.get("Add") or ()), list(permission.get("Remove") or ())
    flat = [{"UserId": each} for each in asked.get("UserIds") or ()]
    flat += [{"Group": each} for each in asked.get("UserGroups") or ()]
    for name in _ORGANIZATIONS:
        flat += [{name: each} for each in asked.get(name) or ()]
    if flat and not asked.get("OperationType"):
        raise MissingParameter(name="operationType")
    (removed if asked.get("OperationType") == "remove" else added).extend(flat)
    _check([*added, *removed])
    return added, removed


def _check(permissions: Iterable[Mapping[str, str]]) -> None:
    for each in permissions:
        if each.keys() - {"UserId", "Group"}:
            raise UnsupportedOperation(why="Sharing with organizations is not supported.")
        if each.get("Group", "all") != "all":
            raise GroupInvalid(value=each["Group"])
        if "UserId" in each and not _ACCOUNT_ID.fullmatch(each["UserId"]):
            raise AccountIdMalformed(value=each["UserId"])


def _share(
    image: Image, added: Sequence[Mapping[str, str]], removed: Sequence[Mapping[str, str]]
) -> None:
    users = set(image.shared_with) | {each["UserId"] for each in added if "UserId" in each}
    users -= {each["UserId"] for each in removed if "UserId" in each}
    image.shared_with = sorted(users)
    if any("Group" in each for each in added):
        image.public = True
    if any("Group" in each for each in removed):
        image.public = False
