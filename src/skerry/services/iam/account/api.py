"""Accounts, for the operator's commands."""

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.kernel.ids import new_account_id
from skerry.kernel.region import Region
from skerry.kernel.vault import Vault
from skerry.services.ec2.vpc.api import create_default_vpc
from skerry.services.iam.access_key.api import NoActiveKey, create_key, first_key
from skerry.services.iam.account.model import Account

_ACCOUNT_ID = re.compile(r"[0-9]{12}")


class AccountConflict(Exception):
    """The name or the id asked for is another account's."""


def create_account(
    session: Session,
    vault: Vault,
    name: str,
    region: Region,
    now: datetime,
    account_id: str | None = None,
) -> tuple[Account, str, str]:
    """The account of this name with its default VPC, its first access key's id, and that key's secret.

    Made when it is not there yet. The session must be the whole cloud's. Raises AccountConflict when
    the name exists under another id, ValueError for an id that is not twelve digits.
    """
    account = find_account(session, name)
    if account is not None and account_id not in (None, account.id):
        raise AccountConflict(f"account {name!r} exists already, with the id {account.id}")
    if account is None:
        account = _new_account(session, name, now, account_id)
        create_default_vpc(session, account.id, region, now)
    try:
        key_id, secret = first_key(session, vault, account.id)
    except NoActiveKey:
        key, secret = create_key(session, vault, account.id, now)
        key_id = key.id
    return account, key_id, secret


def find_account(session: Session, name: str) -> Account | None:
    """The account of this name."""
    return session.scalar(select(Account).where(Account.name == name))


def _new_account(session: Session, name: str, now: datetime, account_id: str | None) -> Account:
    if account_id is not None and not _ACCOUNT_ID.fullmatch(account_id):
        raise ValueError(f"an account id has twelve digits: {account_id!r}")
    chosen = account_id or new_account_id()
    if session.get(Account, chosen) is not None:
        raise AccountConflict(f"the account id {chosen} is taken")
    account = Account(id=chosen, name=name, created_at=now)
    session.add(account)
    session.flush()
    return account
