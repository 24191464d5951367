"""Images: who sees which, and what becomes of a stored one."""

from datetime import timedelta

import pytest

from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.memory import MemoryImages
from skerry.kernel.clock import now
from skerry.kernel.db import Database
from skerry.services.ec2.image.api import find_image, register_builtin
from skerry.services.ec2.image.model import AMAZON
from tests.unit.services.calling import Tenant, refused

TINY = "ami-0abcdef1234567890"
ROOT_SNAPSHOT = "snap-0abcdef1234567890"


@pytest.fixture(autouse=True)
def builtin(database: Database):
    stored = MemoryImages().add(ImageLabel(TINY, "tiny-1", "the default", "ec2-user"), size_gib=2)
    with database.write(None) as session:
        register_builtin(session, stored, now())


def _register(tenant: Tenant, name: str, **more: object) -> str:
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": ROOT_SNAPSHOT}}
    given = {"BlockDeviceMappings": [mapping], **more}
    return tenant("RegisterImage", Name=name, **given)["ImageId"]


def _ids(tenant: Tenant, **parameters: object) -> list[str]:
    return [one["ImageId"] for one in tenant("DescribeImages", **parameters)["Images"]]


def test_a_stored_image_is_everybodys_and_amazons(tenant: Tenant):
    (image,) = tenant("DescribeImages", Owners=["amazon"])["Images"]
    assert image["ImageId"] == TINY
    assert image["OwnerId"] == AMAZON
    assert image["ImageOwnerAlias"] == "amazon"
    assert image["Public"] is True
    assert image["RootDeviceName"] == "/dev/xvda"
    (root,) = image["BlockDeviceMappings"]
    assert root["Ebs"]["SnapshotId"] == ROOT_SNAPSHOT
    assert root["Ebs"]["VolumeSize"] == 2


def test_registering_a_stored_image_again_keeps_its_date(tenant: Tenant, database: Database):
    before = tenant("DescribeImages", ImageIds=[TINY])["Images"][0]["CreationDate"]
    stored = MemoryImages().add(ImageLabel(TINY, "tiny-2", "newer", "ec2-user"), size_gib=3)
    with database.write(None) as session:
        register_builtin(session, stored, now() + timedelta(days=1))
    (image,) = tenant("DescribeImages", ImageIds=[TINY])["Images"]
    assert image["CreationDate"] == before
    assert image["Name"] == "tiny-2"
    assert image["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 3


def test_a_copy_shares_the_stored_bytes_and_is_private(tenant: Tenant, other_tenant: Tenant):
    image_id = _register(tenant, "mine")
    assert _ids(tenant, Owners=["self"]) == [image_id]
    assert _ids(other_tenant) == [TINY]
    with refused("InvalidAMIID.NotFound", image_id):
        other_tenant("DescribeImages", ImageIds=[image_id])
    with tenant.writing() as ctx:
        assert find_image(ctx, image_id).stored_as == TINY


def test_sharing_lets_one_account_see_and_unsharing_takes_it_back(
    tenant: Tenant, other_tenant: Tenant
):
    image_id = _register(tenant, "shared")
    permission = [{"UserId": other_tenant.account_id}]
    tenant("ModifyImageAttribute", ImageId=image_id, LaunchPermission={"Add": permission})
    assert _ids(other_tenant, ExecutableUsers=["self"]) == [image_id]
    assert _ids(other_tenant, Owners=[tenant.account_id]) == [image_id]
    shown = tenant("DescribeImageAttribute", ImageId=image_id, Attribute="launchPermission")
    assert shown["LaunchPermissions"] == permission
    tenant(
        "ModifyImageAttribute",
        ImageId=image_id,
        Attribute="launchPermission",
        OperationType="remove",
        UserIds=[other_tenant.account_id],
    )
    assert image_id not in _ids(other_tenant)


def test_a_public_image_is_everybodys_until_reset(tenant: Tenant, other_tenant: Tenant):
    image_id = _register(tenant, "public")
    tenant("ModifyImageAttribute", ImageId=image_id, OperationType="add", UserGroups=["all"])
    assert image_id in _ids(other_tenant, ExecutableUsers=["all"])
    tenant("ResetImageAttribute", ImageId=image_id, Attribute="launchPermission")
    assert image_id not in _ids(other_tenant)


def test_what_is_shared_cannot_be_changed_by_those_it_is_shared_with(
    tenant: Tenant, other_tenant: Tenant
):
    image_id = _register(tenant, "public")
    tenant("ModifyImageAttribute", ImageId=image_id, LaunchPermission={"Add": [{"Group": "all"}]})
    for action, more in (
        ("DeregisterImage", {}),
        ("ModifyImageAttribute", {"Description": {"Value": "mine now"}}),
        ("ResetImageAttribute", {"Attribute": "launchPermission"}),
        ("DescribeImageAttribute", {"Attribute": "launchPermission"}),
    ):
        with refused("AuthFailure", image_id):
            other_tenant(action, ImageId=image_id, **more)


def test_the_clouds_own_images_cannot_be_deregistered(tenant: Tenant):
    with refused("AuthFailure"):
        tenant("DeregisterImage", ImageId=TINY)


def test_a_deregistered_image_is_gone_with_its_tags(tenant: Tenant):
    image_id = _register(
        tenant,
        "short-lived",
        TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "a", "Value": "b"}]}],
    )
    assert _ids(tenant, Filters=[{"Name": "tag:a", "Values": ["b"]}]) == [image_id]
    tenant("DeregisterImage", ImageId=image_id)
    assert tenant("DescribeTags")["Tags"] == []
    with refused("InvalidAMIID.NotFound"):
        tenant("DescribeImages", ImageIds=[image_id])


