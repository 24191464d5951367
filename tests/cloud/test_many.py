"""Many instances of one call."""

import time

from tests.cloud.guests import Tenant
from tests.cloud.real_cloud import RealCloud, until


def test_twenty_instances_of_one_call_are_all_reachable(cloud: RealCloud, tenant: Tenant):
    began = time.monotonic()
    guests = tenant.launch_many(20)
    ids = [each.id for each in guests]
    try:
        waiting = set(ids)
        addresses: dict[str, str] = {}

        def all_greet() -> bool:
            for page in tenant.ec2.describe_instances()["Reservations"]:
                for each in page["Instances"]:
                    if "PublicIpAddress" in each and each["State"]["Name"] == "running":
                        addresses[each["InstanceId"]] = each["PublicIpAddress"]
            for instance_id, address in addresses.items():
                if instance_id in waiting and cloud.banner(address):
                    waiting.discard(instance_id)
            return not waiting

        until(all_greet, 200, "all twenty greet", 0.5)
        print(f"20 instances of one call: all greet after {time.monotonic() - began:.0f} s")
        assert len(set(addresses.values())) == 20
    finally:
        tenant.ec2.terminate_instances(InstanceIds=ids)
        until(lambda: {each.state for each in guests} == {"terminated"}, 60, "all are gone", 0.3)


def test_a_client_token_makes_five_once(cloud: RealCloud, tenant: Tenant):
    first = tenant.launch_many(5, ClientToken="X")
    try:
        again = tenant.launch_many(5, ClientToken="X")
        assert {each.id for each in again} == {each.id for each in first}
        made = tenant.ec2.describe_instances()["Reservations"]
        assert sum(len(page["Instances"]) for page in made) == 5
    finally:
        tenant.ec2.terminate_instances(InstanceIds=[each.id for each in first])
        until(lambda: {each.state for each in first} == {"terminated"}, 30, "gone", 0.2)
