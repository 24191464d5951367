"""Tags of any resource (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from skerry.kernel.context import Context
from skerry.kernel.db import Base, Owned
from skerry.kernel.errors import AwsError, InvalidParameterValue
from skerry.kernel.prepared import Prepared, insert_new

MAX_TAGS = 50


class TagLimitExceeded(AwsError):
    code = "TagLimitExceeded"
    text = "The maximum number of tags per resource is {limit}; '{resource_id}' would have more."


class Tag(Owned, Base):
    """One key and value on one resource, of one account: what two accounts share, each tags for itself."""

    __tablename__ = "tag"

    account_id: Mapped[str] = mapped_column(primary_key=True)
    resource_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    resource_type: Mapped[str]  # as in TagSpecifications: "instance", "vpc" …


_EVERY_TAG = select(Tag.resource_id, Tag.key, Tag.value)
_ALL_TAGS = Prepared(_EVERY_TAG)
_TAGS_OF = Prepared(
    _EVERY_TAG.where(Tag.resource_id.in_(bindparam("resource_ids", expanding=True)))
)


def tags_of(session: Session, resource_ids: Iterable[str]) -> Mapping[str, dict[str, str]]:
    """Resource id → tags; resources without tags map to an empty dict."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    ids = list(resource_ids)
    # A longer list would pass SQLite's variable limit: read all tags then.
    short = len(ids) <= 500
    tags = _TAGS_OF.rows(session, resource_ids=ids) if short else _ALL_TAGS.rows(session)
    for resource_id, key, value in tags:
        found[resource_id][key] = value
    return found


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as responses show them, ordered by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def put_tags(ctx: Context, resource_type: str, resource_id: str, tags: Mapping[str, str]) -> None:
    """Set these tags, keeping others. Raises TagLimitExceeded, InvalidParameterValue."""
    if not tags:
        return
    check_tags(tags)
    present = {
        tag.key: tag for tag in ctx.db.scalars(select(Tag).where(Tag.resource_id == resource_id))
    }
    if len(present.keys() | tags.keys()) > MAX_TAGS:
        raise TagLimitExceeded(limit=MAX_TAGS, resource_id=resource_id)
    for key, value in tags.items():
        if key in present:
            present[key].value = value
        else:
            ctx.db.add(
                Tag(
                    account_id=ctx.account_id,
                    resource_id=resource_id,
                    resource_type=resource_type,
                    key=key,
                    value=value,
                )
            )
    ctx.db.flush()


def tag_new(
    ctx: Context, resource_type: str, resource_ids: Iterable[str], tags: Mapping[str, str]
) -> None:
    """The tags of resources that this transaction makes. Raises as ``put_tags``."""
    check_tags(tags)
    ids = list(resource_ids)
    if len(tags) > MAX_TAGS and ids:
        raise TagLimitExceeded(limit=MAX_TAGS, resource_id=ids[0])
    insert_new(
        ctx.db,
        [
            Tag(
                account_id=ctx.account_id,
                resource_id=resource_id,
                resource_type=resource_type,
                key=key,
                value=value,
            )
            for resource_id in ids
            for key, value in tags.items()
        ],
    )


def tags_on_create(
    request: Mapping[str, Any], resource_type: str, parameter: str = "TagSpecifications"
) -> dict[str, str]:
    """Tags that a create request specifies for resources of this type.

    Raises InvalidParameterValue for a repeated key or a reserved prefix.
    """
    tags: dict[str, str] = {}
    specifications: Sequence[Mapping[str, Any]] = request.get(parameter) or []
    for specification in specifications:
        if specification.get("ResourceType") != resource_type:
            continue
        given: Sequence[Mapping[str, str]] = specification.get("Tags") or []
        for tag in given:
            key = tag.get("Key", "")
            if key in tags:
                raise InvalidParameterValue(
                    value=key, name="Tag.Key", why="Tag keys must be unique in one request."
                )
            tags[key] = tag.get("Value", "")
    check_tags(tags)
    return tags


def drop_tags(session: Session, resource_ids: Iterable[str]) -> None:
    """Forget all tags of these resources (they are being deleted)."""
    session.execute(delete(Tag).where(Tag.resource_id.in_(list(resource_ids))))


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise InvalidParameterValue for what AWS does not allow in a tag."""
    for key, value in tags.items():
        if not 1 <= len(key) <= 128:
            raise InvalidParameterValue(
                value=key, name="Tag.Key", why="Tag keys have 1 to 128 characters."
            )
        if key.lower().startswith("aws:"):
            raise InvalidParameterValue(
                value=key, name="Tag.Key", why="Tag keys starting with 'aws:' are reserved."
            )
        if len(value) > 256:
            raise InvalidParameterValue(
                value=value[:20], name="Tag.Value", why="Tag values have at most 256 characters."
            )
