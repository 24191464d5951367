"""The API at an endpoint's address, within a guest's share of connections."""

import asyncio

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
        with pytest.raises(ConnectionRefusedError):
            await _get(first, "/")
        assert (await _get(second, "/")).startswith(b"HTTP/1.1 200")
        api.close()
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

    asyncio.run(scenario())
