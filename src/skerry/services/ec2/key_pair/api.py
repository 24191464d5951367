"""Key pairs, for instances."""

from collections.abc import Sequence

from sqlalchemy import select

from skerry.kernel.context import Context
from skerry.services.ec2.key_pair.errors import KeyPairNotFound
from skerry.services.ec2.key_pair.model import KeyPair


def find_key(ctx: Context, name: str) -> KeyPair:
    """Raises KeyPairNotFound."""
    return find_keys(ctx, [name])[0]


def find_keys(ctx: Context, names: Sequence[str]) -> list[KeyPair]:
    """The keys of these names. Raises KeyPairNotFound for the first that is not there."""
    query = select(KeyPair).where(KeyPair.name.in_(names))
    found = {key.name: key for key in ctx.db.scalars(query)}
    for name in names:
        if name not in found:
            raise KeyPairNotFound(id=name)
    return list(found.values())