def test_a_name_is_used_once_in_an_account(tenant: Tenant, other_tenant: Tenant):
    image_id = _register(tenant, "name")
    with refused("InvalidAMIName.Duplicate", image_id):
        _register(tenant, "name")
    assert _register(other_tenant, "name")
    with refused("InvalidAMIName.Malformed"):
        _register(tenant, "per cent %")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Architecture": "arm64"}, "UnsupportedOperation"),
        ({"ImageLocation": "bucket/manifest.xml"}, "UnsupportedOperation"),
        ({"BlockDeviceMappings": []}, "MissingParameter"),
        ({"RootDeviceName": "/dev/sda1"}, "UnsupportedOperation"),
        (
            {
                "BlockDeviceMappings": [
                    {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-0000000000000000f"}}
                ]
            },
            "InvalidSnapshot.NotFound",
        ),
        (
            {
                "BlockDeviceMappings": [
                    {
                        "DeviceName": "/dev/xvda",
                        "Ebs": {"SnapshotId": ROOT_SNAPSHOT, "VolumeSize": 1},
                    }
                ]
            },
            "InvalidBlockDeviceMapping",
        ),
    ],
)
def test_what_cannot_be_registered_is_refused(tenant: Tenant, given: dict, code: str):
    with refused(code):
        _register(tenant, "refused", **given)


def test_filters_and_pages_of_images(tenant: Tenant):
    ours = sorted(_register(tenant, f"web-{number}") for number in range(6))
    found = _ids(tenant, Filters=[{"Name": "name", "Values": ["web-*"]}])
    assert sorted(found) == ours
    assert _ids(tenant, Filters=[{"Name": "is-public", "Values": ["true"]}]) == [TINY]
    first = tenant("DescribeImages", Owners=["self"], MaxResults=4)
    rest = tenant("DescribeImages", Owners=["self"], MaxResults=4, NextToken=first["NextToken"])
    assert len(first["Images"]) == 4
    assert "NextToken" not in rest
    assert [one["ImageId"] for one in first["Images"] + rest["Images"]] == ours


def test_an_image_id_of_another_form_is_malformed(tenant: Tenant):
    with refused("InvalidAMIID.Malformed", "ami-xyz"):
        tenant("DescribeImages", ImageIds=["ami-xyz"])


def test_bad_permissions_are_refused(tenant: Tenant):
    image_id = _register(tenant, "permissions")
    for permission, code in (
        ({"UserId": "12"}, "InvalidAMIAttributeItemValue"),
        ({"Group": "some"}, "InvalidAMIAttributeItemValue"),
        ({"OrganizationArn": "arn:aws:organizations::1:organization/o"}, "UnsupportedOperation"),
    ):
        with refused(code):
            tenant("ModifyImageAttribute", ImageId=image_id, LaunchPermission={"Add": [permission]})
    with refused("MissingParameter"):
        tenant("ModifyImageAttribute", ImageId=image_id)
