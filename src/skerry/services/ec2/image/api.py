"""Images, for sibling slices and for whoever fills the image store."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, String, bindparam, cast, literal, or_, select
from sqlalchemy.orm import Session

from skerry.drivers.images.port import StoredImage
from skerry.kernel.context import Context
from skerry.kernel.db import EVERY_ACCOUNT
from skerry.kernel.lookup import check_ids
from skerry.kernel.prepared import Prepared
from skerry.services.ec2.image.errors import (
    ImageMalformed,
    ImageNotFound,
    ImageNotYours,
    SnapshotMalformed,
    SnapshotNotFound,
)
from skerry.services.ec2.image.model import AMAZON, Image

ROOT_DEVICE_NAME = "/dev/xvda"
ROOT_VOLUME_TYPE = "gp3"


def find_image(ctx: Context, image_id: str) -> Image:
    """An image the account may use: its own, a public one, or one shared with it. For reading only.

    Raises ImageMalformed, ImageNotFound.
    """
    return visible_images(ctx, [image_id])[0]


def visible_images(ctx: Context, ids: Sequence[str] | None = None) -> list[Image]:
    """The images of these ids in that order, or all, that the account may use; for reading only.

    Raises ImageMalformed, ImageNotFound.
    """
    check_ids(ids, "ami", ImageMalformed)
    if not ids:
        query = select(Image).where(_usable_by(ctx.account_id))
        return list(ctx.db.scalars(query, execution_options=EVERY_ACCOUNT))
    images: Sequence[Image] = _USABLE_AMONG.copies(
        ctx.db, account=ctx.account_id, quoted=_quoted(ctx.account_id), ids=ids
    )
    found = {image.id: image for image in images}
    wanted = list(dict.fromkeys(ids))
    for each in wanted:
        if each not in found:
            raise ImageNotFound(id=each)
    return [found[each] for each in wanted]


def own_image(ctx: Context, image_id: str) -> Image:
    """An image that the account may change. Raises ImageNotYours, ImageMalformed, ImageNotFound."""
    image = find_image(ctx, image_id)
    if image.account_id != ctx.account_id:
        raise ImageNotYours(id=image_id)
    return ctx.db.get_one(Image, image_id)


def image_of_snapshot(ctx: Context, snapshot_id: str) -> Image:
    """An image whose stored bytes this snapshot is. Raises SnapshotMalformed, SnapshotNotFound."""
    check_ids([snapshot_id], "snap", SnapshotMalformed)
    stored_as = "ami-" + snapshot_id.removeprefix("snap-")
    query = select(Image).where(_usable_by(ctx.account_id), Image.stored_as == stored_as)
    image = ctx.db.scalar(query.limit(1), execution_options=EVERY_ACCOUNT)
    if image is None:
        raise SnapshotNotFound(id=snapshot_id)
    return image


def register_builtin(session: Session, stored: StoredImage, now: datetime) -> Image:
    """Make a stored image known to every account, as one of "amazon".

    An image that is known keeps its date. The session must be the whole cloud's.
    """
    image = session.get(Image, stored.image_id)
    if image is None:
        image = Image(id=stored.image_id, account_id=AMAZON, created_at=now, shared_with=[])
        session.add(image)
    image.stored_as = stored.image_id
    image.name = stored.name
    image.description = stored.description
    image.size_gib = stored.size_gib
    image.root_device_name = ROOT_DEVICE_NAME
    image.root_volume_type = ROOT_VOLUME_TYPE
    image.root_delete_on_termination = True
    image.ena_support = True
    image.public = True
    session.flush()
    return image


def _usable_by(account_id: str) -> ColumnElement[bool]:
    return _usable(literal(account_id), literal(_quoted(account_id)))


def _usable(account: ColumnElement[str], quoted: ColumnElement[str]) -> ColumnElement[bool]:
    """The one place where a tenant's query looks at rows of others."""
    # The JSON list as text: the one test of membership that SQLite and PostgreSQL both know.
    shared = cast(Image.shared_with, String).contains(quoted)
    return or_(Image.account_id == account, Image.public, shared)


def _quoted(account_id: str) -> str:
    """An account as it stands in the list of whom an image is shared with."""
    return f'"{account_id}"'


_USABLE_AMONG = Prepared(
    select(Image).where(
        _usable(bindparam("account", type_=String()), bindparam("quoted", type_=String())),
        Image.id.in_(bindparam("ids", expanding=True)),
    ),
    every_account=True,
)
