"""RunInstances to the ssh banner at the public address, against a bare QEMU boot of the same image."""

import statistics
import tempfile
import time
from pathlib import Path

from tests.cloud.guests import Tenant
from tests.cloud.image_cache import tiny_folder
from tests.cloud.images.guest_lan import Guest, Lan
from tests.cloud.real_cloud import TINY, RealCloud, until

from bench.report import Result
from skerry.drivers.images.store import ImageStore

ROUNDS = 5
PROMISE = 1.25


def run() -> list[Result]:
    """Rounds alternate, so that a busy moment of the machine meets both."""
    cloud = RealCloud()
    ours: list[float] = []
    peer: list[float] = []
    with tempfile.TemporaryDirectory(prefix="skb-", dir="/var/tmp") as folder:
        image = ImageStore(tiny_folder()).find(TINY)
        assert image is not None
        with Lan("skb-lan", Path(folder)) as lan:
            try:
                cloud.prepare()
                cloud.start()
                until(cloud.ready, 60, "the cloud is ready")
                tenant = Tenant(cloud, cloud.account(), Path(folder))
                until(cloud.ready, 60, "the tenant's VPC is served")
                for number in range(1, ROUNDS + 1):
                    ours.append(_ours(cloud, tenant))
                    peer.append(_bare(lan, image, number))
            finally:
                cloud.destroy()
    for name, seconds in (("ours", ours), ("bare", peer)):
        print(f"launch, {name}: {', '.join(f'{each:.2f}' for each in seconds)} s")
    mine, bare = statistics.median(ours), statistics.median(peer)
    name = "RunInstances → ssh banner at the public IP, against bare QEMU → banner"
    ratio = mine / bare
    return [
        Result(name, f"{mine:.2f} s", f"{bare:.2f} s", ratio, f"≤ {PROMISE}x", ratio <= PROMISE)
    ]


def _ours(cloud: RealCloud, tenant: Tenant) -> float:
    began = time.monotonic()
    guest = tenant.launch(InstanceType="t2.nano")
    address = tenant.ec2.describe_instances(InstanceIds=[guest.id])["Reservations"][0]["Instances"][
        0
    ]["PublicIpAddress"]
    until(lambda: cloud.banner(address), 60, "the banner", 0.01)
    seconds = time.monotonic() - began
    guest.terminate()
    return seconds


def _bare(lan: Lan, image, number: int) -> float:
    lan.start(number=number)
    time.sleep(0.5)
    guest = Guest(lan, image, number)
    guest.start()
    try:
        return guest.wait_for_banner()
    finally:
        guest.stop()
