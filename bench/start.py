"""``skerry up`` to the first signed answer, and what an idle cloud weighs."""

import statistics
import time
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from tests.cloud.real_cloud import RealCloud, until

from bench.report import Result
from skerry.operations import credentials_of

ROUNDS = 5
PROMISE_S = 2.0
PROMISE_MB = 200


def run() -> list[Result]:
    cloud = RealCloud()
    try:
        cloud.prepare()
        cloud.command("up")  # the first start makes the database
        times: list[float] = []
        for _ in range(ROUNDS):
            cloud.command("down")
            times.append(_up(cloud))
        until(cloud.settled, 60, "the cloud has come to rest")
        time.sleep(5)
        resident, proportional = _memory_mb(cloud.folder)
        cloud.command("down")
    finally:
        cloud.destroy()
    seconds = statistics.median(times)
    return [
        Result("`skerry up` → first signed answer", f"{seconds:.2f} s", "", None,
               f"≤ {PROMISE_S:.0f} s", seconds <= PROMISE_S),
        Result("memory of the idle cloud, 7 processes (proportional; resident)",
               f"{proportional:.0f} MB ({resident:.0f} MB)", "", None, f"≤ {PROMISE_MB} MB",
               resident <= PROMISE_MB),
    ]  # fmt: skip


def _up(cloud: RealCloud) -> float:
    began = time.monotonic()
    cloud.command("up")
    key = Credentials(*credentials_of(cloud.config, "default"))
    form = b"Action=DescribeVpcs&Version=2016-11-15"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", f"{cloud.config.endpoint_url}/", headers, form)
    SigV4Auth(key, "ec2", "us-east-1").add_auth(request)
    assert URLLib3Session().send(request.prepare()).status_code == 200
    return time.monotonic() - began


def _memory_mb(folder: Path) -> tuple[float, float]:
    """Resident and proportional memory of everything that runs out of this state directory."""
    pids = [int(path.read_text()) for path in folder.glob("network/*.pid")]
    pids.append(int((folder / "run" / "skerry.pid").read_text()))
    assert len(pids) == 7
    resident = proportional = 0.0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                resident += int(line.split()[1]) / 1000
            if line.startswith("Pss:"):
                proportional += int(line.split()[1]) / 1000
    return resident, proportional
