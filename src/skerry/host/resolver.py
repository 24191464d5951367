"""The VPC's resolver (AmazonProvidedDNS): own names from the rows, everything else from the host's resolvers."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from skerry.kernel.db import Database
from skerry.kernel.region import Region
from skerry.services.ec2.metadata.names import Known, known_name, resolves

log = logging.getLogger(__name__)

TTL_S = 60
UPSTREAM_S = 3.0
MAX_FORWARDED = 128  # questions of one VPC at a time
MAX_TCP_S = 10.0
RESOLV_CONF = Path("/etc/resolv.conf")


@dataclass(frozen=True, slots=True)
class NameSource:
    """Where names come from."""

    database: Database
    region: Region
    pool: Executor
    resolv_conf: Path = RESOLV_CONF

    def upstreams(self) -> list[str]:
        """The host's own resolvers, read anew: they change."""
        try:
            resolver = dns.resolver.Resolver(str(self.resolv_conf))
        except (OSError, dns.exception.DNSException):
            return []
        return [str(each) for each in resolver.nameservers]


class VpcResolver:
    """Answers the questions of one VPC."""

    def __init__(self, source: NameSource, vpc_id: str) -> None:
        self._source = source
        self._vpc_id = vpc_id
        self._forwarding = asyncio.Semaphore(MAX_FORWARDED)

    async def answer(self, wire: bytes) -> dns.message.Message | None:
        """The answer to a message; None for what is no question."""
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError):
            return None
        if query.flags & dns.flags.QR or len(query.question) != 1:
            return None
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        loop = asyncio.get_running_loop()
        known = await loop.run_in_executor(self._source.pool, self._look_up, name)
        if known is False:
            return _refused(query)
        if known is not None:
            return answer_known(query, cast("Known", known))
        return await self._forward(query)

    def _look_up(self, name: str) -> Known | bool | None:
        """False: this VPC has no resolver."""
        with self._source.database.read(None) as session:
            if not resolves(session, self._vpc_id):
                return False
            return known_name(session, self._source.region, self._vpc_id, name)

    async def _forward(self, query: dns.message.Message) -> dns.message.Message:
        if self._forwarding.locked():
            return _failed(query)
        async with self._forwarding:
            for upstream in self._source.upstreams():
                try:
                    answer, _ = await dns.asyncquery.udp_with_fallback(
                        query, upstream, timeout=UPSTREAM_S
                    )
                except (OSError, dns.exception.DNSException):
                    continue
                return answer
        return _failed(query)


def answer_known(query: dns.message.Message, known: Known) -> dns.message.Message:
    """The answer for a name that is the VPC's own."""
    response = dns.message.make_response(query, recursion_available=True)
    response.flags |= dns.flags.AA
    question = query.question[0]
    if known.value is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
    elif question.rdtype in (dns.rdatatype.from_text(known.kind), dns.rdatatype.ANY):
        value = f"{known.value}." if known.kind == "PTR" else known.value
        response.answer.append(
            dns.rrset.from_text(question.name, TTL_S, question.rdclass, known.kind, value)
        )
    return response


def _refused(query: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.REFUSED)
    return response


def _failed(query: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(query, recursion_available=True)
    response.set_rcode(dns.rcode.SERVFAIL)
    return response


class DatagramQuestions(asyncio.DatagramProtocol):
    """Questions over UDP; an answer that does not fit is cut and says so."""

    def __init__(self, resolver: VpcResolver) -> None:
        self._resolver = resolver
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            response = await self._resolver.answer(data)
            if response is not None and self._transport is not None:
                self._transport.sendto(_fitting(response, data), addr)
        except Exception:
            log.exception("a question over UDP could not be answered")


def _fitting(response: dns.message.Message, question: bytes) -> bytes:
    asked = dns.message.from_wire(question)
    limit = max(512, asked.payload if asked.edns >= 0 else 512)
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        short = dns.message.make_response(asked, recursion_available=True)
        short.flags |= dns.flags.TC
        return short.to_wire()


def stream_questions(
    resolver: VpcResolver,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Questions over TCP: two bytes of length before each message (RFC 1035, 4.2.2)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(MAX_TCP_S):
                while True:
                    size = int.from_bytes(await reader.readexactly(2))
                    response = await resolver.answer(await reader.readexactly(size))
                    if response is None:
                        return
                    wire = response.to_wire()
                    writer.write(len(wire).to_bytes(2) + wire)
                    await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            return
        finally:
            writer.close()

    return serve


def datagram_socket(address: str) -> socket.socket:
    """A UDP socket on port 53 of an address of the current namespace."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    made.bind((address, 53))
    return made
