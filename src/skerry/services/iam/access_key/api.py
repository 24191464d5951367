"""Access keys, for account creation and for the gateway."""

import base64
import secrets
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from skerry.kernel.prepared import Prepared
from skerry.kernel.vault import Vault
from skerry.services.iam.access_key.model import AccessKey

_ID_BYTES = 10  # 16 characters of base32 after "AKIA"
_SECRET_BYTES = 30  # 40 characters of base64
_ACTIVE_KEY = Prepared(
    select(AccessKey.account_id, AccessKey.sealed_secret).where(
        AccessKey.id == bindparam("id"), AccessKey.active
    )
)


class NoActiveKey(LookupError):
    """The account has no key that could sign a request."""


def create_key(
    session: Session, vault: Vault, account_id: str, now: datetime
) -> tuple[AccessKey, str]:
    """A new key of this account and its secret, which is shown only here."""
    key_id = "AKIA" + base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode()
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    key = AccessKey(
        id=key_id,
        account_id=account_id,
        sealed_secret=vault.seal(secret.encode(), key_id.encode()),
        active=True,
        created_at=now,
    )
    session.add(key)
    session.flush()
    return key, secret


def lookup(session: Session, vault: Vault, access_key_id: str) -> tuple[str, str] | None:
    """The account and secret of an active key. Raises BadSeal when the vault is another cloud's."""
    found = _ACTIVE_KEY.first(session, id=access_key_id)
    if found is None:
        return None
    account_id, sealed = found
    return account_id, vault.open(sealed, access_key_id.encode()).decode()


def first_key(session: Session, vault: Vault, account_id: str) -> tuple[str, str]:
    """The id and secret of the account's oldest active key. Raises NoActiveKey."""
    query = (
        select(AccessKey.id)
        .where(AccessKey.account_id == account_id, AccessKey.active)
        .order_by(AccessKey.created_at, AccessKey.id)
        .limit(1)
    )
    key_id = session.scalar(query)
    found = lookup(session, vault, key_id) if key_id else None
    if key_id is None or found is None:
        raise NoActiveKey(f"account {account_id} has no active access key")
    return key_id, found[1]
