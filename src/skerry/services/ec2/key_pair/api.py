"""Key pairs, for instances."""

from sqlalchemy import select

from skerry.kernel.context import Context
from skerry.services.ec2.key_pair.errors import KeyPairNotFound
from skerry.services.ec2.key_pair.model import KeyPair


def find_key(ctx: Context, name: str) -> KeyPair:
    """Raises KeyPairNotFound."""
    key = ctx.db.scalar(select(KeyPair).where(KeyPair.name == name))
    if key is None:
        raise KeyPairNotFound(id=name)
    return key
