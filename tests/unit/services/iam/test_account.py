"""Accounts and their first keys."""

import re

import pytest
from sqlalchemy import func, select

from skerry.kernel.clock import now
from skerry.kernel.context import Context
from skerry.kernel.db import Database
from skerry.kernel.engines import Engines
from skerry.kernel.region import Region
from skerry.kernel.vault import Vault
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.iam.access_key.api import NoActiveKey, first_key, lookup
from skerry.services.iam.access_key.model import AccessKey
from skerry.services.iam.account.api import AccountConflict, create_account, find_account
from skerry.services.sts.service import ACTIONS


def test_an_account_has_an_id_and_a_key_of_aws_form(database: Database, vault, region: Region):
    with database.write(None) as session:
        account, key_id, secret = create_account(session, vault, "red", region, now())
    assert re.fullmatch(r"[1-9][0-9]{11}", account.id)
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key_id)
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", secret)


def test_creating_it_again_gives_the_same(database: Database, vault: Vault, region: Region):
    with database.write(None) as session:
        first, *key = create_account(session, vault, "red", region, now())
    with database.write(None) as session:
        second, *same_key = create_account(session, vault, "red", region, now())
        assert session.scalar(select(func.count()).select_from(Vpc)) == 1
    assert (first.id, key) == (second.id, same_key)


def test_an_id_can_be_chosen_once(database: Database, vault: Vault, region: Region):
    with database.write(None) as session:
        account, *_ = create_account(session, vault, "red", region, now(), "000000000001")
        assert account.id == "000000000001"
        with pytest.raises(AccountConflict):
            create_account(session, vault, "blue", region, now(), "000000000001")
        with pytest.raises(AccountConflict):
            create_account(session, vault, "red", region, now(), "000000000002")
        with pytest.raises(ValueError, match="twelve digits"):
            create_account(session, vault, "green", region, now(), "12")
        assert find_account(session, "blue") is None


def test_a_key_leads_to_its_account_while_it_is_active(database: Database, vault, region: Region):
    with database.write(None) as session:
        account, key_id, secret = create_account(session, vault, "red", region, now())
        assert lookup(session, vault, key_id) == (account.id, secret)
        assert lookup(session, vault, "AKIAUNKNOWN") is None
        session.get_one(AccessKey, key_id).active = False
        session.flush()
        assert lookup(session, vault, key_id) is None
        with pytest.raises(NoActiveKey):
            first_key(session, vault, account.id)


def test_the_secret_is_nowhere_in_the_database(database: Database, vault, region: Region):
    with database.write(None) as session:
        _, key_id, secret = create_account(session, vault, "red", region, now())
        assert secret.encode() not in session.get_one(AccessKey, key_id).sealed_secret


def test_the_caller_is_told_who_it_is(database: Database, region: Region):
    with database.read("123456789012") as session:
        ctx = Context(session, "123456789012", region, "r", now(), Engines({}))
        assert ACTIONS["GetCallerIdentity"](ctx, {}) == {
            "UserId": "123456789012",
            "Account": "123456789012",
            "Arn": "arn:aws:iam::123456789012:root",
        }
