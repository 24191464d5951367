"""Stock Debian 12 with stock cloud-init takes this for EC2."""

import os

import pytest

from tests.cloud.guests import Tenant
from tests.cloud.image_cache import DEBIAN, debian_folder, debian_is_there, take
from tests.cloud.real_cloud import RealCloud, until

WANTED = os.environ.get("SKERRY_TEST_DEBIAN") == "1"


@pytest.mark.timeout(900)
@pytest.mark.skipif(
    not (WANTED or debian_is_there()),
    reason="debian-12 is not built on this machine yet; SKERRY_TEST_DEBIAN=1 builds it (2 minutes)",
)
def test_stock_cloud_init_takes_us_for_ec2(cloud: RealCloud, tenant: Tenant):
    take(debian_folder(), cloud.folder / "images")
    cloud.kill()
    cloud.start()
    ec2 = tenant.ec2
    until(lambda: ec2.describe_images(ImageIds=[DEBIAN])["Images"], 20, "the image is known")
    data = b"#!/bin/sh\necho user data ran >/run/proof\n"
    with tenant.launched(ImageId=DEBIAN, InstanceType="t3.small", UserData=data) as guest:
        guest.user = "admin"
        booted_s = guest.wait_for_ssh(300)
        status = guest.ssh("sudo cloud-init status --wait --long; true")
        print(f"debian-12 greets after {booted_s:.0f} s; {status}")
        assert "status: done" in status
        assert "DataSourceEc2" in status
        assert guest.ssh("sudo cloud-init query cloud_name") == "aws"
        assert guest.ssh("hostname") == guest.describe()["PrivateDnsName"].split(".")[0]
        assert guest.ssh("cat /run/proof") == "user data ran"
