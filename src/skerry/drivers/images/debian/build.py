"""Build ``debian-12``: mmdebstrap makes the tree, we add a few files, GRUB starts it."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from skerry.drivers.images.apt import source_lines
from skerry.drivers.images.bootable import PARTITION_START_BYTES, make_bootable
from skerry.drivers.images.debian.contents import ENABLED, MASKED, PACKAGES
from skerry.drivers.images.disk import from_raw, make_ext4
from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.port import StoredImage
from skerry.drivers.images.progress import Progress
from skerry.drivers.images.run import ImageBuildError, run
from skerry.drivers.images.store import ImageStore

APT_PACKAGES = (
    "debian-archive-keyring",
    "e2fsprogs",
    "grub-pc-bin",
    "grub-common",
    "mmdebstrap",
    "qemu-utils",
)

DEBIAN_12 = ImageLabel(
    image_id="ami-0deb1a12000000000",
    name="debian-12-amd64",
    description="Debian 12 (bookworm) with systemd and cloud-init; log in as admin",
    login_user="admin",
)

_LABELS = {"bookworm": DEBIAN_12}
_DISK_BYTES = 2 << 30
_OWN = Path(__file__).parent / "root"


def build_debian(
    store: ImageStore, cache_dir: Path, progress: Progress, release: str = "bookworm"
) -> StoredImage:
    """The Debian image, from the store or built into it now: one to two minutes.

    Needs root, APT_PACKAGES on the host, a way to Debian's archive (every build downloads anew)
    and 2 GiB free in ``cache_dir`` to work in. Raises ImageBuildError.
    """
    if release not in _LABELS:
        raise ImageBuildError(f"no such release here: {release}; there is {', '.join(_LABELS)}")
    label = _LABELS[release]
    found = store.find(label.image_id)
    if found:
        return found
    if os.geteuid() != 0:
        raise ImageBuildError("building images needs root: the files inside belong to root")

    def fill(folder: Path) -> None:
        with TemporaryDirectory(prefix="skerry-debian-", dir=cache_dir) as work:
            _build(Path(work), folder, release, progress)

    cache_dir.mkdir(parents=True, exist_ok=True)
    return store.publish(label, fill)


def _build(work: Path, folder: Path, release: str, progress: Progress) -> None:
    progress("installing Debian into a folder", 0.0)
    root = work / "root"
    _bootstrap(root, release)

    progress("configuring it for the cloud", 0.7)
    _configure(root)

    progress("assembling the disk", 0.8)
    raw = work / "disk.raw"
    make_ext4(root, raw, _DISK_BYTES - PARTITION_START_BYTES, PARTITION_START_BYTES)
    make_bootable(raw)
    from_raw(raw, folder / "disk.qcow2", compressed=True)
    progress("done", 1.0)


def _bootstrap(root: Path, release: str) -> None:
    """Debian's own installation, chrooted by mmdebstrap, which cleans up its mounts by itself.

    Our files go in before the packages: initramfs-tools and cloud-init read them when configured.
    """
    run(
        "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory",
        f"--include={','.join(PACKAGES)}",
        "--aptopt=Apt::Install-Recommends \"false\"",
        "--aptopt=Acquire::Languages \"none\"",
        "--dpkgopt=force-confold",
        "--dpkgopt=force-unsafe-io",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/info/*",
        f"--essential-hook=cp -r --no-preserve=mode,ownership {_OWN}/. \"$1\"",
        release, str(root), *source_lines(release),
    )  # fmt: skip


def _configure(root: Path) -> None:
    """What must be done after the packages: units, names and keys that each guest makes itself."""
    run("chroot", str(root), "systemctl", "enable", *ENABLED)
    run("chroot", str(root), "systemctl", "mask", *MASKED)
    for name in ("etc/hostname", "etc/resolv.conf", "var/lib/dbus/machine-id"):
        (root / name).unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("")
    (root / "etc/resolv.conf").symlink_to("/run/systemd/resolve/stub-resolv.conf")
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for cache in ("var/lib/apt/lists", "var/cache/apt", "var/log/apt"):
        shutil.rmtree(root / cache, ignore_errors=True)
    for needed in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt"):
        (root / needed).mkdir(parents=True, exist_ok=True)
