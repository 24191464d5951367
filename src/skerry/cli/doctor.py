"""doctor: what this machine lacks, in plain words, and how to mend it."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from skerry.cli import process
from skerry.cli.screen import say
from skerry.config import Config

TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "ovs-vswitchd": "openvswitch-switch",
    "ovn-northd": "ovn-central",
    "ovn-controller": "ovn-host",
    "nft": "nftables",
    "ip": "iproute2",
    "ethtool": "ethtool",
    "mke2fs": "e2fsprogs",
}
ENOUGH_MEMORY_MIB = 1024
ENOUGH_DISK_GIB = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """``grade``: "ok", "slow" (works, could be better) or "bad" (something will not work)."""

    grade: str
    text: str
    mend: str = ""


@click.command()
def doctor() -> None:
    """Say what this machine lacks and how to mend it."""
    config = process.configured()
    checks: tuple[Callable[[Config], Finding], ...] = (
        _root,
        _tools,
        _kvm,
        _datapath,
        _tun,
        _forwarding,
        _memory,
        _disk,
        _port,
    )
    findings = [check(config) for check in checks]
    colors = {"ok": "green", "slow": "yellow", "bad": "red"}
    for finding in findings:
        color = colors[finding.grade]
        say(f"[{color}]{finding.grade:>4}[/]  {finding.text}")
        if finding.mend:
            say(f"      → {finding.mend}")
    if any(finding.grade == "bad" for finding in findings):
        sys.exit(1)


def _root(_: Config) -> Finding:
    if os.geteuid() == 0:
        return Finding("ok", "running as root")
    return Finding("bad", "not root: taps and network namespaces need it", "run with sudo")


def _tools(_: Config) -> Finding:
    packages = sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
    if not packages:
        return Finding("ok", "all engines are installed")
    return Finding("bad", "missing engines", f"apt-get install {' '.join(packages)}")


def _kvm(config: Config) -> Finding:
    from skerry.drivers.compute.accel import accelerator  # noqa: PLC0415 - loads the probe

    accel = accelerator(config.accel, config.state_dir)
    if accel.kind == "kvm":
        return Finding("ok", f"virtual machines run on the processor (KVM): {accel.reason}")
    return Finding(
        "slow",
        f"virtual machines are translated (TCG), about ten times slower: {accel.reason}",
        "on bare metal enable VT-x/AMD-V in the firmware; in a VM ask for nested virtualisation",
    )


def _datapath(_: Config) -> Finding:
    loaded = Path("/sys/module/openvswitch").exists()
    if not loaded and shutil.which("modprobe"):
        done = subprocess.run(["modprobe", "-q", "openvswitch"], check=False, capture_output=True)
        loaded = done.returncode == 0
    if loaded:
        return Finding("ok", "packets are switched in the kernel (openvswitch module)")
    return Finding(
        "slow",
        "packets are switched in user space: the openvswitch kernel module is missing",
        "install a kernel with the openvswitch module (any distribution's stock kernel has it)",
    )


def _tun(_: Config) -> Finding:
    if Path("/dev/net/tun").exists():
        return Finding("ok", "/dev/net/tun is there")
    return Finding("bad", "/dev/net/tun is missing", "modprobe tun, or allow it in the container")


def _forwarding(_: Config) -> Finding:
    if shutil.which("nft") is None:
        return Finding("bad", "cannot look at the firewall", "apt-get install nftables")
    listing = subprocess.run(["nft", "list", "chains"], check=False, capture_output=True, text=True)
    chains = [line for line in listing.stdout.splitlines() if "hook forward" in line]
    if any("policy drop" in line for line in chains):
        return Finding(
            "slow",
            "the host's firewall drops what it forwards (Docker sets this): guests reach the host, "
            "not the world",
            "accept packets from and to interfaces named sku-* in its forward chain",
        )
    return Finding("ok", "the host forwards packets of guests")


def _memory(_: Config) -> Finding:
    lines = Path("/proc/meminfo").read_text().splitlines()
    available = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    free_mib = available // 1024
    if free_mib >= ENOUGH_MEMORY_MIB:
        return Finding("ok", f"{free_mib} MiB of memory are free for guests")
    return Finding("bad", f"only {free_mib} MiB of memory are free", "a guest needs about 0.6 GiB")


def _disk(config: Config) -> Finding:
    place = next(each for each in (config.state_dir, *config.state_dir.parents) if each.exists())
    free_gib = shutil.disk_usage(place).free // 2**30
    if free_gib >= ENOUGH_DISK_GIB:
        return Finding("ok", f"{free_gib} GiB are free in {place}")
    return Finding("bad", f"only {free_gib} GiB are free in {place}", "set state_dir elsewhere")


def _port(config: Config) -> Finding:
    if process.running_pid(config) is not None:
        return Finding("ok", f"the cloud serves {config.endpoint_url}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.listen, config.port))
        except OSError as taken:
            return Finding(
                "bad",
                f"cannot listen on {config.listen}:{config.port}: {taken.strerror}",
                "set SKERRY_PORT to a free port",
            )
    return Finding("ok", f"port {config.port} is free")
