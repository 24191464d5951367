"""Guests on a LAN of their own: a network namespace with a bridge, DHCP, metadata, and QEMU."""

import json
import os
import select
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from skerry.drivers.images.port import StoredImage

GATEWAY = "10.77.0.1"
METADATA = "169.254.169.254"
Outcome = subprocess.CompletedProcess[str]


def sh(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@dataclass
class Lan:
    """The namespace; use as a context manager."""

    name: str
    folder: Path
    facts: dict[str, dict] = field(default_factory=dict)
    server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Lan":
        sh("ip", "netns", "add", self.name)
        self.run("ip", "link", "add", "lan", "type", "bridge")
        for address in (f"{GATEWAY}/24", f"{METADATA}/32"):
            self.run("ip", "address", "add", address, "dev", "lan")
        self.run("ip", "link", "set", "lan", "up")
        self.run("ip", "link", "set", "lo", "up")
        sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / "key"))
        return self

    def __exit__(self, *args: object) -> None:
        if self.server:
            self.server.kill()
            self.server.wait()
        sh("ip", "netns", "delete", self.name)

    def run(self, *command: str) -> str:
        return sh("ip", "netns", "exec", self.name, *command)

    def start(self, *, number: int, user_data: bytes = b"", slow_s: float = 0) -> str:
        """(Re)start the services with one more guest known to them; returns its address."""
        ip = f"10.77.0.{number + 10}"
        tree = {
            "ami-id": "ami-0abcdef1234567890",
            "ami-launch-index": "0",
            "hostname": f"ip-10-77-0-{number + 10}.ec2.internal",
            "instance-id": instance_id(number),
            "instance-type": "t2.micro",
            "local-hostname": f"ip-10-77-0-{number + 10}.ec2.internal",
            "local-ipv4": ip,
            "mac": mac(number),
            "placement/availability-zone": "us-east-1a",
            "public-keys/0/openssh-key": (self.folder / "key.pub").read_text(),
            "security-groups": "default",
        }
        nic = f"network/interfaces/macs/{mac(number)}"
        tree |= {
            f"{nic}/device-number": "0",
            f"{nic}/local-ipv4s": ip,
            f"{nic}/mac": mac(number),
            f"{nic}/subnet-ipv4-cidr-block": "10.77.0.0/24",
        }
        self.facts[mac(number)] = {
            "ip": ip,
            "meta-data": tree,
            "dynamic": {
                "instance-identity/document": json.dumps({"instanceId": instance_id(number)})
            },
            "user-data": user_data.hex(),
            "slow_s": slow_s,
        }
        (self.folder / "facts.json").write_text(json.dumps(self.facts))
        if self.server:
            self.server.kill()
            self.server.wait()
        program = str(Path(__file__).with_name("lan_server.py"))
        with (self.folder / "metadata.log").open("ab") as log:
            self.server = subprocess.Popen(
                [
                    "ip",
                    "netns",
                    "exec",
                    self.name,
                    sys.executable,
                    program,
                    str(self.folder / "facts.json"),
                ],
                stdout=log,
            )
        return ip

    def ssh(self, ip: str, command: str, user: str = "ec2-user") -> Outcome:
        return self._client("ssh", f"{user}@{ip}", command)

    def copy(self, file: Path, ip: str, target: str, user: str = "ec2-user") -> Outcome:
        return self._client("scp", str(file), f"{user}@{ip}:{target}")

    def _client(self, program: str, *words: str) -> Outcome:
        options = (
            "StrictHostKeyChecking=no UserKnownHostsFile=/dev/null LogLevel=ERROR BatchMode=yes"
        )
        flags = [word for option in options.split() for word in ("-o", option)]
        return subprocess.run(
            ["ip", "netns", "exec", self.name, program, "-i", str(self.folder / "key"), *flags,
             "-o", "ConnectTimeout=10", *words],
            check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip


def instance_id(number: int) -> str:
    return f"i-{number:017x}"


def mac(number: int) -> str:
    return f"02:00:0a:4d:00:{number + 10:02x}"


@dataclass
class Guest:
    """One QEMU process for one instance; the overlay stays between starts."""

    lan: Lan
    image: StoredImage
    number: int = 1
    memory_mib: int = 512
    cmdline: str | None = None
    firmware: bool = False
    extra: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0

    @property
    def console_file(self) -> Path:
        return self.lan.folder / f"console-{self.number}"

    def console(self) -> str:
        return self.console_file.read_text(errors="replace")

    def start(self) -> None:
        overlay = self.lan.folder / f"root-{self.number}.qcow2"
        if not overlay.exists():
            sh("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(self.image.disk),
               str(overlay), "3G")  # fmt: skip
        tap = f"tap{self.number}"
        self.lan.run("ip", "tuntap", "add", tap, "mode", "tap")
        self.lan.run("ip", "link", "set", tap, "master", "lan", "up")
        uuid = f"ec2{self.number:05x}-1111-4222-8333-{self.number:012x}"
        self.console_file.write_bytes(b"")
        command = [
            "ip", "netns", "exec", self.lan.name, "qemu-system-x86_64", "-nodefaults", "-display", "none",
            "-M", "pc-q35-7.2,accel=tcg,smm=off", "-cpu", "max", "-m", str(self.memory_mib),
            "-serial", f"file:{self.console_file}", "-uuid", uuid,
            "-smbios", "type=0,vendor=Amazon EC2,version=1.0",
            "-smbios", f"type=1,manufacturer=Amazon EC2,product=t2.micro,uuid={uuid},serial={uuid}",
            "-smbios", f"type=3,manufacturer=Amazon EC2,asset={instance_id(self.number)}",
            "-drive", f"if=none,id=root,file={overlay},format=qcow2,cache=unsafe,discard=unmap",
            "-device", "pcie-root-port,id=p1,chassis=1,slot=1",
            "-device", "pcie-root-port,id=p2,chassis=2,slot=2",
            "-device", "virtio-blk-pci,drive=root,bus=p1,bootindex=1,serial=vol-root",
            "-netdev", f"tap,id=net,ifname={tap},script=no,downscript=no",
            "-device", f"virtio-net-pci,netdev=net,bus=p2,romfile=,mac={mac(self.number)}",
            "-chardev", f"socket,id=qmp,path={self.lan.folder}/qmp-{self.number},server=on,wait=off",
            "-mon", "chardev=qmp,mode=control", *self.extra,
        ]  # fmt: skip
        boot = self.image.boot
        if boot and not self.firmware:
            command += ["-kernel", str(boot.kernel), "-append", self.cmdline or boot.cmdline]
            command += ["-initrd", str(boot.initrd)] if boot.initrd else []
        self.started = time.monotonic()
        self.process = subprocess.Popen(command)

    def wait_for_banner(self, within_s: float = 60) -> float:
        """Seconds from power-on to the ssh banner, seen from inside the LAN."""
        ip = self.lan.facts[mac(self.number)]["ip"]
        probe = str(Path(__file__).with_name("banner.py"))
        done = subprocess.run(
            ["ip", "netns", "exec", self.lan.name, sys.executable, probe, ip, str(within_s)],
            check=False,
        )
        assert done.returncode == 0, f"no banner; console:\n{self.console()[-3000:]}"
        return time.monotonic() - self.started

    def wait_for_console(self, text: str, within_s: float = 30) -> None:
        until = time.monotonic() + within_s
        while text not in self.console():
            assert time.monotonic() < until, f"no {text!r}; console:\n{self.console()[-3000:]}"
            time.sleep(0.05)

    def qmp(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(f"{self.lan.folder}/qmp-{self.number}")
            file = monitor.makefile("rw")
            file.readline()
            for verb in ("qmp_capabilities", command):
                file.write(json.dumps({"execute": verb}) + "\n")
                file.flush()
                while "return" not in file.readline():
                    pass

    def wait_for_end(self, within_s: float) -> float:
        """Seconds until the process has ended by itself."""
        assert self.process
        begun = time.monotonic()
        handle = os.pidfd_open(self.process.pid)
        ended, _, _ = select.select([handle], [], [], within_s)
        os.close(handle)
        assert ended, f"the guest still runs; console:\n{self.console()[-2000:]}"
        self.stop()
        return time.monotonic() - begun

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.lan.run("ip", "link", "delete", f"tap{self.number}")
