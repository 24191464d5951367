"""What the operator's commands do to a cloud, running or not. They and the tests are the callers."""

from pathlib import Path

from sqlalchemy import func, select

from skerry.assembly import image_store, real_drivers
from skerry.config import Config
from skerry.database import open_database
from skerry.drivers.images.debian.build import build_debian
from skerry.drivers.images.importing import import_image
from skerry.drivers.images.port import StoredImage
from skerry.drivers.images.progress import Progress
from skerry.drivers.images.tiny.build import build_tiny
from skerry.kernel.clock import now
from skerry.kernel.ids import new_id
from skerry.main import NewAccount, create_account, open_vault
from skerry.services.ec2.image.api import register_builtin
from skerry.services.ec2.instance.model import Instance
from skerry.services.iam.access_key import api as access_keys
from skerry.services.iam.account import api as accounts
from skerry.services.iam.account.model import Account


class NoSuchAccountError(LookupError):
    """No account of that name."""


class NameTakenError(Exception):
    """An account of that name exists."""


def add_account(config: Config, name: str) -> NewAccount:
    """Create an account, in a running cloud or a stopped one. Raises NameTakenError."""
    database = open_database(config.database_url)
    with database.read(None) as session:
        if accounts.find_account(session, name) is not None:
            raise NameTakenError(f"there is an account named {name!r} already")
    return create_account(config, database, open_vault(config), name)


def all_accounts(config: Config) -> list[tuple[str, str]]:
    """(id, name) of every account."""
    with open_database(config.database_url).read(None) as session:
        rows = session.execute(select(Account.id, Account.name).order_by(Account.name))
        return [(account_id, name) for account_id, name in rows]


def credentials_of(config: Config, name: str) -> tuple[str, str]:
    """(access key id, secret) of an account. Raises NoSuchAccountError."""
    with open_database(config.database_url).read(None) as session:
        account = accounts.find_account(session, name)
        if account is None:
            raise NoSuchAccountError(f"there is no account named {name!r}; start the cloud first?")
        return access_keys.first_key(session, open_vault(config), account.id)


def survey(config: Config) -> list[tuple[str, str]]:
    """What the rows say there is, as (what, how many)."""
    with open_database(config.database_url).read(None) as session:
        instances = session.scalars(select(Instance)).all()
        account_count = session.scalar(select(func.count()).select_from(Account))
    by_state: dict[str, int] = {}
    for instance in instances:
        by_state[instance.state] = by_state.get(instance.state, 0) + 1
    states = ", ".join(f"{count} {state}" for state, count in sorted(by_state.items()))
    return [("accounts", str(account_count)), ("instances", states or "none")]


def stop_guests_and_network(config: Config) -> None:
    """Take everything of this cloud off the host; rows and disks stay, and `up` brings it back."""
    drivers = real_drivers(config)
    try:
        for instance_id in drivers.compute.instances():
            drivers.compute.remove(instance_id)
    finally:
        drivers.close()
        drivers.stop()


def all_images(config: Config) -> list[StoredImage]:
    """Every image in the store."""
    return image_store(config).all()


def build_image(config: Config, name: str, progress: Progress) -> StoredImage:
    """Build "tiny" or "debian-12" and make it known. Raises what the builder raises."""
    builders = {"tiny": build_tiny, "debian-12": build_debian}
    stored = builders[name](image_store(config), config.state_dir / "cache", progress)
    return _known(config, stored)


def add_image(config: Config, file: Path, name: str, progress: Progress) -> StoredImage:
    """Import a cloud image (qcow2, raw, vmdk, vhd) and make it known."""
    stored = import_image(image_store(config), file, new_id("ami"), name, progress)
    return _known(config, stored)


def _known(config: Config, stored: StoredImage) -> StoredImage:
    with open_database(config.database_url).write(None) as session:
        register_builtin(session, stored, now())
    return stored
