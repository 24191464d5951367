"""Tagging of resources that exist. Tags on create are their creators' own affair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterValue
from skerry.kernel.filters import select_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import Tag, check_tags, put_tags
from skerry.services.ec2.tag.api import resource_types
from skerry.services.ec2.tag.view import FILTERS, tag_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_ec2.type_defs import (
        ClientCreateTagsRequestTypeDef,
        ClientDeleteTagsRequestTypeDef,
        DescribeTagsRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_RESOURCES = 1000


@action("CreateTags")
def create_tags(ctx: Context, req: ClientCreateTagsRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html"""
    tags: dict[str, str] = {}
    for each in req["Tags"]:
        key = each.get("Key", "")
        if key in tags:
            raise InvalidParameterValue(
                value=key, name="Tag.Key", why="Tag keys must be unique in one request."
            )
        tags[key] = each.get("Value", "")
    check_tags(tags)
    for resource_id, resource_type in _resources(ctx, req["Resources"]).items():
        put_tags(ctx, resource_type, resource_id, tags)


@action("DeleteTags")
def delete_tags(ctx: Context, req: ClientDeleteTagsRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html

    A key without a value goes whatever its value; with one (also ""), only if that is the value;
    no keys at all: every tag goes.
    """
    resources = list(_resources(ctx, req["Resources"]))
    given = req.get("Tags")
    if not given:
        ctx.db.execute(delete(Tag).where(Tag.resource_id.in_(resources)))
        return
    for each in given:
        key, value = each.get("Key", ""), each.get("Value")
        check_tags({key: value or ""})
        query = delete(Tag).where(Tag.resource_id.in_(resources), Tag.key == key)
        ctx.db.execute(query if value is None else query.where(Tag.value == value))


@action("DescribeTags")
def describe_tags(ctx: Context, req: DescribeTagsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html"""
    limit = req.get("MaxResults")
    if limit is not None and not 5 <= limit <= 1000:
        raise InvalidParameterValue(
            value=limit, name="maxResults", why="Expecting a value between 5 and 1000."
        )
    tags = ctx.db.scalars(select(Tag))
    matching = select_rows(tags, req.get("Filters"), FILTERS, lambda tag: {tag.key: tag.value})
    shown, token = page(matching, req, lambda tag: f"{tag.resource_id}\n{tag.key}")
    return {"Tags": [tag_view(each) for each in shown], "NextToken": token}


def _resources(ctx: Context, ids: Sequence[str]) -> dict[str, str]:
    if len(ids) > MAX_RESOURCES:
        raise InvalidParameterValue(
            value=len(ids), name="resourceId", why=f"At most {MAX_RESOURCES} at a time."
        )
    return resource_types(ctx, ids)
