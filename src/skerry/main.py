"""The composition root: the one place that knows every part. Entry points for the CLI and the tests."""

import gc
import logging
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from skerry.assembly import Drivers, real_drivers
from skerry.config import Config
from skerry.database import open_database
from skerry.host.flows.collector import FlowCollector
from skerry.host.flows.sink import FileSink
from skerry.host.services import GuestServices
from skerry.kernel.clock import now
from skerry.kernel.db import Database
from skerry.kernel.foreground import Foreground
from skerry.kernel.vault import Vault
from skerry.reconcile.engine import ReconcileEngine
from skerry.reconcile.work import Work
from skerry.services.ec2 import service as ec2
from skerry.services.ec2.image.api import register_builtin
from skerry.services.ec2.instance.api import guest_spoke
from skerry.services.iam.access_key import api as access_keys
from skerry.services.iam.account import api as accounts
from skerry.services.sts import service as sts
from skerry.wire.codec import Codecs
from skerry.wire.gateway import Gateway, Surroundings
from skerry.wire.recent import RecentSecrets
from skerry.wire.server import Application
from skerry.wire.sigv4 import Secret

log = logging.getLogger(__name__)

DEFAULT_ACCOUNT = "default"
RETRY_ENGINES_S = 5.0


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an operator is told of an account, once."""

    account_id: str
    access_key_id: str
    secret_access_key: str


class Cloud:
    """One cloud in this process: gateway, reconcilers, and the engines they drive."""

    def __init__(self, config: Config, drivers: Drivers) -> None:
        self.config = config
        self.drivers = drivers
        self.region = config.as_region()
        self.vault = open_vault(config)
        self.database = open_database(config.database_url)
        self.work = Work(self.database, drivers.engines, self.region)
        foreground = Foreground()
        self.reconciler = ReconcileEngine(
            self.work, ec2.RECONCILERS, ec2.SWEEPS, foreground=foreground
        )
        self.application = Application(self._gateway(), foreground)
        self.guests = GuestServices(
            self.database,
            self.region,
            drivers.network,
            self.vault.secret,
            self._guest_spoke,
            self.application,
        )
        sink = FileSink(config.state_dir / "s3", self.region.name)
        self.flow_logs = FlowCollector(self.database, self.region, drivers.network, sink)
        self._closing = threading.Event()
        self._starting = threading.Thread(target=self._start_engines, name="start")

    def start(self) -> None:
        """Serve at once; the engines come up behind, and reconciling begins when they have."""
        with self.database.read(None) as session:
            known = accounts.find_account(session, DEFAULT_ACCOUNT)
        if known is None:
            create_account(self.config, self.database, self.vault, DEFAULT_ACCOUNT)
        self._starting.start()

    def started(self, timeout_s: float | None = None) -> bool:
        """Wait until the engines are up."""
        self._starting.join(timeout_s)
        return not self._starting.is_alive()

    def close(self) -> None:
        """Stop serving and reconciling; guests, packets and daemons go on."""
        self._closing.set()
        self._starting.join()
        self.application.close()
        self.reconciler.close()
        self.guests.close()
        self.flow_logs.close()
        self.drivers.close()
        self.database.close()

    def register_images(self) -> None:
        """Make every image of the store known."""
        stored = self.drivers.images.all()
        with self.database.write(None) as session:
            for image in stored:
                register_builtin(session, image, now())

    def _start_engines(self) -> None:
        """Until they are up: what keeps them down may pass, or an operator may mend it."""
        while not self._closing.is_set():
            try:
                self.register_images()
                self.drivers.start()
            except Exception:
                log.exception(
                    "the engines could not start; the API answers, nothing is made; "
                    "trying again in %.0f s",
                    RETRY_ENGINES_S,
                )
                self._closing.wait(RETRY_ENGINES_S)
            else:
                self.drivers.compute.watch(lambda guest: self.reconciler.nudge("instance", guest))
                self.database.woken.append(self.guests.woken)
                self.guests.start()
                self.flow_logs.start()
                self.reconciler.start()
                return

    def _guest_spoke(self, instance_id: str) -> None:
        self.drivers.compute.booted(instance_id)
        with self.database.write(None) as session:
            guest_spoke(session, instance_id)

    def _gateway(self) -> Gateway:
        handlers = {("ec2", name): each for name, each in ec2.ACTIONS.items()}
        handlers |= {("sts", name): each for name, each in sts.ACTIONS.items()}
        return Gateway(
            Surroundings(
                self.database,
                self.drivers.engines,
                self.region,
                handlers,
                RecentSecrets(self._secret_of),
            ),
            Codecs(),
        )

    def _secret_of(self, access_key_id: str) -> Secret | None:
        with self.database.read(None) as session:
            found = access_keys.lookup(session, self.vault, access_key_id)
        if found is None:
            return None
        account_id, secret = found
        return Secret(access_key_id, secret, None, account_id)


def serve(config: Config, drivers: Drivers | None = None) -> None:
    """Run the cloud in the foreground until SIGTERM or SIGINT; on the real engines by default."""
    # uvicorn ends at SIGTERM, then raises it once more: by default that kills us before close().
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    cloud = Cloud(config, drivers or real_drivers(config))
    cloud.start()
    _collect_garbage_rarely()
    try:
        server = uvicorn.Server(server_settings(cloud, config.listen, config.port))
        server.run()
    finally:
        cloud.close()


def _collect_garbage_rarely() -> None:
    """Large answers make many objects and no cycles; frequent full collections cost a third of their time."""
    gc.freeze()
    gc.set_threshold(300_000, 20, 1000)


def server_settings(cloud: Cloud, host: str, port: int) -> uvicorn.Config:
    """How uvicorn serves the gateway."""
    return uvicorn.Config(
        cloud.application,
        host=host,
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=65536,
    )


def open_vault(config: Config) -> Vault:
    """The master key of this cloud, kept beside the database and never in it."""
    return Vault(config.state_dir / "secrets" / "master.key")


def create_account(config: Config, database: Database, vault: Vault, name: str) -> NewAccount:
    """A new account with its default VPC and one access key."""
    with database.write(None) as session:
        account, key_id, secret = accounts.create_account(
            session, vault, name, config.as_region(), now()
        )
        return NewAccount(account.id, key_id, secret)


def log_to(path: Path | None, level: str) -> None:
    """Log to a file (or standard error), in one line each."""
    handlers: Sequence[logging.Handler] = [
        logging.FileHandler(path) if path else logging.StreamHandler()
    ]
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.basicConfig(
        level=level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=handlers,
    )
