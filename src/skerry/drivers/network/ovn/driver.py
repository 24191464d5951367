"""The network of a cloud: private OVN and OVS in a namespace of their own, fed with whole VPCs."""

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from skerry.drivers.network import namespaces, taps
from skerry.drivers.network.commands import NetworkCommandError, run
from skerry.drivers.network.ovn.compile import compile_vpc
from skerry.drivers.network.ovn.daemons import (
    Daemon,
    Places,
    databases,
    raise_file_limit,
    workers,
)
from skerry.drivers.network.ovn.external import (
    ensure_external,
    next_configuration,
    place,
    this_configuration,
    transit_address,
)
from skerry.drivers.network.ovn.flow_source import FlowSource
from skerry.drivers.network.ovn.names import EXTERNAL, link_local, mac_of, router_port
from skerry.drivers.network.ovn.northbound import Northbound
from skerry.drivers.network.ovn.rows import Rows
from skerry.drivers.network.ovn.services import ServiceNamespaces
from skerry.drivers.network.ovn.supervisor import Supervisor
from skerry.drivers.network.ovn.switch import Switch
from skerry.drivers.network.ovn.trace import trace
from skerry.drivers.network.ovn.transaction import Index, make_so
from skerry.drivers.network.ovn.ways import Site
from skerry.drivers.network.port import Flow, Probe, Vpc
from skerry.drivers.network.topology import check
from skerry.drivers.network.uplink import INNER, Uplink

log = logging.getLogger(__name__)

READY_S = 30.0
TRANSIT = IPv4Network("169.254.0.0/17")
"""Addresses of the routers themselves, seen by nobody but the host.

Link-local on purpose: AWS allows no VPC to be there, while the shared space of RFC 6598 may be one.
"""


class BadNameError(ValueError):
    """A cloud's name that cannot be part of the names of devices and namespaces."""


