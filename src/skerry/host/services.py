"""What guests talk to, in every VPC: metadata and names, on sockets opened inside the VPC's namespace.

The socket says which VPC a request came from, the peer address says which interface: overlapping CIDRs
cannot be confused. One thread with one event loop serves all; rows are read in a small pool.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from sqlalchemy import select

from skerry.drivers.network import namespaces
from skerry.drivers.network.port import Network
from skerry.host.metadata import MetadataSource, serve_metadata
from skerry.host.resolver import (
    DatagramQuestions,
    NameSource,
    VpcResolver,
    datagram_socket,
    stream_questions,
)
from skerry.kernel.db import Database
from skerry.kernel.region import Region
from skerry.services.ec2.vpc.model import Vpc

log = logging.getLogger(__name__)

METADATA = "169.254.169.254"
RESOLVER = "169.254.169.253"
READERS = 4
RETRY_S = 0.5
CLOSE_S = 2.0


@dataclass(slots=True)
class _Listeners:
    """Open sockets of one VPC; ``inode`` tells its namespace from a later one of the same name."""

    inode: int
    servers: list[asyncio.Server]
    datagrams: list[asyncio.BaseTransport]

    def close(self) -> None:
        for server in self.servers:
            server.close()
        for transport in self.datagrams:
            transport.close()


class GuestServices:
    """Metadata and DNS for all VPCs on this host."""

    def __init__(
        self,
        database: Database,
        region: Region,
        network: Network,
        secret: bytes,
        spoke: Callable[[str], None],
    ) -> None:
        self._database = database
        self._network = network
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="guest-services")
        self._metadata = MetadataSource(database, region, secret, spoke, self._pool)
        self._names = NameSource(database, region, self._pool)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="guest-services", daemon=True)
        self._open: dict[str, _Listeners] = {}
        self._follow = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._retry: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Serve every VPC there is, and those to come."""
        self._thread.start()
        self._network.watch(self._vpcs_changed)
        self._vpcs_changed()

    def close(self) -> None:
        """Stop serving."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CLOSE_S)
        self._pool.shutdown(cancel_futures=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        for listeners in self._open.values():
            listeners.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _vpcs_changed(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._catch_up_soon)

    def _catch_up_soon(self) -> None:
        task = self._loop.create_task(self._catch_up())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _catch_up(self) -> None:
        """Open sockets in namespaces that came, close those of namespaces that went."""
        async with self._follow:
            present = self._network.service_namespaces()
            for vpc_id, listeners in list(self._open.items()):
                if _inode(present.get(vpc_id)) != listeners.inode:
                    self._open.pop(vpc_id).close()
            for vpc_id in present.keys() - self._open.keys():
                try:
                    self._open[vpc_id] = await self._serve(vpc_id, present[vpc_id])
                except OSError as trouble:
                    log.info("services of %s are not ready (%s); trying again", vpc_id, trouble)
                    self._try_again()

    def _try_again(self) -> None:
        """Once, however many are not ready: each look sees to all of them."""
        if self._retry is not None:
            self._retry.cancel()
        self._retry = self._loop.call_later(RETRY_S, self._catch_up_soon)

    async def _serve(self, vpc_id: str, namespace: Path) -> _Listeners:
        addresses = [RESOLVER, await self._loop.run_in_executor(self._pool, self._second, vpc_id)]
        listeners = _Listeners(_inode(namespace), [], [])
        try:
            web = namespaces.inside(namespace.name, lambda: _listening(METADATA, 80))
            listeners.servers.append(await serve_metadata(web, self._metadata, vpc_id))
            resolver = VpcResolver(self._names, vpc_id)
            for address in addresses:
                if address is not None:
                    await self._resolve(namespace, address, resolver, listeners)
        except OSError:
            listeners.close()
            raise
        return listeners

    async def _resolve(
        self, namespace: Path, address: str, resolver: VpcResolver, listeners: _Listeners
    ) -> None:
        def open_both() -> tuple[socket.socket, socket.socket]:
            return datagram_socket(address), _listening(address, 53)

        datagrams, stream = namespaces.inside(namespace.name, open_both)
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: DatagramQuestions(resolver), sock=datagrams
        )
        listeners.datagrams.append(transport)
        listeners.servers.append(
            await asyncio.start_server(stream_questions(resolver), sock=stream)
        )

    def _second(self, vpc_id: str) -> str | None:
        """The VPC's base address plus two, where guests look for names."""
        with self._database.read(None) as session:
            cidr = session.scalar(select(Vpc.cidr).where(Vpc.id == vpc_id))
        return None if cidr is None else str(IPv4Network(cidr).network_address + 2)


def _listening(address: str, port: int) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that say they are TCP.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen(512)
    made.setblocking(False)  # noqa: FBT003 - its signature
    return made


def _inode(namespace: Path | None) -> int:
    try:
        return namespace.stat().st_ino if namespace is not None else 0
    except FileNotFoundError:
        return 0
