"""Serves instance metadata over HTTP, one listening socket per VPC."""

import asyncio
import http
import socket
import time
from dataclasses import dataclass
from typing import cast

import httptools

from skerry.host.connections import GuestConnection
from skerry.host.first_words import FirstWords
from skerry.host.limits import Limits, Seats
from skerry.kernel.db import Database
from skerry.kernel.region import Region
from skerry.services.ec2.instance.model import Instance
from skerry.services.ec2.metadata.answers import Answer, Question, answer, refusal
from skerry.services.ec2.metadata.subject import find_subject

MAX_HEAD_BYTES = 8192
MAX_BODY_BYTES = 1024  # nobody needs one; what comes is not looked at
PACKETS = 4  # that a guest sends for a request on a connection of its own, at the least
PUT_OFF_S = 0.25
ROUTER_HOPS = 1  # between the guest and us


@dataclass(frozen=True, slots=True)
class MetadataSource:
    """Where answers come from."""

    database: Database
    region: Region
    secret: bytes
    first_words: FirstWords


class VpcMetadata:
    """The metadata of one VPC's instances."""

    def __init__(self, source: MetadataSource, vpc_id: str, limits: Limits) -> None:
        self._source = source
        self._vpc_id = vpc_id
        self._limits = limits

    async def answer(self, address: str, question: Question) -> Answer:
        """The answer for whoever has this address; 503 for who asks too much."""
        if not self._limits.budget.take(address, PACKETS):
            await asyncio.sleep(PUT_OFF_S)  # or refusing would cost as much as answering
            return refusal(503)
        found, instance = await self._limits.turns.read(self._look_up, address, question)
        if instance is not None:
            self._source.first_words.heard(instance)
        return found

    def _look_up(self, address: str, question: Question) -> tuple[Answer, Instance | None]:
        source = self._source
        subject = find_subject(source.database, source.region, self._vpc_id, address)
        found = answer(question, subject, source.secret, time.time())
        return found, None if subject is None else subject.instance


@dataclass(frozen=True, slots=True)
class _Request:
    question: Question | Answer  # an answer: to what was no question
    is_last: bool


class MetadataConnection(GuestConnection[_Request]):
    """HTTP/1.1, as far as metadata need it. Its parser is httptools', which calls the ``on_`` methods."""

    def __init__(self, metadata: VpcMetadata, seats: Seats) -> None:
        super().__init__(seats)
        self._metadata = metadata
        self._parser = httptools.HttpRequestParser(self)
        self._unfinished_bytes = 0
        self._body_bytes = 0
        self._in_body = False
        self._url = b""
        self._headers: dict[str, str] = {}

    def hear(self, data: bytes) -> None:
        """Bytes of a request. A head may be longer than allowed by as much as one read."""
        self._unfinished_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # the request itself was complete, and is answered as if it had not asked
        except httptools.HttpParserError:
            self._refuse(400)
        if self._body_bytes > MAX_BODY_BYTES:
            self._refuse(413)
        elif self._unfinished_bytes > MAX_HEAD_BYTES:
            self._refuse(413 if self._in_body else 431)

    async def respond(self, asked: _Request) -> bytes:
        question = asked.question
        if isinstance(question, Answer):
            return _written(question, is_last=True)
        found = await self._metadata.answer(self.address, question)
        if found.hop_limit is not None:
            self._limit_hops(found.hop_limit)
        return _written(found, is_last=asked.is_last, with_body=question.method != "HEAD")

    def on_message_begin(self) -> None:
        self._url, self._headers = b"", {}

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._in_body = True
        size = self._headers.get("content-length", "0")
        if int(size) > MAX_BODY_BYTES:
            self._refuse(413)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._unfinished_bytes = self._body_bytes = 0
        parser = self._parser
        path = cast("bytes | None", httptools.parse_url(self._url).path) or b"/"
        question = Question(parser.get_method().decode(), path.decode("latin-1"), self._headers)
        keeps = parser.should_keep_alive() and parser.get_http_version() == "1.1"
        is_last = parser.should_upgrade() or not keeps
        self.ask(_Request(question, is_last), is_last=is_last)

    def _refuse(self, status: int) -> None:
        self.ask(_Request(refusal(status), is_last=True), is_last=True, lingers=True)

    def _limit_hops(self, hops: int) -> None:
        """How far packets travel from now on: a token must not leave the guest by more than its limit.

        For good: TCP sends again what was not acknowledged, with the limit that holds by then.
        """
        connection: socket.socket = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops + ROUTER_HOPS)


def _written(found: Answer, *, is_last: bool, with_body: bool = True) -> bytes:
    lines = [
        f"HTTP/1.1 {found.status} {http.HTTPStatus(found.status).phrase}",
        f"Content-Type: {found.content_type}",
        f"Content-Length: {len(found.body)}",
        "Server: EC2ws",
        *(f"{name}: {value}" for name, value in found.headers.items()),
        *(["Connection: close"] if is_last else []),
    ]
    head = "\r\n".join(lines).encode("latin-1")
    return head + b"\r\n\r\n" + (found.body if with_body else b"")


async def serve_metadata(
    listener: socket.socket, metadata: VpcMetadata, seats: Seats
) -> asyncio.Server:
    """Serve one VPC's metadata on a listening socket of its namespace."""
    return await asyncio.get_running_loop().create_server(
        lambda: MetadataConnection(metadata, seats), sock=listener
    )
