"""A whole cloud in this process: real HTTP, real database, engines in memory."""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import uvicorn
from botocore.config import Config as ClientConfig

from skerry.assembly import Drivers, memory_drivers
from skerry.config import Config
from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.memory import MemoryImages
from skerry.main import Cloud, create_account, server_settings
from skerry.operations import credentials_of

TINY = "ami-0abcdef1234567890"


@dataclass
class RunningCloud:
    """The cloud under test and how to reach it."""

    cloud: Cloud
    endpoint_url: str
    dead: threading.Event = field(default_factory=threading.Event)  # set by crash tests

    def client(self, service: str, key_id: str, secret: str):
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=self.cloud.region.name,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=ClientConfig(retries={"total_max_attempts": 1}, read_timeout=30),
        )

    def default_client(self, service: str = "ec2"):
        return self.client(service, *credentials_of(self.cloud.config, "default"))

    def account_client(self, name: str, service: str = "ec2"):
        """A client of the account ``name``, made if need be."""
        try:
            key_id, secret = credentials_of(self.cloud.config, name)
        except LookupError:
            made = create_account(self.cloud.config, self.cloud.database, self.cloud.vault, name)
            key_id, secret = made.access_key_id, made.secret_access_key
        return self.client(service, key_id, secret)

    def settle(self, timeout_s: float = 10.0) -> None:
        """Wait until the reconcilers have nothing to do now."""
        end = time.monotonic() + timeout_s
        quiet = 0
        while quiet < 3:
            quiet = quiet + 1 if self.cloud.reconciler.idle() else 0
            assert not self.dead.is_set(), "the control plane was killed"
            assert time.monotonic() < end, "the reconcilers do not come to rest"
            time.sleep(0.005)


def images_in_memory() -> MemoryImages:
    images = MemoryImages()
    images.add(ImageLabel(TINY, "tiny", "the default image", "ec2-user"))
    return images


def in_memory() -> Drivers:
    return memory_drivers(images_in_memory())


@contextmanager
def serving(state_dir: Path, drivers: Drivers, **settings: object) -> Generator[RunningCloud]:
    """Serve a cloud on a free loopback port while the block runs."""
    config = Config(state_dir=state_dir, drivers="memory", **settings)  # type: ignore[arg-type]
    cloud = Cloud(config, drivers)
    cloud.start()
    # With the protocol named, asyncio sets TCP_NODELAY; without it every answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(server_settings(cloud, "127.0.0.1", port))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert cloud.started(30)
        while not server.started:
            time.sleep(0.002)
        yield RunningCloud(cloud, f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
        cloud.close()
