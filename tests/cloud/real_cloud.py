"""A whole cloud as an operator runs it: its own process, real engines, a world of its own around it.

Public addresses exist only inside the network namespace ``lan``: clients of guests run in there.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import boto3
from botocore.config import Config as ClientConfig
from sqlalchemy import func, select

from skerry.cli.process import running_pid
from skerry.config import Config, load_config
from skerry.database import open_database
from skerry.drivers.network import namespaces
from skerry.kernel.clock import now
from skerry.kernel.wake import Wake
from skerry.operations import add_account, credentials_of
from skerry.services.ec2.vpc.model import Vpc
from tests.cloud.image_cache import take, tiny_folder

ROOT = Path(__file__).parents[2]
BACKGROUND = ("-m", "skerry.cli.background")
TINY = "ami-0abcdef1234567890"


class RealCloud:
    """Make one, ``start`` it, use it, ``destroy`` it."""

    def __init__(self) -> None:
        name = f"t{os.getpid()}"
        self.lan = f"skt-{name}"
        folder = Path(tempfile.mkdtemp(prefix="skt-", dir="/var/tmp"))
        folder.chmod(0o711)  # guests' unprivileged processes pass through
        self.environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SKERRY_")},
            "PYTHONPATH": str(ROOT),
            "SKERRY_CONFIG": "/nonexistent",
            "SKERRY_CLOUD": name,
            "SKERRY_STATE_DIR": str(folder),
            "SKERRY_PORT": str(_free_port()),
            "SKERRY_PUBLIC_POOL": "198.18.77.0/24",
            "SKERRY_UPLINK_NAMESPACE": self.lan,
        }
        self.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        self.config: Config = load_config(self.environ)
        self.folder = folder
        self.log = folder / "log" / "skerry.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._accounts = 0

    # --- life ---------------------------------------------------------------------------------

    def prepare(self) -> None:
        """What is there before the first start: images, and a place where public addresses are reached."""
        (self.folder / "log").mkdir()
        take(tiny_folder(), self.folder / "images")
        namespaces.ensure(self.lan)

    def start(self, *program: str) -> None:
        """Start the control plane and wait for its first answer."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *(program or BACKGROUND)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=self.environ,
            )
        until(lambda: self.answers() or self._has_ended(), 30, "the control plane answers")

    def _has_ended(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"it ended:\n{self.log_tail()}"
        return False

    def answers(self) -> bool:
        """Whether something accepts connections at the endpoint."""
        try:
            with socket.create_connection((self.config.listen, self.config.port), 1):
                return True
        except OSError:
            return False

    @property
    def pid(self) -> int:
        """Of the control plane, whoever started it."""
        pid = running_pid(self.config)
        assert pid is not None, f"it has ended:\n{self.log_tail()}"
        return pid

    def kill(self) -> None:
        """SIGKILL the control plane."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait_for_end()

    def stop(self) -> None:
        """End the control plane as ``skerry down`` does; guests go on."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.wait_for_end() == 0, self.log_tail()

    def wait_for_end(self, timeout_s: float = 30) -> int:
        assert self.process is not None
        return self.process.wait(timeout_s)

    def command(self, *words: str, **environ: str) -> str:
        """What ``skerry <words>`` prints."""
        done = subprocess.run(
            [sys.executable, "-c", "from skerry.cli import main; main()", *words],
            env=self.environ | environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def destroy(self) -> None:
        """End everything and remove every trace."""
        try:
            self.stop()
            self.command("reset", "--yes", "--images")
        finally:
            namespaces.remove(self.lan)
            shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    # --- use ----------------------------------------------------------------------------------

    def account(self, name: str = "") -> str:
        """A new account; the control plane makes its default VPC."""
        self._accounts += 1
        name = name or f"account-{self._accounts}"
        add_account(self.config, name)
        return name

    def client(self, account: str = "default", service: str = "ec2"):
        """A boto3 client with retries off."""
        key_id, secret = credentials_of(self.config, account)
        return boto3.client(
            service,
            endpoint_url=self.config.endpoint_url,
            region_name=self.config.region,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=ClientConfig(retries={"total_max_attempts": 1}, read_timeout=60),
        )

    def read(self, query):
        """Rows straight from the database."""
        database = open_database(self.config.database_url)
        try:
            with database.read(None) as session:
                return list(session.scalars(query))
        finally:
            database.close()

    def settled(self) -> bool:
        """Whether no row waits to be looked at now."""
        return self.read(select(func.count()).select_from(Wake).where(Wake.due_at <= now())) == [0]

    def ready(self) -> bool:
        """Whether engines run and every VPC is served."""
        vpcs = self.read(select(Vpc.id)) if self.answers() else []
        return bool(vpcs) and self.settled() and all(map(self._is_served, vpcs))

    def _is_served(self, vpc_id: str) -> bool:
        """Whether metadata is listened for there; that is the last thing that a start brings."""
        listening = "FEA9FEA9:0050 00000000:0000 0A"  # 169.254.169.254:80, in the kernel's words
        namespace = f"skerry-{self.config.cloud}-{vpc_id}"
        if not namespaces.exists(namespace):
            return False
        ask = ["ip", "netns", "exec", namespace, "cat", "/proc/net/tcp"]
        done = subprocess.run(ask, capture_output=True, text=True, check=False)
        return listening in done.stdout

    # --- the world outside --------------------------------------------------------------------

    def outside(self, *command: str, timeout_s: float = 60, stdin: str | None = None):
        """Run a command where public addresses are reached."""
        return subprocess.run(
            ["ip", "netns", "exec", self.lan, *command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            input=stdin,
            check=False,
        )

    def connect(self, address: str, port: int, timeout_s: float = 1.0) -> socket.socket:
        """A TCP connection from outside; raises OSError."""
        return namespaces.inside(
            self.lan, lambda: socket.create_connection((address, port), timeout_s)
        )

    def reaches(self, address: str, port: int, timeout_s: float = 0.3) -> bool:
        try:
            self.connect(address, port, timeout_s).close()
        except OSError:
            return False
        return True

    def banner(self, address: str) -> bool:
        """Whether an ssh server greets there."""
        try:
            with self.connect(address, 22, 0.3) as connection:
                connection.settimeout(5)
                return connection.recv(64).startswith(b"SSH-2.0-")
        except OSError:
            return False


def until(holds: Callable[[], object], within_s: float, what: str, every_s: float = 0.03) -> float:
    """Seconds until it holds; fails when it takes longer."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {what}"
        time.sleep(every_s)
    return time.monotonic() - began


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
