"""What guests talk to, in every VPC, on sockets opened inside its namespace: metadata, names, endpoints.

The socket says which VPC a request came from, the peer address says which interface: overlapping CIDRs
cannot be confused. One thread with one event loop serves all; rows are read in a small pool.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path

from sqlalchemy import select

from skerry.drivers.network import namespaces
from skerry.drivers.network.port import Network
from skerry.host.connections import stop_listening
from skerry.host.endpoints import Api, EndpointApi, settings_of
from skerry.host.first_words import FirstWords
from skerry.host.forwarding import Upstreams
from skerry.host.limits import Limits
from skerry.host.metadata import MetadataSource, VpcMetadata, serve_metadata
from skerry.host.questions import DatagramQuestions, serve_names
from skerry.host.resolver import NameSource, VpcResolver
from skerry.kernel.db import Database
from skerry.kernel.region import Region
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc_endpoint.api import listening_addresses
from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint

log = logging.getLogger(__name__)

METADATA = "169.254.169.254"
RESOLVER = "169.254.169.253"
READERS = 4
TELLERS = 4
RETRY_S = 0.5
CLOSE_S = 2.0
CLOSING_TURNS = 5  # of the loop: from a connection that was just accepted to its closed socket


@dataclass(slots=True)
class _Listeners:
    """Open sockets of one VPC; ``inode`` tells its namespace from a later one of the same name."""

    inode: int
    limits: Limits
    endpoints: EndpointApi
    servers: list[asyncio.Server] = field(default_factory=list[asyncio.Server])
    datagrams: list[DatagramQuestions] = field(default_factory=list[DatagramQuestions])

    def close(self) -> None:
        self.endpoints.close()
        for server in self.servers:
            stop_listening(server)
        for questions in self.datagrams:
            questions.close()
        self.limits.seats.close()


class GuestServices:
    """Metadata, names and interface endpoints for all VPCs on this host."""

    def __init__(
        self,
        database: Database,
        region: Region,
        network: Network,
        secret: bytes,
        spoke: Callable[[str], None],
        api: Api,
    ) -> None:
        self._database = database
        self._network = network
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="guest-services")
        self._tellers = ThreadPoolExecutor(TELLERS, thread_name_prefix="guest-spoke")
        self._metadata = MetadataSource(database, region, secret, FirstWords(spoke, self._tellers))
        self._names = NameSource(database, region, Upstreams())
        self._api = settings_of(api)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="guest-services", daemon=True)
        self._open: dict[str, _Listeners] = {}
        self._unready: set[str] = set()
        self._changed = asyncio.Event()

    def start(self) -> None:
        """Serve every VPC there is, and those to come."""
        self._network.watch(self._something_changed)
        self._thread.start()

    def woken(self, keys: set[tuple[str, str]]) -> None:
        """A transaction has committed that gave these rows reason to be looked at."""
        if any(kind == VpcEndpoint.__tablename__ for kind, _ in keys):
            self._something_changed()

    def close(self) -> None:
        """Stop serving."""
        if self._thread.ident is None:
            self._loop.close()
        elif self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CLOSE_S)
        self._pool.shutdown(cancel_futures=True)
        self._tellers.shutdown(cancel_futures=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        following = self._loop.create_task(self._follow())
        self._loop.run_forever()
        following.cancel()
        for listeners in self._open.values():
            listeners.close()
        self._loop.run_until_complete(
            _turns()
        )  # a task cancelled before it began leaves its socket
        for task in (tasks := asyncio.all_tasks(self._loop)):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(_turns())
        self._loop.close()

    def _something_changed(self) -> None:
        with suppress(RuntimeError):  # closed in the meantime
            self._loop.call_soon_threadsafe(self._changed.set)

    async def _follow(self) -> None:
        """Look at each change, and again after a while as long as something is not ready."""
        while True:
            self._changed.clear()
            is_ready = await self._catch_up()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if is_ready else RETRY_S):
                    await self._changed.wait()

    async def _catch_up(self) -> bool:
        """Open sockets in namespaces that came, close those of namespaces that went.

        False: not all are open. One that fails keeps none of the others waiting.
        """
        try:
            present = self._network.service_namespaces()
        except Exception as trouble:
            log.warning("the VPCs to serve are not known (%r); trying again", trouble)
            return False
        for vpc_id, listeners in list(self._open.items()):
            if _inode(present.get(vpc_id)) != listeners.inode:
                self._open.pop(vpc_id).close()
        self._unready &= present.keys()
        for vpc_id in present.keys() - self._open.keys():
            try:
                self._open[vpc_id] = await self._serve(vpc_id, present[vpc_id])
                self._unready.discard(vpc_id)
            except Exception as trouble:
                if vpc_id not in self._unready:
                    log.info("services of %s are not ready (%r); trying again", vpc_id, trouble)
                self._unready.add(vpc_id)
        return await self._follow_endpoints() and not self._unready

    async def _follow_endpoints(self) -> bool:
        """Listen where endpoints are now; False: not everywhere yet."""
        try:
            found = await self._loop.run_in_executor(self._pool, self._endpoints)
            for vpc_id, listeners in self._open.items():
                await listeners.endpoints.follow(found.get(vpc_id, set()))
        except Exception as trouble:
            log.info("endpoints are not ready (%r); trying again", trouble)
            return False
        return True

    async def _serve(self, vpc_id: str, namespace: Path) -> _Listeners:
        second = await self._loop.run_in_executor(self._pool, self._second, vpc_id)
        addresses = [RESOLVER] if second is None else [RESOLVER, second]
        limits = Limits(self._pool)
        resolver = VpcResolver(self._names, vpc_id, limits.turns)
        endpoints = EndpointApi(self._api, namespace.name, limits.seats)
        listeners = _Listeners(_inode(namespace), limits, endpoints)
        try:
            web = namespaces.inside(namespace.name, lambda: _listening(METADATA, 80))
            metadata = VpcMetadata(self._metadata, vpc_id, limits)
            listeners.servers.append(await serve_metadata(web, metadata, limits.seats))
            for address in addresses:
                datagrams, stream = _on_port_53(namespace, address)
                questions, server = await serve_names(resolver, datagrams, stream, limits)
                listeners.datagrams.append(questions)
                listeners.servers.append(server)
        except BaseException:
            listeners.close()
            raise
        return listeners

    def _endpoints(self) -> dict[str, set[str]]:
        with self._database.read(None) as session:
            return listening_addresses(session)

    def _second(self, vpc_id: str) -> str | None:
        """The VPC's base address plus two, where guests look for names."""
        with self._database.read(None) as session:
            cidr = session.scalar(select(Vpc.cidr).where(Vpc.id == vpc_id))
        return None if cidr is None else str(IPv4Network(cidr).network_address + 2)


async def _turns() -> None:
    for _ in range(CLOSING_TURNS):
        await asyncio.sleep(0)


def _on_port_53(namespace: Path, address: str) -> tuple[socket.socket, socket.socket]:
    datagrams = namespaces.inside(
        namespace.name, lambda: _bound(address, 53, socket.SOCK_DGRAM, socket.IPPROTO_UDP)
    )
    try:
        return datagrams, namespaces.inside(namespace.name, lambda: _listening(address, 53))
    except OSError:
        datagrams.close()
        raise


def _listening(address: str, port: int) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that say they are TCP.
    made = _bound(address, port, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.listen(512)
    return made


def _bound(address: str, port: int, kind: int, protocol: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK, protocol)
    try:
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    return made


def _inode(namespace: Path | None) -> int:
    try:
        return namespace.stat().st_ino if namespace is not None else 0
    except FileNotFoundError:
        return 0
