"""Guests as their users see them: launched through the API, reached by ssh at their public address."""

import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cloud.real_cloud import TINY, RealCloud, until

BOOT_S = 90.0
SSH = (
    *("ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"),
    *("-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"),
    *("-o", "IdentitiesOnly=yes"),
)


@dataclass
class Tenant:
    """An account with a key pair and a group that lets ssh and web in."""

    cloud: RealCloud
    account: str
    folder: Path

    def __post_init__(self) -> None:
        self.ec2 = self.cloud.client(self.account)
        self.key = self.folder / f"{self.account}.pem"
        made = self.ec2.create_key_pair(KeyName="key", KeyType="ed25519")
        self.key.touch(mode=0o600)
        self.key.write_text(made["KeyMaterial"])
        group = self.ec2.create_security_group(GroupName="open", Description="ssh and web")
        self.group_id = group["GroupId"]
        for port in (22, 80):
            self.ec2.authorize_security_group_ingress(
                GroupId=self.group_id,
                IpProtocol="tcp",
                FromPort=port,
                ToPort=port,
                CidrIp="0.0.0.0/0",
            )

    def launch(self, **wanted) -> "Guest":
        return self.launch_many(1, **wanted)[0]

    def launch_many(self, count: int, **wanted) -> list["Guest"]:
        """Instances that run; their systems may still boot."""
        settings = {"ImageId": TINY, "InstanceType": "t2.nano", "KeyName": "key"}
        if not {"SecurityGroupIds", "NetworkInterfaces"} & wanted.keys():
            settings["SecurityGroupIds"] = [self.group_id]
        answer = self.ec2.run_instances(MinCount=count, MaxCount=count, **(settings | wanted))
        return [Guest(self, each["InstanceId"]) for each in answer["Instances"]]

    @contextmanager
    def launched(self, **wanted) -> Iterator["Guest"]:
        """One for the block, terminated afterwards."""
        guest = self.launch(**wanted)
        try:
            yield guest
        finally:
            guest.terminate()


@dataclass
class Guest:
    """One instance."""

    tenant: Tenant
    id: str
    user: str = "ec2-user"

    @property
    def cloud(self) -> RealCloud:
        return self.tenant.cloud

    def describe(self) -> dict:
        answer = self.tenant.ec2.describe_instances(InstanceIds=[self.id])
        return answer["Reservations"][0]["Instances"][0]

    @property
    def state(self) -> str:
        return self.describe()["State"]["Name"]

    @property
    def public_ip(self) -> str:
        return self.describe()["PublicIpAddress"]

    def wait_for(self, state: str, within_s: float = BOOT_S) -> float:
        return until(lambda: self.state == state, within_s, f"{self.id} is {state}", 0.05)

    def wait_for_ssh(self, within_s: float = BOOT_S) -> float:
        """Seconds until its ssh server greets."""
        self.wait_for("running")
        address = self.public_ip
        return until(lambda: self.cloud.banner(address), within_s, f"{self.id} greets", 0.05)

    def login(self, *command: str) -> list[str]:
        return [*SSH, "-i", str(self.tenant.key), f"{self.user}@{self.public_ip}", *command]

    def ssh(self, command: str, stdin: str | None = None) -> str:
        """What the command prints in the guest."""
        done = self.cloud.outside(*self.login(command), stdin=stdin)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def metadata(self, path: str) -> str:
        """What the metadata service tells the guest, asked with a token."""
        return self.ssh(f"sudo sh -c '. /usr/lib/skerry/imds; token=$(imds_token); {_get(path)}'")

    def console(self) -> str:
        return self.tenant.ec2.get_console_output(InstanceId=self.id, Latest=True)["Output"]

    def terminate(self) -> None:
        if self.state != "terminated":
            self.tenant.ec2.terminate_instances(InstanceIds=[self.id])
            self.wait_for("terminated", 30)

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """An ssh session that stays open for the block."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.cloud.lan, *self.login("cat")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Session(process)
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def _get(path: str) -> str:
    return f"imds_get {path} /tmp/item && cat /tmp/item"


@dataclass
class Session:
    """A program at the far end of a TCP connection that repeats what it is told."""

    process: subprocess.Popen[bytes]
    said: int = 0

    def is_alive(self, within_s: float = 20) -> bool:
        """Whether what we say now comes back."""
        self.said += 1
        line = f"{self.said}\n".encode()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except BrokenPipeError:
            return False
        heard, end = b"", time.monotonic() + within_s
        while line not in heard:
            left_s = end - time.monotonic()
            if left_s <= 0 or not select.select([self.process.stdout], [], [], left_s)[0]:
                return False
            read = os.read(self.process.stdout.fileno(), 4096)
            if not read:
                return False
            heard += read
        return True
