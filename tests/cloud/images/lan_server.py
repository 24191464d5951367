"""A LAN's services for guests under test: DHCP by MAC, and instance metadata (v2 only).

Run inside a network namespace: ``python lan_server.py FACTS.json``, facts being
``{mac: {"ip": …, "slow_s": …, "user-data": …, "meta-data": {path: text}}}``. Every metadata
request is a line ``<ip> <method> <path>`` on stdout.
"""

import json
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import ClassVar

GATEWAY = "10.77.0.1"
METADATA = "169.254.169.254"
TOKEN = "the-only-token"
STARTED = time.monotonic()


def serve_dhcp(facts: dict[str, dict]) -> None:
    """Answer DISCOVER with OFFER and REQUEST with ACK (RFC 2131), always by broadcast."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lan")
    server.bind(("", 67))
    while True:
        request = server.recv(2048)
        mac = request[28:34].hex(":")
        if mac in facts:
            server.sendto(dhcp_answer(request, facts[mac]["ip"]), ("255.255.255.255", 68))


def dhcp_answer(request: bytes, ip: str) -> bytes:
    kind = 2 if option(request, 53) == b"\x01" else 5
    options = {
        53: bytes([kind]),
        54: IPv4Address(GATEWAY).packed,
        51: struct.pack("!I", 3600),
        1: IPv4Address("255.255.255.0").packed,
        3: IPv4Address(GATEWAY).packed,
        6: IPv4Address(GATEWAY).packed,
        15: b"ec2.internal",
        26: struct.pack("!H", 1400),
    }
    encoded = b"".join(bytes([code, len(value)]) + value for code, value in options.items())
    head = b"\x02\x01\x06\x00" + request[4:8] + bytes(8) + IPv4Address(ip).packed
    head += IPv4Address(GATEWAY).packed + bytes(4) + request[28:44] + bytes(192)
    return head + b"\x63\x82\x53\x63" + encoded + b"\xff"


def option(request: bytes, wanted: int) -> bytes:
    at = 240
    while at < len(request) and request[at] != 255:
        if request[at] == 0:
            at += 1
            continue
        if request[at] == wanted:
            return request[at + 2 : at + 2 + request[at + 1]]
        at += 2 + request[at + 1]
    return b""


class Metadata(BaseHTTPRequestHandler):
    """The part of EC2's metadata service that images use; facts are set on the class."""

    protocol_version = "HTTP/1.1"
    facts: ClassVar[dict[str, dict]] = {}  # by address

    def do_PUT(self) -> None:
        if not self.mine():
            return
        good = self.path == "/latest/api/token"
        if good and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
            self.answer(200, TOKEN.encode())
        else:
            self.answer(400, b"")

    def do_GET(self) -> None:
        mine = self.mine()
        if not mine:
            return
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            self.answer(401, b"")
            return
        parts = self.path.strip("/").split("/", 2)  # version / meta-data / path
        if len(parts) == 1:
            self.answer(200, b"dynamic\nmeta-data\nuser-data")
        elif parts[1] == "user-data" and mine["user-data"]:
            self.answer(200, bytes.fromhex(mine["user-data"]))
        elif parts[1] in ("meta-data", "dynamic"):
            self.item(mine[parts[1]], parts[2].strip("/") if len(parts) > 2 else "")
        else:
            self.answer(404, b"")

    def item(self, tree: dict[str, str], path: str) -> None:
        if path in tree:
            self.answer(200, tree[path].encode())
            return
        prefix = f"{path}/" if path else ""
        below = {name.removeprefix(prefix) for name in tree if name.startswith(prefix)}
        names = sorted({n.split("/")[0] + ("/" if "/" in n else "") for n in below})
        if path == "public-keys":
            names = ["0=test"]
        self.answer(200 if below else 404, "\n".join(names).encode())

    def mine(self) -> dict | None:
        facts = self.facts[self.client_address[0]]
        print(self.client_address[0], self.command, self.path, flush=True)
        if time.monotonic() < STARTED + facts.get("slow_s", 0):
            self.answer(503, b"")
            return None
        return facts

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Requests are printed by mine()."""


class Server(ThreadingHTTPServer):
    """Without http.server's look-up of its own name, which stalls where there is no DNS."""

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)


def main() -> None:
    facts = json.loads(Path(sys.argv[1]).read_text())
    Metadata.facts = {entry["ip"]: entry for entry in facts.values()}
    threading.Thread(target=serve_dhcp, args=(facts,), daemon=True).start()
    Server((METADATA, 80), Metadata).serve_forever()


if __name__ == "__main__":
    main()
