"""Requests per second and p99 over HTTP with engines in memory, against moto's server on this machine."""

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.report import Result
from skerry.config import load_config
from skerry.operations import credentials_of

ROOT = Path(__file__).parents[1]
INSTANCES = 1000
LAUNCHES = 199  # with the one before them and eight of a hundred: INSTANCES
READS = 20
SKERRY, MOTO = "http://127.0.0.1:4681", "http://127.0.0.1:4682"


class Client:
    """Sends requests that are signed beforehand over one connection; parses nothing."""

    def __init__(self, url: str, credentials: Credentials, image: str, pid: int) -> None:
        self._url, self._image, self._pid = url, image, pid
        self._auth = SigV4Auth(credentials, "ec2", "us-east-1")
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def launch(self, count: int = 1) -> tuple[dict[str, str], bytes]:
        return self._signed("RunInstances", ImageId=self._image, MinCount=count, MaxCount=count,
                            InstanceType="t2.micro")  # fmt: skip

    def read(self) -> tuple[dict[str, str], bytes]:
        return self._signed("DescribeInstances", MaxResults=INSTANCES)

    def times(self, requests: list[tuple[dict[str, str], bytes]], instances: int) -> list[float]:
        """Seconds of each; every answer must show that many instances."""
        found: list[float] = []
        for headers, body in requests:
            began = time.perf_counter()
            self._connection.request("POST", "/", body, headers)
            response = self._connection.getresponse()
            answer = response.read()
            found.append(time.perf_counter() - began)
            assert response.status == 200, answer[:300]
            assert answer.count(b"<instanceState>") == instances, answer[:300]
        return found

    def wait_for_rest(self) -> None:
        """Until the server has done what it does after its answers."""
        end = time.monotonic() + 60
        while True:
            before = self._cpu_s()
            time.sleep(1)
            if self._cpu_s() - before < 0.05 or time.monotonic() > end:
                return

    def _cpu_s(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _signed(self, action: str, **parameters: object) -> tuple[dict[str, str], bytes]:
        form = urlencode({"Action": action, "Version": "2016-11-15", **parameters}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        request = AWSRequest("POST", f"{self._url}/", headers, form)
        self._auth.add_auth(request)
        return dict(request.headers.items()), form


def run() -> list[Result]:
    with _skerry() as client:
        ours = _measure(client)
    with _moto() as client:
        peer = _measure(client)
    names = (f"DescribeInstances of {INSTANCES}", "RunInstances of 1")
    return [
        _result(name, *pair) for name, *pair in zip(names, ours, peer, (10.0, 3.0), strict=True)
    ]


def _measure(client: Client) -> tuple[list[float], list[float]]:
    client.times([client.launch()], 1)
    launches = client.times([client.launch() for _ in range(LAUNCHES)], 1)
    client.times([client.launch(100) for _ in range((INSTANCES - LAUNCHES) // 100)], 100)
    client.wait_for_rest()
    reads = client.times([client.read() for _ in range(READS)], INSTANCES)
    return reads, launches


def _result(name: str, ours: list[float], peer: list[float], promise: float) -> Result:
    ratio = statistics.mean(peer) / statistics.mean(ours)
    return Result(
        f"{name}, requests/s (p99), against moto_server",
        _rate(ours),
        _rate(peer),
        ratio,
        f"≥ {promise:.0f}x",
        ratio >= promise,
    )


def _rate(times: list[float]) -> str:
    p99 = sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]
    return f"{len(times) / sum(times):.1f}/s ({p99 * 1e3:.0f} ms)"


@contextmanager
def _skerry() -> Iterator[Client]:
    with tempfile.TemporaryDirectory(prefix="skb-") as folder:
        environ = {
            **os.environ,
            "SKERRY_CONFIG": "/nonexistent",
            "SKERRY_STATE_DIR": folder,
            "SKERRY_PORT": SKERRY.rsplit(":", 1)[1],
            "SKERRY_PUBLIC_POOL": "198.18.0.0/18",
        }
        with _running([sys.executable, "-m", "bench.memory_cloud"], SKERRY, environ) as pid:
            key = credentials_of(load_config(environ), "default")
            yield Client(SKERRY, Credentials(*key), "ami-0abcdef1234567890", pid)


@contextmanager
def _moto() -> Iterator[Client]:
    program = [str(Path(sys.executable).with_name("moto_server")), "-p", MOTO.rsplit(":", 1)[1]]
    with _running(program, MOTO, dict(os.environ)) as pid:
        yield Client(MOTO, Credentials("AKIAIOSFODNN7EXAMPLE", "secret"), "ami-12c6146b", pid)


@contextmanager
def _running(program: list[str], url: str, environ: dict[str, str]) -> Iterator[int]:
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(program, env=environ, cwd=ROOT, stdout=quiet, stderr=quiet)
    try:
        _wait_for(url)
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            http.client.HTTPConnection(urlsplit(url).netloc, timeout=1).connect()
        except OSError:
            assert time.monotonic() < end, f"nothing answers at {url}"
            time.sleep(0.05)
        else:
            return
