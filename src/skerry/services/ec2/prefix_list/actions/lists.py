"""Making, showing, changing and deleting managed prefix lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, InvalidParameterValue
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.kernel.wake import wake_id
from skerry.services.ec2.prefix_list import api
from skerry.services.ec2.prefix_list.actions.entries import changed, entries_at, put_version
from skerry.services.ec2.prefix_list.errors import (
    PrefixListLimitExceeded,
    PrefixListNotOurs,
    PrefixListVersionMismatch,
)
from skerry.services.ec2.prefix_list.model import PrefixList
from skerry.services.ec2.prefix_list.view import FILTERS, SERVICE_FILTERS, prefix_list_view
from skerry.services.ec2.route_table.api import has_room as table_has_room
from skerry.services.ec2.security_group.api import has_room as group_has_room

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CreateManagedPrefixListRequestTypeDef,
        DeleteManagedPrefixListRequestTypeDef,
        DescribeManagedPrefixListsRequestTypeDef,
        DescribePrefixListsRequestTypeDef,
        GetManagedPrefixListAssociationsRequestTypeDef,
        ModifyManagedPrefixListRequestTypeDef,
        RestoreManagedPrefixListVersionRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_LISTS = 100
MAX_SIZE = 1000
"""Both as https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"""
MAX_NAME = 255


@action("CreateManagedPrefixList")
def create_managed_prefix_list(
    ctx: Context, req: CreateManagedPrefixListRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateManagedPrefixList.html"""
    family = req["AddressFamily"]
    if family not in ("IPv4", "IPv6"):
        raise InvalidParameterValue(value=family, name="addressFamily", why="Use IPv4 or IPv6.")
    count = ctx.db.scalar(select(func.count()).select_from(PrefixList)) or 0
    if count >= MAX_LISTS:
        raise PrefixListLimitExceeded(limit=MAX_LISTS)
    one = PrefixList(
        id=new_id("pl"),
        account_id=ctx.account_id,
        name=_name(req["PrefixListName"]),
        address_family=family,
        max_entries=_size(req["MaxEntries"]),
        version=1,
        last_change="create",
        created_at=ctx.now,
    )
    ctx.db.add(one)
    ctx.db.flush()
    wanted = req.get("Entries") or ()
    put_version(ctx, one, changed({}, family, wanted, ()) if wanted else {})
    tags = tags_on_create(req, "prefix-list")
    put_tags(ctx, "prefix-list", one.id, tags)
    return {"PrefixList": prefix_list_view(ctx.region.name, one, tags)}


@action("DescribeManagedPrefixLists")
def describe_managed_prefix_lists(
    ctx: Context, req: DescribeManagedPrefixListsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeManagedPrefixLists.html"""
    lists = api.visible_lists(ctx, req.get("PrefixListIds"))
    tags = tags_of(ctx.db, [one.id for one in lists])
    matching = select_rows(lists, req.get("Filters"), FILTERS, lambda one: tags[one.id])
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "PrefixLists": [prefix_list_view(ctx.region.name, one, tags[one.id]) for one in shown],
        "NextToken": token,
    }


@action("DescribePrefixLists")
def describe_prefix_lists(ctx: Context, req: DescribePrefixListsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribePrefixLists.html

    Those of AWS's services only.
    """
    lists = api.visible_lists(ctx, req.get("PrefixListIds"))
    services = [one for one in lists if one.account_id == api.AWS]
    matching = select_rows(services, req.get("Filters"), SERVICE_FILTERS)
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "PrefixLists": [
            {
                "Cidrs": list(entries_at(ctx, one, one.version)),
                "PrefixListId": one.id,
                "PrefixListName": one.name,
            }
            for one in shown
        ],
        "NextToken": token,
    }


