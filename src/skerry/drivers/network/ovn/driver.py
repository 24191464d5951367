"""The network of a cloud: private OVN and OVS in a namespace of their own, fed with whole VPCs."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from skerry.drivers.network import namespaces, taps
from skerry.drivers.network.commands import run
from skerry.drivers.network.ovn.compile import EXTERNAL, Site, compile_vpc
from skerry.drivers.network.ovn.daemons import (
    Daemon,
    Places,
    databases,
    raise_file_limit,
    workers,
)
from skerry.drivers.network.ovn.northbound import Northbound
from skerry.drivers.network.ovn.rows import OWNER, Rows
from skerry.drivers.network.ovn.services import ServiceNamespaces
from skerry.drivers.network.ovn.supervisor import Supervisor
from skerry.drivers.network.ovn.switch import Switch
from skerry.drivers.network.ovn.transaction import Index, make_so
from skerry.drivers.network.port import Vpc
from skerry.drivers.network.uplink import INNER, Uplink

log = logging.getLogger(__name__)

TRANSIT_KEY = "skerry:transit"
FIRST_TRANSIT = 16
READY_S = 30.0
TRANSIT = IPv4Network("100.64.0.0/16")
"""Addresses of the routers themselves: RFC 6598's shared space, seen by nobody but the host."""


@dataclass(frozen=True, slots=True)
class OvnSettings:
    """One cloud's network. ``outside``: namespace that reaches public addresses; empty: the host's."""

    cloud: str
    state_dir: Path
    pool: IPv4Network
    outside: str = ""
    transit: IPv4Network = TRANSIT
    mtu: int = 9001

    @property
    def namespace(self) -> str:
        """Name of the namespace that holds switches and taps."""
        return f"skerry-{self.cloud}"


class OvnNetwork:
    """The real network. ``start`` before use; ``close`` leaves everything running."""

    def __init__(self, settings: OvnSettings) -> None:
        self._settings = settings
        self._places = Places(settings.state_dir.absolute() / "network", settings.namespace)
        self._places.check()
        self._switch = Switch(self._places)
        self._uplink = Uplink(
            settings.cloud, settings.namespace, settings.outside, settings.pool, settings.transit
        )
        self._services = ServiceNamespaces(settings.namespace, self._switch)
        self._site = Site(
            settings.namespace, settings.transit[1], settings.transit.prefixlen, settings.mtu
        )
        self._daemons = (*databases(self._places), *workers(self._places))
        self._supervisor = Supervisor(self._daemons)
        self._index = Index()
        self._lock = threading.Lock()
        self._northbound: Northbound | None = None
        self._watchers: list[Callable[[], None]] = []
        self.rows_touched = 0  # by the last apply or remove

    @property
    def namespace(self) -> str:
        """Name of the network namespace that holds the taps."""
        return self._settings.namespace

    # --- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Bring the daemons up, or adopt those that run. Raises when they do not become ready."""
        self._places.folder.mkdir(parents=True, exist_ok=True)
        raise_file_limit()
        namespaces.ensure(self._settings.namespace)
        with ThreadPoolExecutor(4) as pool:
            uplink = pool.submit(self._uplink.ensure)
            list(pool.map(Daemon.start, databases(self._places)))
            self._switch.configure(self._settings.namespace)
            list(pool.map(Daemon.start, workers(self._places)))
            uplink.result()
        self._switch.ensure_bridge(INNER)
        self._supervisor.start()
        self._wait_for_chassis()
        self._northbound = Northbound(self._places.northbound)
        self._northbound.run(_ensure_external)
        self._clean_up()

    def close(self) -> None:
        """Let go; packets keep flowing."""
        self._supervisor.close()
        if self._northbound is not None:
            self._northbound.close()

    def stop(self) -> None:
        """Take the whole network off the host; rows bring it back at the next start."""
        self.close()
        for daemon in reversed(self._daemons):
            daemon.stop()
        self._services.remove_all()
        self._uplink.remove()
        namespaces.remove(self._settings.namespace)
        for each in self._places.folder.glob("*.db"):
            each.unlink()

    # --- the port -----------------------------------------------------------------------------

    def apply(self, vpc: Vpc) -> None:
        """Make the VPC exactly this; returns when the data plane has it."""
        is_new = self._services.ensure(vpc)

        def work(tables: Any, txn: Any) -> tuple[int, int]:
            existing = self._index.of_vpc(tables, vpc.vpc_id)
            rows = compile_vpc(vpc, self._site, self._transit(tables, vpc.vpc_id))
            touched = make_so(tables, txn, vpc.vpc_id, rows, existing)
            _place_on_external(tables, txn, vpc.vpc_id, rows)
            return touched, _next_configuration(tables) if touched else 0

        self._change(work)
        if is_new:
            self._tell()

    def remove(self, vpc_id: str) -> None:
        """Remove the VPC and everything in it."""

        def work(tables: Any, txn: Any) -> tuple[int, int]:
            existing = self._index.of_vpc(tables, vpc_id)
            _leave_external(tables, vpc_id, existing)
            touched = make_so(tables, txn, vpc_id, Rows(), existing)
            return touched, _next_configuration(tables) if touched else 0

        self._change(work)
        self._services.remove(vpc_id)
        self._tell()

    def vpcs(self) -> set[str]:
        """Ids of all VPCs in the network."""
        owners = self._ready.run(lambda tables, _: self._index.owners(tables))
        return owners | set(self._services.all())

    def plug(self, port_id: str) -> str:
        """Make the port's tap and wire it; returns the tap's name."""
        name = taps.tap_name(port_id)
        taps.ensure(self._settings.namespace, name, self._settings.mtu)
        self._switch.add_port(name, port_id)
        return name

    def unplug(self, port_id: str) -> None:
        """Remove the port's tap."""
        name = taps.tap_name(port_id)
        self._switch.remove_port(name)
        taps.remove(self._settings.namespace, name)

    def plugged(self) -> set[str]:
        """Ids of all ports that have a tap on this host."""
        ports = self._switch.ports()
        return {port_id for name, port_id in ports.items() if name == taps.tap_name(port_id)}

    def service_namespaces(self) -> dict[str, Path]:
        """VPC id → namespace that owns its metadata and DNS addresses."""
        return self._services.all()

    def watch(self, changed: Callable[[], None]) -> None:
        """Tell ``changed`` of VPCs that come and go."""
        self._watchers.append(changed)

    # --- inside -------------------------------------------------------------------------------

    @property
    def _ready(self) -> Northbound:
        if self._northbound is None:
            raise RuntimeError("the network is not started")
        return self._northbound

    def _change(self, work: Callable[[Any, Any], tuple[int, int]]) -> None:
        with self._lock:
            self.rows_touched, configuration = self._ready.run(work)
        if configuration:
            self._ready.wait_for(configuration)

    def _tell(self) -> None:
        for changed in tuple(self._watchers):
            changed()

    def _transit(self, tables: Any, vpc_id: str) -> IPv4Address:
        """The router's own address: what it has, else the lowest free one."""
        taken: set[int] = set()
        for row in tables["Logical_Router_Port"].rows.values():
            if row.name.endswith(f"-{EXTERNAL}"):
                address = IPv4Address(row.networks[0].split("/")[0])
                if row.external_ids.get(OWNER) == vpc_id:
                    return address
                taken.add(int(address))
        base = int(self._settings.transit.network_address) + FIRST_TRANSIT
        return IPv4Address(next(n for n in range(base, base + 2**16) if n not in taken))

    def _wait_for_chassis(self) -> None:
        # Waiting for flows returns at once while no chassis is known: wait for the chassis first.
        ask = ("ovn-sbctl", f"--db=unix:{self._places.southbound}", "--timeout=5", "--bare")
        ask = (*ask, "--columns=name", "find", "chassis", f"name={self._site.chassis}")
        end = time.monotonic() + READY_S
        while not run(*ask).strip():
            if time.monotonic() > end:
                raise TimeoutError("ovn-controller did not register")
            time.sleep(0.02)

    def _clean_up(self) -> None:
        """Taps that a crash left without a switch port."""
        known = self._switch.ports()
        listing = run("ip", "-n", self._settings.namespace, "-o", "link", "show")
        for line in listing.splitlines():
            name = line.split(": ")[1].split("@")[0]
            if name.startswith("tap") and name not in known:
                taps.remove(self._settings.namespace, name)


