"""Network cards of a running guest, seen and changed over its monitor.

What a guest has is asked of QEMU each time. The card is the device ``nic-<port id>`` behind a PCIe root
port of the guest; its wire is the netdev ``<port id>``, whose descriptor is the tap's. A card goes when
the guest lets it go; its wire can be cut at once.
"""

import os
import threading
from pathlib import Path
from typing import cast

from qemu.qmp import ExecuteError

from skerry.drivers.compute.port import CardLeavingError, NicSpec, NoSlotError
from skerry.drivers.compute.qemu import cage
from skerry.drivers.compute.qemu.argv import CARD, card_device
from skerry.drivers.compute.qemu.monitor import Monitor

_NAMED, _NAMELESS = "/machine/peripheral", "/machine/peripheral-anon"
_ROOT_PORT = "child<pcie-root-port>"


async def cards(monitor: Monitor) -> set[str]:
    """Port ids of the cards that the guest has."""
    names = await _devices(monitor, _NAMED)
    return {name.removeprefix(CARD) for name in names if name.startswith(CARD)}


async def plug(monitor: Monitor, nic: NicSpec, netns: str | None) -> None:
    """Plug the card unless the guest has it; raises NoSlotError, CardLeavingError, OSError."""
    if nic.port_id in await cards(monitor):
        if not await _is_wired(monitor, nic.port_id):
            raise CardLeavingError(f"{monitor.files.instance_id} still has {nic.port_id}")
        return
    bus = await _free_slot(monitor)
    await cut(monitor, nic.port_id)  # the wire of an earlier attempt may lead to a tap that is gone
    tap = open_tap(nic.tap, netns)
    try:
        await monitor.hand_over(tap, nic.port_id)
    finally:
        os.close(tap)
    wire: dict[str, object] = {"type": "tap", "id": nic.port_id, "fd": nic.port_id}
    await monitor.execute("netdev_add", wire)
    await monitor.execute("device_add", card_device(nic, bus))


async def ask_back(monitor: Monitor, port_id: str) -> None:
    """Ask the guest to let go of the card; may be repeated."""
    try:
        await monitor.execute("device_del", {"id": f"{CARD}{port_id}"})
    except ExecuteError as error:
        # Gone, or asked for already. QEMU lets us ask again when a guest has not listened for long.
        if error.error_class != "DeviceNotFound" and "process of unplug" not in str(error):
            raise


async def cut(monitor: Monitor, port_id: str) -> None:
    """Take the wire out; a card that is still there is dead from now on."""
    try:
        await monitor.execute("netdev_del", {"id": port_id})
    except ExecuteError as error:
        if error.error_class != "DeviceNotFound":
            raise


def open_tap(tap: str, netns: str | None) -> int:
    """A descriptor of this tap; raises OSError, FileNotFoundError when there is none."""
    if netns is None:
        return cage.open_tap(tap)
    opened: list[int | OSError] = []

    def inside() -> None:
        try:
            cage.enter_network(netns)
            opened.append(cage.open_tap(tap))
        except OSError as error:
            opened.append(error)

    # A namespace is a thread's: this one enters it and ends.
    thread = threading.Thread(target=inside, name=f"open {tap}")
    thread.start()
    thread.join()
    if isinstance(opened[0], OSError):
        raise opened[0]
    return opened[0]


async def _is_wired(monitor: Monitor, port_id: str) -> bool:
    try:
        await monitor.execute("set_link", {"name": port_id, "up": True})
    except ExecuteError:
        return False
    return True


async def _free_slot(monitor: Monitor) -> str:
    named = await _devices(monitor, _NAMED)
    slots = [name for name, kind in named.items() if kind == _ROOT_PORT]
    taken: set[str] = set()
    for folder, devices in ((_NAMED, named), (_NAMELESS, await _devices(monitor, _NAMELESS))):
        for name, kind in devices.items():
            if kind != _ROOT_PORT:
                where = {"path": f"{folder}/{name}", "property": "parent_bus"}
                taken.add(Path(cast("str", await monitor.execute("qom-get", where))).name)
    for slot in sorted(slots, key=lambda name: (len(name), name)):
        if slot not in taken:
            return slot
    raise NoSlotError(f"{monitor.files.instance_id} has no free PCIe slot")


async def _devices(monitor: Monitor, folder: str) -> dict[str, str]:
    """Names of the devices in this folder of QEMU's own tree, and what they are."""
    listed = await monitor.execute("qom-list", {"path": folder})
    children = cast("list[dict[str, str]]", listed)
    return {each["name"]: each["type"] for each in children if each["type"].startswith("child<")}