@action("ModifyManagedPrefixList")
def modify_managed_prefix_list(
    ctx: Context, req: ModifyManagedPrefixListRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyManagedPrefixList.html

    A size that some rule or route has no room for leaves the list as it was, in ``modify-failed``.
    """
    one = _own_list(ctx, req["PrefixListId"])
    _check_version(one, req.get("CurrentVersion"))
    add, remove = req.get("AddEntries") or (), req.get("RemoveEntries") or ()
    size = req.get("MaxEntries")
    if size is not None and (add or remove):
        raise InvalidParameterCombination(
            why="You cannot modify the entries and the maximum entries for the prefix list in the "
            "same request."
        )
    one.last_change, one.failure = "modify", None
    if "PrefixListName" in req:
        one.name = _name(req["PrefixListName"])
    if add or remove:
        entries = changed(entries_at(ctx, one, one.version), one.address_family, add, remove)
        _next_version(ctx, one, entries)
    if size is not None:
        _resize(ctx, one, _size(size))
    return {"PrefixList": _shown(ctx, one)}


@action("RestoreManagedPrefixListVersion")
def restore_managed_prefix_list_version(
    ctx: Context, req: RestoreManagedPrefixListVersionRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RestoreManagedPrefixListVersion.html

    The former entries become a new version.
    """
    one = _own_list(ctx, req["PrefixListId"])
    _check_version(one, req["CurrentVersion"])
    entries = entries_at(ctx, one, req["PreviousVersion"])
    one.last_change, one.failure = "restore", None
    _next_version(ctx, one, entries)
    return {"PrefixList": _shown(ctx, one)}


@action("DeleteManagedPrefixList")
def delete_managed_prefix_list(
    ctx: Context, req: DeleteManagedPrefixListRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteManagedPrefixList.html

    One that something refers to stays, in the state ``delete-failed``, as in EC2.
    """
    one = _own_list(ctx, req["PrefixListId"])
    users = api.users_of(ctx.db, one.id)
    one.last_change = "delete"
    one.failure = f"The prefix list is in use by {_first(users)}." if users else None
    ctx.db.flush()
    shown = _shown(ctx, one)
    if not users:
        drop_tags(ctx.db, [one.id])
        ctx.db.delete(one)
        ctx.db.flush()
        shown["State"] = "delete-in-progress"
    return {"PrefixList": shown}


@action("GetManagedPrefixListAssociations")
def get_managed_prefix_list_associations(
    ctx: Context, req: GetManagedPrefixListAssociationsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetManagedPrefixListAssociations.html"""
    one = api.find_list(ctx, req["PrefixListId"])
    shown, token = page(list(api.users_of(ctx.db, one.id)), req, lambda each: each)
    return {
        "PrefixListAssociations": [
            {"ResourceId": each, "ResourceOwner": ctx.account_id} for each in shown
        ],
        "NextToken": token,
    }


def _own_list(ctx: Context, list_id: str) -> PrefixList:
    one = api.find_list(ctx, list_id)
    if one.account_id == api.AWS:
        raise PrefixListNotOurs(id=list_id)
    return one


def _check_version(one: PrefixList, given: int | None) -> None:
    if given is not None and given != one.version:
        raise PrefixListVersionMismatch


def _next_version(ctx: Context, one: PrefixList, entries: dict[str, str | None]) -> None:
    one.version += 1
    ctx.db.flush()
    put_version(ctx, one, entries)
    for vpc_id in api.users_of(ctx.db, one.id).values():
        wake_id(ctx.db, "vpc", vpc_id)


def _resize(ctx: Context, one: PrefixList, size: int) -> None:
    count = len(entries_at(ctx, one, one.version))
    if size < count:
        raise InvalidParameterValue(
            value=size, name="maxEntries", why=f"The prefix list has {count} entries."
        )
    former, one.max_entries = one.max_entries, size
    ctx.db.flush()
    full = [
        each
        for each in api.users_of(ctx.db, one.id)
        if not (group_has_room if each.startswith("sg-") else table_has_room)(ctx.db, each)
    ]
    if full:
        one.max_entries = former
        one.failure = f"No room for {size} entries in {_first(full)}."
        ctx.db.flush()


def _shown(ctx: Context, one: PrefixList) -> dict[str, Any]:
    return prefix_list_view(ctx.region.name, one, tags_of(ctx.db, [one.id])[one.id])


def _first(ids: list[str] | dict[str, str]) -> str:
    """EC2 names ten of them."""
    return ", ".join(list(ids)[:10])


def _name(text: str) -> str:
    if text.lower().startswith("com.amazonaws"):
        raise InvalidParameterValue(
            value=text, name="prefixListName", why="Names cannot start with com.amazonaws."
        )
    if not 1 <= len(text) <= MAX_NAME:
        raise InvalidParameterValue(
            value=text[:20], name="prefixListName", why=f"Names have 1 to {MAX_NAME} characters."
        )
    return text


def _size(given: int) -> int:
    if not 1 <= given <= MAX_SIZE:
        raise InvalidParameterValue(
            value=given, name="maxEntries", why=f"A prefix list has 1 to {MAX_SIZE} entries."
        )
    return given
