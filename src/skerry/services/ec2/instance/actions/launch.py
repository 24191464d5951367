"""Launching instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.ids import new_id
from skerry.kernel.prepared import insert_new
from skerry.kernel.tags import tag_new, tags_on_create
from skerry.kernel.wake import wake_all
from skerry.services.ec2.instance.actions.launch_network import insert_cards, read_cards
from skerry.services.ec2.instance.actions.launch_request import (
    MAX_PER_LAUNCH,
    read_launch,
    structure,
)
from skerry.services.ec2.instance.api import (
    MAX_INSTANCES,
    PRESENT,
    Parts,
    instance_facts,
    room_left,
)
from skerry.services.ec2.instance.errors import (
    InstanceLimitExceeded,
    InsufficientInstanceCapacity,
)
from skerry.services.ec2.instance.model import Instance, Wanted
from skerry.services.ec2.instance.view.instances import reservation_views
from skerry.services.ec2.volume.api import create_root_volumes

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import RunInstancesRequestTypeDef

    from skerry.kernel.context import Context
    from skerry.services.ec2.instance.actions.launch_network import Card
    from skerry.services.ec2.instance.actions.launch_request import Launch


@action("RunInstances")
def run_instances(ctx: Context, req: RunInstancesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html

    As many as there is room for between ``MinCount`` and ``MaxCount``, or none.
    """
    launch = read_launch(ctx, dict(req))
    cards = read_cards(ctx, launch)
    count = _count(ctx, launch, cards[0].zone)
    reservation_id = new_id("r")
    instances = [_draft(ctx, launch, cards[0], reservation_id, each) for each in range(count)]
    parts = _insert(ctx, launch, cards, instances)
    facts = instance_facts(ctx.db, ctx.region, instances, parts)
    return reservation_views(instances, facts)[0]


def _count(ctx: Context, launch: Launch, zone: str) -> int:
    """How many are launched. Raises InstanceLimitExceeded, InsufficientInstanceCapacity."""
    present = PRESENT.rows(ctx.db)[0].present
    allowed = min(launch.most, MAX_PER_LAUNCH, MAX_INSTANCES - present)
    if allowed < launch.least:
        raise InstanceLimitExceeded(count=launch.least, limit=MAX_INSTANCES - present)
    room = room_left(ctx)
    count = 0
    while count < allowed and room.take(launch.kind):
        count += 1
    if count < launch.least:
        raise InsufficientInstanceCapacity(instance_type=launch.kind.name, zone=zone, count=count)
    return count


def _draft(
    ctx: Context, launch: Launch, primary: Card, reservation_id: str, index: int
) -> Instance:
    asked, image, metadata = launch.asked, launch.image, launch.metadata
    return Instance(
        id=new_id("i"),
        account_id=ctx.account_id,
        reservation_id=reservation_id,
        launch_index=index,
        image_id=image.id,
        image_stored_as=image.stored_as,
        instance_type=launch.kind.name,
        key_name=launch.key_name,
        public_key=launch.public_key,
        user_data=launch.user_data,
        vpc_id=primary.vpc_id,
        subnet_id=primary.subnet_id,
        zone=primary.zone,
        root_device_name=image.root_device_name,
        client_token=asked.get("ClientToken") or "",
        shutdown_behavior=asked.get("InstanceInitiatedShutdownBehavior") or "stop",
        disable_api_termination=bool(asked.get("DisableApiTermination")),
        disable_api_stop=bool(asked.get("DisableApiStop")),
        ebs_optimized=bool(asked.get("EbsOptimized")),
        detailed_monitoring=bool(structure(asked, "Monitoring").get("Enabled")),
        cpu_credits=launch.cpu_credits,
        metadata_enabled=metadata.get("HttpEndpoint") != "disabled",
        metadata_tokens=metadata.get("HttpTokens") or "optional",
        metadata_hop_limit=metadata.get("HttpPutResponseHopLimit") or 1,
        metadata_tags=metadata.get("InstanceMetadataTags") == "enabled",
        created_at=ctx.now,
        wanted=Wanted.RUNNING,
        run=1,
        reboots_wanted=0,
        force_stop=False,
        launched_at=ctx.now,
        wanted_at=ctx.now,
    )


def _insert(ctx: Context, launch: Launch, cards: list[Card], instances: list[Instance]) -> Parts:
    """Write the instances with all their parts, in as many statements for one as for a thousand."""
    ids = [instance.id for instance in instances]
    insert_new(ctx.db, instances)
    volumes = create_root_volumes(
        ctx,
        ids,
        cards[0].zone,
        launch.image,
        launch.root_mapping,
        tags_on_create(launch.asked, "volume"),
    )
    tags = tags_on_create(launch.asked, "instance")
    tag_new(ctx, "instance", ids, tags)
    wake_all(ctx.db, instances)
    interfaces = insert_cards(ctx, launch, cards, ids)
    attached = {id_: [volume] for id_, volume in zip(ids, volumes, strict=True)}
    return Parts(interfaces, attached, dict.fromkeys(ids, tags))
