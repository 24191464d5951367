"""A cloud of rows: a database in a file, accounts with their default VPCs, nothing behind them."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
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


@dataclass(frozen=True, slots=True)
class Stock:
    """A cloud of rows as tests begin with one, to be copied: making it takes longer than most tests."""

    folder: Path
    account_ids: Mapping[str, str]  # fixture → id

    @property
    def rows(self) -> Path:
        return self.folder / "rows.db"

    @property
    def key(self) -> Path:
        return self.folder / "master.key"


@pytest.fixture(scope="session")
def stocks(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Stock]:
    """Clouds with the accounts of these fixtures, each made once."""

    @cache
    def stock(region: Region, fixtures: frozenset[str]) -> Stock:
        folder = tmp_path_factory.mktemp("stock")
        database = Database(f"sqlite:///{folder / 'rows.db'}")
        all_tables().create_all(database.engine)
        vault = Vault(folder / "master.key")
        ids: dict[str, str] = {}
        for fixture in sorted(fixtures):
            with database.write(None) as session:
                account, _, _ = create_account(session, vault, fixture, region, now())
            ids[fixture] = account.id
        database.close()
        return Stock(folder, ids)

    return stock


@pytest.fixture
def stock(stocks: Callable[..., Stock], region: Region, request: pytest.FixtureRequest) -> Stock:
    return stocks(region, frozenset({"tenant", "other_tenant"}.intersection(request.fixturenames)))


@pytest.fixture
def vault(tmp_path: Path, stock: Stock) -> Vault:
    key = tmp_path / "secrets" / "master.key"
    key.parent.mkdir(mode=0o700)
    shutil.copy(stock.key, key)
    return Vault(key)


@pytest.fixture
def database(tmp_path: Path, stock: Stock):
    shutil.copy(stock.rows, tmp_path / "rows.db")
    database = Database(f"sqlite:///{tmp_path / 'rows.db'}")
    yield database
    database.close()


@pytest.fixture
def engines() -> Engines:
    """None by default; a test module that needs drivers overrides this."""
    return Engines({})


@pytest.fixture
def tenant(database: Database, region: Region, engines: Engines, stock: Stock) -> Tenant:
    """A fresh account."""
    return Tenant(database, region, engines, stock.account_ids["tenant"])


@pytest.fixture
def other_tenant(database: Database, region: Region, engines: Engines, stock: Stock) -> Tenant:
    """Another fresh account."""
    return Tenant(database, region, engines, stock.account_ids["other_tenant"])
