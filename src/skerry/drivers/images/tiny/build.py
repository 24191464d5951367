"""Build ``tiny``: take files out of Debian's packages, add the guest's own, make a disk of it."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from skerry.drivers.images.apt import Apt
from skerry.drivers.images.disk import from_raw, make_ext4
from skerry.drivers.images.kernel import copy_modules, initrd, vmlinux
from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.port import StoredImage
from skerry.drivers.images.progress import Progress
from skerry.drivers.images.run import ImageBuildError, run
from skerry.drivers.images.store import ImageStore
from skerry.drivers.images.tiny.contents import (
    BOOT_MODULES,
    DEBS,
    FILES,
    FOLDERS,
    LIBRARIES,
    LINKS,
)

APT_PACKAGES = ("e2fsprogs", "lz4", "qemu-utils")

TINY = ImageLabel(
    image_id="ami-0abcdef1234567890",
    name="tiny-debian-12",
    description="Skerry tiny: Debian's cloud kernel, busybox and dropbear; log in as ec2-user",
    login_user="ec2-user",
    # console: GetConsoleOutput reads ttyS0. panic: start again instead of hanging.
    # no_timer_check: an emulated timer may be late on a busy host, which is no fault.
    # The last two, self-tests and zeroed kernel memory, were 0.5 s of 3.3 s in an emulated boot.
    cmdline="console=ttyS0 quiet panic=1 no_timer_check cryptomgr.notests init_on_alloc=0",
)

_DISK_BYTES = 1 << 30
_USER_ID = 1000
_OWN = Path(__file__).parent


def build_tiny(store: ImageStore, cache_dir: Path, progress: Progress) -> StoredImage:
    """The image ``tiny``, from the store or built into it now.

    Needs root (the guest's files belong to root), APT_PACKAGES on the host, and a way to Debian's
    archive unless ``cache_dir`` holds the packages. Raises ImageBuildError.
    """
    found = store.find(TINY.image_id)
    if found:
        return found
    if os.geteuid() != 0:
        raise ImageBuildError("building images needs root: the files inside belong to root")

    def fill(folder: Path) -> None:
        with TemporaryDirectory(prefix="skerry-tiny-") as work:
            _build(Path(work), folder, Apt(cache_dir), progress)

    return store.publish(TINY, fill)


def _build(work: Path, folder: Path, apt: Apt, progress: Progress) -> None:
    progress("downloading Debian packages", 0.0)
    kernel_package = apt.newest_dependency("linux-image-cloud-amd64", "linux-image-")
    debs = apt.download((kernel_package, *DEBS))

    progress("unpacking", 0.4)
    parts = work / "parts"
    for deb in debs:
        run("dpkg-deb", "--extract", str(deb), str(parts))
    release = kernel_package.removeprefix("linux-image-")
    modules = parts / "lib/modules" / release

    progress("assembling the kernel", 0.6)
    (folder / "kernel").write_bytes(vmlinux((parts / f"boot/vmlinuz-{release}").read_bytes()))
    early = work / "initrd"
    _early_tree(early, parts)
    copy_modules(modules, early / "lib/modules" / release, BOOT_MODULES)
    (folder / "initrd").write_bytes(initrd(early))

    progress("assembling the root disk", 0.8)
    root = work / "root"
    _root_tree(root, parts)
    copy_modules(modules, root / "lib/modules" / release, BOOT_MODULES)
    make_ext4(root, work / "disk.raw", _DISK_BYTES)
    from_raw(work / "disk.raw", folder / "disk.qcow2")
    progress("done", 1.0)


def _early_tree(early: Path, parts: Path) -> None:
    """The initrd's folder, still without modules."""
    for name in ("dev", "proc", "root", "sys"):
        (early / name).mkdir(parents=True)
    _take(parts, early, "bin/busybox")
    _copy_own(_OWN / "initrd", early)


def _root_tree(root: Path, parts: Path) -> None:
    """The root disk's folder, still without modules."""
    for name, mode in FOLDERS.items():
        (root / name).mkdir(parents=True)
        (root / name).chmod(mode)
    os.chown(root / "home/ec2-user", _USER_ID, _USER_ID)
    for name in FILES:
        _take(parts, root, name)
    for name in LIBRARIES:
        _take(parts, root, f"lib/x86_64-linux-gnu/{name}")
    _copy_own(_OWN / "root", root)
    for link, target in LINKS.items():
        (root / link).parent.mkdir(parents=True, exist_ok=True)
        (root / link).symlink_to(target)
    (root / "etc/sudoers").chmod(0o440)
    _install_busybox(root, parts)


def _install_busybox(root: Path, parts: Path) -> None:
    """One link per applet, except where the guest has a program of its own by that name."""
    busybox = root / "bin/busybox"
    _take(parts, root, "bin/busybox")
    for applet in run(str(busybox), "--list").decode().split():
        if not any((root / folder / applet).exists() for folder in ("bin", "sbin", "usr/bin")):
            (root / "bin" / applet).symlink_to("busybox")
    (root / "sbin/init").symlink_to("/bin/busybox")


def _take(parts: Path, tree: Path, name: str) -> None:
    """Copy one file of a package, links followed, to the same place in the guest."""
    source = parts / name
    if not source.exists():  # since Debian merged /usr a file may be packaged on either side
        source = (
            parts / name.removeprefix("usr/") if name.startswith("usr/") else parts / "usr" / name
        )
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, tree / name)


def _copy_own(source: Path, tree: Path) -> None:
    """Copy the guest's own files; scripts become executable, whatever mode they were installed with."""
    for path in source.rglob("*"):
        if path.is_file():
            target = tree / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o755 if path.read_bytes().startswith(b"#!") else 0o644)
