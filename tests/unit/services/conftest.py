"""A cloud of rows: a database in a file, accounts with their default VPCs, nothing behind them."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from skerry.database import all_tables
from skerry.kernel.clock import now
from skerry.kernel.db import Database
from skerry.kernel.engines import Engines
from skerry.kernel.region import Region
from skerry.kernel.vault import Vault
from skerry.services.iam.account.api import create_account
from tests.unit.services.calling import Tenant

REGION = Region(
    "us-east-1", ("us-east-1a", "us-east-1b", "us-east-1c"), IPv4Network("198.18.0.0/24")
)


@pytest.fixture
def region() -> Region:
    return REGION


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "secrets" / "master.key")


@pytest.fixture
def database(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'rows.db'}")
    all_tables().create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def engines() -> Engines:
    """None by default; a test module that needs drivers overrides this."""
    return Engines({})


@pytest.fixture
def tenant(database: Database, region: Region, engines: Engines, vault: Vault) -> Tenant:
    """A fresh account."""
    return _new_tenant("a", database, region, engines, vault)


@pytest.fixture
def other_tenant(database: Database, region: Region, engines: Engines, vault: Vault) -> Tenant:
    """Another fresh account."""
    return _new_tenant("b", database, region, engines, vault)


def _new_tenant(
    name: str, database: Database, region: Region, engines: Engines, vault: Vault
) -> Tenant:
    with database.write(None) as session:
        account, _, _ = create_account(session, vault, name, region, now())
    return Tenant(database, region, engines, account.id)
