"""Metadata's HTTP, over real sockets, in front of answers that are made up."""

import asyncio
import logging
import socket
import threading
import time
from contextlib import suppress

import pytest

from skerry.host import connections
from skerry.host.limits import CONNECTIONS, Seats
from skerry.host.metadata import serve_metadata
from skerry.services.ec2.metadata.answers import Answer, Question

GET = b"GET /latest/ HTTP/1.1\r\nHost: x\r\n\r\n"


class _Metadata:
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.body = b""

    async def answer(self, address: str, question: Question) -> Answer:
        assert address.startswith("127.")
        self.asked.append(question)
        if question.path == "/fails":
            raise LookupError(question.path)
        return Answer(200, self.body or f"{question.method} {question.path}".encode())


class _Server:
    def __init__(self) -> None:
        self.metadata = _Metadata()
        self._seats = Seats()
        self._loop = asyncio.new_event_loop()
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.target = listener.getsockname()
        self._server = self._loop.run_until_complete(self._serve(listener))
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    async def _serve(self, listener: socket.socket) -> asyncio.Server:
        return await serve_metadata(listener, self.metadata, self._seats)

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        made = socket.create_connection(self.target, 5, (source, 0))
        made.settimeout(5)
        return made

    def say(self, data: bytes) -> bytes:
        """Everything that is answered until the connection ends."""
        with self.connect() as made:
            with suppress(OSError):
                made.sendall(data)
            return _all(made)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(asyncio.sleep(0.01))  # for those that are coming in
        self._server.close()
        self._seats.close()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()


def _all(made: socket.socket) -> bytes:
    found = b""
    with suppress(ConnectionError):
        while data := made.recv(65536):
            found += data
    return found


def _get(made: socket.socket) -> bytes:
    made.sendall(GET)
    return made.recv(4096)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(connections, "IDLE_S", 0.3)
    monkeypatch.setattr(connections, "LINGER_S", 0.1)
    made = _Server()
    yield made
    made.close()


def test_a_connection_serves_many_questions_and_is_closed_when_idle(server):
    with server.connect() as made:
        for _ in range(3):
            assert _get(made).endswith(b"\r\n\r\nGET /latest/")
        began = time.monotonic()
        assert made.recv(1) == b""
        assert time.monotonic() - began < 3


def test_who_never_ends_a_request_is_not_waited_for(server):
    with server.connect() as made:
        made.sendall(b"GET / HTTP/1.1\r\nX: ")
        began = time.monotonic()
        with pytest.raises(ConnectionError):  # noqa: PT012 - it ends somewhere on the way
            while time.monotonic() - began < 3:
                made.sendall(b"a")
                time.sleep(0.02)


def test_a_guest_s_newest_connections_work_and_its_idle_ones_pay(server):
    held = [server.connect() for _ in range(CONNECTIONS)]
    assert _get(held[0]).startswith(b"HTTP/1.1 200")
    with server.connect() as one_more, server.connect("127.0.0.2") as neighbour:
        assert _get(one_more).startswith(b"HTTP/1.1 200")
        assert _get(neighbour).startswith(b"HTTP/1.1 200")
        assert held[1].recv(1) == b""
        assert _get(held[0]).startswith(b"HTTP/1.1 200")
    for each in held:
        each.close()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000, b"431"),
        (b"GET /" + b"a" * 20_000, b"431"),
        (b"PUT / HTTP/1.1\r\nContent-Length: 1025\r\n\r\n", b"413"),
        (b"PUT / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n" + b"a" * 2_000_000, b"413"),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"100\r\n" + b"a" * 256, b""),
        (
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            + (b"100\r\n" + b"a" * 256 + b"\r\n") * 5,
            b"413",
        ),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * 20_000, b"413"),
        (b"\x00junk\r\n\r\n", b"400"),
        (b"GET a:b HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT a:80 HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", b"400"),
    ],
)
def test_what_is_too_large_or_no_request_is_refused_and_ended(server, request_, status):
    assert server.say(request_)[9:12] == status
    assert server.metadata.asked == []


def test_a_head_of_eight_kib_and_a_body_of_one_are_taken(server):
    head = b"PUT / HTTP/1.1\r\nContent-Length: 1024\r\nConnection: close\r\nX: "
    found = server.say(head.ljust(8188, b"a") + b"\r\n\r\n" + b"b" * 1024)
    assert found.endswith(b"PUT /")


def test_a_body_is_skipped_and_the_next_question_answered(server):
    found = server.say(b"PUT /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello" + GET)
    assert found.count(b"HTTP/1.1 200") == 2


def test_questions_sent_together_are_answered_in_turn(server):
    last = b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n"
    found = server.say(GET * 3 + last + GET)
    assert found.count(b"HTTP/1.1 200") == 4
    assert found.endswith(b"Connection: close\r\n\r\nGET /last")


def test_who_has_said_all_still_gets_its_answer(server):
    with server.connect() as made:
        made.sendall(GET)
        made.shutdown(socket.SHUT_WR)
        assert _all(made).endswith(b"GET /latest/")


@pytest.mark.parametrize("extra", ["Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", ""])
def test_an_offer_to_speak_another_protocol_is_not_taken_up(server, extra):
    version = "1.1" if extra else "1.0"
    found = server.say(f"GET /a HTTP/{version}\r\n{extra}\r\n".encode())
    assert found.startswith(b"HTTP/1.1 200 OK\r\n")
    assert found.endswith(b"Connection: close\r\n\r\nGET /a")


def test_head_has_no_body(server):
    found = server.say(b"HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert b"Content-Length: 6\r\n" in found
    assert found.endswith(b"\r\n\r\n")


def test_who_does_not_take_its_answers_is_not_kept(server):
    server.metadata.body = b"a" * 16_384
    with server.connect() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises(ConnectionError):  # noqa: PT012 - it ends somewhere on the way
            end = time.monotonic() + 5
            while time.monotonic() < end:
                made.sendall(GET * 10)


def test_guests_write_nothing_into_the_host_s_log(server, caplog):
    caplog.set_level(logging.INFO)
    for said in (b"\x00junk\r\n\r\n", b"GET /fails HTTP/1.1\r\n\r\n", b"G", b"a" * 100_000):
        server.say(said)
        with server.connect() as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            made.sendall(said[:100])
    assert caplog.records == []
