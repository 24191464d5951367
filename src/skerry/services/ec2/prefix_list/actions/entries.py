"""What lists hold: their entries now and formerly, and how a request changes them."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.action import action
from skerry.kernel.paging import page
from skerry.services.ec2.prefix_list import api
from skerry.services.ec2.prefix_list.errors import (
    EntryInvalid,
    InvalidModification,
    PrefixListMaxEntriesExceeded,
)
from skerry.services.ec2.prefix_list.model import PrefixList, PrefixListEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_ec2.type_defs import GetManagedPrefixListEntriesRequestTypeDef

    from skerry.kernel.context import Context

MAX_DESCRIPTION = 255


@action("GetManagedPrefixListEntries")
def get_managed_prefix_list_entries(
    ctx: Context, req: GetManagedPrefixListEntriesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetManagedPrefixListEntries.html"""
    one = api.find_list(ctx, req["PrefixListId"])
    version = req.get("TargetVersion")
    entries = entries_at(ctx, one, one.version if version is None else version)
    shown, token = page(list(entries), req, lambda cidr: cidr)
    return {
        "Entries": [{"Cidr": cidr, "Description": entries[cidr]} for cidr in shown],
        "NextToken": token,
    }


def entries_at(ctx: Context, one: PrefixList, version: int) -> dict[str, str | None]:
    """CIDR → description of a version of the list. Raises EntryInvalid for one there was not."""
    if not 1 <= version <= one.version:
        raise EntryInvalid(
            why=f"The specified value for version is not valid. There are versions 1 to {one.version}."
        )
    query = (
        select(PrefixListEntry.cidr, PrefixListEntry.description)
        .select_from(PrefixListEntry)
        .where(PrefixListEntry.prefix_list_id == one.id, PrefixListEntry.version == version)
        .order_by(PrefixListEntry.cidr)
    )
    return dict(ctx.db.execute(query).tuples().all())


def put_version(ctx: Context, one: PrefixList, entries: Mapping[str, str | None]) -> None:
    """These are the entries of the list's current version. Raises PrefixListMaxEntriesExceeded."""
    if len(entries) > one.max_entries:
        raise PrefixListMaxEntriesExceeded(limit=one.max_entries, count=len(entries))
    ctx.db.add_all(
        PrefixListEntry(
            account_id=one.account_id,
            prefix_list_id=one.id,
            version=one.version,
            cidr=cidr,
            description=description,
        )
        for cidr, description in entries.items()
    )
    ctx.db.flush()


def changed(
    present: Mapping[str, str | None],
    family: str,
    add: Sequence[Mapping[str, Any]],
    remove: Sequence[Mapping[str, Any]],
) -> dict[str, str | None]:
    """The entries after a request's additions and removals.

    Raises EntryInvalid, and InvalidModification for one that is to go and is not there.
    """
    added = {cidr_of(each["Cidr"], family): _description(each) for each in add}
    removed = {cidr_of(each["Cidr"], family) for each in remove}
    if len(added) < len(add) or len(removed) < len(remove):
        raise EntryInvalid(why="A CIDR may appear only once in a list of entries.")
    for cidr in sorted(removed & added.keys()):
        raise EntryInvalid(
            why=f"Request cannot contain Cidr {cidr} in both AddPrefixListEntries and "
            "RemovePrefixListEntries"
        )
    for cidr in sorted(removed):
        if cidr not in present:
            raise InvalidModification(why=f"The prefix list entry {cidr} does not exist.")
    kept = {cidr: said for cidr, said in present.items() if cidr not in removed}
    if kept | added == present:
        raise InvalidModification(why="The prefix list already has these entries.")
    return kept | added


def cidr_of(text: str, family: str) -> str:
    """The block as lists show it, host bits cleared. Raises EntryInvalid."""
    try:
        block = ip_network(text, strict=False) if "/" in text and "%" not in text else None
    except ValueError:
        block = None
    if block is None or f"IPv{block.version}" != family:
        raise EntryInvalid(why=f"The CIDR block {text} is not valid in a list of {family} blocks.")
    return str(block)


def _description(entry: Mapping[str, Any]) -> str | None:
    said: str | None = entry.get("Description")
    if said is not None and len(said) > MAX_DESCRIPTION:
        raise EntryInvalid(why=f"A description has at most {MAX_DESCRIPTION} characters.")
    return said or None