def _next_configuration(tables: Any) -> int:
    """Number this change, so that its arrival at the data plane can be waited for."""
    only = next(iter(tables["NB_Global"].rows.values()))
    only.nb_cfg += 1
    return only.nb_cfg


def _external(tables: Any) -> Any:
    return next(r for r in tables["Logical_Switch"].rows.values() if r.name == EXTERNAL)


def _ensure_external(tables: Any, txn: Any) -> None:
    """The switch between all routers and the uplink's bridge."""
    if any(row.name == EXTERNAL for row in tables["Logical_Switch"].rows.values()):
        return
    wire = txn.insert(tables["Logical_Switch_Port"])
    wire.name, wire.type, wire.addresses = f"{EXTERNAL}-wire", "localnet", ["unknown"]
    wire.options = {"network_name": EXTERNAL}
    switch = txn.insert(tables["Logical_Switch"])
    switch.name, switch.ports = EXTERNAL, [wire]


def _place_on_external(tables: Any, txn: Any, vpc_id: str, rows: Rows) -> None:
    """Link the router's switch port to the external switch, or see that it is not there."""
    key = ("Logical_Switch_Port", f"{vpc_id}-{EXTERNAL}-switch")
    switch = _external(tables)
    placed = {port.name: port for port in switch.ports}
    if key not in rows.by_key:
        if key[1] in placed:
            switch.delvalue("ports", placed[key[1]].uuid)
        return
    if key[1] not in placed:
        made = next(r for r in _rows_of(tables, txn, key[0]) if r.name == key[1])
        switch.addvalue("ports", made.uuid)


def _rows_of(tables: Any, txn: Any, table: str) -> list[Any]:
    """Rows of a table, those just inserted by this transaction included."""
    fresh = [row for row in txn._txn_rows.values() if row._table.name == table]
    return [*fresh, *tables[table].rows.values()]


def _leave_external(tables: Any, vpc_id: str, existing: dict[Any, Any]) -> None:
    port = existing.get(("Logical_Switch_Port", f"{vpc_id}-{EXTERNAL}-switch"))
    if port is not None:
        _external(tables).delvalue("ports", port.uuid)