@dataclass(frozen=True, slots=True)
class OvnSettings:
    """One cloud's network. ``outside``: namespace that reaches public addresses; empty: the host's."""

    cloud: str
    state_dir: Path
    pool: IPv4Network
    outside: str = ""
    transit: IPv4Network = TRANSIT
    mtu: int = 9001

    def __post_init__(self) -> None:
        """Raise BadNameError: device names have 15 characters, namespaces of VPCs are told by their names."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,9}", self.cloud) or "vpc-" in self.cloud:
            raise BadNameError(
                f"cloud name {self.cloud!r}: up to 10 of a-z, 0-9 and '-', not beginning with '-', "
                "without 'vpc-'"
            )

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
        self._flows = FlowSource(settings.namespace)
        self._site = Site(
            settings.namespace, settings.transit[1], settings.transit.prefixlen, settings.mtu
        )
        self._daemons = (*databases(self._places), *workers(self._places))
        self._supervisor = Supervisor(self._daemons, self._restarted)
        self._index = Index()
        self._lock = threading.Lock()
        self._northbound: Northbound | None = None
        self._watchers: list[Callable[[], None]] = []
        self._routes: dict[str, set[str]] = {}  # as Uplink.routes
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
        self._flows.open()
        with ThreadPoolExecutor(4) as pool:
            uplink = pool.submit(self._uplink.ensure)
            list(pool.map(Daemon.start, databases(self._places)))
            runs = any(each.name == "vswitchd" and each.pid() for each in self._daemons)
            self._switch.configure(self._settings.namespace, runs=runs)
            northd, vswitchd, controller = workers(self._places)
            compiling = pool.submit(northd.start)
            vswitchd.start()
            controller.start()  # after the switch: it would wait a second before it looks again
            compiling.result()
            uplink.result()
        self._switch.add_uplink(INNER)
        self._switch.avoid_crash()
        self._supervisor.start()
        self._wait_for_chassis()
        self._northbound = Northbound(self._places.northbound)
        self._routes = self._uplink.routes()
        self._clean_up()

    def close(self) -> None:
        """Let go; packets keep flowing."""
        self._supervisor.close()
        self._flows.close()
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
        for pattern in ("*.db", ".*.~lock~", "*.sock", "*.ctl", "*.pid"):
            for each in self._places.folder.glob(pattern):
                each.unlink(missing_ok=True)

    # --- the port -----------------------------------------------------------------------------

    def apply(self, vpc: Vpc) -> None:
        """Make the VPC exactly this; returns when the data plane has it.

        Raises BrokenTopologyError, and TimeoutError when the data plane does not follow.
        """
        check(vpc)
        self._flows.know(vpc)
        is_new = self._services.ensure(vpc)

        def work(tables: Any, txn: Any) -> tuple[int, int]:
            existing = self._index.of_vpc(tables, vpc.vpc_id)
            transit = transit_address(tables, self._settings.transit, vpc.vpc_id)
            wanted = compile_vpc(vpc, self._site, transit)
            external = ensure_external(tables, txn, self._uplink.host)
            touched, rows = make_so(tables, txn, vpc.vpc_id, wanted, existing)
            place(external, rows, vpc.vpc_id, wanted=vpc.internet or vpc.egress_only)
            return touched, _configuration(tables, txn, touched)

        self._change(work)
        self._route(vpc.vpc_id, set(vpc.ipv6_cidrs) if vpc.internet or vpc.egress_only else set())
        if is_new:
            self._tell()

    def remove(self, vpc_id: str) -> None:
        """Remove the VPC and everything in it."""

        def work(tables: Any, txn: Any) -> tuple[int, int]:
            existing = self._index.of_vpc(tables, vpc_id)
            place(ensure_external(tables, txn, self._uplink.host), existing, vpc_id, wanted=False)
            touched, _ = make_so(tables, txn, vpc_id, Rows(), existing)
            return touched, _configuration(tables, txn, touched)

        self._change(work)
        self._route(vpc_id, set())
        self._services.remove(vpc_id)
        self._flows.forget(vpc_id)
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

    def flows(self) -> Sequence[Flow]:
        """What the firewalls decided since the last call, of ports that have it told."""
        return self._flows.read()

    def trace(self, probe: Probe) -> str | None:
        """Where OVN's flows would take the packet."""
        try:
            return trace(self._ready, self._places.southbound, probe)
        except NetworkCommandError as failed:
            log.warning("a packet could not be followed: %s", failed)
            return None

    # --- inside -------------------------------------------------------------------------------

    @property
    def _ready(self) -> Northbound:
        if self._northbound is None:
            raise RuntimeError("the network is not started")
        return self._northbound

    def _change(self, work: Callable[[Any, Any], tuple[int, int]]) -> None:
        with self._lock:
            self.rows_touched, configuration = self._ready.run(work)
        self._ready.wait_for(configuration)

    def _route(self, vpc_id: str, wanted: set[IPv6Network]) -> None:
        """Make the host send what is for these networks to the VPC's router."""
        via = link_local(mac_of(router_port(vpc_id, EXTERNAL)))
        with self._lock:
            present = {IPv6Network(each) for each in self._routes.get(via, ())}
            self._uplink.route(wanted - present, via, wanted=True)
            self._uplink.route(present - wanted, via, wanted=False)
            self._routes[via] = {str(each) for each in wanted}

    def _restarted(self, daemon: Daemon) -> None:
        if daemon.name == "vswitchd":
            self._switch.avoid_crash()
            # The controller looks for its switch again after a second; a new one finds it at once. A goodbye
            # would take this host out of the network: none is said.
            self._daemons[-1].kill()

    def _tell(self) -> None:
        for changed in tuple(self._watchers):
            changed()

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
        """What a crash left: taps that no switch port knows, and ports whose device went with the host."""
        wired = self._switch.ports()
        listing = run("ip", "-n", self._settings.namespace, "-o", "link", "show")
        devices = {line.split(": ")[1].split("@")[0] for line in listing.splitlines()}
        for name in sorted(devices - wired.keys()):
            if name.startswith("tap"):
                taps.remove(self._settings.namespace, name)
        for name in sorted(wired.keys() - devices):
            self._switch.remove_port(name)


def _configuration(tables: Any, txn: Any, touched: int) -> int:
    """The number to wait for: an earlier call may have changed rows and died before the data plane had them."""
    return next_configuration(tables, txn) if touched else this_configuration(tables)
