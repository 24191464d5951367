"""The leak oracle: what is on the host against what the rows say, before and after each test."""

import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from skerry.drivers.network import namespaces
from skerry.drivers.network.taps import tap_name
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.instance.model import Instance, State
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.security_group.model import SecurityGroup
from skerry.services.ec2.volume.model import Volume
from skerry.services.ec2.vpc.model import Vpc
from tests.cloud.real_cloud import RealCloud, until

SETTLE_S = 15.0
FDS_PER_VPC, FDS_TO_SPARE = 10, 24

World = dict[str, list[str]]  # what kind of thing → sorted names


@dataclass
class Before:
    """What a test found."""

    living: set[str]
    vpcs: int
    descriptors: int


def look(cloud: RealCloud) -> Before:
    until(cloud.ready, 30, "the cloud is ready")
    vpcs = cloud.read(select(Vpc.id))
    return Before(living(cloud), len(vpcs), _descriptors(cloud))


def check(cloud: RealCloud, before: Before) -> None:
    """Fail unless instances are those of before, and the host holds exactly what rows stand for."""
    end = time.monotonic() + SETTLE_S
    while (differences := _differences(cloud)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not differences, f"left behind or missing: {differences}\n{cloud.log_tail()}"
    assert living(cloud) == before.living, "instances of this test are not terminated"
    vpcs = len(cloud.read(select(Vpc.id))) - before.vpcs
    allowed = before.descriptors + FDS_PER_VPC * vpcs + FDS_TO_SPARE
    assert _descriptors(cloud) <= allowed, "the control plane holds ever more descriptors"


def living(cloud: RealCloud) -> set[str]:
    """Ids of instances that are not terminated."""
    return {each.id for each in cloud.read(select(Instance)) if each.state != State.TERMINATED}


def everything_is_gone(cloud: RealCloud) -> None:
    """After ``destroy``."""
    assert _processes(str(cloud.folder)) == []
    assert [name for name in _namespaces() if cloud.config.cloud in name] == []
    assert _root_links(cloud) == []
    assert _tables(cloud, "") == []
    assert not cloud.folder.exists()


def _differences(cloud: RealCloud) -> dict[str, tuple[list[str], list[str]]]:
    """Kind → (there without reason, missing)."""
    wanted, found = _wanted(cloud), _found(cloud)
    return {
        kind: (_minus(found[kind], wanted[kind]), _minus(wanted[kind], found[kind]))
        for kind in wanted
        if wanted[kind] != found[kind]
    }


def _minus(these: list[str], those: list[str]) -> list[str]:
    rest = list(those)
    return [each for each in these if each not in rest or rest.remove(each)]


def _wanted(cloud: RealCloud) -> World:
    name = cloud.config.cloud
    instances = cloud.read(select(Instance))
    running = {each.id for each in instances if each.state == State.RUNNING}
    cards = cloud.read(select(NetworkInterface))
    plugged = [each.id for each in cards if each.instance_id in running]
    vpcs = cloud.read(select(Vpc.id))
    own = f"skerry-{name}"
    public = [each.public_ip for each in cards if each.public_ip]
    public += [each.public_ip for each in cloud.read(select(Address)) if each.private_ip]
    world = {
        "qemu": running,
        "guest folders": {each.id for each in instances if each.ended_run or each.seen_run}
        | running,
        "taps": [tap_name(each) for each in plugged],
        "switch ports": plugged + [f"vpc:{each}" for each in vpcs],
        "namespaces": [own, *(f"{own}-{each}" for each in vpcs)],
        "volume files": cloud.read(select(Volume.id)),
        "logical ports": [each.id for each in cards],
        "logical routers": vpcs,
        "public addresses": public,
        "security groups": cloud.read(select(SecurityGroup.id)),
        "root links": [],
        "nft tables": [f"skerry_{name}"],
        "nft tables of the host": [],
        "mounts": [],
    }
    return {kind: sorted(names) for kind, names in world.items()}


def _found(cloud: RealCloud) -> World:
    own, folder = f"skerry-{cloud.config.cloud}", cloud.folder
    guests = folder / "guests"
    ports = _ovn(cloud, "name", "logical_switch_port")
    groups = re.findall(r"skerry:id=(sg-\w+)", " ".join(_ovn(cloud, "external_ids", "port_group")))
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    world = {
        "qemu": _processes(str(guests)),
        "guest folders": [each.name for each in guests.iterdir()],
        "taps": [each for each in _links(own) if each.startswith("tap")],
        "switch ports": _switch_ports(cloud),
        "namespaces": [each for each in _namespaces() if each.startswith(own)],
        "volume files": [each.stem for each in (folder / "volumes").iterdir()],
        "logical ports": [each for each in ports if each.startswith("eni-")],
        "logical routers": _ovn(cloud, "name", "logical_router"),
        "public addresses": [
            each for each in _ovn(cloud, "external_ip", "nat") if each.startswith("198.18.")
        ],
        "security groups": groups,
        "root links": _root_links(cloud),
        "nft tables": _tables(cloud, cloud.lan),
        "nft tables of the host": _tables(cloud, ""),
        "mounts": [line for line in mounts if str(folder) in line],
    }
    return {kind: sorted(names) for kind, names in world.items()}


# --- looking at the host --------------------------------------------------------------------------


def _say(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout


def _processes(folder: str) -> list[str]:
    """The guest (or command) of every process that names the folder in its command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_text().split("\0") if entry.name.isdigit() else []
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0] if words else ""
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z" and any(folder.removesuffix("/guests") in word for word in words):
            named = re.search(r"guest=(i-[0-9a-f]+)", " ".join(words))
            if named or not folder.endswith("/guests"):
                found.append(named[1] if named else words[0])
    return found


def _links(namespace: str) -> list[str]:
    words = ("ip", "-n", namespace) if namespace else ("ip",)
    lines = _say(*words, "-o", "link", "show").splitlines()
    return [line.split(": ")[1].split("@")[0] for line in lines]


def _root_links(cloud: RealCloud) -> list[str]:
    return [name for name in _links("") if cloud.config.cloud in name]


def _namespaces() -> list[str]:
    return sorted(namespaces.named_like(""))


def _tables(cloud: RealCloud, namespace: str) -> list[str]:
    there = ("ip", "netns", "exec", namespace) if namespace else ()
    # One for each family of addresses may be there, by the same name.
    names = {line.split()[-1] for line in _say(*there, "nft", "list", "tables").splitlines()}
    return [name for name in names if cloud.config.cloud in name]


def _switch_ports(cloud: RealCloud) -> list[str]:
    answer = _say(
        *("ovs-vsctl", f"--db=unix:{cloud.folder / 'network' / 'conf.sock'}", "--timeout=5"),
        *("--format=json", "--columns=external_ids", "list", "interface"),
    )
    if not answer:
        return ["the switch does not answer"]
    ids = [dict(row[0][1]).get("iface-id") for row in json.loads(answer)["data"]]
    return [
        each if each.startswith("eni-") else f"vpc:{each[each.index('vpc-') :]}"
        for each in ids
        if each
    ]


def _ovn(cloud: RealCloud, column: str, table: str) -> list[str]:
    answer = _say(
        *("ovn-nbctl", f"--db=unix:{cloud.folder / 'network' / 'nb.sock'}", "--timeout=5"),
        *("--bare", "--no-leader-only", f"--columns={column}", "list", table),
    )
    return answer.split()


def _descriptors(cloud: RealCloud) -> int:
    until(cloud.ready, 30, "the cloud is ready")
    return len(list(Path(f"/proc/{cloud.pid}/fd").iterdir()))
