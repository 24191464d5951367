"""Questions of names over UDP and TCP, over real sockets, in front of answers that are made up."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import dns.flags
import dns.message
import dns.rrset

from skerry.host import questions
from skerry.host.limits import PACKETS_PER_S, Budget, Limits
from skerry.host.questions import MAX_ASKING, serve_names

QUERY = dns.message.make_query("a.example.com", "TXT")
WIRE = QUERY.to_wire()
LONG = " ".join(f'"{"x" * 200}"' for _ in range(20))


class _Resolver:
    """Answers with one long text, when it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.may.set()
        self.asked = 0

    async def answer(self, wire: bytes) -> dns.message.Message | None:
        self.asked += 1
        await self.may.wait()
        if wire == b"fails":
            raise LookupError
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query)
        name = query.question[0].name
        response.answer = [dns.rrset.from_text(name, 60, "IN", "TXT", LONG)]
        return response


class _Guest:
    """Speaks to the resolver from an address of its own."""

    def __init__(self, target: tuple[str, int], address: str) -> None:
        self._loop = asyncio.get_running_loop()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((address, 0))
        self.udp.connect(target)
        self.udp.setblocking(False)

    async def hears(self) -> dns.message.Message | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                return dns.message.from_wire(await self._loop.sock_recv(self.udp, 4096))
        return None


def _run(case: Callable[[_Resolver, tuple[str, int]], Awaitable[None]]) -> None:
    async def run() -> None:
        resolver = _Resolver()
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        datagrams.bind(("127.0.0.1", 0))
        target = datagrams.getsockname()
        listener = socket.create_server(target)
        with ThreadPoolExecutor(1) as pool:
            limits = Limits(pool)
            limits.budget = Budget(lambda: 1)  # one long second
            transport, server = await serve_names(resolver, datagrams, listener, limits)
            try:
                await case(resolver, target)
            finally:
                transport.close()
                server.close()
                limits.seats.close()
                await asyncio.sleep(0.01)

    asyncio.run(run())


def test_an_answer_that_does_not_fit_a_datagram_is_cut_and_whole_over_a_stream():
    async def case(_resolver: _Resolver, target: tuple[str, int]) -> None:
        guest = _Guest(target, "127.0.0.1")
        for payload, limit in ((None, 512), (100, 512), (65000, 1232)):
            asked = dns.message.make_query("a.example.com", "TXT", payload=payload)
            guest.udp.send(asked.to_wire())
            found = await guest.hears()
            assert found is not None
            assert found.flags & dns.flags.TC
            assert len(found.to_wire()) <= limit
        guest.udp.close()
        reader, writer = await asyncio.open_connection(*target)
        writer.write((len(WIRE).to_bytes(2, "big") + WIRE) * 2)
        for _ in range(2):
            size = int.from_bytes(await reader.readexactly(2), "big")
            found = dns.message.from_wire(await reader.readexactly(size))
            assert not found.flags & dns.flags.TC
            assert len(found.answer[0][0].strings) == 20
        writer.close()

    _run(case)


def test_a_guest_has_so_many_questions_in_the_works_and_others_are_not_kept_waiting():
    async def case(resolver: _Resolver, target: tuple[str, int]) -> None:
        guest, other = _Guest(target, "127.0.0.1"), _Guest(target, "127.0.0.2")
        resolver.may.clear()
        for _ in range(MAX_ASKING + 20):
            guest.udp.send(WIRE)
        other.udp.send(WIRE)
        await asyncio.sleep(0.1)
        assert resolver.asked == MAX_ASKING + 1
        resolver.may.set()
        assert await other.hears() is not None
        found = [await guest.hears() for _ in range(MAX_ASKING + 1)]
        assert found.count(None) == 1
        guest.udp.send(WIRE)
        assert await guest.hears() is not None
        guest.udp.close()
        other.udp.close()

    _run(case)


def test_a_guest_that_has_had_its_share_of_a_second_is_not_heard(monkeypatch):
    monkeypatch.setattr(questions, "MAX_ASKING", PACKETS_PER_S * 4)

    async def case(resolver: _Resolver, target: tuple[str, int]) -> None:
        guest, other = _Guest(target, "127.0.0.1"), _Guest(target, "127.0.0.2")
        resolver.may.clear()
        for _ in range(PACKETS_PER_S * 3):
            guest.udp.send(WIRE)
            await asyncio.sleep(0)
        assert resolver.asked == PACKETS_PER_S
        for _ in range(questions.BATCH * 2):  # whole batches that are dropped
            guest.udp.send(WIRE)
        other.udp.send(WIRE)
        await asyncio.sleep(0.05)
        assert resolver.asked == PACKETS_PER_S + 1, "the socket is read again after a pause"
        guest.udp.close()
        other.udp.close()

    _run(case)


def test_a_stream_ends_at_a_question_that_is_too_long():
    async def case(resolver: _Resolver, target: tuple[str, int]) -> None:
        reader, writer = await asyncio.open_connection(*target)
        writer.write(b"\xff\xff" + b"x" * 100)
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(1), 5) == b""
        writer.close()
        assert resolver.asked == 0

    _run(case)


def test_a_question_that_cannot_be_answered_writes_nothing_into_the_host_s_log(caplog):
    caplog.set_level(logging.INFO)

    async def case(resolver: _Resolver, target: tuple[str, int]) -> None:
        guest = _Guest(target, "127.0.0.1")
        guest.udp.send(b"fails")
        assert await guest.hears() is None
        guest.udp.close()
        reader, writer = await asyncio.open_connection(*target)
        writer.write(b"\x00\x05fails")
        assert await asyncio.wait_for(reader.read(1), 5) == b""
        writer.close()
        assert resolver.asked == 2

    _run(case)
    assert caplog.records == []
