"""What the owner of an interface lets other accounts do with it."""

from tests.unit.services.calling import Tenant, refused


def create(tenant: Tenant) -> str:
    subnet_id = tenant("DescribeSubnets")["Subnets"][0]["SubnetId"]
    made = tenant("CreateNetworkInterface", SubnetId=subnet_id)
    return made["NetworkInterface"]["NetworkInterfaceId"]


def grant(tenant: Tenant, interface_id: str, other: Tenant, **parameters) -> dict:
    asked = {"Permission": "INSTANCE-ATTACH", "AwsAccountId": other.account_id} | parameters
    made = tenant("CreateNetworkInterfacePermission", NetworkInterfaceId=interface_id, **asked)
    return made["InterfacePermission"]


def test_a_permission_is_granted_shown_and_taken_back(tenant: Tenant, other_tenant: Tenant):
    interface_id = create(tenant)
    made = grant(tenant, interface_id, other_tenant)
    assert made["PermissionState"] == {"State": "granted"}
    ids = [made["NetworkInterfacePermissionId"]]
    assert ids[0].startswith("eni-perm-")

    def shown(**parameters) -> list[dict]:
        found = tenant("DescribeNetworkInterfacePermissions", **parameters)
        return found["NetworkInterfacePermissions"]

    assert shown(NetworkInterfacePermissionIds=ids) == [made]
    account = "network-interface-permission.aws-account-id"
    for value, count in ((other_tenant.account_id, 1), (tenant.account_id, 0)):
        assert len(shown(Filters=[{"Name": account, "Values": [value]}])) == count
    assert other_tenant("DescribeNetworkInterfacePermissions")["NetworkInterfacePermissions"] == []
    with refused("InvalidPermissionID.NotFound"):
        other_tenant("DeleteNetworkInterfacePermission", NetworkInterfacePermissionId=ids[0])
    gone = tenant("DeleteNetworkInterfacePermission", NetworkInterfacePermissionId=ids[0])
    assert gone == {"Return": True}
    assert shown() == []


def test_a_permission_goes_with_its_interface(tenant: Tenant, other_tenant: Tenant):
    interface_id = create(tenant)
    grant(tenant, interface_id, other_tenant)
    tenant("DeleteNetworkInterface", NetworkInterfaceId=interface_id)
    found = tenant("DescribeNetworkInterfacePermissions")
    assert found["NetworkInterfacePermissions"] == []


def test_a_permission_names_one_other_account_once(tenant: Tenant, other_tenant: Tenant):
    interface_id = create(tenant)
    grant(tenant, interface_id, other_tenant)
    with refused("InvalidPermission.Duplicate"):
        grant(tenant, interface_id, other_tenant)
    grant(tenant, interface_id, other_tenant, Permission="EIP-ASSOCIATE")
    with refused("InvalidParameterCombination"):
        grant(tenant, interface_id, tenant)
    with refused("InvalidParameterValue"):
        grant(tenant, interface_id, other_tenant, AwsAccountId="000000000000")
    with refused("UnsupportedOperation"):
        grant(tenant, interface_id, other_tenant, AwsService="vpn")
    with refused("InvalidNetworkInterfaceID.NotFound"):
        grant(other_tenant, interface_id, tenant)
