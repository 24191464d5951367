"""What a user does with one virtual machine, from boot to the end."""

import os
import signal

import pytest

from tests.cloud.guests import Guest, Tenant
from tests.cloud.real_cloud import RealCloud, until


def test_a_web_server_of_the_user_data_answers_at_the_public_address(cloud: RealCloud, web: Guest):
    page = cloud.outside("curl", "-sS", "--max-time", "10", f"http://{web.public_ip}/")
    name = web.describe()["PrivateDnsName"]
    assert page.stdout == f"hello from {name.split('.')[0]}\n", page.stderr


def test_a_guest_knows_who_it_is(cloud: RealCloud, web: Guest):
    told = web.describe()
    facts = web.ssh("hostname; id -un; sudo id -un; cat /etc/resolv.conf; df -k / | tail -n 1")
    name, user, root, *resolver, disk = facts.splitlines()
    assert name == told["PrivateDnsName"].split(".")[0]
    assert (user, root) == ("ec2-user", "root")
    assert resolver[0] == "search ec2.internal"
    size = web.tenant.ec2.describe_volumes(
        VolumeIds=[told["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]]
    )["Volumes"][0]["Size"]
    assert int(disk.split()[1]) > 0.9 * size * 2**20, "the file system fills its volume"
    assert web.metadata("meta-data/instance-id") == web.id
    assert web.metadata("meta-data/public-ipv4") == told["PublicIpAddress"]
    assert web.metadata("meta-data/local-hostname") == told["PrivateDnsName"]
    names = web.ssh(f"nslookup {told['PrivateDnsName']} || true")
    assert told["PrivateIpAddress"] in names


def test_metadata_without_a_token_is_refused_when_tokens_are_required(cloud: RealCloud, web: Guest):
    ask = "wget -q -O - http://169.254.169.254/latest/meta-data/instance-id 2>&1 || true"
    ec2 = web.tenant.ec2
    assert web.ssh(ask) == web.id
    ec2.modify_instance_metadata_options(InstanceId=web.id, HttpTokens="required")
    try:
        assert "401" in web.ssh(ask)
        assert web.metadata("meta-data/instance-id") == web.id
    finally:
        ec2.modify_instance_metadata_options(InstanceId=web.id, HttpTokens="optional")


def test_the_console_shows_the_boot(cloud: RealCloud, web: Guest):
    until(lambda: "skerry-tiny ready" in web.console(), 20, "the console shows the end of the boot")
    told = web.console()
    assert "user data ended with status 0" in told
    assert "-----BEGIN SSH HOST KEY KEYS-----" in told
    host_key = cloud.outside("ssh-keyscan", "-t", "ed25519", web.public_ip).stdout.split()[-1]
    assert host_key in told, "a user can check the host key against the console"


def test_a_disk_outlives_stop_and_start_and_a_reboot_but_not_the_instance(
    cloud: RealCloud, tenant: Tenant
):
    ec2 = tenant.ec2
    guest = tenant.launch()
    ec2.get_waiter("instance_running").wait(
        InstanceIds=[guest.id], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    guest.wait_for_ssh()
    guest.ssh("echo precious >file")  # not synced: a graceful stop does that
    first_boot = guest.ssh("cat /proc/sys/kernel/random/boot_id")

    ec2.reboot_instances(InstanceIds=[guest.id])
    until(lambda: _boot_id(guest) not in ("", first_boot), 90, "it has booted again", 0.2)
    assert guest.ssh("cat file") == "precious"

    public, private = guest.public_ip, guest.describe()["PrivateIpAddress"]
    ec2.stop_instances(InstanceIds=[guest.id])
    ec2.get_waiter("instance_stopped").wait(
        InstanceIds=[guest.id], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    assert "PublicIpAddress" not in guest.describe()
    assert not cloud.reaches(public, 22)
    ec2.start_instances(InstanceIds=[guest.id])
    guest.wait_for_ssh()
    assert guest.ssh("cat file") == "precious"
    assert guest.describe()["PrivateIpAddress"] == private

    public = guest.public_ip
    ec2.terminate_instances(InstanceIds=[guest.id])
    ec2.get_waiter("instance_terminated").wait(
        InstanceIds=[guest.id], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    until(lambda: ec2.describe_volumes()["Volumes"] == [], 10, "its volume is gone")
    assert not cloud.reaches(public, 22)


def _boot_id(guest: Guest) -> str:
    try:
        return guest.ssh("cat /proc/sys/kernel/random/boot_id")
    except AssertionError:
        return ""


@pytest.mark.parametrize(("behaviour", "state"), [("stop", "stopped"), ("terminate", "terminated")])
def test_a_guest_that_powers_itself_off_is(cloud: RealCloud, tenant: Tenant, behaviour, state):
    with tenant.launched(InstanceInitiatedShutdownBehavior=behaviour) as guest:
        guest.wait_for_ssh()
        guest.ssh("sudo poweroff")
        guest.wait_for(state, 30)
        reason = guest.describe()["StateReason"]["Code"]
        assert reason == "Client.InstanceInitiatedShutdown"


def test_a_guest_whose_process_dies_comes_back(cloud: RealCloud, tenant: Tenant):
    with tenant.launched() as guest:
        guest.wait_for_ssh()
        guest.ssh("echo precious >file; sync")
        kill_process(cloud, guest)
        until(lambda: not cloud.banner(guest.public_ip), 10, "it is down")
        guest.wait_for_ssh()
        assert guest.ssh("cat file") == "precious"


def kill_process(cloud: RealCloud, guest: Guest) -> None:
    pid, _ = (cloud.folder / "guests" / guest.id / "process").read_text().split()
    os.kill(int(pid), signal.SIGKILL)
