"""The API at an endpoint's address, within a guest's share of connections."""

import asyncio
import time
from contextlib import suppress

import pytest

from skerry.drivers.network import namespaces
from skerry.host import endpoints
from skerry.host.endpoints import EndpointApi, settings_of
from skerry.host.limits import CONNECTIONS, Seats


@pytest.fixture
def here(monkeypatch):
    """Namespaces are this one; any port will do."""
    monkeypatch.setattr(namespaces, "inside", lambda _name, work: work())
    monkeypatch.setattr(endpoints, "PORT", 0)


async def _api(scope, receive, send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["raw_path"]})


def _port(api: EndpointApi, address: str) -> int:
    return api._servers[address].sockets[0].getsockname()[1]


async def _get(at: tuple[str, int], path: str) -> bytes:
    reader, writer = await asyncio.open_connection(*at)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


def test_it_answers_at_the_addresses_it_follows(here):
    async def scenario() -> None:
        seats = Seats()
        api = EndpointApi(settings_of(_api), "ns", seats)
        await api.follow({"127.0.0.2", "127.0.0.3"})
        first = ("127.0.0.2", _port(api, "127.0.0.2"))
        second = ("127.0.0.3", _port(api, "127.0.0.3"))
        assert (await _get(first, "/hello")).endswith(b"/hello\r\n0\r\n\r\n")
        await api.follow({"127.0.0.3"})
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await _get(first, "/")
        assert (await _get(second, "/")).startswith(b"HTTP/1.1 200")
        api.close()
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await _get(second, "/")
        await asyncio.sleep(0.01)
        assert not seats._taken, "closed connections leave their seats"

    asyncio.run(scenario())


def test_a_guest_that_holds_its_share_pays_with_the_connection_idle_longest(here):
    async def scenario() -> None:
        api = EndpointApi(settings_of(_api), "ns", Seats())
        await api.follow({"127.0.0.2"})
        at = ("127.0.0.2", _port(api, "127.0.0.2"))
        held = [await asyncio.open_connection(*at) for _ in range(CONNECTIONS + 2)]
        for reader, _ in held[:2]:
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await asyncio.wait_for(reader.readexactly(1), 5)
        assert (await _get(at, "/")).startswith(b"HTTP/1.1 200")
        for _, writer in held:
            writer.close()
        api.close()
        await asyncio.sleep(0)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\n", b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"]
)
def test_who_never_ends_a_request_is_not_waited_for(here, monkeypatch, said):
    monkeypatch.setattr(endpoints, "KEEP_ALIVE_S", 0.1)
    monkeypatch.setattr(endpoints, "REQUEST_S", 0.2)
    assert _said(said) == b""


def test_a_head_without_end_is_cut_and_one_of_common_size_is_not(here):
    assert _said(b"GET / HTTP/1.1\r\nX: " + b"a" * 500_000) == b""
    head = b"PUT / HTTP/1.1\r\nConnection: close\r\nContent-Length: 500000\r\nX: " + b"a" * 30_000
    assert _said(head + b"\r\n\r\n" + b"b" * 500_000).startswith(b"HTTP/1.1 200")


def test_guests_write_nothing_into_the_host_s_log(here, caplog):
    caplog.set_level("INFO")
    _said(b"\x00junk\r\n\r\n")
    _said(b"GET / HTTP/1.1\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n", 0.2)
    assert caplog.records == []


def _said(data: bytes, within_s: float = 5) -> bytes:
    """All that is answered until the connection is closed, or the time is over."""

    async def scenario() -> bytes:
        seats = Seats()
        api = EndpointApi(settings_of(_api), "ns", seats)
        await api.follow({"127.0.0.2"})
        reader, writer = await asyncio.open_connection("127.0.0.2", _port(api, "127.0.0.2"))
        found = b""
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(within_s):
                writer.write(data)
                await writer.drain()
                found = await reader.read()
        writer.close()
        api.close()
        await asyncio.sleep(0)
        seats.close()
        await asyncio.sleep(0.01)
        return found

    began = time.monotonic()
    answer = asyncio.run(scenario())
    assert time.monotonic() - began < 5, "it was not closed"
    return answer
